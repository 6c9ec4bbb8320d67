#include "bitcoin/wire/msg_inv.h"

#include "bitcoin/wire/field.h"
#include "bitcoin/wire/limits.h"

enum {
    INV_ITEM_BYTES = 36,
    HEADERS_ITEM_BYTES = BTC_HEADER_BYTES + 1, /* a header and a transaction count of zero */
};

void btc_inv_decode(struct reader *r, struct btc_inv *out, struct arena *a)
{
    size_t count = read_compact_count(r, BTC_INV_MAX, INV_ITEM_BYTES);
    struct btc_inv_item *items = read_array(r, a, count, sizeof *items);

    for (size_t i = 0; i < count && !r->err; i++) {
        items[i].type = read_le32(r);
        read_hash(r, items[i].hash);
    }
    *out = (struct btc_inv){.items = items, .count = count};
}

void btc_inv_encode(struct buf *b, const struct btc_inv *m)
{
    write_count(b, m->count, BTC_INV_MAX);
    for (size_t i = 0; i < m->count; i++) {
        uint8_t *p = buf_extend(b, INV_ITEM_BYTES);

        if (!p)
            return;
        store_le32(p, m->items[i].type);
        memcpy(p + 4, m->items[i].hash, BTC_HASH_BYTES);
    }
}

void btc_locator_decode(struct reader *r, struct btc_locator *out, struct arena *a)
{
    (void)a;
    out->version = read_le32(r);
    out->hashes = read_hashes(r, &out->count, BTC_LOCATOR_MAX);
    read_hash(r, out->stop);
}

void btc_locator_encode(struct buf *b, const struct btc_locator *m)
{
    write_le32(b, m->version);
    write_hashes(b, m->hashes, m->count, BTC_LOCATOR_MAX);
    write_hash(b, m->stop);
}

/* Core ignores the count behind each header; a block announced by `headers` has no transactions
 * with it, and btcd refuses other counts, as we do. */
void btc_headers_decode(struct reader *r, struct btc_headers *out, struct arena *a)
{
    size_t count = read_compact_count(r, BTC_HEADERS_MAX, HEADERS_ITEM_BYTES);
    struct btc_header *items = read_array(r, a, count, sizeof *items);

    for (size_t i = 0; i < count && !r->err; i++) {
        btc_header_decode(r, &items[i]);
        if (read_compact_u64(r) != 0)
            reader_fail(r, PN_EFORMAT);
    }
    *out = (struct btc_headers){.items = items, .count = count};
}

void btc_headers_encode(struct buf *b, const struct btc_headers *m)
{
    write_count(b, m->count, BTC_HEADERS_MAX);
    for (size_t i = 0; i < m->count; i++) {
        btc_header_encode(b, &m->items[i]);
        write_compact(b, 0);
    }
}
