#include "app/node_book.h"

#include <stdio.h>
#include <string.h>

#include "addrbook/anchors.h"
#include "addrbook/peers_file.h"
#include "app/node_discovery.h"
#include "app/node_lookup.h"
#include "app/node_parts.h"
#include "app/node_reach.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/bitcoin.h"
#include "bitcoin/seeds/seeds.h"
#include "bitcoin/wire/msg_version.h"
#include "log/log.h"
#include "net/asmap.h"

static int load_asmap(struct node *n)
{
    int rc;

    if (!n->options->asmap)
        return 0;
    rc = asmap_load(&n->asmap, n->options->asmap);
    if (rc < 0)
        log_error("app", "cannot use the map %s: %s", n->options->asmap, pn_strerror(rc));
    n->policy.asmap = n->asmap;
    return rc;
}

/* The operator's seeds; and, where names are the proxy's matter, the DNS seeds by their bare names,
 * behind each of which the proxy finds a peer. */
static int make_seednodes(struct node *n, uint16_t default_port)
{
    const struct option_list *list = &n->options->seednode;
    const char *names[SEEDS_MAX_NAMES];
    size_t n_names = node_lookup_is_possible(n) ? 0 : node_seed_names(names, n);

    n->seednodes = mem_alloc_array(list->n + n_names + 1, sizeof *n->seednodes);
    if (!n->seednodes)
        return PN_ENOMEM;
    for (size_t i = 0; i < list->n; i++)
        n->n_seednodes +=
            net_target_parse(&n->seednodes[n->n_seednodes], list->items[i], default_port) == 0;
    for (size_t i = 0; i < n_names; i++)
        n->n_seednodes +=
            net_target_parse(&n->seednodes[n->n_seednodes], names[i], default_port) == 0;
    return 0;
}

static void add_local_addresses(struct node *n, uint16_t default_port)
{
    const struct option_list *list = &n->options->externalip;

    for (size_t i = 0; i < list->n; i++) {
        struct net_addr addr;

        if (net_addr_parse(&addr, list->items[i], default_port) < 0 ||
            addrbook_local_add(n->book, &addr, ADDRBOOK_LOCAL_MANUAL) < 0)
            log_warn("app", "%s is not an address that peers could reach; not announced",
                     list->items[i]);
    }
}

static int load_files(struct node *n, struct bitcoin_config *config)
{
    char *peers = node_path(n, "peers.json"), *anchors = node_path(n, "anchors.json");
    int rc = peers && anchors ? 0 : PN_ENOMEM;

    if (rc == 0)
        rc = peers_file_load(n->book, peers);
    /* A damaged file has been moved aside and logged: an empty book is a start like any other. */
    if (rc != PN_ENOMEM)
        rc = 0;
    if (rc == 0)
        config->n_anchors = anchors_take(config->anchors, anchors);
    if (rc == 0)
        rc = addr_dump_start(&n->dump, n->book, peers, anchors, ADDR_DUMP_INTERVAL_MS);
    mem_free(peers);
    mem_free(anchors);
    return rc;
}

int node_book_open(struct node *n, struct bitcoin_config *config)
{
    const struct options *o = n->options;
    uint16_t port = config->params.default_port;
    int rc = load_asmap(n);

    if (rc < 0)
        return rc;
    n->policy.loopback_routable = o->loopback_routable;
    n->book = addrbook_new(&n->policy);
    if (!n->book || addrbook_metrics_register(n->book) < 0)
        return PN_ENOMEM;
    rc = load_files(n, config);
    if (rc < 0) {
        log_error("app", "cannot open the address book: %s", pn_strerror(rc));
        return rc;
    }
    addrbook_set_journal(n->book, n->journal, "bitcoin");
    add_local_addresses(n, port);
    rc = make_seednodes(n, port);
    if (rc < 0)
        return rc;
    config->seednodes = n->seednodes;
    config->n_seednodes = n->n_seednodes;
    config->gate = &n->gate;
    config->full_outbound = (unsigned)o->outbound;
    if (strcmp(config->params.name, "regtest") != 0)
        config->useful_services = BTC_NODE_NETWORK | BTC_NODE_NETWORK_LIMITED;
    config->book = n->book;
    config->reachable_kinds = node_reachable_kinds(n);
    config->gossip_interval_ms = o->gossip_interval_ms;
    config->dump = n->dump;
    return 0;
}

void node_book_close(struct node *n)
{
    addr_dump_stop(n->dump);
    if (n->book)
        addrbook_metrics_unregister(n->book);
    addrbook_free(n->book);
    asmap_free(n->asmap);
    mem_free(n->seednodes);
}
