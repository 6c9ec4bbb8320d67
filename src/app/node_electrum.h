/* The Electrum server as a part of the node: from its options, with its certificate, over the
 * Bitcoin network. */
#ifndef APP_NODE_ELECTRUM_H
#define APP_NODE_ELECTRUM_H

#include <stdbool.h>
#include <stdint.h>

struct node;
struct options;
struct tls_context;

/* Sessions there may be, for the size of the peer table; 0 without --electrum. Thread: any. */
unsigned node_electrum_places(const struct node *n);

/* The port that Electrum uses for the network. */
uint16_t node_electrum_port(const struct options *o, bool tls);

/* Make it, when --electrum is set, and join the server. Thread: the main thread, when Bitcoin and
 * the server are made. Returns: 0 or a pn_err; node_electrum_stop undoes what was done. */
int node_electrum_make(struct node *n);

/* What of its options may change while it runs: texts and certificate are read from their files
 * again. Thread: loop, for all three. node_electrum_prepare returns 0 or a pn_err, which has been
 * logged; node_electrum_drop follows in any case, and accepts what has been put in force. */
struct node_electrum_change {
    struct tls_context *tls;
    char *banner, *donation_address;
};
int node_electrum_prepare(struct node_electrum_change *out, const struct node *n,
                          const struct options *fresh);
void node_electrum_change(struct node *n, struct node_electrum_change *c,
                          const struct options *fresh);
void node_electrum_drop(struct node_electrum_change *c);

/* Listen; start its thread. Thread: the main thread. Returns: 0 or a pn_err, which has been logged.
 */
int node_electrum_listen(struct node *n);
int node_electrum_start(struct node *n);

/* Accept nobody any more. Thread: loop, or when it does not run. */
void node_electrum_close(struct node *n);

/* Thread: the main thread, when the server has ended. */
void node_electrum_stop(struct node *n);

/* Thread: the main thread, when no peer is left. */
void node_electrum_free(struct node *n);

/* What it answers over HTTP. Thread: the main thread, before the API starts. Returns: whether there
 * is anything. */
struct route;
bool node_electrum_route(struct route *out, struct node *n);

/* Its methods for operators, likewise. */
struct rpc_table;
bool node_electrum_methods(struct rpc_table *out, struct node *n);

/* As electrum_explain_server; NULL without --electrum. */
struct cJSON *node_electrum_explain(const struct node *n, const char *host);

/* SIGHUP: the blacklist is read or fetched again. Thread: loop; never blocks. */
void node_electrum_refresh(struct node *n);

/* The call getelectrumservers: what is known of other servers. `arg` is the struct node. */
struct rpc_call;
void node_electrum_call_servers(struct rpc_call *c);

/* The Bitcoin network as a chain source. `arg` is the struct bitcoin. (node_electrum_chain.c) */
extern const struct electrum_chain_ops node_electrum_chain_ops;

#endif
