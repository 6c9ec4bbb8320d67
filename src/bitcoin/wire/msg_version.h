/* The version message (protocol documentation, "version"; BIP14, BIP37). */
#ifndef BITCOIN_WIRE_MSG_VERSION_H
#define BITCOIN_WIRE_MSG_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "codec/cursor.h"

/* Service bits (Core, protocol.h). */
#define BTC_NODE_NETWORK         (UINT64_C(1) << 0)
#define BTC_NODE_BLOOM           (UINT64_C(1) << 2)  /* BIP111 */
#define BTC_NODE_WITNESS         (UINT64_C(1) << 3)  /* BIP144 */
#define BTC_NODE_COMPACT_FILTERS (UINT64_C(1) << 6)  /* BIP157 */
#define BTC_NODE_NETWORK_LIMITED (UINT64_C(1) << 10) /* BIP159 */
#define BTC_NODE_P2P_V2          (UINT64_C(1) << 11) /* BIP324 */

/* An address as the version message carries it: IPv6, or IPv4 mapped into it. */
struct btc_netaddr {
    uint64_t services;
    uint8_t ip[16];
    uint16_t port;
};

/* What follows `recv` came with later versions, in this order, and an old peer's message ends
 * before it: `missing` says how many of from, nonce, user_agent, height, relay are absent at the
 * end. 0, all present, is what a peer of this age sends. */
enum { BTC_VERSION_OPTIONAL = 5 };

struct btc_version {
    int32_t version;
    uint64_t services;
    int64_t time; /* seconds since 1970 */
    struct btc_netaddr recv;
    struct btc_netaddr from;
    uint64_t nonce;
    struct bytes user_agent; /* at most BTC_USER_AGENT_MAX bytes, of any value: escape before use */
    int32_t height;          /* -1 when missing */
    bool relay;              /* true when missing, BIP37 */
    uint8_t missing;
};

/* Bytes after `relay` are ignored, as Core does: a future version may append fields.
 * Thread: any. Errors stick to the reader or the buffer. */
void btc_version_decode(struct reader *r, struct btc_version *out, struct arena *a);
void btc_version_encode(struct buf *b, const struct btc_version *m);

#endif
