/* A visit is one request on its way: taken apart at once, put off by a timer when its network says
 * so, then a worker's call. Until then its client may go at any time, which ends it. */
#include "api/routes.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "api/worker.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

enum {
    THREADS = 4,
    ANSWER_MAX_BYTES = 1 << 20,
    PATH_BYTES = 128,
    CLIENT_PATIENCE_S = 60, /* longer than a request is put off and run */
};

struct visit {
    struct routes *owner;
    const struct route *route;
    struct evhttp_request *req;
    struct event *timer; /* while it is put off */
    char path[PATH_BYTES];
    char *text; /* of a GET */
    bool post, has_credential;
    struct net_addr from;
    int64_t since_us;
    struct visit *prev, *next;
};

struct routes {
    struct routes_config config;
    struct event_base *base;
    struct worker *worker;
    struct visit *waiting;
};

/* --- answers --- */

static void fail(struct routes *r, const struct route *route, struct evhttp_request *req,
                 int64_t since_us, int status, const char *why)
{
    struct buf body;

    buf_init(&body, ANSWER_MAX_BYTES);
    route->fail(route->arg, &body, status, why);
    r->config.answer(r->config.arg, req, route->label, since_us, status, &body);
    buf_free(&body);
}

static void visit_free(void *subject)
{
    struct visit *v = subject;

    if (v->timer)
        event_free(v->timer);
    mem_free(v->text);
    mem_free(v);
}

static void visit_fail(struct visit *v, int status, const char *why)
{
    fail(v->owner, v->route, v->req, v->since_us, status, why);
    visit_free(v);
}

/* --- running --- */

static void run(void *arg, struct worker_call *call)
{
    const struct visit *v = call->subject;
    struct route_request request = {
        .path = v->path,
        .text = v->post   ? call->body
                : v->text ? v->text
                          : "",
        .post = v->post,
        .has_credential = v->has_credential,
        .from = v->from,
        .quit = call->quit,
    };

    (void)arg;
    request.len = v->post ? call->len : strlen(request.text);
    call->status = v->route->run(v->route->arg, &call->out, &request);
}

static void on_answer(void *arg, struct evhttp_request *req, const struct worker_call *call)
{
    const struct visit *v = call->subject;
    struct routes *r = arg;

    if (call->out.err)
        fail(r, v->route, req, v->since_us, 500, "internal error");
    else
        r->config.answer(r->config.arg, req, v->route->label, v->since_us, call->status,
                         &call->out);
}

/* --- turns --- */

static void take_turn(struct visit *v, bool again);

static void stop_waiting(struct visit *v)
{
    evhttp_connection_set_closecb(evhttp_request_get_connection(v->req), NULL, NULL);
    DL_DELETE(v->owner->waiting, v);
    event_free(v->timer);
    v->timer = NULL;
}

static void on_time(evutil_socket_t fd, short events, void *arg)
{
    struct visit *v = arg;

    (void)fd;
    (void)events;
    stop_waiting(v);
    take_turn(v, true);
}

static void on_gone(struct evhttp_connection *connection, void *arg)
{
    struct visit *v = arg;

    (void)connection;
    worker_request_gone(v->req);
    DL_DELETE(v->owner->waiting, v);
    v->route->leave(v->route->arg, &v->from);
    visit_free(v);
}

static void put_off(struct visit *v, int64_t ms)
{
    const struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    v->timer = evtimer_new(v->owner->base, on_time, v);
    if (!v->timer || evtimer_add(v->timer, &after) < 0) {
        v->route->leave(v->route->arg, &v->from);
        visit_fail(v, 500, "internal error");
        return;
    }
    DL_APPEND(v->owner->waiting, v);
    evhttp_connection_set_closecb(evhttp_request_get_connection(v->req), on_gone, v);
}

static void refuse_turn(struct visit *v, int64_t retry_ms)
{
    char seconds[32], why[80];

    snprintf(seconds, sizeof seconds, "%" PRId64, (retry_ms + 999) / 1000);
    snprintf(why, sizeof why, "too many requests, retry in %s s", seconds);
    evhttp_add_header(evhttp_request_get_output_headers(v->req), "Retry-After", seconds);
    visit_fail(v, 429, why);
}

