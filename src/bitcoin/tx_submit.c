/* Transactions of the operator, and what the rest of the program may know of the pool. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/view.h"
#include "bitcoin/transactions.h"
#include "bitcoin/tx_net_internal.h"

/* Owns: takes the reference. */
static int announce(struct tx_net *t, struct tx_body *body)
{
    struct tx_net_msg m = {.event = TX_NET_SUBMITTED, .body = body};

    if (chan_try_send(&t->inbox, &m) == 0)
        return 0;
    txpool_remove(t->pool, body->wtxid, TXPOOL_EVICTED);
    tx_body_unref(body);
    return PN_EAGAIN;
}

static enum tx_refusal add(struct tx_net *t, struct tx_body *body)
{
    enum tx_refusal why = tx_check(&body->tx);
    struct txpool_counts counts;
    struct chain_point tip;

    chain_view_tip(&t->net->chain, &tip);
    if (why == TX_OK)
        why = tx_check_final(&body->tx, tip.height + 1, tip.median_time);
    txpool_counts(t->pool, &counts);
    if (why == TX_OK && counts.own >= TXRELAY_OWN_MAX)
        why = TX_POOL_FULL;
    if (why == TX_OK)
        why = txpool_add(t->pool, body, 0, true);
    return why == TX_KNOWN ? TX_OK : why;
}

int bitcoin_send_transaction(struct bitcoin *b, uint8_t txid[BTC_HASH_BYTES], enum tx_refusal *why,
                             const void *raw, size_t len)
{
    struct tx_body *body;
    int rc = tx_body_parse(&body, b->config.params.magic, raw, len);

    *why = TX_OK;
    if (rc < 0)
        return rc;
    memcpy(txid, body->txid, BTC_HASH_BYTES);
    *why = add(b->tx, body);
    if (*why == TX_OK)
        return announce(b->tx, body);
    tx_body_unref(body);
    return *why == TX_NO_MEMORY ? PN_ENOMEM : *why == TX_POOL_FULL ? PN_EAGAIN : PN_EINVAL;
}

int bitcoin_observe_transactions(struct bitcoin *b, bitcoin_tx_observer *fn, void *arg)
{
    struct tx_net *t = b->tx;

    if (t->n_observers == BITCOIN_TX_OBSERVERS_MAX)
        return PN_ELIMIT;
    t->observers[t->n_observers].fn = fn;
    t->observers[t->n_observers++].arg = arg;
    return 0;
}

struct txpool *bitcoin_txpool(struct bitcoin *b)
{
    return b->tx->pool;
}

/* With the relay off and an empty pool nothing can leave, and nobody will ask what has. */
static bool is_idle(const struct bitcoin *b)
{
    struct txpool_counts counts;

    txpool_counts(b->tx->pool, &counts);
    return b->config.tx_relay == BITCOIN_TX_RELAY_OFF && counts.count == 0;
}

/* Without memory what is in the block stays until it expires. */
void bitcoin_block_connected(struct bitcoin *b, const struct btc_block *block)
{
    uint8_t(*txids)[BTC_HASH_BYTES];
    int rc = 0;

    if (is_idle(b))
        return;
    txids = mem_alloc_array(block->tx_count, sizeof *txids);
    for (size_t i = 0; txids && rc == 0 && i < block->tx_count; i++)
        rc = btc_tx_id(&block->txs[i], txids[i]);
    if (txids && rc == 0)
        txpool_block(b->tx->pool, block->txs, (const uint8_t(*)[BTC_HASH_BYTES])txids,
                     block->tx_count);
    mem_free(txids);
}
