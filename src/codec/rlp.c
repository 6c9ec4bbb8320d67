#include "codec/rlp.h"

enum {
    STRING = 0x80,
    LIST = 0xc0,
    SHORT_MAX = 55, /* longer payloads spell their length out */
    LONG_TAG = SHORT_MAX,
    U64_BYTES = 8,
};

/* The header of one item. */
struct header {
    bool is_list;
    size_t payload_len; /* not more than what is left behind the header */
};

/* A length of `width` bytes: no leading zero, and none that would have fitted the short form. */
static uint64_t read_long_length(struct reader *r, size_t width)
{
    const uint8_t *p = reader_take(r, width);
    uint64_t v = 0;

    if (!p)
        return 0;
    for (size_t i = 0; i < width; i++)
        v = v << 8 | p[i];
    if (p[0] == 0 || v <= SHORT_MAX) {
        reader_fail(r, PN_ENONCANONICAL);
        return 0;
    }
    return v;
}

/* Returns: false with the error set; the reader then stands at its end. */
static bool read_header(struct reader *r, struct header *h)
{
    uint64_t len;
    uint8_t tag;

    if (reader_left(r) > 0 && *r->pos < STRING) { /* a byte that is its own encoding */
        *h = (struct header){.payload_len = 1};
        return true;
    }
    tag = read_u8(r);
    h->is_list = tag >= LIST;
    len = (uint64_t)(tag - (h->is_list ? LIST : STRING));
    if (len > SHORT_MAX)
        len = read_long_length(r, (size_t)len - LONG_TAG);
    if (!r->err && len > reader_left(r))
        reader_fail(r, PN_ETRUNCATED);
    if (!r->err && !h->is_list && tag == STRING + 1 && *r->pos < STRING)
        reader_fail(r, PN_ENONCANONICAL);
    h->payload_len = r->err ? 0 : (size_t)len;
    return !r->err;
}

bool rlp_next_is_list(const struct reader *r)
{
    return reader_left(r) > 0 && *r->pos >= LIST;
}

struct bytes rlp_read_bytes(struct reader *r, size_t max)
{
    struct header h;

    if (!read_header(r, &h))
        return (struct bytes){0};
    if (h.is_list)
        reader_fail(r, PN_EFORMAT);
    else if (h.payload_len > max)
        reader_fail(r, PN_ETOOLARGE);
    return r->err ? (struct bytes){0} : read_slice(r, h.payload_len);
}

void rlp_read_fixed(struct reader *r, void *out, size_t len)
{
    struct bytes s = rlp_read_bytes(r, len);

    if (!r->err && s.len != len)
        reader_fail(r, PN_EFORMAT);
    if (r->err)
        memset(out, 0, len);
    else if (len > 0)
        memcpy(out, s.data, len);
}

static uint64_t read_uint(struct reader *r, size_t width)
{
    struct bytes s = rlp_read_bytes(r, width);
    uint64_t v = 0;

    if (s.len > 0 && s.data[0] == 0) {
        reader_fail(r, PN_ENONCANONICAL);
        return 0;
    }
    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | s.data[i];
    return v;
}

uint64_t rlp_read_u64(struct reader *r)
{
    return read_uint(r, U64_BYTES);
}

uint16_t rlp_read_u16(struct reader *r)
{
    return (uint16_t)read_uint(r, sizeof(uint16_t));
}

/* A reader that has failed in the same way, so that what is read from it is zero too. */
static struct reader failed(int err)
{
    static const uint8_t nothing;

    return (struct reader){.pos = &nothing, .end = &nothing, .err = err};
}

struct reader rlp_read_list(struct reader *r)
{
    struct header h;
    const uint8_t *payload;

    if (!read_header(r, &h))
        return failed(r->err);
    if (!h.is_list)
        return failed(reader_fail(r, PN_EFORMAT));
    payload = r->pos;
    r->pos += h.payload_len;
    return reader_of(payload, h.payload_len);
}

