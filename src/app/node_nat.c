/* A port's outside address goes to whoever announces it: Bitcoin's to the address book's list of
 * our own addresses, Ethereum's into the node record, which has one address with a UDP and a TCP
 * port. */
#include "app/node_nat.h"

#include <string.h>

#include "app/node_setup.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
#include "ethereum/discovery/discovery.h"
#include "ethereum/enr/relay.h"
#include "log/log.h"
#include "nat/nat.h"

enum purpose { FOR_BITCOIN, FOR_ETHEREUM_UDP, FOR_ETHEREUM_TCP };

struct node_nat {
    struct nat *nat;
    unsigned n;
    struct nat_port ports[PORT_MAP_MAX];
    enum purpose purposes[PORT_MAP_MAX];
    struct net_addr announced[PORT_MAP_MAX]; /* Bitcoin's; NET_NONE: not by us */
    struct eth_endpoint ethereum;            /* what is known of the outside */
};

static void add(struct node_nat *nat, enum purpose purpose, uint16_t port)
{
    enum nat_transport transport = purpose == FOR_ETHEREUM_UDP ? NAT_UDP : NAT_TCP;

    for (unsigned i = 0; i < nat->n; i++)
        if (nat->ports[i].port == port && nat->ports[i].transport == transport)
            return;
    if (port == 0 || nat->n == PORT_MAP_MAX)
        return;
    nat->ports[nat->n] = (struct nat_port){transport, port};
    nat->purposes[nat->n++] = purpose;
}

/* IPv4 only: a host has IPv6 addresses of its own, which are not translated. */
static void add_bitcoin(struct node_nat *nat, const struct node *n)
{
    const struct option_list *list = &n->options->listen;
    uint16_t default_port = btc_params_find(n->options->bitcoin)->default_port;
    struct net_addr a;

    for (size_t i = 0; i < list->n; i++)
        if (net_addr_parse(&a, list->items[i], default_port) == 0 && a.kind == NET_IPV4)
            add(nat, FOR_BITCOIN, a.port);
}

static void add_ethereum(struct node_nat *nat, const struct node *n)
{
    const struct net_addr *udp = n->ethereum ? eth_discovery_addr(n->ethereum, ETH_IPV4) : NULL;
    struct eth_discovery_view view;

    if (!udp)
        return;
    eth_discovery_look(n->ethereum, &view);
    add(nat, FOR_ETHEREUM_UDP, udp->port);
    nat->ethereum.tcp_port = view.record.node.tcp_port;
    add(nat, FOR_ETHEREUM_TCP, view.record.node.tcp_port);
}

static void tell_bitcoin(struct node *n, unsigned i, const struct net_addr *outside)
{
    struct net_addr *announced = &n->nat->announced[i];

    if (announced->kind != NET_NONE)
        addrbook_local_remove(n->book, announced);
    announced->kind = NET_NONE;
    if (!outside || addrbook_is_local(n->book, outside)) /* the operator's own word stands */
        return;
    if (addrbook_local_add(n->book, outside, ADDRBOOK_LOCAL_MAPPED) == 0)
        *announced = *outside;
}

static void tell_ethereum(struct node *n)
{
    const struct eth_endpoint *at = &n->nat->ethereum;
    bool known = at->udp.kind != NET_NONE;

    if (n->options->eth_external.n > 0)
        return;
    if (eth_discovery_set_external(n->ethereum, ETH_IPV4, known ? at : NULL) < 0)
        log_warn("nat", "the Ethereum node record could not be renewed");
}

/* Behind a second gateway, the provider's for example, the outside address is that one's inside. */
static bool is_public(const struct net_addr *a)
{
    return !eth_addr_is_local(a) && !eth_addr_is_special(a);
}

static void on_changed(void *arg, unsigned i, const struct net_addr *outside)
{
    struct node *n = arg;

    if (outside && !is_public(outside)) {
        log_warn("nat", "the gateway's outside address is not a public one; not announced");
        outside = NULL;
    }
    switch (n->nat->purposes[i]) {
    case FOR_BITCOIN:
        tell_bitcoin(n, i, outside);
        return;
    case FOR_ETHEREUM_UDP:
        n->nat->ethereum.udp = outside ? *outside : (struct net_addr){.kind = NET_NONE};
        break;
    case FOR_ETHEREUM_TCP:
        n->nat->ethereum.tcp_port = outside ? outside->port : n->nat->ports[i].port;
        break;
    }
    tell_ethereum(n);
}

static int start(struct node *n)
{
    const char *method = n->options->nat;
    struct nat_config config = {
        .pcp = strcmp(method, "natpmp") != 0,
        .pmp = strcmp(method, "pcp") != 0,
        .changed = on_changed,
        .arg = n,
    };
    int rc = 0;

    add_bitcoin(n->nat, n);
    add_ethereum(n->nat, n);
    if (n->options->nat_gateway)
        rc = net_addr_parse(&config.gateway, n->options->nat_gateway, 0);
    if (rc == 0)
        rc = nat_new(&n->nat->nat, loop_base(n->loop), &config, n->nat->ports, n->nat->n);
    return rc;
}

int node_nat_start(struct node *n)
{
    int rc;

    if (!n->options->nat)
        return 0;
    n->nat = mem_zalloc(sizeof *n->nat);
    rc = n->nat ? start(n) : PN_ENOMEM;
    if (rc < 0)
        log_error("app", "cannot start port mapping: %s", pn_strerror(rc));
    return rc;
}

void node_nat_stop(struct node *n)
{
    if (n->nat)
        nat_free(n->nat->nat);
    MEM_FREE(n->nat);
}
