#include "bitcoin/txrelay/tx_told.h"

void tx_told_init(struct tx_told *t) NO_THREAD_SAFETY
{
    mutex_init(&t->mu);
    known_init(&t->wtxids, TX_TOLD_MAX);
    t->listed = 0;
}

void tx_told_free(struct tx_told *t) NO_THREAD_SAFETY
{
    known_free(&t->wtxids);
    mutex_destroy(&t->mu);
}

void tx_told_add(struct tx_told *t, const uint8_t wtxid[32])
{
    mutex_lock(&t->mu);
    known_add(&t->wtxids, wtxid, 32);
    mutex_unlock(&t->mu);
}

void tx_told_list(struct tx_told *t, uint64_t up_to)
{
    mutex_lock(&t->mu);
    t->listed = up_to;
    mutex_unlock(&t->mu);
}

bool tx_told_has(struct tx_told *t, const uint8_t wtxid[32], uint64_t seq)
{
    bool has;

    mutex_lock(&t->mu);
    has = seq <= t->listed || known_has(&t->wtxids, wtxid, 32);
    mutex_unlock(&t->mu);
    return has;
}
