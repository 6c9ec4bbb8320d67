/* Who is connected. What is shown is copied out on the server's thread, with one visit to the whole
 * table, and made into JSON on ours. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "ethereum/rpc/internal.h"
#include "peer/peer.h"
#include "server/copies.h"

enum { CAP_TEXT_BYTES = P2P_NAME_MAX + 16 };

struct peer_copy {
    uint64_t id; /* first, for server_copy_peers */
    struct net_addr addr;
    uint8_t pubkey[EC_PUBKEY_BYTES];
    char client[P2P_CLIENT_BYTES];
    bool inbound, trusted, is_static;
    struct p2p_cap caps[P2P_PROTOCOLS_MAX];
    unsigned n_caps;
};

/* --- copying, on the server's thread --- */

static bool copy_peer(void *arg, void *item, struct peer *p)
{
    const struct eth_rpc *context = arg;
    struct peer_copy *c = item;

    if (!p2p_is_ready(context->p2p, p))
        return false;
    *c = (struct peer_copy){
        .id = peer_id(p),
        .addr = *peer_addr(p),
        .inbound = peer_inbound(p),
        .trusted = p2p_peer_is_trusted(p),
        .is_static = p2p_peer_is_static(p),
    };
    c->n_caps = p2p_peer_caps(p, c->caps);
    memcpy(c->pubkey, p2p_peer_pubkey(p), sizeof c->pubkey);
    snprintf(c->client, sizeof c->client, "%s", p2p_peer_client(p));
    return true;
}

/* --- shapes --- */

static cJSON *text_of_addr(const struct net_addr *addr)
{
    char text[NET_ADDR_TEXT_BYTES];

    return json_new_text(net_addr_format(text, addr));
}

/* go-ethereum p2p/peer.go, PeerInfo. Our own side of the connection is not known here. */
static cJSON *describe(const struct peer_copy *c)
{
    cJSON *o = json_new_object(), *caps, *network, *protocols;
    char hex[2 * ETH_ID_BYTES + 1], enode[ENODE_TEXT_BYTES];
    struct eth_node node;

    eth_node_init(&node, c->pubkey, &c->addr, c->addr.port);
    hex_encode(hex, node.id, sizeof node.id);
    json_set(o, "enode", json_new_text(enode_format(enode, &node)));
    json_set(o, "id", json_new_text(hex));
    json_set(o, "name", json_new_text(c->client));
    caps = json_set(o, "caps", json_new_array());
    network = json_set(o, "network", json_new_object());
    json_set(network, "remoteAddress", text_of_addr(&c->addr));
    json_set(network, "inbound", json_new_bool(c->inbound));
    json_set(network, "trusted", json_new_bool(c->trusted));
    json_set(network, "static", json_new_bool(c->is_static));
    protocols = json_set(o, "protocols", json_new_object());
    for (unsigned i = 0; i < c->n_caps; i++) {
        char text[CAP_TEXT_BYTES];
        cJSON *protocol;

        snprintf(text, sizeof text, "%s/%u", c->caps[i].name, c->caps[i].version);
        json_push(caps, json_new_text(text));
        protocol = json_set(protocols, c->caps[i].name, json_new_object());
        json_set(protocol, "version", json_new_uint(c->caps[i].version));
    }
    return o;
}

void rpc_admin_peers(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;
    const struct peer_copy *peers;
    struct server_copies all;
    int rc = server_copy_peers(context->server, &all, sizeof *peers, copy_peer, context);

    if (rc == PN_ENOMEM)
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
    else if (rc < 0)
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
    if (c->code)
        return;
    peers = all.items;
    c->result = json_new_array();
    for (size_t i = 0; i < all.n; i++)
        json_push(c->result, describe(&peers[i]));
    mem_free(all.items);
}

/* --- parting --- */

struct parting {
    const struct p2p *p2p;
    const uint8_t *pubkey;
};

static void part(void *arg, struct peer *p)
{
    const struct parting *x = arg;

    if (p2p_is_ready(x->p2p, p) && memcmp(p2p_peer_pubkey(p), x->pubkey, EC_PUBKEY_BYTES) == 0)
        peer_disconnect(p, PN_EDONE);
}

static bool read_enode(struct rpc_call *c, struct eth_node *out)
{
    const char *url = rpc_text(c, 0);

    if (!c->code && enode_parse(out, url) < 0)
        rpc_fail(c, RPC_INVALID_PARAMETER, "invalid enode: %.160s", url);
    return !c->code;
}

/* As in go-ethereum what matters is that the node is on the list now. */
void rpc_admin_add_peer(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;
    struct eth_node node;
    int rc;

    if (!read_enode(c, &node))
        return;
    rc = p2p_add_static(context->p2p, &node);
    if (rc < 0 && rc != PN_EEXIST)
        rpc_fail(c, RPC_MISC_ERROR, "%s", pn_strerror(rc));
    else
        c->result = json_new_bool(true);
}

void rpc_admin_remove_peer(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;
    struct eth_node node;
    struct parting x = {.p2p = context->p2p, .pubkey = node.pubkey};

    if (!read_enode(c, &node))
        return;
    p2p_remove_static(context->p2p, node.pubkey);
    if (server_visit_peers(context->server, part, &x) < 0)
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
    else
        c->result = json_new_bool(true);
}

void rpc_admin_add_trusted_peer(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;
    struct eth_node node;
    int rc;

    if (!read_enode(c, &node))
        return;
    rc = p2p_add_trusted(context->p2p, &node);
    if (rc < 0)
        rpc_fail(c, RPC_MISC_ERROR, "%s", pn_strerror(rc));
    else
        c->result = json_new_bool(true);
}

/* As in go-ethereum what matters is that it is not on the list now. */
void rpc_admin_remove_trusted_peer(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;
    struct eth_node node;

    if (!read_enode(c, &node))
        return;
    (void)p2p_remove_trusted(context->p2p, node.pubkey);
    c->result = json_new_bool(true);
}
