#include "bitcoin/loans.h"

/* Locks: block_loans.mu is held for a few instructions, and for no wait; under it only the channel
 * of a loan is closed. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/blockstore/block_store.h"
#include "bitcoin/internal.h"
#include "bitcoin/loans_internal.h"
#include "metrics/metrics.h"

static struct chan_class ring_class = {.name = "bitcoin_loans_ring", .capacity = 1};

static struct metric_family loans_family = {
    .name = "p2pnode_block_loans_total",
    .help = "Blocks fetched to answer a question rather than to be kept, by what became of it.",
    .type = METRIC_COUNTER,
    .labels = {"chain", "result"},
};

bool loan_is_of(const struct block_loan *p, const uint8_t hash[32])
{
    return p->state != LOAN_FREE && memcmp(p->hash, hash, sizeof p->hash) == 0;
}

/* One that gives the ids, or the whole block. */
static struct block_loan *find(struct block_loans *l, const uint8_t hash[32], bool whole)
    REQUIRES(l->mu)
{
    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++)
        if (loan_is_of(&l->places[i], hash) && l->places[i].whole >= whole)
            return &l->places[i];
    return NULL;
}

bool loan_is_finished(const struct block_loan *p)
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

void loan_clear(struct block_loan *p)
{
    rest(p);
    mem_free(p->ids);
    *p = (struct block_loan){.state = LOAN_FREE};
}

void loan_finish(const struct bitcoin *b, struct block_loan *p, enum loan_state state, int rc)
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
        if (loan_is_finished(p) && p->users == 0 && (!best || p->used_us < best->used_us))
            best = p;
    }
    if (best)
        loan_clear(best);
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
        loan_clear(*out);
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
    if (p->users == 0 && loan_is_finished(p))
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
    finished = loan_is_finished(p);
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
        loan_clear(&b->loans.places[i]);
    mutex_destroy(&b->loans.mu);
    chan_destroy(&b->loans.ring, NULL);
}
