/* The ends of all branches, for other threads. A pass over all entries takes too long for one hold
 * of the lock, so it is made in slices, and made again when the chain has changed meanwhile. */
#include "bitcoin/chain/chain_internal.h"
#include "bitcoin/chain/view.h"

enum { ATTEMPTS = 4 };

/* The heights at which an entry's branch is on the active chain are all those below one, which is
 * searched for. */
static uint32_t length_of(const struct chain *chain, uint32_t index)
{
    uint32_t height = chain_entry(chain, index)->height;
    uint32_t on = 0, off = height + 1; /* the genesis is on it */

    while (off - on > 1) {
        uint32_t middle = on + (off - on) / 2;

        if (chain_ancestor(chain, index, middle) == chain_at(chain, middle))
            on = middle;
        else
            off = middle;
    }
    return height - on;
}

static void take(const struct chain *chain, struct chain_branch *out, uint32_t index)
{
    chain_view_describe(chain, &out->end, index);
    out->length = length_of(chain, index);
}

struct pass {
    uint32_t count, generation; /* of the chain when it began */
    uint32_t below;             /* entries that have not been looked at */
    size_t n;
};

/* Returns: whether the chain is still the same. */
static bool look_at_slice(struct chain *chain, struct pass *p, struct chain_branch *out, size_t max)
{
    uint32_t end = p->below > CHAIN_VIEW_MAX ? p->below - CHAIN_VIEW_MAX : 0;
    uint32_t tip;
    bool same;

    mutex_lock(&chain->mu);
    same = chain->generation == p->generation && chain->count == p->count;
    tip = chain_tip(chain);
    while (same && p->below > end && p->n < max) {
        uint32_t index = --p->below;

        if (index != tip && !(chain_entry(chain, index)->flags & CHAIN_HAS_CHILD))
            take(chain, &out[p->n++], index);
    }
    mutex_unlock(&chain->mu);
    return same;
}

static void begin(struct chain *chain, struct pass *p, struct chain_branch *out)
{
    mutex_lock(&chain->mu);
    *p = (struct pass){
        .count = chain->count, .generation = chain->generation, .below = chain->count, .n = 1};
    take(chain, &out[0], chain_tip(chain));
    mutex_unlock(&chain->mu);
}

size_t chain_view_branches(struct chain *chain, struct chain_branch *out, size_t max)
{
    struct pass p = {.n = 0};
    bool same = false;

    for (int i = 0; i < ATTEMPTS && !same && max > 0; i++) {
        begin(chain, &p, out);
        do {
            same = look_at_slice(chain, &p, out, max);
        } while (same && p.below > 0 && p.n < max);
    }
    return p.n;
}
