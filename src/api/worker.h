/* The rpc thread: runs calls one after the other, so that handlers may wait for the server and for
 * managers while the loop goes on. The loop hands it a request's body and sends what it answers. */
#ifndef API_WORKER_H
#define API_WORKER_H

#include <stdint.h>

#include "rpc/rpc.h"

/* Calls that wait or run; one more is refused (bitcoind: rpcworkqueue, 64). */
#define WORKER_CALLS_MAX 64

struct event_base;
struct evhttp_request;
struct worker;

/* Send an answer; the client is still there. Thread: loop. */
typedef void worker_answer(void *arg, struct evhttp_request *req, enum rpc_status status,
                           const struct buf *body);

/* Thread: the main thread, before the loop runs. `set` is copied, what it points to is borrowed.
 * Returns: 0 or a pn_err. */
int worker_new(struct worker **out, struct event_base *base, const struct rpc_set *set,
               worker_answer *answer, void *arg);

/* Have the request's body answered, unless the client goes meanwhile. Thread: loop.
 * Returns: 0, PN_ENOMEM, or PN_EAGAIN when there are WORKER_CALLS_MAX. */
int worker_submit(struct worker *w, struct evhttp_request *req);

/* Wait for the call under way, answer it, and run no other. Thread: the main thread, when loop_run
 * has returned; then the connections may be freed, and at last the worker. Accept NULL. */
void worker_stop(struct worker *w);
void worker_free(struct worker *w);

/* When the thread last took or finished a call while calls waited; now when none does. Thread: any.
 */
int64_t worker_heartbeat_us(struct worker *w);

#endif
