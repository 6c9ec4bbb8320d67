/* A port's outside address goes to whoever announces it: Bitcoin's to the address book's list of
 * our own addresses, Ethereum's into the node record, which has one address with a UDP and a TCP
 * port. */
#include "app/node_nat.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "app/node_parts.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
#include "ethereum/discovery/discovery.h"
#include "ethereum/enr/relay.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "nat/upnp.h"

enum { DEVICE_BYTES = 128 };

enum purpose { FOR_BITCOIN, FOR_ETHEREUM_UDP, FOR_ETHEREUM_TCP };

static struct metric_family mappings = {
    .name = "p2pnode_nat_mappings",
    .help = "Ports that the gateway leads to this node.",
    .type = METRIC_GAUGE,
};

struct node_nat {
    struct nat *nat;   /* PCP and NAT-PMP, or NULL */
    struct upnp *upnp; /* or NULL */
    struct event *fall_back;
    char device[DEVICE_BYTES];
    unsigned n;
    struct nat_port ports[PORT_MAP_MAX];
    enum purpose purposes[PORT_MAP_MAX];
    bool mapped[PORT_MAP_MAX];
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

static void count_mapping(struct node_nat *nat, unsigned i, bool mapped)
{
    int64_t count = 0;

    nat->mapped[i] = mapped;
    for (unsigned k = 0; k < nat->n; k++)
        count += nat->mapped[k];
    metric_set(metric_get(&mappings, NULL), count);
}

static void on_changed(void *arg, unsigned i, const struct net_addr *outside)
{
    struct node *n = arg;

    count_mapping(n->nat, i, outside);
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

static int start_upnp(struct node *n)
{
    const struct upnp_config config = {
        .device = n->nat->device[0] ? n->nat->device : NULL,
        .changed = on_changed,
        .arg = n,
    };

    return upnp_new(&n->nat->upnp, loop_base(n->loop), &config, n->nat->ports, n->nat->n);
}

/* The gateway knows neither PCP nor NAT-PMP: from now on it is asked by UPnP. */
static void on_fall_back(evutil_socket_t fd, short events, void *arg)
{
    struct node *n = arg;
    int rc;

    (void)fd;
    (void)events;
    nat_free(n->nat->nat);
    n->nat->nat = NULL;
    rc = start_upnp(n);
    if (rc < 0)
        log_warn("nat", "cannot ask the gateway by UPnP: %s", pn_strerror(rc));
}

/* Called by what is to be freed, so later. */
static void on_failed(void *arg)
{
    struct node *n = arg;

    event_active(n->nat->fall_back, EV_TIMEOUT, 0);
}

static int start_nat(struct node *n, const char *method)
{
    bool any = strcmp(method, "any") == 0;
    struct nat_config config = {
        .pcp = strcmp(method, "natpmp") != 0,
        .pmp = strcmp(method, "pcp") != 0,
        .changed = on_changed,
        .failed = any && upnp_is_built_in() ? on_failed : NULL,
        .arg = n,
    };
    int rc = 0;

    if (n->options->nat_gateway)
        rc = net_addr_parse(&config.gateway, n->options->nat_gateway, 0);
    if (rc == 0)
        rc = nat_new(&n->nat->nat, loop_base(n->loop), &config, n->nat->ports, n->nat->n);
    return rc;
}

static int start(struct node *n)
{
    const char *method = n->options->nat;

    n->nat->fall_back = event_new(loop_base(n->loop), -1, 0, on_fall_back, n);
    if (!n->nat->fall_back)
        return PN_ENOMEM;
    add_bitcoin(n->nat, n);
    add_ethereum(n->nat, n);
    metric_set(metric_get(&mappings, NULL), 0);
    if (n->options->nat_gateway)
        snprintf(n->nat->device, sizeof n->nat->device, "http://%s/device.xml",
                 n->options->nat_gateway);
    return strcmp(method, "upnp") == 0 ? start_upnp(n) : start_nat(n, method);
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
    if (!n->nat)
        return;
    nat_free(n->nat->nat);
    upnp_free(n->nat->upnp);
    if (n->nat->fall_back)
        event_free(n->nat->fall_back);
    MEM_FREE(n->nat);
}
