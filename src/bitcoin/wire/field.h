/* Fields that several messages share. Internal to bitcoin/wire. */
#ifndef BITCOIN_WIRE_FIELD_H
#define BITCOIN_WIRE_FIELD_H

#include "base/arena.h"
#include "bitcoin/wire/header.h"
#include "codec/compact.h"

/* Record the first failure of an encoder. */
static inline void buf_fail(struct buf *b, int err)
{
    if (!b->err)
        b->err = err;
}

/* An array from the arena; NULL, with PN_ENOMEM on the reader, when there is no room. Only for
 * counts that read_compact_count has accepted. */
static inline void *read_array(struct reader *r, struct arena *a, size_t count, size_t size)
{
    void *at = arena_alloc(a, count, size);

    if (!at)
        reader_fail(r, PN_ENOMEM);
    return at;
}

/* A compact size and that many bytes, at most `max`. */
static inline struct bytes read_var_bytes(struct reader *r, size_t max)
{
    return read_slice(r, read_compact_len(r, max));
}

static inline void write_var_bytes(struct buf *b, struct bytes s, size_t max)
{
    if (s.len > max)
        buf_fail(b, PN_ETOOLARGE);
    write_compact(b, s.len);
    buf_append(b, s.data, s.len);
}

/* An encoder refuses the counts that the decoder refuses. */
static inline void write_count(struct buf *b, size_t count, size_t max)
{
    if (count > max)
        buf_fail(b, PN_ECOUNT);
    write_compact(b, count);
}

static inline void read_hash(struct reader *r, uint8_t out[BTC_HASH_BYTES])
{
    read_copy(r, out, BTC_HASH_BYTES);
}

static inline void write_hash(struct buf *b, const uint8_t hash[BTC_HASH_BYTES])
{
    buf_append(b, hash, BTC_HASH_BYTES);
}

/* A compact size and that many hashes, borrowed from the payload. */
static inline const uint8_t (*read_hashes(struct reader *r, size_t *count,
                                          size_t max))[BTC_HASH_BYTES]
{
    const uint8_t *at;

    *count = read_compact_count(r, max, BTC_HASH_BYTES);
    at = reader_take(r, *count * BTC_HASH_BYTES);
    return (const uint8_t(*)[BTC_HASH_BYTES])at;
}

static inline void write_hashes(struct buf *b, const uint8_t (*hashes)[BTC_HASH_BYTES],
                                size_t count, size_t max)
{
    write_count(b, count, max);
    buf_append(b, hashes, count * BTC_HASH_BYTES);
}

#endif
