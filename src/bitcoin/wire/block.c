#include "bitcoin/wire/block.h"

#include "bitcoin/wire/field.h"
#include "bitcoin/wire/limits.h"

const struct btc_tx *btc_txs_decode(struct reader *r, struct arena *a, size_t *count, size_t max)
{
    struct btc_tx *txs;

    *count = read_compact_count(r, max, BTC_TX_VALID_MIN_BYTES);
    txs = read_array(r, a, *count, sizeof *txs);
    for (size_t i = 0; i < *count && !r->err; i++)
        btc_tx_decode(r, &txs[i], a);
    return txs;
}

void btc_block_decode(struct reader *r, struct btc_block *out, struct arena *a)
{
    btc_header_decode(r, &out->header);
    out->txs = btc_txs_decode(r, a, &out->tx_count, COMPACT_MAX);
}

static void block_encode(struct buf *b, const struct btc_block *m,
                         void (*tx_encode)(struct buf *, const struct btc_tx *))
{
    btc_header_encode(b, &m->header);
    write_compact(b, m->tx_count);
    for (size_t i = 0; i < m->tx_count; i++)
        tx_encode(b, &m->txs[i]);
}

void btc_block_encode(struct buf *b, const struct btc_block *m)
{
    block_encode(b, m, btc_tx_encode);
}

void btc_block_encode_stripped(struct buf *b, const struct btc_block *m)
{
    block_encode(b, m, btc_tx_encode_stripped);
}
