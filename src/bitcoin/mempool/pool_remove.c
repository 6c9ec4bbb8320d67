/* How transactions leave the pool: taken out under its lock, told of and freed without it. */
#include "base/clock.h"
#include "base/mem.h"
#include "bitcoin/mempool/txpool_internal.h"

static const char *const exit_names[TXPOOL_EXITS] = {
#define TXPOOL_NAME_(id, name) [id] = name,
    TXPOOL_EXIT_LIST(TXPOOL_NAME_)
#undef TXPOOL_NAME_
};

const char *txpool_exit_name(enum txpool_exit exit)
{
    return exit_names[exit];
}

void pool_take_one(struct txpool *p, struct pool_entry **gone, struct pool_entry *e,
                   enum txpool_exit exit)
{
    pool_tell_parents(p, e, -1);
    pool_tell_children(p, e, -1);
    pool_unlink(p, e);
    p->own -= e->own;
    p->unasked -= e->own && e->asked == 0;
    e->exit = exit;
    if (exit != TXPOOL_CONFIRMED) {
        p->seq++;
        if (p->watcher)
            p->watcher(p->watcher_arg, e->body, p->seq, false);
    }
    e->work = *gone;
    *gone = e;
}

void pool_take_all(struct txpool *p, struct pool_entry **gone, struct pool_entry *e,
                   enum txpool_exit exit)
{
    struct pool_entry *next;

    for (e = pool_descendants(p, e); e; e = next) {
        next = e->work;
        pool_take_one(p, gone, e, exit);
    }
}

void pool_bury(struct txpool *p, struct pool_entry *gone)
{
    while (gone) {
        struct pool_entry *e = gone;

        gone = e->work;
        if (p->left)
            p->left(p->left_arg, e->body, e->own, e->exit);
        tx_body_unref(e->body);
        mem_free(e);
    }
}

bool txpool_remove(struct txpool *p, const uint8_t wtxid[BTC_HASH_BYTES], enum txpool_exit exit)
{
    struct pool_entry *gone = NULL, *e;

    mutex_lock(&p->mu);
    e = pool_find_wtxid(p, wtxid);
    if (e)
        pool_take_all(p, &gone, e, exit);
    mutex_unlock(&p->mu);
    pool_bury(p, gone);
    return e != NULL;
}

/* --- blocks --- */

static void note_confirmed(struct txpool *p, const uint8_t hash[BTC_HASH_BYTES]) REQUIRES(p->mu)
{
    /* Without memory for it a transaction of a block is asked for again, and refused by peers. */
    if (p->confirmed.limit == 0 && rolling_filter_init(&p->confirmed, TXPOOL_CONFIRMED_MAX) < 0)
        return;
    rolling_filter_add(&p->confirmed, hash);
}

static void take_for_block(struct txpool *p, struct pool_entry **gone, const struct btc_tx *tx,
                           const uint8_t txid[BTC_HASH_BYTES]) REQUIRES(p->mu)
{
    struct pool_entry *e = pool_find_txid(p, txid);

    note_confirmed(p, txid);
    if (e) {
        note_confirmed(p, e->body->wtxid);
        pool_take_one(p, gone, e, TXPOOL_CONFIRMED);
    }
    for (uint32_t i = 0; i < tx->in_count; i++) {
        e = pool_spender(p, tx->in[i].prev_hash, tx->in[i].prev_index);
        if (e)
            pool_take_all(p, gone, e, TXPOOL_CONFLICTED);
    }
}

void txpool_block(struct txpool *p, const struct btc_tx *txs,
                  const uint8_t (*txids)[BTC_HASH_BYTES], size_t n)
{
    for (size_t at = 0; at < n;) {
        struct pool_entry *gone = NULL;
        size_t end = n - at < TXPOOL_SLICE ? n : at + TXPOOL_SLICE;

        mutex_lock(&p->mu);
        for (; at < end; at++)
            take_for_block(p, &gone, &txs[at], txids[at]);
        mutex_unlock(&p->mu);
        pool_bury(p, gone);
    }
}

bool txpool_confirmed(struct txpool *p, const uint8_t hash[BTC_HASH_BYTES])
{
    bool known;

    mutex_lock(&p->mu);
    known = p->confirmed.limit > 0 && rolling_filter_has(&p->confirmed, hash);
    mutex_unlock(&p->mu);
    return known;
}

/* --- age --- */

int64_t txpool_expire(struct txpool *p)
{
    int64_t age_us = p->config.max_age_ms * 1000, now_us = clock_mono_us(), next_us = CLOCK_NEVER;
    struct pool_entry *gone = NULL;

    mutex_lock(&p->mu);
    for (unsigned i = 0; i < TXPOOL_SLICE && p->age.oldest; i++) {
        if (p->age.oldest->added_us + age_us > now_us)
            break;
        pool_take_all(p, &gone, p->age.oldest, TXPOOL_EXPIRED);
    }
    if (p->age.oldest)
        next_us = p->age.oldest->added_us + age_us;
    mutex_unlock(&p->mu);
    pool_bury(p, gone);
    return next_us;
}
