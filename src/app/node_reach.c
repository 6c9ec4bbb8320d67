#include "app/node_reach.h"

#include <string.h>

#include "app/node_parts.h"
#include "base/bug.h"

static const struct {
    const char *name; /* as --onlynet has it */
    enum net_kind kind;
} nets[] = {
    {"ipv4", NET_IPV4}, {"ipv6", NET_IPV6},   {"onion", NET_TORV3},
    {"i2p", NET_I2P},   {"cjdns", NET_CJDNS},
};

static bool is_named(const struct option_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], name) == 0)
            return true;
    return false;
}

/* An address in fc00::/8 is CJDNS's only where its router runs, which nobody but the operator
 * knows. */
static bool has_way(const struct node *n, enum net_kind kind)
{
    const struct net_addr any = {.kind = kind, .port = 1};
    struct net_target target;
    struct proxy_route route;

    if (kind == NET_CJDNS)
        return n->options->cjdns_reachable;
    return net_target_from_addr(&target, &any) == 0 &&
           proxy_route(&route, dial_paths_config(n->paths), &target) == 0;
}

uint32_t node_reachable_kinds(const struct node *n)
{
    const struct option_list *only = &n->options->onlynet;
    uint32_t kinds = 0;

    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++)
        if ((only->n == 0 || is_named(only, nets[i].name)) && has_way(n, nets[i].kind))
            kinds |= ADDRBOOK_KIND_BIT(nets[i].kind);
    (void)BUG(kinds == 0); /* option_apply_rules sees to it that each named network has its way */
    return kinds;
}
