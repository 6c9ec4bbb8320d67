/* Protection is removal from the pool: for each virtue in turn the pool is sorted so that the best
 * stand at its end, and some are cut off there. What remains at last is fair game. */
#include "dial/evict.h"

#include <stdlib.h>
#include <string.h>

struct pool {
    struct evict_candidate *c;
    size_t n;
};

/* A virtue: negative when `a` deserves its place less than `b`. */
typedef int virtue(const struct evict_candidate *a, const struct evict_candidate *b);

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Who came first is better; of two that came at once, the lower id. */
static int by_uptime(const struct evict_candidate *a, const struct evict_candidate *b)
{
    int order = compare(b->connected_us, a->connected_us);

    return order ? order : (a->id < b->id) - (a->id > b->id);
}

/* An attacker does not know which group's hash is the greatest. */
static int by_group(const struct evict_candidate *a, const struct evict_candidate *b)
{
    int order = (a->keyed_group > b->keyed_group) - (a->keyed_group < b->keyed_group);

    return order ? order : by_uptime(a, b);
}

static int by_ping(const struct evict_candidate *a, const struct evict_candidate *b)
{
    int order = compare(b->min_ping_us, a->min_ping_us);

    return order ? order : by_uptime(a, b);
}

static int by_tx(const struct evict_candidate *a, const struct evict_candidate *b)
{
    int order = compare(a->last_tx_us, b->last_tx_us);

    if (order == 0)
        order = a->relays_txs - b->relays_txs;
    if (order == 0)
        order = b->bloom_filter - a->bloom_filter;
    return order ? order : by_uptime(a, b);
}

/* Many peers have not sent a block yet: of these the ones that could are better. */
static int by_block(const struct evict_candidate *a, const struct evict_candidate *b)
{
    int order = compare(a->last_block_us, b->last_block_us);

    if (order == 0)
        order = a->relevant_services - b->relevant_services;
    return order ? order : by_uptime(a, b);
}

static bool is_block_relay(const struct evict_candidate *c)
{
    return !c->relays_txs && c->relevant_services;
}

/* Those that want no transactions are better, among them the ones with blocks. */
static int by_block_relay(const struct evict_candidate *a, const struct evict_candidate *b)
{
    int order = b->relays_txs - a->relays_txs;

    return order ? order : by_block(a, b);
}

/* qsort_r passes the virtue along. */
static int compare_by(const void *a, const void *b, void *by)
{
    virtue *const *fn = by;

    return (*fn)(a, b);
}

static void sort(struct pool *p, virtue *by)
{
    qsort_r(p->c, p->n, sizeof *p->c, compare_by, &by);
}

/* Remove the `count` best by a virtue, except those of them that are not eligible (NULL: all are).
 * Returns: how many were removed. */
static size_t protect(struct pool *p, virtue *by, size_t count,
                      bool (*eligible)(const struct evict_candidate *c))
{
    size_t first = p->n > count ? p->n - count : 0, kept = first;
    size_t before = p->n;

    sort(p, by);
    for (size_t i = first; i < before; i++)
        if (eligible && !eligible(&p->c[i]))
            p->c[kept++] = p->c[i];
    p->n = kept;
    return before - kept;
}

/* Networks that an attacker on IPv4 crowds out easily, because they are slow or have few peers. A
 * candidate is in one of them at most. */
static bool is_cjdns(const struct evict_candidate *c)
{
    return c->network == NET_CJDNS;
}

static bool is_i2p(const struct evict_candidate *c)
{
    return c->network == NET_I2P;
}

static bool is_local(const struct evict_candidate *c)
{
    return c->local && (c->network == NET_IPV4 || c->network == NET_IPV6);
}

static bool is_onion(const struct evict_candidate *c)
{
    return c->network == NET_TORV3;
}

struct weak_network {
    bool (*contains)(const struct evict_candidate *c);
    size_t left; /* its candidates in the pool */
};

enum { WEAK_NETWORKS = 4 };

/* Remove the longest connected `count` peers of one network. Returns: how many there were. */
static size_t protect_network(struct pool *p, const struct weak_network *net, size_t count)
{
    size_t kept = p->n, removed = 0;

    sort(p, by_uptime);
    for (size_t i = p->n; i-- > 0;) {
        if (removed < count && net->contains(&p->c[i]))
            removed++;
        else
            p->c[--kept] = p->c[i];
    }
    p->n -= removed;
    memmove(p->c, p->c + kept, p->n * sizeof *p->c);
    return removed;
}

