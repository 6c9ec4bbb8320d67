/* Who we are. */
#include <stdio.h>

#include "base/mem.h"
#include "codec/hex.h"
#include "ethereum/rpc/internal.h"

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
}

void rpc_net_peer_count(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;
    char text[16];

    snprintf(text, sizeof text, "0x%x", p2p_peers(context->p2p));
    c->result = json_new_text(text);
}
