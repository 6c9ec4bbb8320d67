/* The set of peers and their measurements; what is estimated from them together is in
 * estimate.c. */
#include "download/peers.h"

#include <assert.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#define MEASUREMENT_IMPACT 0.1

int download_peers_init(struct download_peers *set, unsigned max_peers, const unsigned *max_items,
                        unsigned n_kinds)
{
    assert(n_kinds >= 1 && n_kinds <= DOWNLOAD_KINDS_MAX);
    *set = (struct download_peers){
        .max_peers = max_peers,
        .n_kinds = n_kinds,
        .estimate_us = (double)DOWNLOAD_RTT_MAX_US,
        .confidence = 1,
    };
    for (unsigned k = 0; k < n_kinds; k++)
        set->max_items[k] = max_items[k];
    set->peers = mem_zalloc_array(max_peers, sizeof *set->peers);
    return set->peers ? 0 : PN_ENOMEM;
}

void download_peers_free(struct download_peers *set)
{
    for (unsigned i = 0; i < set->n_peers; i++)
        lacking_free(&set->peers[i].lacking);
    mem_free(set->peers);
    *set = (struct download_peers){0};
}

static struct download_peer *find(const struct download_peers *set, uint64_t id)
{
    for (unsigned i = 0; i < set->n_peers; i++)
        if (set->peers[i].id == id)
            return &set->peers[i];
    return NULL;
}

static double average_throughput(const struct download_peers *set, unsigned kind)
{
    double sum = 0;

    for (unsigned i = 0; i < set->n_peers; i++)
        sum += set->peers[i].work[kind].throughput;
    return set->n_peers ? sum / set->n_peers : 0;
}

int download_register(struct download_peers *set, uint64_t id)
{
    struct download_peer p = {.id = id, .rtt_us = (double)download_median_rtt_us(set)};

    if (find(set, id))
        return PN_EEXIST;
    if (set->n_peers == set->max_peers)
        return PN_ELIMIT;
    for (unsigned k = 0; k < set->n_kinds; k++)
        p.work[k].throughput = average_throughput(set, k);
    lacking_init(&p.lacking);
    set->peers[set->n_peers++] = p;
    download_reduce_confidence(set);
    return 0;
}

int download_unregister(struct download_peers *set, uint64_t id)
{
    struct download_peer *p = find(set, id);

    if (!p)
        return PN_ENOENT;
    lacking_free(&p->lacking);
    *p = set->peers[--set->n_peers];
    return 0;
}

int download_set_busy(struct download_peers *set, uint64_t id, unsigned kind)
{
    struct download_peer *p = find(set, id);

    assert(kind < set->n_kinds);
    if (!p)
        return PN_ENOENT;
    if (p->work[kind].busy)
        return PN_EBUSY;
    p->work[kind].busy = true;
    p->work[kind].started_us = clock_mono_us();
    return 0;
}

static void measure(struct download_peer *p, unsigned kind, unsigned delivered, int64_t elapsed_us,
                    int64_t rtt_us)
{
    double *throughput = &p->work[kind].throughput;
    double elapsed = elapsed_us > 0 ? (double)elapsed_us : 1;

    if (delivered == 0) {
        *throughput = 0;
        return;
    }
    *throughput =
        (1 - MEASUREMENT_IMPACT) * *throughput + MEASUREMENT_IMPACT * (delivered * 1e6 / elapsed);
    p->rtt_us = (1 - MEASUREMENT_IMPACT) * p->rtt_us + MEASUREMENT_IMPACT * (double)rtt_us;
}

void download_set_idle(struct download_peers *set, uint64_t id, unsigned kind, unsigned delivered)
{
    struct download_peer *p = find(set, id);
    int64_t elapsed;

    assert(kind < set->n_kinds);
    if (!p || !p->work[kind].busy)
        return;
    p->work[kind].busy = false;
    elapsed = clock_mono_us() - p->work[kind].started_us;
    measure(p, kind, delivered, elapsed, elapsed);
}

void download_measure(struct download_peers *set, uint64_t id, unsigned kind, unsigned delivered,
                      int64_t elapsed_us, int64_t rtt_us)
{
    struct download_peer *p = find(set, id);

    assert(kind < set->n_kinds);
    if (p)
        measure(p, kind, delivered, elapsed_us, rtt_us);
}

unsigned download_capacity(const struct download_peers *set, uint64_t id, unsigned kind,
                           int64_t target_rtt_us)
{
    const struct download_peer *p = find(set, id);
    double items;

    assert(kind < set->n_kinds);
    if (!p)
        return 0;
    items = p->work[kind].throughput * (double)target_rtt_us / 1e6;
    items = 1 + (items > 1 ? items : 1);
    return items < set->max_items[kind] ? (unsigned)items : set->max_items[kind];
}

double download_throughput(const struct download_peers *set, uint64_t id, unsigned kind)
{
    const struct download_peer *p = find(set, id);

    assert(kind < set->n_kinds);
    return p ? p->work[kind].throughput : 0;
}

/* The order of the places means nothing, so they are sorted where they are; they mostly are
 * already.
 */
static void sort_by_throughput(struct download_peers *set, unsigned kind)
{
    for (unsigned i = 1; i < set->n_peers; i++) {
        struct download_peer p = set->peers[i];
        unsigned at = i;

        for (; at > 0 && set->peers[at - 1].work[kind].throughput < p.work[kind].throughput; at--)
            set->peers[at] = set->peers[at - 1];
        set->peers[at] = p;
    }
}

unsigned download_idle_peers(struct download_peers *set, uint64_t *ids, unsigned kind)
{
    unsigned n = 0;

    assert(kind < set->n_kinds);
    sort_by_throughput(set, kind);
    for (unsigned i = 0; i < set->n_peers; i++)
        if (!set->peers[i].work[kind].busy)
            ids[n++] = set->peers[i].id;
    return n;
}

void download_mark_lacking(struct download_peers *set, uint64_t id, const uint8_t hash[32])
{
    struct download_peer *p = find(set, id);

    if (p)
        lacking_add(&p->lacking, hash);
}

bool download_lacks(const struct download_peers *set, uint64_t id, const uint8_t hash[32])
{
    const struct download_peer *p = find(set, id);

    return p && lacking_has(&p->lacking, hash);
}
