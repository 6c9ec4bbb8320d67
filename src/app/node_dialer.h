/* How the node reaches others: the proxies on the way, and who is dialled. */
#ifndef APP_NODE_DIALER_H
#define APP_NODE_DIALER_H

struct node;

/* The ways out, from the options. Thread: the main thread, as for both. Returns: 0 or a pn_err;
 * node_free_parts undoes what was done. */
int node_paths_make(struct node *n);

/* The dialer with the places and the named peers of the Bitcoin network, once that is attached to
 * the server. */
int node_dialer_make(struct node *n);

#endif
