/* Who asks name servers, by the node's options. */
#ifndef APP_NODE_RESOLVER_H
#define APP_NODE_RESOLVER_H

struct node;
struct resolver;

/* A resolver on the event loop that asks the system's name servers, or the operator's. Behind a
 * proxy this would tell the name server what the proxy is to hide: see proxy_lookup_route
 * (net/proxy.h). Thread: the main thread. Owns: the caller frees with resolver_free. Returns: 0 or
 * a pn_err. */
int node_resolver_new(struct resolver **out, const struct node *n);

#endif
