#include "app/node_p2p.h"

#include <string.h>

#include "app/node_eth.h"
#include "app/node_parts.h"
#include "base/err.h"
#include "base/mem.h"
#include "config.h"
#include "ethereum/p2p/p2p.h"
#include "log/log.h"

static const char client_name[] = "p2pnode/v" PACKAGE_VERSION "/linux";

/* What belongs to Ethereum's peers; made by node_p2p_listen. */
struct node_p2p {
    struct p2p *net;
    struct slots slots;
    unsigned network; /* the server's number */
    struct listener *listeners[ETH_FAMILIES];
    struct eth_node statics[NODE_ENODES_MAX], trusted[NODE_ENODES_MAX];
    unsigned n_statics;
};

/* --- listening --- */

static int on_accepted(void *arg, struct conn *c, const struct net_addr *from, bool has_slot)
{
    struct node *n = arg;
    struct node_p2p *p = n->p2p;
    int rc = has_slot ? p2p_admit(p->net, from) : PN_EFULL;

    if (rc < 0)
        return rc;
    return server_add_conn(n->server, p->network, c, from, CONN_INBOUND, true, 0, NULL);
}

static int listen_on(struct node *n, enum eth_family family, struct eth_endpoint *at)
{
    const struct listener_config config = {
        .network = "ethereum",
        .addr = at->udp,
        .gate = &n->gate,
        .slots = &n->p2p->slots,
        .accepted = on_accepted,
        .arg = n,
    };
    char text[NET_ADDR_TEXT_BYTES];
    int rc = listener_new(&n->p2p->listeners[family], loop_base(n->loop), &config);

    if (rc < 0) {
        log_error("app", "cannot listen on %s: %s", net_addr_format(text, &at->udp),
                  pn_strerror(rc));
        return rc;
    }
    at->udp.port = at->tcp_port = listener_addr(n->p2p->listeners[family])->port;
    return 0;
}

int node_p2p_listen(struct node *n, struct eth_endpoint endpoints[ETH_FAMILIES])
{
    bool chosen = n->options->source[OPTION_ETH_LISTEN] != OPTION_FROM_DEFAULT;
    unsigned named = node_enodes_named(n->options);
    unsigned listening = 0;
    int rc = 0;

    n->p2p = mem_zalloc(sizeof *n->p2p);
    if (!n->p2p)
        return PN_ENOMEM;
    slots_init(&n->p2p->slots, p2p_inbound_places((unsigned)n->options->eth_maxpeers, named), 0);
    for (enum eth_family f = ETH_IPV4; f < ETH_FAMILIES; f++) {
        if (endpoints[f].udp.kind == NET_NONE)
            continue;
        rc = listen_on(n, f, &endpoints[f]);
        if (rc < 0 && chosen)
            return rc;
        if (rc < 0)
            endpoints[f].udp.kind = NET_NONE; /* the machine may lack this family */
        else
            listening++;
    }
    return listening > 0 ? 0 : rc;
}

/* --- the layer --- */

static int fill_config(struct node *n, struct p2p_config *config)
{
    struct node_p2p *p = n->p2p;
    int rc = node_enodes_parse(p->statics, &config->n_statics, n->options->eth_static);

    if (rc == 0)
        rc = node_enodes_parse(p->trusted, &config->n_trusted, n->options->eth_trusted);
    p->n_statics = config->n_statics;
    config->client = client_name;
    config->max_peers = (unsigned)n->options->eth_maxpeers;
    config->peer = (struct peer_config)P2P_PEER_CONFIG;
    config->history_ms = n->options->eth_redial_ms;
    config->statics = p->statics;
    config->trusted = p->trusted;
    config->discovery = n->ethereum;
    for (enum eth_family f = ETH_IPV4; f < ETH_FAMILIES; f++)
        if (config->port == 0 && p->listeners[f])
            config->port = listener_addr(p->listeners[f])->port;
    return rc;
}

static int attach(struct node *n)
{
    struct dialer_network network;
    int rc = p2p_attach(n->p2p->net, n->server, &n->p2p->slots);

    if (rc < 0)
        return rc;
    n->p2p->network = (unsigned)rc;
    network = p2p_dialer_network(n->p2p->net, "ethereum");
    return dialer_add_network(n->dialer, n->p2p->network, &network);
}

int node_p2p_make(struct node *n, const uint8_t secret[EC_SECRET_BYTES],
                  const struct eth_node *bootnodes, unsigned n_bootnodes)
{
    struct p2p_config config = {.bootnodes = bootnodes, .n_bootnodes = n_bootnodes};
    int rc = fill_config(n, &config);

    memcpy(config.secret, secret, sizeof config.secret);
    if (rc == 0)
        rc = p2p_new(&n->p2p->net, &config);
    explicit_bzero(config.secret, sizeof config.secret);
    if (rc == 0)
        rc = node_eth_start(n, n->p2p->net);
    if (rc == 0)
        rc = attach(n);
    if (rc < 0)
        log_error("app", "cannot make Ethereum's peers: %s", pn_strerror(rc));
    return rc;
}

static bool names(const struct eth_node *list, unsigned n, const struct eth_node *node)
{
    for (unsigned i = 0; i < n; i++)
        if (memcmp(list[i].pubkey, node->pubkey, sizeof node->pubkey) == 0)
            return true;
    return false;
}

void node_p2p_set_statics(struct node *n, const struct eth_node *now, unsigned n_now)
{
    struct node_p2p *p = n->p2p;

    if (!p)
        return;
    for (unsigned i = 0; i < p->n_statics; i++)
        if (!names(now, n_now, &p->statics[i]))
            p2p_remove_static(p->net, p->statics[i].pubkey); /* or admin_removePeer has */
    for (unsigned i = 0; i < n_now; i++) {
        int rc = names(p->statics, p->n_statics, &now[i]) ? 0 : p2p_add_static(p->net, &now[i]);

        if (rc < 0 && rc != PN_EEXIST)
            log_warn("app", "eth-static, node %u: %s", i + 1, pn_strerror(rc));
    }
    memcpy(p->statics, now, n_now * sizeof *now);
    p->n_statics = n_now;
}

struct eth_rpc node_p2p_rpc(const struct node *n)
{
    return (struct eth_rpc){
        .p2p = n->p2p->net,
        .server = n->server,
        .discovery = n->ethereum,
        .eth = node_eth_net(n),
        .listening = n->p2p->listeners[ETH_IPV4] || n->p2p->listeners[ETH_IPV6],
    };
}

void node_p2p_close(struct node *n)
{
    for (enum eth_family f = ETH_IPV4; n->p2p && f < ETH_FAMILIES; f++) {
        listener_free(n->p2p->listeners[f]);
        n->p2p->listeners[f] = NULL;
    }
}

void node_p2p_free(struct node *n)
{
    if (n->p2p)
        p2p_free(n->p2p->net);
    MEM_FREE(n->p2p);
}
