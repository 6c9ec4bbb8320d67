/* Threads that answer requests while the loop goes on: they may wait for the server and for
 * managers. The loop hands them what was asked and sends what they answer. */
#ifndef API_WORKER_H
#define API_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Calls that wait or run; one more is refused (bitcoind: rpcworkqueue, 64). */
#define WORKER_CALLS_MAX   64
#define WORKER_THREADS_MAX 8

struct chan;
struct event_base;
struct evhttp_request;
struct worker;

/* One call, as the thread that runs it sees it. */
struct worker_call {
    const char *body; /* of the request */
    size_t len;
    void *subject;     /* of worker_submit */
    struct chan *quit; /* closes when the program stops */
    int64_t since_us;  /* when the request came, monotonic */
    struct buf out;    /* the answer's body goes here */
    int status;        /* of the answer, set by run */
};

struct worker_config {
    const char *name; /* of the threads */
    unsigned threads;
    void *arg; /* of the functions */

    /* Thread: a worker. */
    void (*run)(void *arg, struct worker_call *call);

    /* Send the answer; the client is still there. Thread: loop. */
    void (*answer)(void *arg, struct evhttp_request *req, const struct worker_call *call);

    /* Owns: frees a call's subject, if there is one. Thread: loop. May be NULL. */
    void (*free)(void *subject);
};

/* Thread: the main thread, before the loop runs. config is copied. Returns: 0 or a pn_err. */
int worker_new(struct worker **out, struct event_base *base, const struct worker_config *config);

/* Have the request, which came at since_us, answered, unless the client goes meanwhile.
 * Thread: loop.
 * Owns: takes `subject` when it returns 0.
 * Returns: 0, PN_ENOMEM, or PN_EAGAIN when there are WORKER_CALLS_MAX. */
int worker_submit(struct worker *w, struct evhttp_request *req, void *subject, int64_t since_us);

/* The client of a request that waits has gone: for those who hold one themselves.
 * Thread: loop, from the close callback of the request's connection. Owns: frees it, unless evhttp
 * does. */
void worker_request_gone(struct evhttp_request *req);

/* Wait for the calls under way, answer them, and run no other. Thread: the main thread, when
 * loop_run has returned; then the connections may be freed, and at last the worker. Accept NULL. */
void worker_stop(struct worker *w);
void worker_free(struct worker *w);

#endif
