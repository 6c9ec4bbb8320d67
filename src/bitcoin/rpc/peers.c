/* Methods about peers. What they show is copied out on the server's thread, with one visit to the
 * whole table, and made into JSON on ours. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"
#include "bitcoin/rpc/peer_copy.h"
#include "peer/peer.h"
#include "server/copies.h"

bool rpc_peer_is_ready(const struct peer *p)
{
    struct peer_stats stats;

    peer_stats(p, &stats);
    return stats.ready && peer_proto(p) == &btc_proto_ops;
}

/* --- copying, on the server's thread --- */

static bool copy_peer(void *arg, void *item, struct peer *p)
{
    const struct btc_rpc *context = arg;
    struct peer_copy *c = item;

    if (!rpc_peer_is_ready(p))
        return false;
    rpc_copy_peer(c, p);
    c->exempt = gate_is_exempt(context->gate, peer_addr(p));
    return true;
}

/* Owns: the caller frees all->items. Returns: whether there are copies; otherwise the call has
 * failed. */
static bool copy_peers(struct rpc_call *c, struct server_copies *all)
{
    struct btc_rpc *context = c->arg;
    int rc = server_copy_peers(context->server, all, sizeof(struct peer_copy), copy_peer, context);

    if (rc == PN_ENOMEM)
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
    else if (rc < 0)
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
    return rc == 0;
}

/* --- methods --- */

void rpc_getpeerinfo(struct rpc_call *c)
{
    struct server_copies all;
    const struct peer_copy *peers;

    if (!copy_peers(c, &all))
        return;
    peers = all.items;
    c->result = json_new_array();
    for (size_t i = 0; i < all.n; i++)
        json_push(c->result, rpc_peer_object(c->arg, &peers[i]));
    mem_free(all.items);
}

void rpc_getconnectioncount(struct rpc_call *c)
{
    struct server_copies all;

    if (!copy_peers(c, &all))
        return;
    c->result = json_new_uint(all.n);
    mem_free(all.items);
}

/* There is no limit to what is sent in a day, which bitcoind shows like this. */
static cJSON *no_upload_target(void)
{
    cJSON *o = json_new_object();

    json_set(o, "timeframe", json_new_int(24 * 60 * 60));
    json_set(o, "target", json_new_int(0));
    json_set(o, "target_reached", json_new_bool(false));
    json_set(o, "serve_historical_blocks", json_new_bool(true));
    json_set(o, "bytes_left_in_cycle", json_new_int(0));
    json_set(o, "time_left_in_cycle", json_new_int(0));
    return o;
}

void rpc_getnettotals(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    uint64_t in, out;

    server_bytes(context->server, context->bitcoin->network, &in, &out);
    c->result = json_new_object();
    json_set(c->result, "totalbytesrecv", json_new_uint(in));
    json_set(c->result, "totalbytessent", json_new_uint(out));
    json_set(c->result, "timemillis", json_new_int(clock_wall_us() / 1000));
    json_set(c->result, "uploadtarget", no_upload_target());
}

static void ping_peer(void *arg, struct peer *p)
{
    (void)arg;
    if (rpc_peer_is_ready(p))
        peer_ping_now(p);
}

void rpc_ping(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;

    if (server_visit_peers(context->server, ping_peer, NULL) < 0)
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
}

struct parting {
    bool by_id;
    uint64_t id;
    struct net_addr addr;
    bool found;
};

static void part(void *arg, struct peer *p)
{
    struct parting *wanted = arg;

    if (peer_proto(p) != &btc_proto_ops)
        return;
    if (wanted->by_id ? peer_id(p) != wanted->id : !net_addr_equal(peer_addr(p), &wanted->addr))
        return;
    wanted->found = true;
    peer_disconnect(p, PN_EOPERATOR);
}

void rpc_disconnectnode(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    bool by_addr = rpc_given(c, 0) && *rpc_text(c, 0);
    struct parting wanted = {.by_id = rpc_given(c, 1)};

    if (by_addr == wanted.by_id)
        rpc_fail(c, RPC_INVALID_PARAMS, "Only one of address and nodeid should be provided.");
    else if (wanted.by_id)
        wanted.id = (uint64_t)rpc_int(c, 1, 0, INT64_MAX);
    else if (net_addr_parse(&wanted.addr, rpc_text(c, 0), 0) < 0)
        rpc_fail(c, RPC_NODE_NOT_CONNECTED, "Node not found in connected nodes");
    if (c->code)
        return;
    if (server_visit_peers(context->server, part, &wanted) < 0)
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
    else if (!wanted.found)
        rpc_fail(c, RPC_NODE_NOT_CONNECTED, "Node not found in connected nodes");
}
