#include "ethereum/rlpx/stream.h"

#include "base/err.h"
#include "base/mem.h"

void rlpx_stream_init(struct rlpx_stream *s, uint32_t max_frame)
{
    *s = (struct rlpx_stream){.max_frame = max_frame};
}

static void release(struct rlpx_stream *s)
{
    mem_free(s->data);
    s->data = NULL;
    s->cap = 0;
}

void rlpx_stream_free(struct rlpx_stream *s)
{
    release(s);
    explicit_bzero(&s->ingress, sizeof s->ingress);
}

void rlpx_stream_encrypt(struct rlpx_stream *s, const struct rlpx_secrets *secrets)
{
    rlpx_ingress_init(&s->ingress, secrets);
    s->stage = RLPX_STAGE_HEADER;
}

/* --- room --- */

/* Another block of this capacity, with what is not yet handed out at its front. */
static bool resize(struct rlpx_stream *s, size_t cap)
{
    uint8_t *data = mem_alloc(cap);
    size_t held = s->end - s->start;

    if (!data)
        return false;
    if (held)
        memcpy(data, s->data + s->start, held);
    release(s);
    s->data = data;
    s->cap = cap;
    s->start = 0;
    s->end = held;
    return true;
}

static void compact(struct rlpx_stream *s)
{
    if (s->start == 0)
        return;
    memmove(s->data, s->data + s->start, s->end - s->start);
    s->end -= s->start;
    s->start = 0;
}

/* The capacity for the next read: small while little comes, more while whole buffers come, and what
 * doubling gives while a frame is larger than that. */
static size_t wanted_cap(const struct rlpx_stream *s)
{
    size_t held = s->end - s->start;

    if (held == s->cap)
        return s->cap ? s->cap * 2 : RLPX_STREAM_FIRST_BYTES;
    if (held == 0 && s->cap > RLPX_STREAM_FIRST_BYTES && s->last_read < s->cap / 4)
        return RLPX_STREAM_FIRST_BYTES;
    if (s->last_read == s->cap && s->cap < RLPX_STREAM_AHEAD_BYTES)
        return s->cap * 2;
    return s->cap;
}

uint8_t *rlpx_stream_space(struct rlpx_stream *s, size_t *len)
{
    size_t cap = wanted_cap(s);

    *len = 0;
    if (s->err)
        return NULL;
    if (cap != s->cap) {
        if (!resize(s, cap))
            return NULL;
    } else {
        compact(s);
    }
    *len = s->cap - s->end;
    return s->data + s->end;
}

void rlpx_stream_commit(struct rlpx_stream *s, size_t len)
{
    s->end += len;
    s->last_read = len;
}

/* --- items --- */

static size_t held(const struct rlpx_stream *s)
{
    return s->end - s->start;
}

static int next_packet(struct rlpx_stream *s, struct rlpx_item *out)
{
    const uint8_t *at;
    size_t size, whole;

    if (held(s) < RLPX_PREFIX_BYTES)
        return 0;
    at = s->data + s->start;
    size = load_be16(at);
    if (size < RLPX_PACKET_MIN || size > RLPX_PACKET_MAX)
        return PN_EHANDSHAKE;
    whole = RLPX_PREFIX_BYTES + size;
    if (held(s) < whole)
        return 0;
    *out = (struct rlpx_item){.payload = {.data = at, .len = whole}, .wire_bytes = whole};
    s->start += whole;
    return 1;
}

static int next_header(struct rlpx_stream *s)
{
    int rc;

    if (held(s) < RLPX_HEADER_BYTES)
        return 0;
    rc = rlpx_header_open(&s->ingress, &s->size, s->data + s->start);
    if (rc < 0)
        return rc;
    s->start += RLPX_HEADER_BYTES;
    s->stage = s->size > s->max_frame ? RLPX_STAGE_SKIP : RLPX_STAGE_BODY;
    s->skip = s->stage == RLPX_STAGE_SKIP ? rlpx_body_bytes(s->size) : 0;
    return 1;
}

/* A sender that is still busy writing would have its connection reset, and with it lose the reason
 * that we send. So the frame passes by first, in a buffer that does not grow. */
static int skip_body(struct rlpx_stream *s)
{
    size_t n = held(s) < s->skip ? held(s) : s->skip;

    s->start += n;
    s->skip -= n;
    return s->skip == 0 ? PN_ETOOLARGE : 0;
}

static int next_body(struct rlpx_stream *s, struct rlpx_item *out)
{
    size_t whole = rlpx_body_bytes(s->size);
    uint8_t *at = s->data + s->start;
    int rc;

    if (held(s) < whole)
        return 0;
    rc = rlpx_body_open(&s->ingress, at, s->size);
    if (rc < 0)
        return rc;
    s->start += whole;
    s->stage = RLPX_STAGE_HEADER;
    out->wire_bytes = RLPX_HEADER_BYTES + whole;
    rc = rlpx_data_parse(&out->code, &out->payload, (struct bytes){.data = at, .len = s->size});
    return rc < 0 ? rc : 1;
}

int rlpx_stream_next(struct rlpx_stream *s, struct rlpx_item *out)
{
    int rc = s->err;

    if (rc == 0 && s->stage == RLPX_STAGE_PACKET)
        rc = next_packet(s, out);
    else if (rc == 0 && s->stage == RLPX_STAGE_HEADER && (rc = next_header(s)) > 0)
        rc = 0;
    if (rc == 0 && s->stage == RLPX_STAGE_BODY)
        rc = next_body(s, out);
    else if (rc == 0 && s->stage == RLPX_STAGE_SKIP)
        rc = skip_body(s);
    if (rc < 0)
        s->err = rc;
    return rc;
}
