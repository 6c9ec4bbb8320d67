/* addr and addrv2: both decode to one form (protocol documentation, "addr"; BIP155). */
#ifndef BITCOIN_WIRE_MSG_ADDR_H
#define BITCOIN_WIRE_MSG_ADDR_H

#include <stdint.h>

#include "base/arena.h"
#include "codec/cursor.h"

/* BIP155's network ids. Others are kept as they came. */
enum btc_network_id {
    BTC_NET_IPV4 = 1,
    BTC_NET_IPV6 = 2,
    BTC_NET_TORV2 = 3,
    BTC_NET_TORV3 = 4,
    BTC_NET_I2P = 5,
    BTC_NET_CJDNS = 6,
};

/* In addr, an IPv6 address that maps IPv4 or TorV2 (OnionCat) decodes to that network. In addrv2
 * such an address stays IPv6, and BIP155 wants it ignored: that is the caller's part, as it is to
 * skip networks unknown to it. */
struct btc_addr {
    uint64_t services;
    struct bytes addr; /* network byte order; as long as its network says, else at most 512 bytes */
    uint32_t time;     /* seconds since 1970 when last seen, as claimed */
    uint16_t port;     /* host byte order */
    uint8_t network;   /* enum btc_network_id, or one that we do not know */
};

struct btc_addrs {
    const struct btc_addr *items;
    size_t count;
};

/* The length of an address of that network, 0 for one unknown to us. Thread: any. */
size_t btc_network_addr_len(uint8_t network);

/* addrv2 gives PN_EFORMAT for a known network with another address length. btc_addr_encode fails
 * so for a network that addr cannot express. Thread: any. Errors stick to the reader or buffer. */
void btc_addr_decode(struct reader *r, struct btc_addrs *out, struct arena *a);
void btc_addr_encode(struct buf *b, const struct btc_addrs *m);
void btc_addrv2_decode(struct reader *r, struct btc_addrs *out, struct arena *a);
void btc_addrv2_encode(struct buf *b, const struct btc_addrs *m);

#endif
