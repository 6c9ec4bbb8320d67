#include "app/node_ethereum.h"

#include <stdio.h>
#include <string.h>

#include "app/node_ethereum_clock.h"
#include "app/node_ethereum_dns.h"
#include "app/node_p2p.h"
#include "app/node_parts.h"
#include "base/bug.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/discovery/bootnodes.h"
#include "ethereum/discovery/discovery.h"
#include "ethereum/enr/nodekey.h"
#include "log/log.h"

enum { FILE_NAME_BYTES = 4096 };

static int in_datadir(char out[FILE_NAME_BYTES], const struct node *n, const char *name)
{
    int len = snprintf(out, FILE_NAME_BYTES, "%s/%s", n->options->datadir, name);

    return len < FILE_NAME_BYTES ? 0 : PN_ETOOLARGE;
}

/* The operator's nodes, or the network's own. */
static int find_bootnodes(struct eth_node out[NODE_ENODES_MAX], unsigned *count,
                          const struct options *o)
{
    const struct eth_bootnodes *known = eth_bootnodes_find(o->ethereum);

    if (o->eth_bootnodes)
        return node_enodes_parse(out, count, o->eth_bootnodes);
    *count = 0;
    for (const char *const *e = known ? known->enodes : NULL; e && *e; e++)
        if (!BUG(*count == NODE_ENODES_MAX || enode_parse(&out[*count], *e) < 0))
            (*count)++;
    return 0;
}

/* Sort a list of addresses by family. `ports` tells what an address without one has; NULL: 30303.
 */
static int fill_endpoints(struct eth_endpoint out[ETH_FAMILIES], const struct option_list *list,
                          const struct eth_endpoint *ports)
{
    struct net_addr a;
    int rc = 0;

    for (size_t i = 0; i < list->n && rc == 0; i++) {
        struct net_addr *at;

        rc = net_addr_parse(&a, list->items[i], NODE_ETHEREUM_PORT);
        if (rc == 0 && ports)
            rc = net_addr_parse(&a, list->items[i], ports[eth_family_of(&a)].udp.port);
        at = &out[eth_family_of(&a)].udp;
        if (rc == 0 && (at->kind != NET_NONE || (a.kind != NET_IPV4 && a.kind != NET_IPV6)))
            rc = PN_EINVAL;
        if (rc == 0)
            *at = a;
        else
            log_error("app", "cannot use %s: %s", list->items[i], pn_strerror(rc));
    }
    return rc;
}

/* Of the addresses that stand for the whole machine, IPv4's is enough: it may lack IPv6. */
static int make_with_config(struct node *n, struct eth_discovery_config *config)
{
    int rc = eth_discovery_new(&n->ethereum, config);

    if (rc < 0 && rc != PN_EBUSY && n->options->source[OPTION_ETH_LISTEN] == OPTION_FROM_DEFAULT) {
        config->listen[ETH_IPV6].udp.kind = NET_NONE;
        rc = eth_discovery_new(&n->ethereum, config);
    }
    return rc;
}

/* The addresses listened on, and those that are announced instead; RLPx is on the same ports. */
static int listen_and_announce(struct node *n, struct eth_discovery_config *config)
{
    int rc = fill_endpoints(config->listen, &n->options->eth_listen, NULL);

    if (rc == 0)
        rc = node_p2p_listen(n, config->listen);
    if (rc == 0)
        rc = fill_endpoints(config->external, &n->options->eth_external, config->listen);
    for (enum eth_family f = ETH_IPV4; f < ETH_FAMILIES; f++)
        config->external[f].tcp_port = config->external[f].udp.port;
    return rc;
}

static int make_with_bootnodes(struct node *n, const uint8_t secret[EC_SECRET_BYTES])
{
    struct eth_node *nodes = mem_alloc_array(NODE_ENODES_MAX, sizeof *nodes);
    unsigned count = 0;
    int rc = nodes ? find_bootnodes(nodes, &count, n->options) : PN_ENOMEM;

    for (unsigned i = 0; i < count && rc == 0; i++)
        rc = eth_discovery_add_bootnode(n->ethereum, &nodes[i]);
    if (rc == 0)
        rc = node_p2p_make(n, secret, nodes, count);
    mem_free(nodes);
    return rc;
}

static int make_parts(struct node *n, const char *db_path, const char *key_path)
{
    struct eth_discovery_config config = {.db_path = db_path, .permitted = &n->permitted};
    int rc = listen_and_announce(n, &config);

    if (rc == 0)
        rc = node_ethereum_dns_open(n, &config);
    if (rc == 0)
        rc = node_ethereum_clock_open(n, &config);
    if (rc == 0)
        rc = nodekey_load_or_create(config.secret, key_path);
    if (rc == 0)
        rc = make_with_config(n, &config);
    if (rc == 0)
        rc = make_with_bootnodes(n, config.secret);
    explicit_bzero(config.secret, sizeof config.secret);
    return rc;
}

static void introduce(struct node *n)
{
    struct eth_discovery_view view;
    char enode[ENODE_TEXT_BYTES];

    eth_discovery_look(n->ethereum, &view);
    log_info("ethereum", "on %s as %s", n->options->ethereum,
             enode_format(enode, &view.record.node));
}

static int start(struct node *n, const char *db_path, const char *key_path)
{
    int rc = make_parts(n, db_path, key_path);

    if (rc == 0)
        rc = eth_discovery_start(n->ethereum);
    n->ethereum_started = rc == 0;
    if (rc == 0)
        introduce(n);
    return rc;
}

int node_ethereum_start(struct node *n)
{
    char *paths;
    int rc;

    if (!n->options->ethereum)
        return 0;
    paths = mem_alloc_array(2, FILE_NAME_BYTES);
    if (!paths)
        return PN_ENOMEM;
    rc = in_datadir(paths, n, "ethereum-nodes");
    if (rc == 0)
        rc = in_datadir(paths + FILE_NAME_BYTES, n, "nodekey");
    if (rc == 0)
        rc = start(n, paths, paths + FILE_NAME_BYTES);
    mem_free(paths);
    if (rc < 0)
        log_error("app", "cannot start Ethereum: %s", pn_strerror(rc));
    return rc;
}

void node_ethereum_stop(struct node *n)
{
    if (n->ethereum_started) {
        eth_discovery_stop(n->ethereum);
        eth_discovery_join(n->ethereum);
    }
    node_ethereum_dns_close(n);
    eth_discovery_free(n->ethereum);
    n->ethereum = NULL;
    n->ethereum_started = false;
}
