/* Lookups: iterative questions to ever closer nodes (Kademlia, 2002; go-ethereum
 * p2p/discover/lookup.go). Three questions are under way at a time; a lookup ends when the 16
 * closest nodes that answer have all been asked.
 *
 * A node answers only who has proven an endpoint to it: if it has not pinged us within a day, it is
 * pinged first (QUERY_BONDING), and once it has answered, its own ping is waited for
 * (QUERY_WAIT_PING), at most half a second.
 *
 * A walk is how cpp-ethereum's NodeTable filled itself: a random target, up to 8 rounds of three
 * questions to nodes that are closer to it than we are, at most 600 ms each. */
#include <string.h>

#include "base/err.h"
#include "base/random.h"
#include "ethereum/discv4/internal.h"

enum { WALK_ROUNDS = 8, WALK_ROUND_MS = 600 };

static bool is_pending(const struct query *q)
{
    return q->state == QUERY_BONDING || q->state == QUERY_WAIT_PING || q->state == QUERY_ASKED;
}

struct query *lookup_find_query(struct lookup *l, const uint8_t id[ETH_ID_BYTES])
{
    for (struct query *q = l->queries; q < l->queries + l->n; q++)
        if (memcmp(q->node.id, id, ETH_ID_BYTES) == 0)
            return q;
    return NULL;
}

/* When the list is full the farthest goes, unless its answer is due. Returns: whether one did. */
static bool make_room(struct lookup *l, const struct eth_node *node)
{
    unsigned last = l->n;

    if (l->n < LOOKUP_CANDIDATES)
        return true;
    while (last > 0 && is_pending(&l->queries[last - 1]))
        last--;
    if (last == 0 || eth_distcmp(l->target_id, node->id, l->queries[last - 1].node.id) > 0)
        return false;
    l->n--;
    memmove(&l->queries[last - 1], &l->queries[last], (l->n - (last - 1)) * sizeof *l->queries);
    return true;
}

void lookup_add_candidate(struct discv4 *d, struct lookup *l, const struct eth_node *node)
{
    unsigned at;

    if (memcmp(node->id, d->id, ETH_ID_BYTES) == 0 || lookup_find_query(l, node->id) ||
        !make_room(l, node))
        return;
    at = l->n++;
    while (at > 0 && eth_distcmp(l->target_id, node->id, l->queries[at - 1].node.id) < 0) {
        l->queries[at] = l->queries[at - 1];
        at--;
    }
    l->queries[at] = (struct query){.node = *node, .state = QUERY_NEW};
}

/* --- one question --- */

void lookup_end_query(struct lookup *l, struct query *q, enum query_state state)
{
    q->state = state;
    l->pending--;
}

void lookup_ask(struct discv4 *d, struct lookup *l, struct query *q, int64_t now_us)
{
    if (output_findnode(d, &q->node, l, now_us) == 0)
        q->state = QUERY_ASKED;
    else
        lookup_end_query(l, q, QUERY_FAILED);
}

static void begin_query(struct discv4 *d, struct lookup *l, struct query *q, int64_t now_us)
{
    struct bond *bond = engine_bond(d, &q->node, now_us);

    l->pending++;
    if (bond_has_our_proof(bond, now_us) && bond_is_proven(bond, now_us) &&
        bond->find_fails < MAX_FIND_FAILURES) {
        lookup_ask(d, l, q, now_us);
        return;
    }
    q->state = QUERY_BONDING;
    if (output_ping(d, &q->node, REQUEST_LOOKUP, false, now_us) < 0)
        lookup_end_query(l, q, QUERY_FAILED);
}

/* --- the whole --- */

static void finish(struct lookup *l, struct discv4 *d)
{
    struct eth_node found[DISCV4_LOOKUP_RESULTS];
    unsigned n = 0;
    discv4_done *done = l->done;

    for (struct query *q = l->queries; q < l->queries + l->n && n < DISCV4_LOOKUP_RESULTS; q++) {
        bool wanted = !l->resolving || memcmp(q->node.pubkey, l->target, sizeof l->target) == 0;

        if (q->state == QUERY_ANSWERED && wanted)
            found[n++] = q->node;
    }
    d->stats.lookups++;
    l->id = 0; /* before the callback, which may start another */
    if (done)
        done(l->arg, found, n);
}

