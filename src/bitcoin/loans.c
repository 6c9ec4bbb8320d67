#include "bitcoin/loans.h"

/* Locks: block_loans.mu is held for a few instructions, and for no wait; under it only the channel
 * of a loan is closed. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/blockstore/block_store.h"
#include "bitcoin/internal.h"
#include "metrics/metrics.h"

enum { LIMITED_BLOCKS = 286 }; /* of a BIP159 peer's 288: it may be two behind */

static struct chan_class ring_class = {.name = "bitcoin_loans_ring", .capacity = 1};

static struct metric_family loans_family = {
    .name = "p2pnode_block_loans_total",
    .help = "Blocks fetched to answer a question rather than to be kept, by what became of it.",
    .type = METRIC_COUNTER,
    .labels = {"chain", "result"},
};

static bool is_of(const struct block_loan *p, const uint8_t hash[32])
{
    return p->state != LOAN_FREE && memcmp(p->hash, hash, sizeof p->hash) == 0;
}

/* One that gives the ids, or the whole block. */
static struct block_loan *find(struct block_loans *l, const uint8_t hash[32], bool whole)
    REQUIRES(l->mu)
{
    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++)
        if (is_of(&l->places[i], hash) && l->places[i].whole >= whole)
            return &l->places[i];
    return NULL;
}

static bool is_finished(const struct block_loan *p)
{
    return p->state == LOAN_DONE || p->state == LOAN_FAILED;
}

static void drop_channel(struct block_loan *p)
{
    if (p->has_done)
        chan_destroy(&p->done, NULL);
    p->has_done = false;
}

/* Nobody uses it any more: what it has come to stays, but for the block, which is large. */
static void rest(struct block_loan *p)
{
    drop_channel(p);
    frame_unref(p->block);
    p->block = NULL;
    p->whole = false;
}

static void clear(struct block_loan *p)
{
    rest(p);
    mem_free(p->ids);
    *p = (struct block_loan){.state = LOAN_FREE};
}

static void finish(const struct bitcoin *b, struct block_loan *p, enum loan_state state, int rc)
{
    p->state = state;
    p->rc = rc;
    metric_add(
        metric_get(&loans_family, b->config.params.name, rc < 0 ? pn_errname(rc) : "ok", NULL), 1);
    chan_close(&p->done);
    if (p->users == 0)
        rest(p);
}

/* --- whoever asks --- */

/* A place for another loan: a free one, or that of the answer that was used least recently.
 * Returns: NULL when all are in use. */
static struct block_loan *take_place(struct block_loans *l) REQUIRES(l->mu)
{
    struct block_loan *best = NULL;

    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++) {
        struct block_loan *p = &l->places[i];

        if (p->state == LOAN_FREE)
            return p;
        if (is_finished(p) && p->users == 0 && (!best || p->used_us < best->used_us))
            best = p;
    }
    if (best)
        clear(best);
    return best;
}

static bool may_begin(struct block_loans *l) REQUIRES(l->mu)
{
    const int64_t one_us = LOAN_PACE_MS * INT64_C(1000), full_us = LOANS_BURST * one_us;
    int64_t now_us = clock_mono_us();

    l->credit_us += now_us - l->credit_at_us;
    l->credit_at_us = now_us;
    if (l->credit_us > full_us)
        l->credit_us = full_us;
    return l->credit_us >= one_us;
}

static int begin(struct block_loan **out, struct block_loans *l, const uint8_t hash[32],
                 uint32_t height, bool whole) REQUIRES(l->mu)
{
    struct block_loan *p = may_begin(l) ? take_place(l) : NULL;
    int rc;

    if (!p)
        return PN_ELIMIT;
    rc = chan_init(&p->done, &quit_class);
    if (rc < 0)
        return rc;
    l->credit_us -= LOAN_PACE_MS * INT64_C(1000);
    p->state = LOAN_WANTED;
    p->has_done = true;
    p->height = height;
    p->whole = whole;
    memcpy(p->hash, hash, sizeof p->hash);
    *out = p;
    return 0;
}

/* The loan of that block, which now has one user more. */
static int join(struct block_loan **out, struct block_loans *l, const uint8_t hash[32],
                uint32_t height, bool whole)
{
    int rc = 0;

    mutex_lock(&l->mu);
    *out = find(l, hash, whole);
    if (*out && (*out)->state == LOAN_FAILED && (*out)->users == 0) {
        clear(*out);
        *out = NULL;
    }
    if (!*out)
        rc = begin(out, l, hash, height, whole);
    if (rc == 0)
        (*out)->users++;
    mutex_unlock(&l->mu);
    return rc;
}

/* What somebody wants to know of a block. */
struct wish {
    uint8_t (**txids)[32];
    size_t *n;
    struct frame **block; /* or, if not NULL, this instead */
};

