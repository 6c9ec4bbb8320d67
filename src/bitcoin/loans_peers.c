/* Asking peers for the blocks of loans: the manager asks, thread in takes what comes.
 *
 * Locks: as in loans.c. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/internal.h"
#include "bitcoin/loans.h"
#include "bitcoin/loans_internal.h"

enum { LIMITED_BLOCKS = 286 }; /* of a BIP159 peer's 288: it may be two behind */

/* --- the manager --- */

static bool was_asked(const struct block_loan *p, uint64_t peer)
{
    for (unsigned i = 0; i < p->n_asked; i++)
        if (p->asked[i] == peer)
            return true;
    return false;
}

static bool may_have(const struct bitcoin *b, const struct manager_peer *s, uint32_t height)
{
    if (s->lead.claims < (int64_t)height && s->shown_height < height)
        return false;
    switch (blocks_promise_of(b, btc_peer_of(s->peer))) {
    case FETCH_ALL:
        return true;
    case FETCH_LAST:
        return height + LIMITED_BLOCKS > chain_height(&b->chain);
    case FETCH_ANNOUNCED:
        break;
    }
    return false;
}

static struct manager_peer *choose(struct bitcoin *b, const struct block_loan *p)
{
    for (unsigned i = 0; i < b->n_peers; i++) {
        struct manager_peer *s = b->peers[(b->loans.turn + i) % b->n_peers];

        if (!was_asked(p, peer_id(s->peer)) && may_have(b, s, p->height)) {
            b->loans.turn += i + 1;
            return s;
        }
    }
    return NULL;
}

static void ask(struct bitcoin *b, struct block_loan *p)
{
    struct manager_peer *s = p->n_asked < LOAN_TRIES ? choose(b, p) : NULL;
    struct btc_inv_item item = {.type = BTC_INV_BLOCK};
    const struct btc_msg m = {.cmd = BTC_CMD_GETDATA, .u.getdata = {.items = &item, .count = 1}};
    struct frame *f;

    if (!s) {
        loan_finish(b, p, LOAN_FAILED, p->n_asked ? PN_ETIMEDOUT : PN_ENOENT);
        return;
    }
    if (p->height >= b->config.params.segwit_height)
        item.type |= BTC_INV_WITNESS;
    memcpy(item.hash, p->hash, sizeof item.hash);
    f = btc_frame(b->config.params.magic, &m);
    if (!f) {
        loan_finish(b, p, LOAN_FAILED, PN_ENOMEM);
        return;
    }
    p->asked[p->n_asked++] = peer_id(s->peer);
    p->asked_us = clock_mono_us();
    p->state = LOAN_ASKED;
    peer_send(s->peer, f, PEER_SEND_NO_STALL);
}

static int64_t tick(struct bitcoin *b, int64_t now_us)
{
    const int64_t patience_us = LOAN_PEER_MS * INT64_C(1000);
    int64_t next_us = CLOCK_NEVER;

    mutex_lock(&b->loans.mu);
    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++) {
        struct block_loan *p = &b->loans.places[i];

        if (p->state == LOAN_ASKED && now_us >= p->asked_us + patience_us)
            p->state = LOAN_WANTED;
        if (p->state == LOAN_WANTED && p->users == 0)
            loan_clear(p);
        if (p->state == LOAN_WANTED)
            ask(b, p);
        if (p->state == LOAN_ASKED && p->asked_us + patience_us < next_us)
            next_us = p->asked_us + patience_us;
    }
    mutex_unlock(&b->loans.mu);
    return next_us;
}

/* Ask another. Thread: any. */
static void put_back(struct block_loans *l, uint64_t peer, const uint8_t *hash)
{
    mutex_lock(&l->mu);
    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++) {
        struct block_loan *p = &l->places[i];

        if (p->state == LOAN_ASKED && p->asked[p->n_asked - 1] == peer &&
            (!hash || memcmp(p->hash, hash, sizeof p->hash) == 0))
            p->state = LOAN_WANTED;
    }
    mutex_unlock(&l->mu);
    chan_try_send(&l->ring, NULL);
}

