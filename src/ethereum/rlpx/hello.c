#include "ethereum/rlpx/hello.h"

#include "base/err.h"
#include "codec/rlp.h"

static void write_text(struct buf *out, const char *text)
{
    rlp_write_bytes(out, text, strlen(text));
}

int rlpx_hello_encode(struct buf *out, const struct rlpx_hello *h)
{
    size_t whole = rlp_list_begin(out), caps;

    rlp_write_u64(out, h->version);
    write_text(out, h->client);
    caps = rlp_list_begin(out);
    for (unsigned i = 0; i < h->n_caps; i++) {
        size_t cap = rlp_list_begin(out);

        write_text(out, h->caps[i].name);
        rlp_write_u64(out, h->caps[i].version);
        rlp_list_end(out, cap);
    }
    rlp_list_end(out, caps);
    rlp_write_u64(out, h->port);
    rlp_write_bytes(out, h->pubkey, sizeof h->pubkey);
    rlp_list_end(out, whole);
    return out->err;
}

/* What a peer says of itself goes to logs and screens. */
static void copy_printable(char *out, size_t size, struct bytes text)
{
    size_t n = text.len < size - 1 ? text.len : size - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = text.data[i] >= 0x20 && text.data[i] < 0x7f ? (char)text.data[i] : '?';
    out[n] = '\0';
}

static void read_caps(struct rlpx_hello *out, struct reader *list)
{
    while (reader_left(list) > 0 && out->n_caps < RLPX_CAPS_MAX) {
        struct reader cap = rlp_read_list(list);
        struct bytes name = rlp_read_bytes(&cap, SIZE_MAX);
        uint64_t version = rlp_read_u64(&cap);

        rlp_leave_open(list, &cap);
        if (list->err || name.len > RLPX_CAP_NAME_MAX || version > UINT32_MAX)
            continue;
        copy_printable(out->caps[out->n_caps].name, RLPX_CAP_NAME_MAX + 1, name);
        out->caps[out->n_caps++].version = (uint32_t)version;
    }
}

int rlpx_hello_decode(struct rlpx_hello *out, struct bytes payload)
{
    struct reader r = reader_of(payload.data, payload.len);
    struct reader list = rlp_read_list(&r), caps;

    *out = (struct rlpx_hello){.version = rlp_read_u64(&list)};
    copy_printable(out->client, sizeof out->client, rlp_read_bytes(&list, SIZE_MAX));
    caps = rlp_read_list(&list);
    read_caps(out, &caps);
    rlp_leave_open(&list, &caps);
    out->port = (uint16_t)rlp_read_u64(&list); /* not used; some clients say anything */
    rlp_read_fixed(&list, out->pubkey, sizeof out->pubkey);
    rlp_leave_open(&r, &list);
    return reader_finish(&r);
}

int rlpx_disconnect_encode(struct buf *out, enum rlpx_disconnect reason)
{
    size_t list = rlp_list_begin(out);

    rlp_write_u64(out, reason);
    rlp_list_end(out, list);
    return out->err;
}

int rlpx_disconnect_decode(unsigned *reason, struct bytes payload)
{
    struct reader r = reader_of(payload.data, payload.len);
    struct reader list = r;
    uint64_t number;

    if (rlp_next_is_list(&r)) {
        list = rlp_read_list(&r);
        /* an empty list: no reason was given, which is the first of them */
        number = reader_left(&list) ? rlp_read_u64(&list) : RLPX_DISC_REQUESTED;
    } else {
        number = rlp_read_u64(&list);
    }
    if (r.err || list.err || payload.len == 0)
        return PN_EFORMAT;
    *reason = number > 0xff ? 0xff : (unsigned)number;
    return 0;
}
