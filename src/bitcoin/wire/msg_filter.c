#include "bitcoin/wire/msg_filter.h"

#include "bitcoin/wire/field.h"
#include "bitcoin/wire/limits.h"

void btc_filterload_decode(struct reader *r, struct btc_filterload *out, struct arena *a)
{
    (void)a;
    out->filter = read_var_bytes(r, BTC_FILTER_MAX_BYTES);
    out->hash_funcs = read_le32(r);
    out->tweak = read_le32(r);
    out->flags = read_u8(r);
    if (out->hash_funcs > BTC_FILTER_MAX_FUNCS)
        reader_fail(r, PN_ECOUNT);
}

void btc_filterload_encode(struct buf *b, const struct btc_filterload *m)
{
    if (m->hash_funcs > BTC_FILTER_MAX_FUNCS)
        buf_fail(b, PN_ECOUNT);
    write_var_bytes(b, m->filter, BTC_FILTER_MAX_BYTES);
    write_le32(b, m->hash_funcs);
    write_le32(b, m->tweak);
    write_u8(b, m->flags);
}

void btc_filteradd_decode(struct reader *r, struct btc_filteradd *out, struct arena *a)
{
    (void)a;
    out->data = read_var_bytes(r, BTC_FILTERADD_MAX_BYTES);
}

void btc_filteradd_encode(struct buf *b, const struct btc_filteradd *m)
{
    write_var_bytes(b, m->data, BTC_FILTERADD_MAX_BYTES);
}

/* A tree has a leaf, and not more hashes than leaves (Core, merkleblock.cpp, ExtractMatches). */
static bool tree_is_possible(const struct btc_merkleblock *m)
{
    return m->tx_count > 0 && m->tx_count <= BTC_BLOCK_TXS_MAX && m->hash_count <= m->tx_count;
}

void btc_merkleblock_decode(struct reader *r, struct btc_merkleblock *out, struct arena *a)
{
    (void)a;
    btc_header_decode(r, &out->header);
    out->tx_count = read_le32(r);
    out->hashes = read_hashes(r, &out->hash_count, BTC_BLOCK_TXS_MAX);
    out->flags = read_var_bytes(r, BTC_MERKLE_FLAGS_MAX);
    if (!tree_is_possible(out))
        reader_fail(r, PN_ECOUNT);
}

void btc_merkleblock_encode(struct buf *b, const struct btc_merkleblock *m)
{
    if (!tree_is_possible(m))
        buf_fail(b, PN_ECOUNT);
    btc_header_encode(b, &m->header);
    write_le32(b, m->tx_count);
    write_hashes(b, m->hashes, m->hash_count, BTC_BLOCK_TXS_MAX);
    write_var_bytes(b, m->flags, BTC_MERKLE_FLAGS_MAX);
}
