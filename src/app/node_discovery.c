/* Nothing here resolves or dials anything by itself: that is the source's decision, on its thread.
 *
 * Taking down: the discovery thread is joined first, so that nobody asks any more; then whoever
 * looks names up is freed, which ends what is under way; then nobody answers any more. */
#include "app/node_discovery.h"

#include "app/node_lookup.h"
#include "app/node_parts.h"
#include "app/node_reach.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
#include "bitcoin/seeds/seeds.h"
#include "bitcoin/wire/msg_version.h"
#include "discovery/discovery.h"
#include "log/log.h"

struct node_discovery {
    struct discovery *thread;
    struct seeds *seeds;
    const char *names[SEEDS_MAX_NAMES];
};

_Static_assert(OPTION_NAMES_MAX <= SEEDS_MAX_NAMES, "dnsseed-name fits the source");

/* Those that can bring us others: feelers and fetches do not last (Core, ThreadDNSAddressSeed). */
static unsigned outbound_peers(void *arg)
{
    static const enum conn_kind lasting[] = {CONN_MANUAL, CONN_FULL, CONN_BLOCK_RELAY};
    const struct node *n = arg;
    unsigned count = 0;

    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++)
        count += server_peers_of_kind(n->server, n->network, lasting[i]);
    return count;
}

size_t node_seed_names(const char **names, const struct node *n)
{
    const struct option_list *list = &n->options->dnsseed_name;
    const struct btc_params *params = btc_params_find(n->options->bitcoin);
    size_t count = 0;

    if (!n->options->dnsseed)
        return 0;
    for (size_t i = 0; i < list->n; i++)
        names[count++] = list->items[i];
    /* A signet of one's own shares its name with the default one, and nothing else. */
    if (list->n == 0 && !n->options->signet_challenge)
        while (count < SEEDS_MAX_NAMES && params->seeds[count]) {
            names[count] = params->seeds[count];
            count++;
        }
    return count;
}

static struct seeds_config seeds_config_of(struct node *n, struct node_discovery *d)
{
    const struct options *o = n->options;
    const struct btc_params *params = btc_params_find(o->bitcoin);

    return (struct seeds_config){
        .names = d->names,
        .n_names = node_lookup_is_possible(n) ? node_seed_names(d->names, n) : 0,
        .fixed = o->fixedseeds && !o->signet_challenge ? params->name : NULL,
        .others_named = o->addnode.n > 0 || o->seednode.n > 0,
        .services = BTC_NODE_NETWORK | BTC_NODE_WITNESS,
        .port = params->default_port,
        .book = n->book,
        .reachable_kinds = node_reachable_kinds(n),
        .outbound = outbound_peers,
        .arg = n,
    };
}

static int start(struct node *n, struct node_discovery *d)
{
    const struct discovery_resolver lookup = {node_lookup_begin, n};
    const struct seeds_config config = seeds_config_of(n, d);
    int rc;

    if (n->options->dnsseed && !node_lookup_is_possible(n))
        log_info("app", "the proxy is not Tor, and cannot look names up: DNS seeds are dialled "
                        "through it instead of asked");
    d->seeds = seeds_new(&config);
    d->thread = discovery_new("bitcoin", &lookup);
    if (!d->seeds || !d->thread)
        return PN_ENOMEM;
    discovery_set_journal(d->thread, n->journal);
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

    if (d)
        discovery_stop(d->thread);
    node_lookup_close(n);
    if (!d)
        return;
    discovery_free(d->thread);
    seeds_free(d->seeds);
    MEM_FREE(n->discovery);
}
