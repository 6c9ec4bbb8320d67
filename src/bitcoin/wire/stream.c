/* The incremental parser. One buffer holds what arrived and is not yet handed out:
 *
 *     data       start                end              cap
 *      | handed   | header, payload ... | room          |
 *
 * It doubles as bytes arrive, stops at the end of the message under way, and shrinks or goes when
 * the message has been handed out, so that a silent peer that once sent a block holds nothing. */
#include <assert.h>

#include "base/mem.h"
#include "bitcoin/wire/frame.h"

enum { STREAM_MAX_BYTES = BTC_FRAME_HEADER_BYTES + BTC_PAYLOAD_MAX_BYTES };

static size_t max_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

void btc_stream_init(struct btc_stream *s, const uint8_t magic[BTC_MAGIC_BYTES])
{
    *s = (struct btc_stream){0};
    memcpy(s->magic, magic, BTC_MAGIC_BYTES);
}

static void drop_memory(struct btc_stream *s)
{
    MEM_FREE(s->data);
    s->start = s->end = s->cap = 0;
}

void btc_stream_free(struct btc_stream *s)
{
    drop_memory(s);
    s->want = 0;
}

/* An error that ends the stream; what it holds is of no use any more. */
static int stream_fail(struct btc_stream *s, int err)
{
    drop_memory(s);
    return s->err = err;
}

static void move_to_front(struct btc_stream *s)
{
    if (s->start == 0)
        return;
    s->end -= s->start;
    memmove(s->data, s->data + s->start, s->end);
    s->start = 0;
}

static int resize(struct btc_stream *s, size_t cap)
{
    uint8_t *data = mem_realloc_array(s->data, cap, 1);

    if (!data)
        return PN_ENOMEM;
    s->data = data;
    s->cap = cap;
    return 0;
}

/* How large the buffer may be now: twice what it holds, but not past the end of the message under
 * way, and never less than a first read. */
static size_t fitting_cap(const struct btc_stream *s)
{
    size_t held = btc_stream_pending(s), cap = 2 * held;

    if (s->want > held && cap > s->want)
        cap = s->want;
    if (cap > STREAM_MAX_BYTES)
        cap = STREAM_MAX_BYTES;
    return max_of(cap, BTC_STREAM_FIRST_BYTES);
}

uint8_t *btc_stream_space(struct btc_stream *s, size_t *len)
{
    size_t cap = fitting_cap(s);

    *len = 0;
    if (s->err)
        return NULL;
    move_to_front(s);
    if (s->end == s->cap && cap > s->cap && resize(s, cap) < 0) {
        stream_fail(s, PN_ENOMEM);
        return NULL;
    }
    *len = s->cap - s->end;
    return *len > 0 ? s->data + s->end : NULL;
}

void btc_stream_commit(struct btc_stream *s, size_t len)
{
    assert(len <= s->cap - s->end);
    s->end += len;
}

ssize_t btc_stream_feed(struct btc_stream *s, const void *data, size_t len)
{
    size_t room;
    uint8_t *at;

    if (len == 0 || s->err)
        return s->err;
    at = btc_stream_space(s, &room);
    if (!at)
        return s->err;
    if (len > room)
        len = room;
    memcpy(at, data, len);
    btc_stream_commit(s, len);
    return (ssize_t)len;
}

/* No complete message is left: give memory back before the wait for more. That a smaller buffer
 * cannot be had is no reason to fail. */
static int wait_for_more(struct btc_stream *s)
{
    size_t cap = fitting_cap(s);

    if (btc_stream_pending(s) == 0) {
        drop_memory(s);
    } else if (s->cap > cap) {
        move_to_front(s);
        resize(s, cap);
    }
    return 0;
}

int btc_stream_next(struct btc_stream *s, struct btc_frame *out)
{
    size_t held = btc_stream_pending(s);
    int rc;

    if (s->err)
        return s->err;
    if (s->want == 0) {
        if (held < BTC_FRAME_HEADER_BYTES)
            return wait_for_more(s);
        rc = btc_frame_header_decode(&s->header, s->data + s->start, s->magic);
        if (rc < 0) {
            *out = (struct btc_frame){.header = s->header};
            return stream_fail(s, rc);
        }
        s->want = BTC_FRAME_HEADER_BYTES + s->header.len;
    }
    if (held < s->want)
        return wait_for_more(s);
    out->header = s->header;
    out->payload.data = s->data + s->start + BTC_FRAME_HEADER_BYTES;
    out->payload.len = s->header.len;
    s->start += s->want;
    s->want = 0;
    rc = btc_frame_check(&out->header, out->payload.data, out->payload.len);
    return rc < 0 ? rc : 1;
}
