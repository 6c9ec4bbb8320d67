/* Listening in I2P, by the node's options. */
#ifndef APP_NODE_I2P_H
#define APP_NODE_I2P_H

struct node;

/* Begin, with --i2psam, unless nothing is listened on or --no-i2pacceptincoming says not to.
 * Thread: the main thread, when the book is there. Returns: 0 or a pn_err, which has been logged.
 */
int node_i2p_start(struct node *n);

/* Thread: the loop's, or when it does not run; before the book is freed. Does nothing without a
 * start. */
void node_i2p_stop(struct node *n);

#endif
