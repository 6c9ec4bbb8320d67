/* Nothing here resolves or dials anything by itself: that is the source's decision, on its thread.
 *
 * Taking down: the discovery thread is joined first, so that nobody asks any more; then whoever
 * looks names up is freed, which ends what is under way; then nobody answers any more. */
#include "app/node_discovery.h"

#include <string.h>

#include "app/node_resolver.h"
#include "app/node_setup.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
#include "bitcoin/seeds/seeds.h"
#include "bitcoin/wire/msg_version.h"
#include "discovery/discovery.h"
#include "discovery/tor_lookup.h"
#include "log/log.h"
#include "net/resolve.h"

struct node_discovery {
    struct discovery *thread;
    struct seeds *seeds;
    struct resolver *resolver; /* at most one of these two */
    struct tor_lookup *tor;
    const char *names[SEEDS_MAX_NAMES];
};

_Static_assert(OPTION_NAMES_MAX <= SEEDS_MAX_NAMES, "dnsseed-name fits the source");

static int by_resolver(void *arg, const struct net_target *name, resolve_done *done, void *done_arg)
{
    return resolver_lookup(arg, name, done, done_arg);
}

static int by_tor(void *arg, const struct net_target *name, resolve_done *done, void *done_arg)
{
    return tor_lookup_begin(arg, name, done, done_arg);
}

static int make_resolver(struct node *n, struct node_discovery *d, struct discovery_resolver *out)
{
    int rc = node_resolver_new(&d->resolver, n);

    *out = (struct discovery_resolver){by_resolver, d->resolver};
    return rc;
}

static int make_tor(struct node *n, struct node_discovery *d, struct discovery_resolver *out)
{
    d->tor = tor_lookup_new(loop_base(n->loop), dial_paths_config(n->paths));
    *out = (struct discovery_resolver){by_tor, d->tor};
    return d->tor ? 0 : PN_ENOMEM;
}

/* Who looks names up. Returns: 0, PN_ENOROUTE when nobody may, PN_ENOMEM. */
static int make_lookup(struct node *n, struct node_discovery *d, struct discovery_resolver *out)
{
    struct proxy_route route;
    int rc = proxy_lookup_route(&route, dial_paths_config(n->paths));

    if (rc < 0)
        return rc;
    return route.way == PROXY_WAY_DIRECT ? make_resolver(n, d, out) : make_tor(n, d, out);
}

/* How many outbound peers there are at least: who is here without an inbound place. A newcomer that
 * has a place already but has not shaken hands makes it fewer, for as long as that takes. */
static unsigned outbound_peers(void *arg)
{
    struct node *n = arg;
    unsigned ready = server_ready_peers(n->server), inbound = atomic_load(&n->slots.inbound);

    return ready > inbound ? ready - inbound : 0;
}

/* CJDNS is left out: addresses of that network can be dialled only where its router runs. */
static uint32_t reachable_kinds(const struct node *n)
{
    static const enum net_kind kinds[] = {NET_IPV4, NET_IPV6, NET_TORV3, NET_I2P};
    uint32_t found = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct net_addr any = {.kind = kinds[i], .port = 1};
        struct net_target target;
        struct proxy_route route;

        if (net_target_from_addr(&target, &any) == 0 &&
            proxy_route(&route, dial_paths_config(n->paths), &target) == 0)
            found |= ADDRBOOK_KIND_BIT(kinds[i]);
    }
    return found;
}

/* The operator's names, else the network's. Returns: how many. */
static size_t fill_names(struct node_discovery *d, const struct node *n,
                         const struct btc_params *params)
{
    const struct option_list *list = &n->options->dnsseed_name;
    size_t count = 0;

    for (size_t i = 0; i < list->n; i++)
        d->names[count++] = list->items[i];
    /* A signet of one's own shares its name with the default one, and nothing else. */
    if (list->n == 0 && !n->options->signet_challenge)
        while (count < SEEDS_MAX_NAMES && params->seeds[count]) {
            d->names[count] = params->seeds[count];
            count++;
        }
    return count;
}

static struct seeds_config seeds_config_of(struct node *n, struct node_discovery *d,
                                           bool can_look_up)
{
    const struct options *o = n->options;
    const struct btc_params *params = btc_params_find(o->bitcoin);

    return (struct seeds_config){
        .names = d->names,
        .n_names = o->dnsseed && can_look_up ? fill_names(d, n, params) : 0,
        .fixed = o->fixedseeds && !o->signet_challenge ? params->name : NULL,
        .others_named = o->addnode.n > 0 || o->seednode.n > 0,
        .services = BTC_NODE_NETWORK | BTC_NODE_WITNESS,
        .port = params->default_port,
        .book = n->book,
        .reachable_kinds = reachable_kinds(n),
        .outbound = outbound_peers,
        .arg = n,
    };
}

static int start(struct node *n, struct node_discovery *d)
{
    struct discovery_resolver lookup = {NULL, NULL};
    struct seeds_config config;
    int rc = n->options->dnsseed ? make_lookup(n, d, &lookup) : PN_ENOROUTE;

    if (rc < 0 && rc != PN_ENOROUTE)
        return rc;
    if (n->options->dnsseed && rc == PN_ENOROUTE)
        log_info("app", "no DNS seeds: the proxy is not Tor, and cannot look names up");
    config = seeds_config_of(n, d, rc == 0);
    d->seeds = seeds_new(&config);
    d->thread = discovery_new("bitcoin", &lookup);
    if (!d->seeds || !d->thread)
        return PN_ENOMEM;
    rc = discovery_add(d->thread, &seeds_source_ops, d->seeds);
    return rc < 0 ? rc : discovery_start(d->thread);
}

int node_discovery_start(struct node *n)
{
    int rc;

    if (!n->options->dnsseed && !n->options->fixedseeds)
        return 0;
    n->discovery = mem_zalloc(sizeof *n->discovery);
    rc = n->discovery ? start(n, n->discovery) : PN_ENOMEM;
    if (rc < 0)
        log_error("app", "cannot start looking for peers: %s", pn_strerror(rc));
    return rc;
}

void node_discovery_stop(struct node *n)
{
    struct node_discovery *d = n->discovery;

    if (!d)
        return;
    discovery_stop(d->thread);
    resolver_free(d->resolver);
    tor_lookup_free(d->tor);
    discovery_free(d->thread);
    seeds_free(d->seeds);
    MEM_FREE(n->discovery);
}
