#include "app/node_lookup.h"

#include "app/node_parts.h"
#include "app/node_resolver.h"
#include "base/err.h"
#include "base/mem.h"
#include "discovery/tor_lookup.h"

static int make_tor(struct node *n)
{
    n->tor_lookup = tor_lookup_new(loop_base(n->loop), dial_paths_config(n->paths));
    return n->tor_lookup ? 0 : PN_ENOMEM;
}

int node_lookup_open(struct node *n)
{
    struct proxy_route route;

    if (proxy_lookup_route(&route, dial_paths_config(n->paths)) < 0)
        return 0;
    return route.way == PROXY_WAY_DIRECT ? node_resolver_new(&n->resolver, n) : make_tor(n);
}

void node_lookup_close(struct node *n)
{
    resolver_free(n->resolver);
    n->resolver = NULL;
    tor_lookup_free(n->tor_lookup);
    n->tor_lookup = NULL;
}

bool node_lookup_is_possible(const struct node *n)
{
    return n->resolver || n->tor_lookup;
}

int node_lookup_begin(void *node, const struct net_target *name, resolve_done *done, void *done_arg)
{
    const struct node *n = node;

    if (n->resolver)
        return resolver_lookup(n->resolver, name, done, done_arg);
    if (n->tor_lookup)
        return tor_lookup_begin(n->tor_lookup, name, done, done_arg);
    return PN_ENOROUTE;
}
