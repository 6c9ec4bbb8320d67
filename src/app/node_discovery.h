/* The discovery thread of a node: its Bitcoin source and who looks names up, by its options. */
#ifndef APP_NODE_DISCOVERY_H
#define APP_NODE_DISCOVERY_H

struct node;

/* Start the thread, unless the options leave it nothing to do. Names are looked up on the event
 * loop, through Tor, or not at all when there is a proxy that is not Tor. Thread: the main thread,
 * when the book, the paths and the server are there. Returns: 0 or a pn_err; node_discovery_stop
 * undoes what was done. */
int node_discovery_start(struct node *n);

/* End the thread and free. Thread: the main thread, when the loop will not run again; before the
 * book and the loop are freed. Does nothing without a start. */
void node_discovery_stop(struct node *n);

#endif
