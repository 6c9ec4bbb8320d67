#include "bitcoin/wire/msg_compact.h"

#include "bitcoin/wire/field.h"
#include "bitcoin/wire/limits.h"

enum { PREFILLED_MIN_BYTES = 1 + BTC_TX_VALID_MIN_BYTES };

void btc_sendcmpct_decode(struct reader *r, struct btc_sendcmpct *out, struct arena *a)
{
    uint8_t high = read_u8(r);

    (void)a;
    if (high > 1)
        reader_fail(r, PN_EFORMAT);
    out->high_bandwidth = high;
    out->version = read_le64(r);
}

void btc_sendcmpct_encode(struct buf *b, const struct btc_sendcmpct *m)
{
    write_u8(b, m->high_bandwidth);
    write_le64(b, m->version);
}

/* BIP152 writes rising indexes as the distance from the index that would follow the one before:
 * `next` is that index, and moves on. */
static uint16_t index_decode(struct reader *r, uint32_t *next)
{
    uint64_t skipped = read_compact_u64(r);

    if (skipped > UINT16_MAX || *next + skipped > UINT16_MAX) {
        reader_fail(r, PN_EFORMAT);
        return 0;
    }
    *next += (uint32_t)skipped + 1;
    return (uint16_t)(*next - 1);
}

static void index_encode(struct buf *b, uint32_t *next, uint16_t index)
{
    if (index < *next) {
        buf_fail(b, PN_EFORMAT);
        return;
    }
    write_compact(b, index - *next);
    *next = (uint32_t)index + 1;
}

/* An index must leave room for the short ids and prefilled transactions before it: one that is
 * larger than their number is outside the block (Core, blockencodings.cpp, InitData). */
static void prefilled_decode(struct reader *r, struct btc_cmpctblock *out, struct arena *a)
{
    struct btc_prefilled *items = read_array(r, a, out->prefilled_count, sizeof *items);
    uint32_t next = 0;

    for (size_t i = 0; i < out->prefilled_count && !r->err; i++) {
        items[i].index = index_decode(r, &next);
        if (items[i].index > out->short_id_count + i)
            reader_fail(r, PN_EFORMAT);
        btc_tx_decode(r, &items[i].tx, a);
    }
    out->prefilled = items;
}

void btc_cmpctblock_decode(struct reader *r, struct btc_cmpctblock *out, struct arena *a)
{
    const uint8_t *ids;

    btc_header_decode(r, &out->header);
    out->nonce = read_le64(r);
    out->short_id_count = read_compact_count(r, BTC_COMPACT_TXS_MAX, BTC_SHORT_ID_BYTES);
    ids = reader_take(r, out->short_id_count * BTC_SHORT_ID_BYTES);
    out->short_ids = (const uint8_t(*)[BTC_SHORT_ID_BYTES])ids;
    out->prefilled_count =
        read_compact_count(r, BTC_COMPACT_TXS_MAX - out->short_id_count, PREFILLED_MIN_BYTES);
    prefilled_decode(r, out, a);
}

void btc_cmpctblock_encode(struct buf *b, const struct btc_cmpctblock *m)
{
    uint32_t next = 0;

    btc_header_encode(b, &m->header);
    write_le64(b, m->nonce);
    write_count(b, m->short_id_count, BTC_COMPACT_TXS_MAX);
    buf_append(b, m->short_ids, m->short_id_count * BTC_SHORT_ID_BYTES);
    write_count(b, m->prefilled_count, BTC_COMPACT_TXS_MAX);
    if (m->short_id_count + m->prefilled_count > BTC_COMPACT_TXS_MAX)
        buf_fail(b, PN_ECOUNT);
    for (size_t i = 0; i < m->prefilled_count; i++) {
        if (m->prefilled[i].index > m->short_id_count + i)
            buf_fail(b, PN_EFORMAT);
        index_encode(b, &next, m->prefilled[i].index);
        btc_tx_encode(b, &m->prefilled[i].tx);
    }
}

void btc_getblocktxn_decode(struct reader *r, struct btc_getblocktxn *out, struct arena *a)
{
    uint16_t *indexes;
    uint32_t next = 0;

    read_hash(r, out->block_hash);
    out->count = read_compact_count(r, BTC_COMPACT_TXS_MAX, 1);
    indexes = read_array(r, a, out->count, sizeof *indexes);
    for (size_t i = 0; i < out->count && !r->err; i++)
        indexes[i] = index_decode(r, &next);
    out->indexes = indexes;
}

void btc_getblocktxn_encode(struct buf *b, const struct btc_getblocktxn *m)
{
    uint32_t next = 0;

    write_hash(b, m->block_hash);
    write_count(b, m->count, BTC_COMPACT_TXS_MAX);
    for (size_t i = 0; i < m->count; i++)
        index_encode(b, &next, m->indexes[i]);
}

void btc_blocktxn_decode(struct reader *r, struct btc_blocktxn *out, struct arena *a)
{
    read_hash(r, out->block_hash);
    out->txs = btc_txs_decode(r, a, &out->count, BTC_COMPACT_TXS_MAX);
}

void btc_blocktxn_encode(struct buf *b, const struct btc_blocktxn *m)
{
    write_hash(b, m->block_hash);
    write_count(b, m->count, BTC_COMPACT_TXS_MAX);
    for (size_t i = 0; i < m->count; i++)
        btc_tx_encode(b, &m->txs[i]);
}
