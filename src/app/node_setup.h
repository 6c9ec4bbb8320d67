/* Making a node's parts from its options. */
#ifndef APP_NODE_SETUP_H
#define APP_NODE_SETUP_H

#include "app/node_parts.h"

/* Lock the data directory and make everything up to the threads. Returns: an exit status; what
 * has been made is freed by node_free_parts in any case. */
int node_build(struct node *n);
void node_free_parts(struct node *n);

/* As many peers as the options say from now on, but never more than at the start. Thread: loop. */
void node_resize(struct node *n, const struct options *fresh);

/* Thread: loop, or when it does not run. Returns: 0 or a pn_err, which has been logged. */
int node_open_listeners(struct node *n);
void node_close_listeners(struct node *n);

#endif