static void submit(struct visit *v)
{
    int rc = worker_submit(v->owner->worker, v->req, v, v->since_us);

    if (rc < 0)
        visit_fail(v, 503, "too many requests wait already");
}

static void take_turn(struct visit *v, bool again)
{
    int64_t ms = 0;

    switch (v->route->turn(v->route->arg, &ms, &v->from, again)) {
    case ROUTE_NOW:
        submit(v);
        return;
    case ROUTE_LATER:
        put_off(v, ms);
        return;
    case ROUTE_NEVER:
        break;
    }
    refuse_turn(v, ms);
}

/* --- requests --- */

static const struct route *find(const struct routes *r, const char *path)
{
    for (size_t i = 0; path && i < r->config.n; i++)
        if (strncmp(path, r->config.routes[i]->prefix, strlen(r->config.routes[i]->prefix)) == 0)
            return r->config.routes[i];
    return NULL;
}

static int read_params(char **out, const char *query)
{
    struct evkeyvalq fields = {.tqh_first = NULL};
    const char *params;
    int rc = 0;

    if (!query || !*query)
        return 0;
    if (evhttp_parse_query_str(query, &fields) < 0)
        return PN_EFORMAT;
    params = evhttp_find_header(&fields, "params");
    if (params) {
        *out = mem_strdup(params);
        rc = *out ? 0 : PN_ENOMEM;
    }
    evhttp_clear_headers(&fields);
    return rc;
}

static int take_apart(struct visit *v, const char *path)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(v->req);
    char *remote = NULL;
    uint16_t port;
    int rc = 0;

    path += strlen(v->route->prefix);
    if (snprintf(v->path, PATH_BYTES, "%s", path) >= PATH_BYTES)
        return PN_ETOOLARGE;
    v->post = evhttp_request_get_command(v->req) == EVHTTP_REQ_POST;
    if (!v->post)
        rc = read_params(&v->text, evhttp_uri_get_query(uri));
    if (rc < 0)
        return rc;
    evhttp_connection_get_peer(evhttp_request_get_connection(v->req), &remote, &port);
    return net_addr_parse(&v->from, remote, port);
}

bool routes_take(struct routes *r, struct evhttp_request *req)
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req)), *why = NULL;
    const struct route *route = find(r, path);
    const int64_t now_us = clock_mono_us();
    bool has_credential = false;
    struct visit *v;
    int rc;

    if (!route)
        return false;
    rc = r->config.refusal(r->config.arg, &why, &has_credential, req);
    if (rc) {
        fail(r, route, req, now_us, rc, why);
        return true;
    }
    v = mem_zalloc(sizeof *v);
    if (!v) {
        fail(r, route, req, now_us, 500, "internal error");
        return true;
    }
    *v = (struct visit){.owner = r,
                        .route = route,
                        .req = req,
                        .since_us = now_us,
                        .has_credential = has_credential};
    rc = take_apart(v, path);
    if (rc < 0) {
        visit_fail(v, rc == PN_ENOMEM ? 500 : 400,
                   rc == PN_ENOMEM ? "internal error" : "malformed path or query");
        return true;
    }
    evhttp_connection_set_timeout(evhttp_request_get_connection(req), CLIENT_PATIENCE_S);
    take_turn(v, false);
    return true;
}

/* --- life --- */

int routes_new(struct routes **out, struct event_base *base, const struct routes_config *config)
{
    struct routes *r = mem_zalloc(sizeof *r);
    const struct worker_config worker = {
        .name = "http",
        .threads = THREADS,
        .arg = r,
        .run = run,
        .answer = on_answer,
        .free = visit_free,
    };
    int rc;

    if (!r)
        return PN_ENOMEM;
    r->config = *config;
    r->base = base;
    rc = worker_new(&r->worker, base, &worker);
    if (rc < 0)
        mem_free(r);
    else
        *out = r;
    return rc;
}

/* Those that are put off are answered too, and not run any more. */
void routes_stop(struct routes *r)
{
    if (!r)
        return;
    while (r->waiting) {
        struct visit *v = r->waiting;

        stop_waiting(v);
        v->route->leave(v->route->arg, &v->from);
        visit_fail(v, 503, "the node is stopping");
    }
    worker_stop(r->worker);
}

void routes_free(struct routes *r)
{
    if (!r)
        return;
    worker_free(r->worker);
    mem_free(r);
}