/* How many candidates each network has, those with the fewest first; a tie leaves the order of
 * the table. */
static void count_networks(struct weak_network nets[WEAK_NETWORKS], const struct pool *p)
{
    for (int i = 0; i < WEAK_NETWORKS; i++)
        for (size_t k = 0; k < p->n; k++)
            nets[i].left += nets[i].contains(&p->c[k]);
    for (int i = 1; i < WEAK_NETWORKS; i++)
        for (int k = i; k > 0 && nets[k].left < nets[k - 1].left; k--) {
            struct weak_network swap = nets[k];

            nets[k] = nets[k - 1];
            nets[k - 1] = swap;
        }
}

static size_t count_present(const struct weak_network nets[WEAK_NETWORKS])
{
    size_t n = 0;

    for (int i = 0; i < WEAK_NETWORKS; i++)
        n += nets[i].left > 0;
    return n;
}

/* Share `places` among the weak networks; what one cannot use goes to the others.
 * Returns: how many were removed. */
static size_t protect_networks(struct pool *p, size_t places)
{
    struct weak_network nets[WEAK_NETWORKS] = {{.contains = is_cjdns},
                                               {.contains = is_i2p},
                                               {.contains = is_local},
                                               {.contains = is_onion}};
    size_t done = 0, present;

    count_networks(nets, p);
    while (done < places && (present = count_present(nets)) > 0) {
        size_t share = (places - done) / present;

        for (int i = 0; i < WEAK_NETWORKS && done < places; i++) {
            size_t removed = protect_network(p, &nets[i], share > 0 ? share : 1);

            nets[i].left -= removed;
            done += removed;
        }
    }
    return done;
}

/* Protect half of the pool: up to half of these places for the weak networks, the others for those
 * that have been here longest, which no attack that begins later can undo. */
static void protect_half(struct pool *p)
{
    size_t places = p->n / 2;

    places -= protect_networks(p, places / 2);
    protect(p, by_uptime, places, NULL);
}

static void keep_if(struct pool *p, bool (*wanted)(const struct evict_candidate *c))
{
    size_t kept = 0;

    for (size_t i = 0; i < p->n; i++)
        if (wanted(&p->c[i]))
            p->c[kept++] = p->c[i];
    p->n = kept;
}

static bool may_be_evicted(const struct evict_candidate *c)
{
    return !c->noban;
}

static bool is_preferred(const struct evict_candidate *c)
{
    return c->prefer_evict;
}

static bool has_preferred(const struct pool *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (is_preferred(&p->c[i]))
            return true;
    return false;
}

/* The youngest of the group with the most members; of two groups with as many, of the one whose
 * youngest came last. Sorted by group, a group's youngest stands first in its run. */
static const struct evict_candidate *youngest_of_largest_group(struct pool *p)
{
    const struct evict_candidate *best = NULL;
    size_t best_members = 0;

    sort(p, by_group);
    for (size_t i = 0, members; i < p->n; i += members) {
        const struct evict_candidate *youngest = &p->c[i];

        members = 1;
        while (i + members < p->n && p->c[i + members].keyed_group == youngest->keyed_group)
            members++;
        if (members > best_members || (members == best_members && by_uptime(youngest, best) < 0)) {
            best = youngest;
            best_members = members;
        }
    }
    return best;
}

bool evict_choose(uint64_t *id, struct evict_candidate *candidates, size_t n)
{
    struct pool p = {.c = candidates, .n = n};
    const struct evict_candidate *chosen;

    if (n == 0)
        return false; /* there may be no array at all */
    keep_if(&p, may_be_evicted);
    protect(&p, by_group, EVICT_PROTECT_GROUPS, NULL);
    protect(&p, by_ping, EVICT_PROTECT_PINGS, NULL);
    protect(&p, by_tx, EVICT_PROTECT_TXS, NULL);
    protect(&p, by_block_relay, EVICT_PROTECT_BLOCK_RELAY, is_block_relay);
    protect(&p, by_block, EVICT_PROTECT_BLOCKS, NULL);
    protect_half(&p);
    if (has_preferred(&p))
        keep_if(&p, is_preferred);
    chosen = youngest_of_largest_group(&p);
    if (chosen)
        *id = chosen->id;
    return chosen != NULL;
}
