/* Calls of methods. One goes to the rpc thread, which runs them one after the other; where it finds
 * that a call has to wait for peers (rpc_put_off), the call comes back, and is run by one of a few
 * threads that do nothing else, so that nobody stands behind it. */
#include <event2/http.h>
#include <string.h>

#include "api/internal.h"
#include "api/web.h"
#include "api/worker.h"
#include "base/clock.h"
#include "base/err.h"
#include "log/log.h"

enum {
    WAITING_THREADS = 4,
    WAIT_MAX_S = 45,       /* four peers have ten seconds each (bitcoin/loans.h) */
    CLIENT_PATIENCE_S = 60 /* of a connection on which nothing passes meanwhile */
};

/* --- threads that run them --- */

static void run_call(void *arg, struct worker_call *call)
{
    const struct api *a = arg;

    call->status = (int)rpc_answer(&call->out, &a->config.methods, call->body, call->len, NULL);
}

static void run_waiting_call(void *arg, struct worker_call *call)
{
    const struct api *a = arg;
    const struct rpc_wait wait = {
        .quit = call->quit,
        .deadline_us = call->since_us + WAIT_MAX_S * INT64_C(1000000),
    };

    call->status = (int)rpc_answer(&call->out, &a->config.methods, call->body, call->len, &wait);
}

/* --- thread loop --- */

static void answer_waiting_call(void *arg, struct evhttp_request *req,
                                const struct worker_call *call)
{
    api_begin(call->since_us);
    api_answer_late(arg, req, "rpc", call->status, &call->out);
}

static void answer_call(void *arg, struct evhttp_request *req, const struct worker_call *call)
{
    struct api *a = arg;

    api_begin(call->since_us);
    if (call->status != RPC_STATUS_LATER) {
        api_answer_late(a, req, "rpc", call->status, &call->out);
        return;
    }
    evhttp_connection_set_timeout(evhttp_request_get_connection(req), CLIENT_PATIENCE_S);
    if (worker_submit(a->waiting, req, NULL, call->since_us) < 0)
        api_answer_text(req, "rpc", 503, "too many calls wait for peers already\n");
}

void api_on_call(struct evhttp_request *req, void *arg)
{
    struct api *a = arg;

    api_begin(clock_mono_us());
    if (evhttp_request_get_command(req) != EVHTTP_REQ_POST)
        api_on_page(req, a);
    else if (api_is_permitted(a, req, "rpc") &&
             worker_submit(a->worker, req, NULL, clock_mono_us()) < 0)
        api_answer_text(req, "rpc", 503, "too many calls wait already\n");
}

int api_open_calls(struct api *a)
{
    const struct worker_config at_once = {
        .name = "rpc", .threads = 1, .arg = a, .run = run_call, .answer = answer_call};
    const struct worker_config waiting = {.name = "rpc-wait",
                                          .threads = WAITING_THREADS,
                                          .arg = a,
                                          .run = run_waiting_call,
                                          .answer = answer_waiting_call};
    const struct api_config *c = &a->config;
    int rc;

    if (c->methods.n == 0)
        return 0;
    rc = api_auth_open(&a->auth, c->cookie_path, c->user, c->password);
    if (rc < 0)
        log_error("api", "cannot write %s: %s", c->cookie_path, pn_strerror(rc));
    if (rc == 0)
        rc = worker_new(&a->waiting, a->base, &waiting);
    if (rc == 0)
        rc = worker_new(&a->worker, a->base, &at_once);
    for (unsigned i = 0; i < web_files_count && rc == 0; i++) {
        const char *path = web_files[i].path;

        evhttp_set_cb(a->http, path, strcmp(path, "/") == 0 ? api_on_call : api_on_page, a);
    }
    return rc;
}
