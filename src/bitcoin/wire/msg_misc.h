/* The small messages: those without payload, ping, pong, feefilter, reject, alert, sendtxrcncl,
 * feature. */
#ifndef BITCOIN_WIRE_MSG_MISC_H
#define BITCOIN_WIRE_MSG_MISC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "codec/cursor.h"

/* A message that says all by its name. */
struct btc_empty {
};

struct btc_ping {
    uint64_t nonce;
    bool no_nonce; /* as before BIP31: wants no pong */
};

struct btc_pong {
    uint64_t nonce;
};

struct btc_feefilter {
    int64_t rate_sat_per_kvb; /* BIP133 */
};

/* BIP61; read for the log, never sent. Its texts are the peer's: escape before use. */
struct btc_reject {
    struct bytes command; /* of the rejected message, at most 12 bytes */
    uint8_t code;
    struct bytes reason; /* at most BTC_REJECT_REASON_MAX bytes */
    struct bytes hash;   /* of the rejected block or transaction: 32 bytes or none */
};

/* Withdrawn in 2016; read so that old peers can be talked to. */
struct btc_alert {
    struct bytes payload;
    struct bytes signature;
};

struct btc_sendtxrcncl {
    uint32_t version;
    uint64_t salt;
}; /* BIP330 */

struct btc_feature {
    struct bytes id;   /* BTC_FEATURE_ID_MIN to BTC_FEATURE_ID_MAX bytes, BIP434 */
    struct bytes data; /* at most BTC_FEATURE_DATA_MAX bytes */
};

/* Thread: any. Errors stick to the reader or the buffer. */
void btc_empty_decode(struct reader *r, struct btc_empty *out, struct arena *a);
void btc_empty_encode(struct buf *b, const struct btc_empty *m);
void btc_ping_decode(struct reader *r, struct btc_ping *out, struct arena *a);
void btc_ping_encode(struct buf *b, const struct btc_ping *m);
void btc_pong_decode(struct reader *r, struct btc_pong *out, struct arena *a);
void btc_pong_encode(struct buf *b, const struct btc_pong *m);
void btc_feefilter_decode(struct reader *r, struct btc_feefilter *out, struct arena *a);
void btc_feefilter_encode(struct buf *b, const struct btc_feefilter *m);
void btc_reject_decode(struct reader *r, struct btc_reject *out, struct arena *a);
void btc_reject_encode(struct buf *b, const struct btc_reject *m);
void btc_alert_decode(struct reader *r, struct btc_alert *out, struct arena *a);
void btc_alert_encode(struct buf *b, const struct btc_alert *m);
void btc_sendtxrcncl_decode(struct reader *r, struct btc_sendtxrcncl *out, struct arena *a);
void btc_sendtxrcncl_encode(struct buf *b, const struct btc_sendtxrcncl *m);
void btc_feature_decode(struct reader *r, struct btc_feature *out, struct arena *a);
void btc_feature_encode(struct buf *b, const struct btc_feature *m);

#endif
