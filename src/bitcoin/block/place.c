#include "bitcoin/block/place.h"

#include "bitcoin/block/coinbase.h"

enum {
    LOCK_TIME_THRESHOLD = 500000000, /* below: a height; from here on: seconds since 1970 */
    HEIGHT_PUSH_MAX_BYTES = 5
};

/* Core, consensus/tx_verify.cpp, IsFinalTx. */
static bool tx_is_final(const struct btc_tx *tx, const struct btc_block_place *place)
{
    int64_t limit =
        tx->lock_time < LOCK_TIME_THRESHOLD ? (int64_t)place->height : place->lock_time_cutoff;

    if (tx->lock_time == 0 || (int64_t)tx->lock_time < limit)
        return true;
    for (size_t i = 0; i < tx->in_count; i++)
        if (tx->in[i].sequence != UINT32_MAX)
            return false;
    return true;
}

static int check_height(const struct btc_tx *coinbase, uint32_t height)
{
    struct bytes script = coinbase->in[0].script;
    struct buf push;
    int rc;

    buf_init(&push, HEIGHT_PUSH_MAX_BYTES);
    btc_coinbase_height_encode(&push, (int32_t)height);
    rc = push.err;
    if (rc == 0 && (script.len < push.len || memcmp(script.data, push.data, push.len) != 0))
        rc = PN_EHEIGHT;
    buf_free(&push);
    return rc;
}

int btc_block_check_at(const struct btc_block *block, struct arena *scratch,
                       const struct btc_block_place *place)
{
    int rc = btc_block_check(block, scratch, place->rules);

    for (size_t i = 0; i < block->tx_count && rc == 0; i++)
        if (!tx_is_final(&block->txs[i], place))
            rc = PN_ENOTFINAL;
    if (rc == 0 && place->rules & BTC_RULE_HEIGHT)
        rc = check_height(&block->txs[0], place->height);
    return rc;
}
