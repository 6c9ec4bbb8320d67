/* The short ids of a compact block against the pool: one pass over the pool, in slices, with a
 * small table of the ids at hand. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/block/shortid.h"
#include "bitcoin/mempool/txpool_internal.h"

enum { ABSENT = UINT32_MAX };

struct matcher {
    const struct siphash_key *key;
    const uint64_t *ids;
    struct tx_body **out;
    uint32_t *slots; /* a number into ids, or ABSENT */
    uint32_t mask;
    bool *twice; /* for each id: two transactions have it, so neither is taken */
    long found;
};

/* Short ids are keyed hashes already. */
static uint32_t *slot_of(const struct matcher *m, uint64_t id)
{
    uint32_t at = (uint32_t)(id ^ id >> 24) & m->mask;

    while (m->slots[at] != ABSENT && m->ids[m->slots[at]] != id)
        at = (at + 1) & m->mask;
    return &m->slots[at];
}

static int matcher_init(struct matcher *m, size_t n)
{
    uint32_t slots = 16;

    while (slots < 2 * n)
        slots *= 2;
    m->mask = slots - 1;
    m->slots = mem_alloc_array(slots, sizeof *m->slots);
    m->twice = mem_zalloc_array(n + 1, sizeof *m->twice);
    if (!m->slots || !m->twice)
        return PN_ENOMEM;
    memset(m->slots, 0xff, slots * sizeof *m->slots);
    for (uint32_t i = 0; i < n; i++)
        *slot_of(m, m->ids[i]) = i;
    return 0;
}

static void offer(struct matcher *m, struct tx_body *body)
{
    uint32_t i = *slot_of(m, btc_short_id(m->key, body->wtxid));

    if (i == ABSENT || m->twice[i] || m->out[i] == body)
        return;
    if (!m->out[i]) {
        m->out[i] = tx_body_ref(body);
        m->found++;
        return;
    }
    tx_body_unref(m->out[i]);
    m->out[i] = NULL;
    m->twice[i] = true;
    m->found--;
}

/* Downwards: a removal meanwhile moves the last entry, which was looked at, into an earlier slot,
 * so that none is missed but what comes meanwhile. */
static void offer_all(struct txpool *p, struct matcher *m)
{
    unsigned at = UINT32_MAX;

    while (at > 0) {
        mutex_lock(&p->mu);
        if (at > p->count)
            at = p->count;
        for (unsigned i = 0; i < TXPOOL_SLICE && at > 0; i++)
            offer(m, p->entries[--at]->body);
        mutex_unlock(&p->mu);
    }
}

long txpool_match_short_ids(struct txpool *p, struct tx_body **out, const struct siphash_key *key,
                            const uint64_t *ids, size_t n)
{
    struct matcher m = {.key = key, .ids = ids, .out = out};
    int rc;

    memset(out, 0, n * sizeof(struct tx_body *));
    rc = matcher_init(&m, n);
    if (rc == 0)
        offer_all(p, &m);
    mem_free(m.slots);
    mem_free(m.twice);
    return rc < 0 ? rc : m.found;
}
