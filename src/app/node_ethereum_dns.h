/* Node lists in DNS (EIP-1459) for Ethereum discovery: which are read, and who asks for them. */
#ifndef APP_NODE_ETHEREUM_DNS_H
#define APP_NODE_ETHEREUM_DNS_H

#include "ethereum/discovery/discovery.h"

struct node;

/* Enter into `config` what --eth-dnsdisc asks for; without it, or behind a proxy, there is nothing
 * to enter. Thread: the main thread. Returns: 0 or a pn_err, which has been logged. */
int node_ethereum_dns_open(struct node *n, struct eth_discovery_config *config);

/* Thread: the main thread, when the loop will not run again; when the discovery thread has been
 * joined, and before its state is freed. Does nothing without an open. */
void node_ethereum_dns_close(struct node *n);

#endif