/* Questions to the closest nodes not yet asked; `only_closer` leaves out what is farther from the
 * target than we are. */
static void begin_queries(struct discv4 *d, struct lookup *l, bool only_closer, int64_t now_us)
{
    unsigned good = 0;

    for (struct query *q = l->queries; q < l->queries + l->n && l->pending < ALPHA; q++) {
        if (q->state == QUERY_FAILED)
            continue;
        if (++good > DISCV4_LOOKUP_RESULTS ||
            (only_closer && eth_distcmp(l->target_id, q->node.id, d->id) > 0))
            break;
        if (q->state == QUERY_NEW)
            begin_query(d, l, q, now_us);
    }
}

static void step_walk(struct discv4 *d, struct lookup *l, int64_t now_us)
{
    if (l->pending > 0 && now_us < l->round_deadline_us)
        return;
    if (l->rounds < WALK_ROUNDS) {
        l->rounds++;
        l->round_deadline_us = now_us + WALK_ROUND_MS * US_PER_MS;
        begin_queries(d, l, true, now_us);
    }
    if (l->pending == 0 || (l->rounds == WALK_ROUNDS && now_us >= l->round_deadline_us))
        finish(l, d);
}

void lookup_step(struct discv4 *d, struct lookup *l, int64_t now_us)
{
    if (l->is_walk) {
        step_walk(d, l, now_us);
        return;
    }
    begin_queries(d, l, false, now_us);
    if (l->pending == 0)
        finish(l, d);
}

static struct lookup *free_lookup(struct discv4 *d)
{
    for (struct lookup *l = d->lookups; l < d->lookups + DISCV4_MAX_LOOKUPS; l++)
        if (l->id == 0)
            return l;
    return NULL;
}

static struct lookup *begin(struct discv4 *d, const uint8_t target[EC_PUBKEY_BYTES],
                            discv4_done *done, void *arg)
{
    struct table_entry *closest[DISCV4_LOOKUP_RESULTS];
    struct lookup *l = free_lookup(d);
    unsigned n;

    if (!l)
        return NULL;
    memset(l, 0, sizeof *l);
    l->id = ++d->last_lookup_id;
    l->done = done;
    l->arg = arg;
    memcpy(l->target, target, sizeof l->target);
    keccak256(l->target_id, target, EC_PUBKEY_BYTES);
    n = table_closest(&d->table, closest, l->target_id, DISCV4_LOOKUP_RESULTS);
    for (unsigned i = 0; i < n; i++)
        lookup_add_candidate(d, l, &closest[i]->node);
    return l;
}

int discv4_lookup(struct discv4 *d, const uint8_t target[EC_PUBKEY_BYTES], discv4_done *done,
                  void *arg, int64_t now_us)
{
    struct lookup *l = begin(d, target, done, arg);

    if (!l)
        return PN_ELIMIT;
    lookup_step(d, l, now_us);
    return 0;
}

int discv4_resolve(struct discv4 *d, const uint8_t pubkey[EC_PUBKEY_BYTES], discv4_done *done,
                   void *arg, int64_t now_us)
{
    uint8_t id[ETH_ID_BYTES];
    struct table_entry *e;
    struct lookup *l;

    keccak256(id, pubkey, EC_PUBKEY_BYTES);
    e = table_find(&d->table, id);
    if (e) {
        struct eth_node node = e->node;

        done(arg, &node, 1);
        return 0;
    }
    l = begin(d, pubkey, done, arg);
    if (!l)
        return PN_ELIMIT;
    l->resolving = true;
    lookup_step(d, l, now_us);
    return 0;
}

int lookup_walk(struct discv4 *d, int64_t now_us)
{
    uint8_t target[EC_PUBKEY_BYTES];
    struct lookup *l;

    random_bytes(target, sizeof target);
    l = begin(d, target, NULL, NULL);
    if (!l)
        return PN_ELIMIT;
    l->is_walk = true;
    lookup_step(d, l, now_us);
    return 0;
}