static void peer_gone(struct bitcoin *b, struct manager_peer *s)
{
    put_back(&b->loans, peer_id(s->peer), NULL);
}

const struct manager_part loans_part = {
    .peer_gone = peer_gone,
    .tick = tick,
};

/* --- thread in --- */

/* Whether it was asked of the peer and is waited for; `whole`, if so, by somebody who wants all of
 * it. */
static bool asked_of(struct block_loans *l, bool *whole, uint64_t peer, const uint8_t hash[32])
{
    bool yes = false;

    *whole = false;
    mutex_lock(&l->mu);
    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++) {
        const struct block_loan *p = &l->places[i];

        if (loan_is_of(p, hash) && !loan_is_finished(p)) {
            yes = yes || was_asked(p, peer);
            *whole = *whole || p->whole;
        }
    }
    mutex_unlock(&l->mu);
    return yes;
}

/* A block that is wanted whole and came without (nobody wanted that when it was looked at) is
 * asked for by its own loan still. */
static void deliver(struct bitcoin *b, const uint8_t hash[32], const uint8_t (*ids)[32], size_t n,
                    struct frame *block)
{
    mutex_lock(&b->loans.mu);
    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++) {
        struct block_loan *p = &b->loans.places[i];

        if (!loan_is_of(p, hash) || loan_is_finished(p) || (p->whole && !block))
            continue;
        p->ids = mem_dup(ids, n * sizeof *ids);
        p->n_ids = n;
        p->block = p->whole ? frame_ref(block) : NULL;
        loan_finish(b, p, p->ids ? LOAN_DONE : LOAN_FAILED, p->ids ? 0 : PN_ENOMEM);
    }
    mutex_unlock(&b->loans.mu);
}

/* Nothing stands before the genesis block, whose hash says all. */
static int check(struct btc_peer *bp, const struct btc_block *block)
{
    static const uint8_t nothing[BTC_HASH_BYTES];
    struct btc_block_place place = {.height = 0};

    if (!blocks_place(bp->net, &place, &block->header) &&
        memcmp(block->header.prev, nothing, sizeof nothing) != 0)
        return PN_EORPHAN;
    return btc_block_check_at(block, &bp->arena, &place);
}

/* Hand over a block that has passed all checks. */
static int hand_over(struct btc_peer *bp, const struct btc_block *block,
                     const uint8_t hash[BTC_HASH_BYTES], struct bytes raw, bool whole)
{
    struct frame *f = whole ? blocks_frame_of(bp, raw) : NULL;
    uint8_t(*ids)[32] = NULL;
    size_t n;
    int rc = whole && !f ? PN_ENOMEM : blocks_collect_txids(&ids, &n, block);

    if (rc == 0)
        deliver(bp->net, hash, (const uint8_t(*)[32])ids, n, f);
    mem_free(ids);
    frame_unref(f);
    return rc;
}

int loans_on_block(struct peer *p, struct btc_peer *bp, const struct btc_block *block,
                   const uint8_t hash[BTC_HASH_BYTES], struct bytes raw)
{
    struct block_loans *l = &bp->net->loans;
    bool whole;
    int rc;

    if (!asked_of(l, &whole, peer_id(p), hash))
        return 0;
    rc = check(bp, block);
    if (rc == 0)
        rc = hand_over(bp, block, hash, raw, whole);
    if (rc < 0)
        put_back(l, peer_id(p), hash);
    return blocks_is_fault(rc) ? rc : 0;
}

void loans_on_notfound(struct peer *p, const uint8_t hash[BTC_HASH_BYTES])
{
    struct block_loans *l = &btc_peer_of(p)->net->loans;
    bool whole;

    if (asked_of(l, &whole, peer_id(p), hash))
        put_back(l, peer_id(p), hash);
}
