/* Who we are. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/hex.h"
#include "ethereum/rpc/internal.h"

static void set_endpoint(cJSON *o, const struct eth_node *node)
{
    struct net_addr tcp = node->udp;
    char text[NET_ADDR_TEXT_BYTES];

    tcp.port = node->tcp_port;
    if (tcp.kind == NET_NONE)
        return; /* nobody has told us yet */
    net_addr_format(text, &tcp);
    json_set(o, "listenAddr", json_new_text(text));
    *strrchr(text, *text == '[' ? ']' : ':') = '\0';
    json_set(o, "ip", json_new_text(*text == '[' ? text + 1 : text));
}

/* go-ethereum eth/protocols/eth/handler.go, NodeInfo, but for the rules of its chain. */
static cJSON *describe_eth(struct eth *e)
{
    const struct eth_params *params = eth_network(e);
    cJSON *o = json_new_object();
    struct eth_view view;
    char difficulty[ETH_U128_TEXT_BYTES];

    eth_look(e, &view);
    json_set(o, "network", json_new_uint(params->network_id));
    json_set(o, "difficulty",
             cJSON_CreateRaw(eth_u128_text(difficulty, view.blocks.total_difficulty)));
    json_set(o, "genesis", rpc_data(params->genesis.hash, ETH_HASH_BYTES));
    json_set(o, "head", rpc_data(view.blocks.hash, ETH_HASH_BYTES));
    return o;
}

/* go-ethereum p2p/server.go, NodeInfo. */
static void describe(cJSON *o, const struct eth_discovery_view *view, const struct p2p *p2p)
{
    char enode[ENODE_TEXT_BYTES], record[ENR_TEXT_BYTES], hex[2 * ETH_ID_BYTES + 1];
    const struct eth_node *node = &view->record.node;
    cJSON *ports;

    hex_encode(hex, node->id, sizeof node->id);
    json_set(o, "id", json_new_text(hex));
    json_set(o, "name", json_new_text(p2p_client(p2p)));
    json_set(o, "enode", json_new_text(enode_format(enode, node)));
    json_set(o, "enr", json_new_text(enr_format(record, &view->record)));
    ports = json_set(o, "ports", json_new_object());
    json_set(ports, "discovery", json_new_uint(node->udp.port));
    json_set(ports, "listener", json_new_uint(node->tcp_port));
    set_endpoint(o, node);
}

void rpc_admin_node_info(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;
    struct eth_discovery_view *view = mem_alloc(sizeof *view);

    if (!view) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
        return;
    }
    eth_discovery_look(context->discovery, view);
    c->result = json_new_object();
    describe(c->result, view, context->p2p);
    mem_free(view);
    json_set(json_set(c->result, "protocols", json_new_object()), "eth",
             describe_eth(context->eth));
}

static void describe_table(cJSON *o, const struct eth_discovery_view *view)
{
    cJSON *buckets;

    json_set(o, "nodes", json_new_uint(view->nodes));
    json_set(o, "room", json_new_uint(DISCV4_BUCKET_ROOM));
    buckets = json_set(o, "buckets", json_new_array());
    for (unsigned i = 0; i < DISCV4_BUCKETS; i++) {
        cJSON *bucket = json_push(buckets, json_new_object());
        char distance[16];

        snprintf(distance, sizeof distance, i ? "%u" : "at most %u", DISCV4_NEAREST + i);
        json_set(bucket, "distance", json_new_text(distance));
        json_set(bucket, "nodes", json_new_uint(view->buckets[i]));
    }
}

void rpc_admin_discovery_table(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;
    struct eth_discovery_view *view = mem_alloc(sizeof *view);

    if (!view) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
        return;
    }
    eth_discovery_look(context->discovery, view);
    c->result = json_new_object();
    describe_table(c->result, view);
    mem_free(view);
}

void rpc_net_peer_count(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;

    c->result = rpc_quantity(p2p_peers(context->p2p));
}

void rpc_net_version(struct rpc_call *c)
{
    const struct eth_rpc *context = c->arg;
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, eth_network(context->eth)->network_id);
    c->result = json_new_text(text);
}

void rpc_net_listening(struct rpc_call *c)
{
    const struct eth_rpc *context = c->arg;

    c->result = json_new_bool(context->listening);
}

void rpc_web3_client_version(struct rpc_call *c)
{
    const struct eth_rpc *context = c->arg;

    c->result = json_new_text(p2p_client(context->p2p));
}

/* What geth's console asks first, to know which of its objects to make. */
void rpc_rpc_modules(struct rpc_call *c)
{
    static const char *const families[] = {"admin", "eth", "net", "rpc", "web3"};

    c->result = json_new_object();
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        json_set(c->result, families[i], json_new_text("1.0"));
}
