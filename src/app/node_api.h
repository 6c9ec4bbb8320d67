/* The node's HTTP face: its health checks, and the tables of methods that its networks have. */
#ifndef APP_NODE_API_H
#define APP_NODE_API_H

#include "rpc/rpc.h"

struct api_change;
struct node;
struct options;

/* Nothing without --api-listen. Thread: the main thread, when server and networks are made.
 * Returns: 0 or a pn_err, which has been logged. */
int node_api_start(struct node *n);

/* Open the file of events anew. Thread: loop. Returns: 0 or a pn_err. */
int node_api_reopen(struct node *n);

/* What of its options may change while it runs, as api_change and its like (api/api.h). Without
 * --api-listen it does nothing. Thread: loop. */
int node_api_prepare(struct api_change *out, const struct node *n, const struct options *fresh);
void node_api_change(struct node *n, struct api_change *c);

/* Thread: the main thread, when the loop does not run. */
void node_api_stop(struct node *n);

/* Methods that say why (node_explain.c). */
void node_explain(struct rpc_call *c);
void node_journal(struct rpc_call *c);

/* Methods about the peers that the operator names (node_addnode.c). */
void node_addnode(struct rpc_call *c);
void node_getaddednodeinfo(struct rpc_call *c);

/* The methods about the node as a whole (node_methods.c), those above included. */
struct rpc_table node_methods(struct node *n);

#endif