static int take(const struct wish *w, const struct block_loan *p)
{
    if (w->block) {
        *w->block = frame_ref(p->block);
        return 0;
    }
    *w->n = p->n_ids;
    *w->txids = mem_dup(p->ids, p->n_ids * sizeof *p->ids);
    return *w->txids ? 0 : PN_ENOMEM;
}

/* Returns: what the loan has come to; `otherwise` when it is under way still. */
static int part(const struct wish *w, struct block_loans *l, struct block_loan *p, int otherwise)
{
    int rc = otherwise;

    mutex_lock(&l->mu);
    if (p->state == LOAN_FAILED)
        rc = p->rc;
    else if (p->state == LOAN_DONE)
        rc = take(w, p);
    p->used_us = clock_mono_us();
    p->users--;
    if (p->users == 0 && is_finished(p))
        rest(p);
    mutex_unlock(&l->mu);
    return rc;
}

static int borrow(struct bitcoin *b, const struct wish *w, const uint8_t hash[32], uint32_t height,
                  struct chan *quit, int64_t deadline_us)
{
    struct block_loan *p;
    int rc = join(&p, &b->loans, hash, height, w->block != NULL);
    bool finished;

    if (rc < 0)
        return rc;
    mutex_lock(&b->loans.mu);
    finished = is_finished(p);
    mutex_unlock(&b->loans.mu);
    if (!finished) {
        struct chan_case cases[] = {
            {.chan = &p->done, .op = CHAN_RECV},
            {.chan = quit, .op = CHAN_RECV},
        };

        chan_try_send(&b->loans.ring, NULL);
        rc = chan_select(cases, quit ? 2 : 1, deadline_us);
    }
    return part(w, &b->loans, p, rc == 1 ? PN_EQUIT : PN_ETIMEDOUT);
}

/* The genesis block has one transaction. */
static int genesis_txid(struct bitcoin *b, uint8_t (**txids)[32], size_t *n, const uint8_t hash[32])
{
    struct btc_header header;

    if (!chain_view_header(&b->chain, &header, hash))
        return PN_ENOENT;
    *txids = mem_dup(header.merkle_root, sizeof header.merkle_root);
    *n = 1;
    return *txids ? 0 : PN_ENOMEM;
}

int bitcoin_fetch_txids(struct bitcoin *b, uint8_t (**txids)[32], size_t *n, const uint8_t hash[32],
                        uint32_t height, struct chan *quit, int64_t deadline_us)
{
    const struct wish wish = {.txids = txids, .n = n};
    int rc = bitcoin_block_txids(b, txids, n, hash);

    if (rc != PN_ENOENT)
        return rc;
    return height == 0 ? genesis_txid(b, txids, n, hash)
                       : borrow(b, &wish, hash, height, quit, deadline_us);
}

int bitcoin_fetch_block(struct bitcoin *b, struct frame **block, const uint8_t hash[32],
                        uint32_t height, struct chan *quit, int64_t deadline_us)
{
    const struct wish wish = {.block = block};

    *block = b->blocks.store ? block_store_get(b->blocks.store, NULL, hash) : NULL;
    return *block ? 0 : borrow(b, &wish, hash, height, quit, deadline_us);
}

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
        finish(b, p, LOAN_FAILED, p->n_asked ? PN_ETIMEDOUT : PN_ENOENT);
        return;
    }
    if (p->height >= b->config.params.segwit_height)
        item.type |= BTC_INV_WITNESS;
    memcpy(item.hash, p->hash, sizeof item.hash);
    f = btc_frame(b->config.params.magic, &m);
    if (!f) {
        finish(b, p, LOAN_FAILED, PN_ENOMEM);
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
            clear(p);
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

        if (is_of(p, hash) && !is_finished(p)) {
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

        if (!is_of(p, hash) || is_finished(p) || (p->whole && !block))
            continue;
        p->ids = mem_dup(ids, n * sizeof *ids);
        p->n_ids = n;
        p->block = p->whole ? frame_ref(block) : NULL;
        finish(b, p, p->ids ? LOAN_DONE : LOAN_FAILED, p->ids ? 0 : PN_ENOMEM);
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

/* --- life --- */

int loans_init(struct bitcoin *b) NO_THREAD_SAFETY
{
    struct block_loans *l = &b->loans;
    int rc = chan_class_register(&ring_class);

    if (rc == 0)
        rc = chan_init(&l->ring, &ring_class);
    if (rc < 0)
        return rc;
    mutex_init(&l->mu);
    l->credit_us = LOANS_BURST * LOAN_PACE_MS * INT64_C(1000);
    l->credit_at_us = clock_mono_us();
    return 0;
}

void loans_free(struct bitcoin *b) NO_THREAD_SAFETY
{
    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++)
        clear(&b->loans.places[i]);
    mutex_destroy(&b->loans.mu);
    chan_destroy(&b->loans.ring, NULL);
}
