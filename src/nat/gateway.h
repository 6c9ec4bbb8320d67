/* Which host leads out of the local network. */
#ifndef NAT_GATEWAY_H
#define NAT_GATEWAY_H

#include "net/addr.h"

/* The gateway of the default route with the lowest metric in a text like Linux's /proc/net/route
 * (IPv4). The port is left 0. Pure. Thread: any. Returns: 0, or PN_ENOROUTE. */
int gateway_parse(struct net_addr *out, const char *text);

/* The same from the system. Thread: any. Returns: 0, PN_ENOROUTE, or why it cannot be read. */
int gateway_find(struct net_addr *out);

#endif
