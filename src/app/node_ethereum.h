/* Ethereum discovery as a part of the node: from its options, with its key and its database. */
#ifndef APP_NODE_ETHEREUM_H
#define APP_NODE_ETHEREUM_H

struct node;

#define NODE_ETHEREUM_PORT 30303

/* Start discovery, when --ethereum names a network. Thread: the main thread, when the data
 * directory is there. Returns: 0, PN_EBUSY (the address is in use) or another pn_err, which has
 * been logged; node_ethereum_stop undoes what was done. */
int node_ethereum_start(struct node *n);

/* Thread: the main thread. Does nothing without a start. */
void node_ethereum_stop(struct node *n);

#endif
