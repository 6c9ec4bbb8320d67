#include "electrum/limits/session_cost.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "net/group.h"

enum { PREFIX_BYTES = 7, NO_GROUP = -1 };

#define DECAY_SPAN_S 10000.0 /* in which a session at the hard limit comes back to nothing */

struct cost_group {
    uint8_t prefix[PREFIX_BYTES];
    unsigned sessions;
    double cost;     /* of its sessions, as last known */
    double retained; /* of those that ended */
    int64_t since_us;
};

struct cost_table {
    _Atomic double soft, hard;
    const struct net_policy *policy;
    struct mutex mu;
    struct cost_group groups[COST_MAX_GROUPS] GUARDED_BY(mu);
    int n GUARDED_BY(mu); /* places that were ever used */
};

struct cost_table *cost_table_new(double soft, double hard, const struct net_policy *policy)
{
    struct cost_table *t = mem_zalloc(sizeof *t);

    if (!t)
        return NULL;
    cost_table_set_limits(t, soft, hard);
    t->policy = policy;
    mutex_init(&t->mu);
    return t;
}

void cost_table_set_limits(struct cost_table *t, double soft, double hard)
{
    t->soft = soft;
    t->hard = hard;
}

void cost_table_free(struct cost_table *t)
{
    if (!t)
        return;
    mutex_destroy(&t->mu);
    mem_free(t);
}

static double seconds_since(int64_t *since_us)
{
    int64_t now_us = clock_mono_us();
    double seconds = (double)(now_us - *since_us) / 1e6;

    *since_us = now_us;
    return seconds;
}

static void refund(struct cost_group *g)
{
    g->retained -= seconds_since(&g->since_us) * COST_REFUND_PER_S;
    if (g->retained < 0)
        g->retained = 0;
}

/* The group of that prefix, or the place for it: an empty one, a new one, or that of the idle group
 * that owes least. Returns: NO_GROUP when all are in use. */
static int place_of(struct cost_table *t, const uint8_t prefix[PREFIX_BYTES]) REQUIRES(t->mu)
{
    int best = t->n < COST_MAX_GROUPS ? t->n : NO_GROUP;
    double least = -1;

    for (int i = 0; i < t->n; i++) {
        struct cost_group *g = &t->groups[i];

        if (memcmp(g->prefix, prefix, PREFIX_BYTES) == 0)
            return i;
        if (g->sessions > 0)
            continue;
        refund(g);
        if (g->retained <= 0 || (t->n == COST_MAX_GROUPS && (least < 0 || g->retained < least))) {
            best = i;
            least = g->retained;
        }
    }
    return best;
}

static int join_group(struct cost_table *t, const uint8_t prefix[PREFIX_BYTES]) REQUIRES(t->mu)
{
    int at = place_of(t, prefix);
    struct cost_group *g;

    if (at == NO_GROUP)
        return NO_GROUP;
    g = &t->groups[at];
    if (at == t->n)
        t->n++;
    if (memcmp(g->prefix, prefix, PREFIX_BYTES) != 0) {
        *g = (struct cost_group){.since_us = clock_mono_us()};
        memcpy(g->prefix, prefix, PREFIX_BYTES);
    }
    g->sessions++;
    return at;
}

void session_cost_begin(struct session_cost *s, struct cost_table *t, const struct net_addr *from)
{
    uint8_t prefix[PREFIX_BYTES] = {(uint8_t)from->kind};

    *s = (struct session_cost){.table = t, .group = NO_GROUP, .since_us = clock_mono_us()};
    memcpy(prefix + 1, from->bytes, from->kind == NET_IPV4 ? 3 : 6);
    if (net_addr_is_routable(t->policy, from)) {
        mutex_lock(&t->mu);
        s->group = join_group(t, prefix);
        mutex_unlock(&t->mu);
    }
    session_cost_add(s, COST_START);
}

void session_cost_end(struct session_cost *s)
{
    struct cost_table *t = s->table;

    if (!t || s->group == NO_GROUP)
        return;
    mutex_lock(&t->mu);
    refund(&t->groups[s->group]);
    t->groups[s->group].sessions--;
    t->groups[s->group].cost -= s->cost;
    t->groups[s->group].retained += s->cost;
    mutex_unlock(&t->mu);
    s->group = NO_GROUP;
}

/* Move the session's cost, decayed up to now, by `by`. Returns: what the others of its group cost.
 */
static double move(struct session_cost *s, double by)
{
    struct cost_table *t = s->table;
    double before = s->cost, others = 0;

    s->cost -= seconds_since(&s->since_us) * t->hard / DECAY_SPAN_S;
    s->cost = (s->cost > 0 ? s->cost : 0) + by;
    if (s->group == NO_GROUP)
        return 0;
    mutex_lock(&t->mu);
    refund(&t->groups[s->group]);
    t->groups[s->group].cost += s->cost - before;
    others = t->groups[s->group].cost + t->groups[s->group].retained - s->cost;
    mutex_unlock(&t->mu);
    return others > 0 ? others : 0;
}

void session_cost_add(struct session_cost *s, double cost)
{
    move(s, cost);
}

int64_t session_cost_rest_ms(struct session_cost *s)
{
    double soft = s->table->soft, hard = s->table->hard;
    double fraction, others = move(s, 0);

    if (hard <= 0 || hard <= soft)
        return 0;
    fraction = (s->cost + others - soft) / (hard - soft);
    if (fraction >= 1)
        return -1;
    return fraction > 0 ? (int64_t)(fraction * COST_REST_MS) : 0;
}

double session_cost_now(struct session_cost *s)
{
    move(s, 0);
    return s->cost;
}
