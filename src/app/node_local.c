#include "app/node_local.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "app/node_parts.h"
#include "base/err.h"
#include "dial/listener.h"
#include "log/log.h"

static bool stands_for_all(const struct net_addr *a)
{
    static const uint8_t zeros[16];

    return memcmp(a->bytes, zeros, net_addr_len(a->kind)) == 0;
}

static void announce(struct node *n, const struct net_addr *a, int score)
{
    char text[NET_ADDR_TEXT_BYTES];

    if (addrbook_local_add(n->book, a, score) == 0)
        log_info("app", "%s is told to peers as ours", net_addr_format(text, a));
}

/* The addresses of interfaces that are up, of the listener's family. */
static void announce_interfaces(struct node *n, const struct net_addr *listen)
{
    struct ifaddrs *all;

    if (getifaddrs(&all) < 0) {
        log_warn("app", "cannot list this machine's interfaces: %s", pn_strerror(PN_ESYS));
        return;
    }
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        struct net_addr a;

        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK) ||
            net_addr_from_sockaddr(&a, i->ifa_addr) < 0 || a.kind != listen->kind)
            continue;
        a.port = listen->port;
        announce(n, &a, ADDRBOOK_LOCAL_INTERFACE);
    }
    freeifaddrs(all);
}

void node_local_discover(struct node *n)
{
    for (unsigned i = 0; i < n->n_listeners && n->options->discover; i++) {
        const struct net_addr *a = listener_addr(n->listeners[i]);

        if (stands_for_all(a))
            announce_interfaces(n, a);
        else
            announce(n, a, ADDRBOOK_LOCAL_BOUND);
    }
}