struct bytes rlp_read_raw(struct reader *r)
{
    const uint8_t *start = r->pos;
    struct header h;

    if (!read_header(r, &h))
        return (struct bytes){0};
    r->pos += h.payload_len;
    return (struct bytes){.data = start, .len = (size_t)(r->pos - start)};
}

void rlp_leave(struct reader *outer, struct reader *list)
{
    int err = reader_finish(list);

    if (err)
        reader_fail(outer, err);
}

void rlp_leave_open(struct reader *outer, struct reader *list)
{
    if (list->err)
        reader_fail(outer, list->err);
}

size_t rlp_count(struct reader *list, size_t max)
{
    struct reader ahead = *list;
    size_t n = 0;

    while (!ahead.err && reader_left(&ahead) > 0) {
        if (n == max) {
            reader_fail(list, PN_ECOUNT);
            return 0;
        }
        rlp_read_raw(&ahead);
        n++;
    }
    if (ahead.err) {
        reader_fail(list, ahead.err);
        return 0;
    }
    return n;
}

int rlp_check(const void *data, size_t len)
{
    struct reader r = reader_of(data, len);
    const uint8_t *ends[RLP_MAX_DEPTH + 1]; /* where the open lists end, the outermost first */
    size_t depth = 0;
    struct header h;

    ends[0] = r.end;
    do {
        if (!read_header(&r, &h))
            return r.err;
        if (h.is_list) {
            if (depth == RLP_MAX_DEPTH)
                return PN_ELIMIT;
            ends[++depth] = r.pos + h.payload_len;
            r.end = ends[depth]; /* an element must not reach behind its list */
        } else {
            r.pos += h.payload_len;
        }
        while (depth > 0 && r.pos == ends[depth])
            r.end = ends[--depth];
    } while (depth > 0);
    return reader_finish(&r);
}

/* The header for a payload of len bytes. Returns: its length, at most 9. */
static size_t make_header(uint8_t out[9], size_t len, uint8_t base)
{
    size_t width = 0;

    if (len <= SHORT_MAX) {
        out[0] = (uint8_t)(base + len);
        return 1;
    }
    for (size_t v = len; v > 0; v >>= 8)
        width++;
    out[0] = (uint8_t)(base + LONG_TAG + width);
    for (size_t i = 0; i < width; i++)
        out[1 + i] = (uint8_t)(len >> (8 * (width - 1 - i)));
    return 1 + width;
}

size_t rlp_list_header(uint8_t out[9], size_t payload_len)
{
    return make_header(out, payload_len, LIST);
}

void rlp_write_bytes(struct buf *b, const void *data, size_t len)
{
    uint8_t header[9];

    if (len != 1 || *(const uint8_t *)data >= STRING)
        buf_append(b, header, make_header(header, len, STRING));
    buf_append(b, data, len);
}

void rlp_write_uint(struct buf *b, const uint8_t *be, size_t len)
{
    while (len > 0 && *be == 0) {
        be++;
        len--;
    }
    rlp_write_bytes(b, be, len);
}

void rlp_write_u64(struct buf *b, uint64_t v)
{
    uint8_t be[U64_BYTES];

    for (size_t i = 0; i < U64_BYTES; i++)
        be[i] = (uint8_t)(v >> (8 * (U64_BYTES - 1 - i)));
    rlp_write_uint(b, be, sizeof be);
}

size_t rlp_list_begin(struct buf *b)
{
    return b->len;
}

void rlp_list_end(struct buf *b, size_t mark)
{
    uint8_t header[9];
    size_t payload_len = b->len - mark, header_len;

    if (b->err)
        return;
    header_len = make_header(header, payload_len, LIST);
    if (!buf_extend(b, header_len))
        return;
    memmove(b->data + mark + header_len, b->data + mark, payload_len);
    memcpy(b->data + mark, header, header_len);
}
