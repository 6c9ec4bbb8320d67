/* Ethereum's chain and its protocol "eth" as a part of the node. */
#ifndef APP_NODE_ETH_H
#define APP_NODE_ETH_H

struct eth;
struct node;
struct p2p;

/* Find the network (a name, or a genesis file), open its chain, import what is to be imported, and
 * start the protocol manager. Thread: the main thread, as for all; before p2p_attach and any peer.
 * Returns: 0 or a pn_err, which has been logged; node_eth_stop and node_eth_free undo it. */
int node_eth_start(struct node *n, struct p2p *net);

/* The protocol manager, once it has been started; NULL without Ethereum. */
struct eth *node_eth_net(const struct node *n);

/* After server_join. Does nothing when it was not started. */
void node_eth_stop(struct node *n);

/* After server_free. */
void node_eth_free(struct node *n);

#endif
