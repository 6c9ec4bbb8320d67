/* The discovery thread asks for the text of a name (`ask`); the resolver answers on the event loop
 * (`on_texts`), and the answer goes back through the discovery's inbox. A question that cannot be
 * asked, or an answer that does not get through, is one that did not come: it is asked again later.
 */
#include "app/node_ethereum_dns.h"

#include <string.h>

#include "app/node_parts.h"
#include "app/node_resolver.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/discovery/bootnodes.h"
#include "log/log.h"
#include "net/resolve.h"

enum { TREES_MAX = 8 };

/* In place of a list's URL: the one that is kept for the network. */
static const char own[] = "network";

struct node_ethereum_dns {
    struct resolver *resolver;
    char *list; /* the option's text, cut into pieces */
    const char *trees[TREES_MAX + 1];
};

struct question {
    struct node *node;
    uint64_t number;
};

static void on_texts(void *arg, int rc, const char *const *texts, size_t count)
{
    struct question *q = arg;

    if (rc < 0)
        log_debug("ethereum", "a node list in DNS: %s", pn_strerror(rc));
    eth_discovery_dns_answer(q->node->ethereum, q->number, texts, (unsigned)count);
    mem_free(q);
}

static void ask(void *arg, uint64_t number, const char *name)
{
    struct node *n = arg;
    struct question *q = mem_alloc(sizeof *q);
    struct net_target target;
    int rc = q ? net_target_parse(&target, name, 0) : PN_ENOMEM;

    if (rc == 0) {
        *q = (struct question){n, number};
        rc = resolver_lookup_texts(n->ethereum_dns->resolver, &target, on_texts, q);
    }
    if (rc == 0)
        return;
    mem_free(q);
    log_debug("ethereum", "cannot ask for %s: %s", name, pn_strerror(rc));
}

/* Cut the option's text at its commas. */
static int fill_trees(struct node_ethereum_dns *dns, const struct options *o)
{
    const struct eth_bootnodes *known = eth_bootnodes_find(o->ethereum);
    unsigned count = 0;
    char *rest;

    dns->list = rest = mem_strdup(o->eth_dnsdisc);
    if (!dns->list)
        return PN_ENOMEM;
    for (char *one; (one = strsep(&rest, ","));) {
        if (count == TREES_MAX)
            return PN_ELIMIT;
        if (strcmp(one, own) != 0)
            dns->trees[count++] = one;
        else if (known && known->dns_tree)
            dns->trees[count++] = known->dns_tree;
        else
            return PN_ENOENT;
    }
    return 0;
}

int node_ethereum_dns_open(struct node *n, struct eth_discovery_config *config)
{
    struct proxy_route route;
    int rc;

    if (!n->options->eth_dnsdisc)
        return 0;
    if (proxy_lookup_route(&route, dial_paths_config(n->paths)) < 0 ||
        route.way != PROXY_WAY_DIRECT) {
        log_warn("app", "node lists in DNS are not read: a proxy cannot carry the questions");
        return 0;
    }
    n->ethereum_dns = mem_zalloc(sizeof *n->ethereum_dns);
    rc = n->ethereum_dns ? fill_trees(n->ethereum_dns, n->options) : PN_ENOMEM;
    if (rc == 0)
        rc = node_resolver_new(&n->ethereum_dns->resolver, n);
    if (rc < 0) {
        log_error("app", "cannot read the node lists %s: %s", n->options->eth_dnsdisc,
                  pn_strerror(rc));
        return rc;
    }
    config->dns_trees = n->ethereum_dns->trees;
    config->dns_query = ask;
    config->dns_arg = n;
    return 0;
}

void node_ethereum_dns_close(struct node *n)
{
    if (!n->ethereum_dns)
        return;
    resolver_free(n->ethereum_dns->resolver);
    mem_free(n->ethereum_dns->list);
    MEM_FREE(n->ethereum_dns);
}
