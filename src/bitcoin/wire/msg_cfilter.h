/* Compact block filters: getcfilters, cfilter, getcfheaders, cfheaders, getcfcheckpt, cfcheckpt
 * (BIP157). */
#ifndef BITCOIN_WIRE_MSG_CFILTER_H
#define BITCOIN_WIRE_MSG_CFILTER_H

#include <stdint.h>

#include "base/arena.h"
#include "bitcoin/wire/header.h"
#include "codec/cursor.h"

#define BTC_CFILTER_BASIC 0 /* BIP158; the only type there is */

/* Also getcfheaders. That a range is at most BTC_CFILTERS_MAX or BTC_CFHEADERS_MAX blocks long is
 * for those to check who know the height of the stop hash. */
struct btc_getcfilters {
    uint8_t type;
    uint32_t start_height;
    uint8_t stop_hash[BTC_HASH_BYTES];
};

struct btc_cfilter {
    uint8_t type;
    uint8_t block_hash[BTC_HASH_BYTES];
    struct bytes filter;
};

struct btc_cfheaders {
    uint8_t type;
    uint8_t stop_hash[BTC_HASH_BYTES];
    uint8_t prev_header[BTC_HASH_BYTES];
    const uint8_t (*hashes)[BTC_HASH_BYTES]; /* of filters */
    size_t count;
};

struct btc_getcfcheckpt {
    uint8_t type;
    uint8_t stop_hash[BTC_HASH_BYTES];
};

struct btc_cfcheckpt {
    uint8_t type;
    uint8_t stop_hash[BTC_HASH_BYTES];
    const uint8_t (*headers)[BTC_HASH_BYTES]; /* filter headers, every BTC_CFCHECKPT_INTERVAL */
    size_t count;
};

/* Thread: any. Errors stick to the reader or the buffer. */
void btc_getcfilters_decode(struct reader *r, struct btc_getcfilters *out, struct arena *a);
void btc_getcfilters_encode(struct buf *b, const struct btc_getcfilters *m);
void btc_cfilter_decode(struct reader *r, struct btc_cfilter *out, struct arena *a);
void btc_cfilter_encode(struct buf *b, const struct btc_cfilter *m);
void btc_cfheaders_decode(struct reader *r, struct btc_cfheaders *out, struct arena *a);
void btc_cfheaders_encode(struct buf *b, const struct btc_cfheaders *m);
void btc_getcfcheckpt_decode(struct reader *r, struct btc_getcfcheckpt *out, struct arena *a);
void btc_getcfcheckpt_encode(struct buf *b, const struct btc_getcfcheckpt *m);
void btc_cfcheckpt_decode(struct reader *r, struct btc_cfcheckpt *out, struct arena *a);
void btc_cfcheckpt_encode(struct buf *b, const struct btc_cfcheckpt *m);

#endif
