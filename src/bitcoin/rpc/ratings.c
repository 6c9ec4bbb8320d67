/* How good the peers are at delivering blocks: the rating by which blocks are asked of them
 * (download/peers.h), and what each owes. */
#include "base/clock.h"
#include "base/mem.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"
#include "peer/peer.h"
#include "server/copies.h"

/* Whose number is which. */
struct named_peer {
    uint64_t id; /* first, for server_copy_peers */
    struct net_addr addr;
};

static bool name_peer(void *arg, void *item, struct peer *p)
{
    struct named_peer *n = item;

    (void)arg;
    if (!rpc_peer_is_ready(p))
        return false;
    n->addr = *peer_addr(p);
    return true;
}

static cJSON *seconds(int64_t us)
{
    return json_new_number((double)us / 1e6);
}

static const char *promise_name(enum fetch_promise promise)
{
    switch (promise) {
    case FETCH_ALL:
        return "all";
    case FETCH_LAST:
        return "last 288";
    case FETCH_ANNOUNCED:
        break;
    }
    return "announced";
}

static cJSON *describe(const struct named_peer *n, const struct block_rating *r)
{
    int64_t paused_us = r->owes.paused_until_us - clock_mono_us();
    cJSON *o = json_new_object();
    char text[NET_ADDR_TEXT_BYTES];

    json_set(o, "id", json_new_uint(n->id));
    json_set(o, "addr", json_new_text(net_addr_format(text, &n->addr)));
    json_set(o, "promises", json_new_text(promise_name(r->owes.promise)));
    json_set(o, "throughput", json_new_number(r->rating.work[0].throughput));
    json_set(o, "capacity", json_new_uint(r->rating.work[0].capacity));
    json_set(o, "roundtrip", seconds(r->rating.rtt_us));
    json_set(o, "inflight", json_new_uint(r->owes.in_flight));
    json_set(o, "takenback", json_new_uint(r->owes.taken_back));
    json_set(o, "lacking", json_new_uint(r->rating.lacking));
    json_set(o, "paused", seconds(paused_us > 0 ? paused_us : 0));
    return o;
}

static cJSON *list(const struct server_copies *names, const struct block_rating *ratings, int n)
{
    const struct named_peer *named = names->items;
    cJSON *peers = json_new_array();

    for (size_t i = 0; i < names->n; i++)
        for (int k = 0; k < n; k++)
            if (ratings[k].rating.id == named[i].id)
                json_push(peers, describe(&named[i], &ratings[k]));
    return peers;
}

void rpc_getpeerratings(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    struct download_estimate estimate;
    struct block_rating *ratings;
    struct server_copies names;
    int n;

    if (server_copy_peers(context->server, &names, sizeof(struct named_peer), name_peer, NULL) <
        0) {
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping or out of memory");
        return;
    }
    n = block_ratings_look(&context->bitcoin->blocks.ratings, &estimate, &ratings);
    if (n < 0) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
    } else {
        c->result = json_new_object();
        json_set(c->result, "requesttarget", seconds(estimate.rtt_us));
        json_set(c->result, "requesttimeout", seconds(estimate.ttl_us));
        json_set(c->result, "confidence", json_new_number(estimate.confidence));
        json_set(c->result, "peers", list(&names, ratings, n));
    }
    mem_free(ratings);
    mem_free(names.items);
}
