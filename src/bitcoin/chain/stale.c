/* Making room in a chain that is full: stale branches go, and what stays moves together.
 *
 * A chain is full because somebody mined many branches: the honest chain alone takes 150 years to
 * get there. Which branches stay: the active chain, the branch that was extended last (it may be
 * the honest chain on its way to overtake), and of the others those with the most work, until half
 * of the room beside the active chain is taken. Those marked invalid go: should they be offered
 * again, they are found out again. So there is always room for more, and a pass over
 * all entries, which is what this costs, comes at most once for each such half. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/chain_internal.h"

enum { GONE = CHAIN_NONE, KEPT = 0 }; /* marks, before they become new places */

/* How many entries of a branch are not kept yet. */
static uint32_t length_beyond_kept(const struct chain *chain, const uint32_t *mark, uint32_t end)
{
    uint32_t n = 0;

    for (; mark[end] == GONE; end = chain_entry(chain, end)->parent)
        n++;
    return n;
}

static void keep_branch(const struct chain *chain, uint32_t *mark, uint32_t end)
{
    for (; mark[end] == GONE; end = chain_entry(chain, end)->parent)
        mark[end] = KEPT;
}

struct branch {
    btc_work work;
    uint32_t end;
};

/* Most work first; of equals the one seen first. */
static int by_work(const void *a, const void *b)
{
    const struct branch *x = a, *y = b;

    if (x->work != y->work)
        return x->work > y->work ? -1 : 1;
    return x->end < y->end ? -1 : 1;
}

static struct branch *list_branches(const struct chain *chain, size_t *n)
{
    struct branch *out;

    *n = 0;
    for (uint32_t i = 0; i < chain->count; i++)
        *n += !(chain_entry(chain, i)->flags & (CHAIN_HAS_CHILD | CHAIN_INVALID));
    out = mem_alloc_array(*n, sizeof *out);
    if (!out)
        return NULL;
    *n = 0;
    for (uint32_t i = 0; i < chain->count; i++)
        if (!(chain_entry(chain, i)->flags & (CHAIN_HAS_CHILD | CHAIN_INVALID)))
            out[(*n)++] = (struct branch){.work = chain_entry(chain, i)->work, .end = i};
    qsort(out, *n, sizeof *out, by_work);
    return out;
}

static int mark_kept(const struct chain *chain, uint32_t *mark)
{
    uint32_t room = (chain->max_headers - chain->active_len) / 2;
    struct branch *branches;
    size_t n;

    memset(mark, 0xff, chain->count * sizeof *mark);
    mark[0] = KEPT;
    keep_branch(chain, mark, chain_tip(chain));
    if (length_beyond_kept(chain, mark, chain->recent) <= room) {
        room -= length_beyond_kept(chain, mark, chain->recent);
        keep_branch(chain, mark, chain->recent);
    }
    branches = list_branches(chain, &n);
    if (!branches)
        return PN_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        uint32_t length = length_beyond_kept(chain, mark, branches[i].end);

        if (length > room)
            continue;
        room -= length;
        keep_branch(chain, mark, branches[i].end);
    }
    mem_free(branches);
    return 0;
}

static bool all_stay(const uint32_t *mark, uint32_t n)
{
    uint32_t i = 0;

    while (i < n && mark[i] == KEPT)
        i++;
    return i == n;
}

/* Parents come before their children and stay before them, so what an entry refers to has moved
 * already. Jumps lead to ancestors, which are kept. */
static uint32_t move_together(struct chain *chain, uint32_t *place)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < chain->count; i++) {
        struct chain_entry e = *chain_entry(chain, i);

        if (place[i] == GONE)
            continue;
        place[i] = n;
        e.flags &= ~(uint32_t)CHAIN_HAS_CHILD;
        e.skip = place[e.skip];
        if (e.parent != CHAIN_NONE) {
            e.parent = place[e.parent];
            chain_entry_mut(chain, e.parent)->flags |= CHAIN_HAS_CHILD;
        }
        *chain_entry_mut(chain, n++) = e;
    }
    return n;
}

static void rebuild_index(struct chain *chain)
{
    hash_index_clear(&chain->index);
    for (uint32_t i = 0; i < chain->count; i++)
        hash_index_put(&chain->index, chain_entry(chain, i)->hash);
}

int chain_drop_stale(struct chain *chain, uint32_t *dropped)
{
    uint32_t before = chain->count;
    uint32_t *place = mem_alloc_array(before, sizeof *place);
    int rc = place ? mark_kept(chain, place) : PN_ENOMEM;

    *dropped = 0;
    if (rc < 0) {
        mem_free(place);
        return rc;
    }
    if (all_stay(place, before)) {
        mem_free(place);
        return 0;
    }
    mutex_lock(&chain->mu);
    chain->count = move_together(chain, place);
    for (uint32_t h = 0; h < chain->active_len; h++)
        chain->active[h] = place[chain->active[h]];
    chain->recent = place[chain->recent] == GONE ? chain_tip(chain) : place[chain->recent];
    chain->walk_memo.from = CHAIN_NONE;
    chain->generation++;
    rebuild_index(chain);
    chain_trim(chain);
    mutex_unlock(&chain->mu);
    mem_free(place);
    *dropped = before - chain->count;
    return 0;
}
