/* Cursors over bytes with a sticky error: after the first failure reads give zero and writes do
 * nothing, so that a decoder reads a whole message and checks once. Pure; no I/O. */
#ifndef CODEC_CURSOR_H
#define CODEC_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

/* A reader borrows its bytes; slices taken from it live as long as they do. */
struct reader {
    const uint8_t *pos;
    const uint8_t *end;
    int err; /* the first failure; set it only through reader_fail */
};

static inline struct reader reader_of(const void *data, size_t len)
{
    const uint8_t *p = data;

    return (struct reader){.pos = p, .end = len ? p + len : p}; /* data may be NULL for nothing */
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->pos);
}

/* Record the first failure and make the rest unreadable. Returns: the sticky error. */
static inline int reader_fail(struct reader *r, int err)
{
    if (!r->err)
        r->err = err;
    r->pos = r->end;
    return r->err;
}

/* The next len bytes. Returns: NULL, with PN_ETRUNCATED set, when there are fewer. */
static inline const uint8_t *reader_take(struct reader *r, size_t len)
{
    const uint8_t *at = r->pos;

    if (__builtin_expect(len > reader_left(r), 0)) {
        reader_fail(r, PN_ETRUNCATED);
        return NULL;
    }
    r->pos += len;
    return at;
}

static inline uint8_t read_u8(struct reader *r)
{
    const uint8_t *p = reader_take(r, 1);

    return p ? *p : 0;
}

static inline uint16_t read_le16(struct reader *r)
{
    const uint8_t *p = reader_take(r, 2);

    return p ? load_le16(p) : 0;
}

static inline uint16_t read_be16(struct reader *r)
{
    const uint8_t *p = reader_take(r, 2);

    return p ? load_be16(p) : 0;
}

static inline uint32_t read_le32(struct reader *r)
{
    const uint8_t *p = reader_take(r, 4);

    return p ? load_le32(p) : 0;
}

static inline uint64_t read_le64(struct reader *r)
{
    const uint8_t *p = reader_take(r, 8);

    return p ? load_le64(p) : 0;
}

/* Copy len bytes; zeros when there are fewer. */
static inline void read_copy(struct reader *r, void *out, size_t len)
{
    const uint8_t *p = reader_take(r, len);

    if (p)
        memcpy(out, p, len);
    else
        memset(out, 0, len);
}

/* A borrowed slice of len bytes; empty when there are fewer. */
static inline struct bytes read_slice(struct reader *r, size_t len)
{
    const uint8_t *p = reader_take(r, len);

    return p ? (struct bytes){.data = p, .len = len} : (struct bytes){0};
}

/* All input must have been read. Returns: the sticky error, PN_ETRAILING, or 0. */
static inline int reader_finish(struct reader *r)
{
    if (!r->err && r->pos != r->end)
        reader_fail(r, PN_ETRAILING);
    return r->err;
}

/* Writing goes to a struct buf, whose error sticks in the same way. */
static inline void write_u8(struct buf *b, uint8_t v)
{
    buf_append(b, &v, 1);
}

static inline void write_le16(struct buf *b, uint16_t v)
{
    uint8_t *p = buf_extend(b, sizeof v);

    if (p)
        store_le16(p, v);
}

static inline void write_be16(struct buf *b, uint16_t v)
{
    uint8_t *p = buf_extend(b, sizeof v);

    if (p)
        store_be16(p, v);
}

static inline void write_le32(struct buf *b, uint32_t v)
{
    uint8_t *p = buf_extend(b, sizeof v);

    if (p)
        store_le32(p, v);
}

static inline void write_le64(struct buf *b, uint64_t v)
{
    uint8_t *p = buf_extend(b, sizeof v);

    if (p)
        store_le64(p, v);
}

#endif
