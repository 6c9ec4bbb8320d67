/* Which time server Ethereum discovery may ask when nobody answers it. */
#ifndef APP_NODE_ETHEREUM_CLOCK_H
#define APP_NODE_ETHEREUM_CLOCK_H

#include "ethereum/discovery/discovery.h"

struct node;

/* Enter --ntp-server into `config`. Behind a proxy, which carries no datagrams, none is asked.
 * Thread: the main thread. Returns: 0, or PN_EFORMAT for what names no host, which has been logged.
 */
int node_ethereum_clock_open(struct node *n, struct eth_discovery_config *config);

#endif
