/* The Bitcoin network as a part of the node. */
#ifndef APP_NODE_BITCOIN_H
#define APP_NODE_BITCOIN_H

struct node;

/* Open the address book and make the network from the options. Thread: the main thread. Returns: 0
 * or a pn_err; node_free_parts undoes what was done. */
int node_bitcoin_make(struct node *n);

#endif
