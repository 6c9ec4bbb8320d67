/* The address book of a node: made from its options and files, kept on disk while it runs. */
#ifndef APP_NODE_BOOK_H
#define APP_NODE_BOOK_H

struct bitcoin_config;
struct node;

/* Load the map of autonomous systems and peers.json, take the anchors, start the dump thread, and
 * enter all that into the network's configuration. Thread: the main thread, before others.
 * Returns: 0 or a pn_err, which has been logged; node_book_close undoes what was done. */
int node_book_open(struct node *n, struct bitcoin_config *config);

/* The last dump, then free. Thread: the main thread, when nobody uses the book any more. */
void node_book_close(struct node *n);

#endif
