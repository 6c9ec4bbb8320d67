/* Which kinds of networks a node makes connections to of its own accord. */
#ifndef APP_NODE_REACH_H
#define APP_NODE_REACH_H

#include <stdint.h>

struct node;

/* The kinds that --onlynet leaves, of those to which there is a way: IPv4 and IPv6 always, onion
 * with a proxy that is Tor, I2P with a router, CJDNS where the operator says so. The one place from
 * which the dialer, gossip and the seeds have it. Thread: any, once the paths are made. Returns: a
 * set of ADDRBOOK_KIND_BITs, not empty. */
uint32_t node_reachable_kinds(const struct node *n);

#endif
