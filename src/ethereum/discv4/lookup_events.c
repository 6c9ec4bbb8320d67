/* What happens to lookups under way: pings, pongs, answers and silence. */
#include <string.h>

#include "base/clock.h"
#include "ethereum/discv4/internal.h"
#include "ethereum/enr/relay.h"

enum {
    LAST_PACKET_GRACE_MS = 100, /* a packet that is not full is the last, save for reordering */
    LOWEST_PORT = 1024,         /* go-ethereum: no node is reached at a port up to it */
};

#define EACH_LOOKUP(l, d) \
    for (struct lookup *l = (d)->lookups; l < (d)->lookups + DISCV4_MAX_LOOKUPS; l++)

void lookup_on_ping(struct discv4 *d, const uint8_t id[ETH_ID_BYTES], int64_t now_us)
{
    EACH_LOOKUP(l, d)
    {
        struct query *q = l->id ? lookup_find_query(l, id) : NULL;

        if (!q || q->state != QUERY_WAIT_PING)
            continue;
        lookup_ask(d, l, q, now_us);
        lookup_step(d, l, now_us);
    }
}

void lookup_on_pong(struct discv4 *d, const uint8_t id[ETH_ID_BYTES], int64_t now_us)
{
    EACH_LOOKUP(l, d)
    {
        struct query *q = l->id ? lookup_find_query(l, id) : NULL;

        if (!q || q->state != QUERY_BONDING)
            continue;
        if (bond_has_our_proof(engine_bond(d, &q->node, now_us), now_us)) {
            lookup_ask(d, l, q, now_us);
        } else {
            q->state = QUERY_WAIT_PING;
            q->deadline_us = now_us + REPLY_TIMEOUT_US;
        }
        lookup_step(d, l, now_us);
    }
}

static struct lookup *find_lookup(struct discv4 *d, uint64_t id)
{
    EACH_LOOKUP(l, d)
    if (l->id == id)
        return l;
    return NULL;
}

/* A question has come to its end. */
static void conclude(struct discv4 *d, uint64_t lookup_id, const uint8_t id[ETH_ID_BYTES],
                     enum query_state state, int64_t now_us)
{
    struct lookup *l = find_lookup(d, lookup_id);
    struct query *q = l ? lookup_find_query(l, id) : NULL;

    if (!q || q->state != QUERY_ASKED)
        return;
    lookup_end_query(l, q, state);
    lookup_step(d, l, now_us);
}

static void take_neighbor(struct discv4 *d, struct lookup *l, const struct discv4_neighbor *n,
                          const struct net_addr *from)
{
    struct eth_node node;

    if (n->at.udp.kind == NET_NONE || n->at.udp.port <= LOWEST_PORT ||
        !eth_addr_may_relay(from, &n->at.udp) || !discv4_reaches(d, &n->at.udp))
        return;
    eth_node_init(&node, n->pubkey, &n->at.udp, n->at.tcp_port);
    if (l)
        lookup_add_candidate(d, l, &node);
    upkeep_verify_add(d, &node);
}

void lookup_on_neighbors(struct discv4 *d, struct request *q, const struct discv4_packet *p,
                         const struct net_addr *from, int64_t now_us)
{
    struct lookup *l = find_lookup(d, q->lookup_id);
    unsigned count = p->u.neighbors.count, room = TABLE_BUCKET_SIZE - q->nodes;
    int64_t grace_us = now_us + LAST_PACKET_GRACE_MS * US_PER_MS;
    struct eth_node node = q->node;

    for (unsigned i = 0; i < count && i < room; i++)
        take_neighbor(d, l, &p->u.neighbors.nodes[i], from);
    q->nodes += count < room ? count : room;
    q->answered = true;
    if (q->nodes < TABLE_BUCKET_SIZE) {
        if (count < DISCV4_NEIGHBORS_MAX && q->deadline_us > grace_us)
            q->deadline_us = grace_us;
        return;
    }
    engine_note_answer(d, &node, true, now_us);
    requests_remove(&d->requests, q);
    if (l)
        conclude(d, l->id, node.id, QUERY_ANSWERED, now_us);
}

void lookup_on_timeout(struct discv4 *d, const struct request *q, int64_t now_us)
{
    if (q->type == DISCV4_FINDNODE) {
        conclude(d, q->lookup_id, q->node.id, q->answered ? QUERY_ANSWERED : QUERY_FAILED, now_us);
        return;
    }
    EACH_LOOKUP(l, d)
    {
        struct query *query = l->id ? lookup_find_query(l, q->node.id) : NULL;

        if (!query || query->state != QUERY_BONDING)
            continue;
        lookup_end_query(l, query, QUERY_FAILED);
        lookup_step(d, l, now_us);
    }
}

/* A node that is slow to ping back is asked all the same: it may have proof of us already. */
void lookup_tick(struct discv4 *d, int64_t now_us)
{
    EACH_LOOKUP(l, d)
    {
        uint64_t id = l->id;

        for (struct query *q = l->queries; id && q < l->queries + l->n; q++)
            if (q->state == QUERY_WAIT_PING && q->deadline_us <= now_us)
                lookup_ask(d, l, q, now_us);
        if (id)
            lookup_step(d, l, now_us);
    }
}

int64_t lookup_deadline(const struct discv4 *d)
{
    int64_t at = CLOCK_NEVER;

    EACH_LOOKUP(l, (struct discv4 *)(uintptr_t)d)
    {
        if (!l->id)
            continue;
        if (l->is_walk && l->round_deadline_us < at)
            at = l->round_deadline_us;
        for (const struct query *q = l->queries; q < l->queries + l->n; q++)
            if (q->state == QUERY_WAIT_PING && q->deadline_us < at)
                at = q->deadline_us;
    }
    return at;
}
