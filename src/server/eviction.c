/* Which inbound peer gives way to a newcomer: facts about the peers for dial/evict.h. */
#include "base/clock.h"
#include "base/mem.h"
#include "dial/evict.h"
#include "net/group.h"
#include "server/server_internal.h"

static uint64_t keyed_group(const struct server *s, const struct net_addr *a)
{
    struct net_group g = net_group_of(s->gate ? s->gate->policy : NULL, a);

    return siphash(&s->group_key, &g, sizeof g);
}

static struct evict_candidate describe(struct server *s, struct peer *p)
{
    struct peer_usefulness use = {0};
    struct peer_stats stats;
    const struct net_addr *addr = peer_addr(p);

    peer_stats(p, &stats);
    if (peer_proto(p)->usefulness && stats.ready)
        peer_proto(p)->usefulness(p, &use);
    return (struct evict_candidate){
        .id = peer_id(p),
        .keyed_group = keyed_group(s, addr),
        .connected_us = stats.connected_us,
        .min_ping_us = stats.min_ping_us < 0 ? EVICT_NO_PING : stats.min_ping_us,
        .last_block_us = use.last_block_us,
        .last_tx_us = use.last_tx_us,
        .network = addr->kind,
        .local = net_addr_is_local(addr),
        .relevant_services = use.relevant_services,
        .relays_txs = use.relays_txs,
        .prefer_evict = s->gate && gate_is_discouraged(s->gate, addr),
        .noban = s->gate && gate_is_exempt(s->gate, addr),
    };
}

struct seat *eviction_choose(struct server *s, const struct network_state *n)
{
    struct evict_candidate *candidates = mem_alloc_array(s->n_peers, sizeof *candidates);
    size_t count = 0;
    uint64_t id;
    bool found;

    if (!candidates)
        return NULL;
    for (unsigned i = 0; i < s->n_peers; i++) {
        struct peer *p = s->seats[i].peer;

        if (s->seats[i].has_slot && peer_proto(p) == n->net.proto && !peer_disconnecting(p))
            candidates[count++] = describe(s, p);
    }
    found = evict_choose(&id, candidates, count);
    mem_free(candidates);
    for (unsigned i = 0; found && i < s->n_peers; i++)
        if (peer_id(s->seats[i].peer) == id)
            return &s->seats[i];
    return NULL;
}
