/* Methods about peers. What they show is copied out on the server's thread, with one visit to the
 * whole table, and made into JSON on ours. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"
#include "peer/peer.h"
#include "server/copies.h"

struct peer_copy {
    uint64_t id; /* first, for server_copy_peers */
    enum conn_kind kind;
    struct net_addr addr, seen_us_at;
    struct peer_stats stats;
    struct peer_usefulness usefulness;
    int32_t version, start_height;
    uint64_t services;
    int64_t time_offset_s, fee_filter;
    bool relay, exempt;
    char user_agent[BTC_USER_AGENT_MAX + 1];
};

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
    const struct btc_peer *bp = btc_peer_of(p);
    struct peer_copy *c = item;

    if (!rpc_peer_is_ready(p))
        return false;
    *c = (struct peer_copy){
        .id = peer_id(p),
        .kind = peer_kind(p),
        .addr = *peer_addr(p),
        .seen_us_at = bp->seen_us_at,
        .version = bp->version,
        .start_height = bp->start_height,
        .services = bp->services,
        .time_offset_s = bp->time_offset_s,
        .fee_filter = atomic_load(&bp->fee_filter_sat_per_kvb),
        .relay = bp->relay,
        .exempt = gate_is_exempt(context->gate, peer_addr(p)),
    };
    peer_stats(p, &c->stats);
    btc_proto_ops.usefulness(p, &c->usefulness);
    memcpy(c->user_agent, bp->user_agent, sizeof c->user_agent);
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

/* --- shapes --- */

static const char *connection_type(enum conn_kind kind)
{
    static const char *const names[CONN_KINDS] = {
        [CONN_INBOUND] = "inbound",
        [CONN_MANUAL] = "manual",
        [CONN_FULL] = "outbound-full-relay",
        [CONN_BLOCK_RELAY] = "block-relay-only",
        [CONN_FEELER] = "feeler",
        [CONN_ADDR_FETCH] = "addr-fetch",
    };

    return names[kind];
}

static cJSON *address(const struct net_addr *addr)
{
    char text[NET_ADDR_TEXT_BYTES];

    return json_new_text(net_addr_format(text, addr));
}

static void set_traffic(cJSON *o, const struct peer_copy *p)
{
    json_set(o, "lastsend", json_new_int(rpc_wall_s(p->stats.last_send_us)));
    json_set(o, "lastrecv", json_new_int(rpc_wall_s(p->stats.last_recv_us)));
    json_set(o, "last_transaction", json_new_int(rpc_wall_s(p->usefulness.last_tx_us)));
    json_set(o, "last_block", json_new_int(rpc_wall_s(p->usefulness.last_block_us)));
    json_set(o, "bytessent", json_new_uint(p->stats.bytes_out));
    json_set(o, "bytesrecv", json_new_uint(p->stats.bytes_in));
    json_set(o, "conntime", json_new_int(rpc_wall_s(p->stats.connected_us)));
    json_set(o, "timeoffset", json_new_int(p->time_offset_s));
    if (p->stats.ping_us >= 0)
        json_set(o, "pingtime", json_new_number((double)p->stats.ping_us / 1e6));
    if (p->stats.min_ping_us >= 0)
        json_set(o, "minping", json_new_number((double)p->stats.min_ping_us / 1e6));
}

static cJSON *peer_object(const struct btc_rpc *context, const struct peer_copy *p)
{
    const struct net_policy *policy = addrbook_policy(context->book);
    cJSON *o = json_new_object(), *permissions = json_new_array();
    uint32_t asn = policy->asmap ? net_addr_asn(policy, &p->addr) : 0;

    json_set(o, "id", json_new_uint(p->id));
    json_set(o, "addr", address(&p->addr));
    if (p->seen_us_at.kind != NET_NONE)
        json_set(o, "addrlocal", address(&p->seen_us_at));
    json_set(o, "network", json_new_text(rpc_network_name(&p->addr)));
    if (asn)
        json_set(o, "mapped_as", json_new_uint(asn));
    json_set(o, "services", rpc_services(p->services));
    json_set(o, "servicesnames", rpc_service_names(p->services));
    json_set(o, "relaytxes", json_new_bool(p->relay));
    set_traffic(o, p);
    json_set(o, "version", json_new_int(p->version));
    json_set(o, "subver", json_new_text(p->user_agent));
    json_set(o, "inbound", json_new_bool(conn_kind_is_inbound(p->kind)));
    json_set(o, "startingheight", json_new_int(p->start_height));
    json_set(o, "minfeefilter", json_new_number((double)p->fee_filter / 1e8));
    if (p->exempt)
        json_push(permissions, json_new_text("noban"));
    json_set(o, "permissions", permissions);
    json_set(o, "connection_type", json_new_text(connection_type(p->kind)));
    json_set(o, "transport_protocol_type", json_new_text("v1"));
    return o;
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
        json_push(c->result, peer_object(c->arg, &peers[i]));
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

void rpc_getnettotals(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    uint64_t in, out;

    server_bytes(context->server, context->bitcoin->network, &in, &out);
    c->result = json_new_object();
    json_set(c->result, "totalbytesrecv", json_new_uint(in));
    json_set(c->result, "totalbytessent", json_new_uint(out));
    json_set(c->result, "timemillis", json_new_int(clock_wall_us() / 1000));
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
