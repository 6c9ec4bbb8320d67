/* Who looks names up for a node, by its options: the name servers, Tor, or nobody. */
#ifndef APP_NODE_LOOKUP_H
#define APP_NODE_LOOKUP_H

#include "net/resolve.h"

struct node;

/* Make what looks names up: by DNS on the event loop without a proxy, through Tor with one, and
 * nothing when there is a proxy that is not Tor, which is given names instead. Nothing is asked
 * before the first lookup. Thread: the main thread, when the loop and the paths are there.
 * Returns: 0 or a pn_err; node_lookup_close undoes what was done. */
int node_lookup_open(struct node *n);

/* What is under way is done with PN_EQUIT, now. Thread: the main thread, when the loop will not run
 * again and nobody asks any more. */
void node_lookup_close(struct node *n);

/* Whether names can be looked up. Thread: any, while it is open. */
bool node_lookup_is_possible(const struct node *n);

/* Look a name up; `done` is called once, later, on the loop's thread. Thread: any; never blocks.
 * Returns: 0; PN_ENOROUTE when nobody may; what resolver_lookup and tor_lookup_begin say. */
int node_lookup_begin(void *node, const struct net_target *name, resolve_done *done,
                      void *done_arg);

#endif
