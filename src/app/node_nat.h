/* Port mapping for a node: which of its ports the gateway is asked for, and who is told of the
 * outside address. */
#ifndef APP_NODE_NAT_H
#define APP_NODE_NAT_H

struct node;

/* Begin, when --nat names a method and something is listened on. Thread: the main thread, when the
 * listeners and Ethereum discovery are there. Returns: 0 or a pn_err, which has been logged. */
int node_nat_start(struct node *n);

/* Give the ports back. Thread: the main thread, when the loop will not run again; before the
 * address book and Ethereum discovery are freed. Does nothing without a start. */
void node_nat_stop(struct node *n);

#endif
