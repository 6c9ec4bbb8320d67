/* Subtrees of paths that networks answer themselves (rpc/route.h). A request waits its turn on the
 * loop, without a thread, and is run on one of a few threads of their own, so that one that waits
 * for a peer holds up no operator's call. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "rpc/route.h"

struct event_base;
struct evhttp_request;
struct routes;

struct routes_config {
    const struct route *routes[ROUTES_MAX]; /* borrowed */
    size_t n;

    /* Returns: 0, or the status with which a request is refused and, in *why, the reason; and
     * whether it came with the right credential. Thread: loop. */
    int (*refusal)(void *arg, const char **why, bool *has_credential, struct evhttp_request *req);

    /* Send an answer to a request that came at since_us. Thread: loop. */
    void (*answer)(void *arg, struct evhttp_request *req, const char *label, int64_t since_us,
                   int status, const struct buf *body);
    void *arg;
};

/* Thread: the main thread, before the loop runs. config is copied. Returns: 0 or a pn_err. */
int routes_new(struct routes **out, struct event_base *base, const struct routes_config *config);

/* Answer a request whose path one of them owns. Thread: loop. Returns: whether one does. */
bool routes_take(struct routes *r, struct evhttp_request *req);

/* As worker_stop and worker_free (worker.h). */
void routes_stop(struct routes *r);
void routes_free(struct routes *r);

#endif
