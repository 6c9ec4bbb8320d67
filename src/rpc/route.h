/* The shape of a subtree of paths, /electrum/..., that a network answers over HTTP in a form of its
 * own: api/ carries the requests without knowing what is asked, and has every failure of its own
 * put into the network's form. */
#ifndef RPC_ROUTE_H
#define RPC_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/addr.h"

#define ROUTES_MAX 4

struct chan;

/* One request, as the network sees it. */
struct route_request {
    const char *path; /* what follows the prefix, as sent */
    const char *text; /* of a POST the body, of a GET the value of "params" in the query, decoded;
                         "" for none */
    size_t len;
    bool post;            /* else GET */
    bool has_credential;  /* and it was the right one */
    struct net_addr from; /* whose request it is */
    struct chan *quit;    /* a wait ends when it closes */
};

enum route_turn { ROUTE_NOW, ROUTE_LATER, ROUTE_NEVER };

struct route {
    const char *prefix; /* "/electrum/" */
    const char *label;  /* among the handlers in the metrics */
    void *arg;

    /* May a request of this client be run now? Later, or never, and in how many milliseconds it is
     * worth a try: it is asked anew then, with `again`, unless the client leaves meanwhile.
     * Thread: loop; neither may block. */
    enum route_turn (*turn)(void *arg, int64_t *wait_ms, const struct net_addr *from, bool again);
    void (*leave)(void *arg, const struct net_addr *from);

    /* Append the answer, JSON. It may wait for whom the rpc thread may wait.
     * Thread: one of a few of api's. Returns: the HTTP status. */
    int (*run)(void *arg, struct buf *out, const struct route_request *request);

    /* Append the answer to a request that cannot be run. Thread: loop. */
    void (*fail)(void *arg, struct buf *out, int status, const char *why);
};

#endif
