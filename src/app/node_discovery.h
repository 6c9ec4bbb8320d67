/* The discovery thread of a node: its Bitcoin source and who looks names up, by its options. */
#ifndef APP_NODE_DISCOVERY_H
#define APP_NODE_DISCOVERY_H

#include <stddef.h>

struct node;

/* The DNS seeds: the operator's, else the network's, none when they are not to be asked. `names`
 * holds SEEDS_MAX_NAMES borrowed texts. Returns: how many. */
size_t node_seed_names(const char **names, const struct node *n);

/* Start the thread, unless the options leave it nothing to do. Thread: the main thread, when the
 * book, the lookups and the server are there. Returns: 0 or a pn_err; node_discovery_stop undoes
 * what was done. */
int node_discovery_start(struct node *n);

/* End the thread and all lookups (node_lookup_close), and free. Thread: the main thread, when the
 * dialer's thread has been joined and the loop will not run again; before the book and the loop are
 * freed. */
void node_discovery_stop(struct node *n);

#endif
