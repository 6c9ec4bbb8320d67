/* One peer: what is copied of it on the server's thread, and its shape (bitcoind, getpeerinfo). */
#include <string.h>

#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"
#include "bitcoin/rpc/peer_copy.h"
#include "peer/peer.h"

void rpc_copy_peer(struct peer_copy *c, struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);

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
        .we_chose_it = atomic_load(&bp->announces),
        .it_chose_us = atomic_load(&bp->compact) == COMPACT_HIGH,
        .shown_height = atomic_load(&bp->shown_height),
        .counted_height = atomic_load(&bp->headers.counted_height),
        .addrs_taken = atomic_load(&bp->gossip.taken),
        .addrs_limited = atomic_load(&bp->gossip.limited),
    };
    peer_stats(p, &c->stats);
    peer_message_bytes(p, c->received, c->sent);
    c->n_wanted = block_wants_list(&bp->wants, c->wanted);
    btc_proto_ops.usefulness(p, &c->usefulness);
    memcpy(c->user_agent, bp->user_agent, sizeof c->user_agent);
}

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
    if (p->stats.ping_wait_us > 0)
        json_set(o, "pingwait", json_new_number((double)p->stats.ping_wait_us / 1e6));
}

/* As Bitcoin Core, only commands that have been seen; those that nobody knows have one name. */
static cJSON *by_message(const uint64_t bytes[BTC_CMD_COUNT])
{
    cJSON *o = json_new_object();

    for (unsigned cmd = 0; cmd < BTC_CMD_COUNT; cmd++)
        if (bytes[cmd] > 0)
            json_set(o, cmd == BTC_CMD_UNKNOWN ? "*other*" : btc_proto_ops.cmd_name(cmd),
                     json_new_uint(bytes[cmd]));
    return o;
}

/* A height that the peer has shown or been counted to; 0 stands for none. */
static cJSON *height_or_none(uint32_t height)
{
    return json_new_int(height > 0 ? (int64_t)height : -1);
}

/* The last block that both have: ours are those that are kept. */
static cJSON *common_block(const struct btc_rpc *context, uint32_t shown)
{
    struct block_store *store = context->bitcoin->blocks.store;
    struct chain_point point;
    bool both = shown > 0 && store &&
                chain_view_at(bitcoin_chain(context->bitcoin), &point, shown) &&
                block_store_has(store, point.hash);

    return height_or_none(both ? shown : 0);
}

static cJSON *heights_in_flight(const struct btc_rpc *context, const struct peer_copy *p)
{
    cJSON *list = json_new_array();
    struct chain_point point;

    for (unsigned i = 0; i < p->n_wanted; i++)
        if (chain_view_find(bitcoin_chain(context->bitcoin), &point, p->wanted[i]))
            json_push(list, json_new_uint(point.height));
    return list;
}

static void set_progress(cJSON *o, const struct btc_rpc *context, const struct peer_copy *p)
{
    json_set(o, "bip152_hb_to", json_new_bool(p->we_chose_it));
    json_set(o, "bip152_hb_from", json_new_bool(p->it_chose_us));
    json_set(o, "startingheight", json_new_int(p->start_height));
    json_set(o, "presynced_headers", height_or_none(p->counted_height));
    json_set(o, "synced_headers", height_or_none(p->shown_height));
    json_set(o, "synced_blocks", common_block(context, p->shown_height));
    json_set(o, "inflight", heights_in_flight(context, p));
    json_set(o, "addr_relay_enabled", json_new_bool(gossip_allowed(p->kind)));
    json_set(o, "addr_processed", json_new_uint(p->addrs_taken));
    json_set(o, "addr_rate_limited", json_new_uint(p->addrs_limited));
}

cJSON *rpc_peer_object(const struct btc_rpc *context, const struct peer_copy *p)
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
    set_progress(o, context, p);
    if (p->exempt)
        json_push(permissions, json_new_text("noban"));
    json_set(o, "permissions", permissions);
    json_set(o, "minfeefilter", json_new_number((double)p->fee_filter / 1e8));
    json_set(o, "bytessent_per_msg", by_message(p->sent));
    json_set(o, "bytesrecv_per_msg", by_message(p->received));
    json_set(o, "connection_type", json_new_text(connection_type(p->kind)));
    json_set(o, "transport_protocol_type", json_new_text("v1"));
    json_set(o, "session_id", json_new_text("")); /* version 1 has none */
    return o;
}
