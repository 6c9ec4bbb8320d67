/* One handler per path, on the loop thread. Pages are made at once (pages.c), calls by threads
 * (calls.c) once it is clear that their sender may make them (access.c). Connections, headers,
 * bodies, waiting calls and the time a client may take are bounded. */
#include "api/api.h"

#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/connections.h"
#include "api/events.h"
#include "api/internal.h"
#include "api/routes.h"
#include "api/worker.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "net/sock.h"

enum {
    MAX_HEADER_BYTES = 8192,
    MAX_BODY_BYTES = 1 << 20, /* a transaction of standard weight in hexadecimal fits */
    MAX_CONNECTIONS = 64,
    FAREWELL_MS = 1000
};

/* --- late answers --- */

static void on_sent(struct evhttp_request *req, void *arg)
{
    struct api *a = arg;

    (void)req;
    a->unsent--;
}

void api_answer_late(struct api *a, struct evhttp_request *req, const char *handler, int status,
                     const struct buf *body)
{
    evhttp_connection_set_timeout(evhttp_request_get_connection(req), API_TIMEOUT_S);
    a->unsent++;
    evhttp_request_set_on_complete_cb(req, on_sent, a);
    api_answer(req, handler, status, "application/json", body->data, body->len);
}

/* --- events --- */

static void on_events(struct evhttp_request *req, void *arg)
{
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
    struct evkeyvalq fields = {.tqh_first = NULL};
    struct api *a = arg;
    int rc;

    api_begin(clock_mono_us());
    if (!api_is_reading(req, "events") || !api_is_permitted(a, req, "events"))
        return;
    if (query && evhttp_parse_query_str(query, &fields) < 0) {
        api_answer_text(req, "events", 400, "malformed query\n");
        return;
    }
    rc = events_subscribe(a->events, req, query ? evhttp_find_header(&fields, "topics") : NULL);
    evhttp_clear_headers(&fields);
    if (rc == PN_EINVAL)
        api_answer_text(req, "events", 400, "there is no such topic\n");
    else if (rc < 0)
        api_answer_text(req, "events", 503, "too many clients follow the events already\n");
    else
        api_count("events", 200);
}

/* --- paths of networks --- */

static int refuse_visit(void *arg, const char **why, bool *credential, struct evhttp_request *req)
{
    struct api *a = arg;
    int code = api_wrong_place(why, a, req);

    if (code)
        return code;
    *credential = api_has_credential(a, req);
    *why = "the methods are GET and POST";
    return evhttp_request_get_command(req) == EVHTTP_REQ_HEAD ? 405 : 0;
}

static void answer_visit(void *arg, struct evhttp_request *req, const char *label, int64_t since_us,
                         int status, const struct buf *body)
{
    api_begin(since_us);
    if (status == 401)
        evhttp_add_header(evhttp_request_get_output_headers(req), "WWW-Authenticate",
                          "Basic realm=\"jsonrpc\"");
    api_answer_late(arg, req, label, status, body);
}

static void on_other(struct evhttp_request *req, void *arg)
{
    struct api *a = arg;

    api_begin(clock_mono_us());
    if (a->routes && routes_take(a->routes, req))
        return;
    api_answer_text(req, "other", 404,
                    "not found: there are / (the dashboard, and calls), /metrics, /livez, /readyz "
                    "and /events\n");
}

static int open_routes(struct api *a, struct event_base *base)
{
    struct routes_config config = {
        .n = a->config.n_routes, .refusal = refuse_visit, .answer = answer_visit, .arg = a};

    memcpy(config.routes, a->config.routes, sizeof config.routes);
    return config.n > 0 ? routes_new(&a->routes, base, &config) : 0;
}

static int open_events(struct api *a, struct event_base *base)
{
    const struct api_config *c = &a->config;
    int rc;

    if (!c->journal)
        return 0;
    rc = events_new(&a->events, base, c->journal, c->event_log);
    if (rc < 0)
        log_error("api", "cannot write events to %s: %s", c->event_log, pn_strerror(rc));
    else
        evhttp_set_cb(a->http, "/events", on_events, a);
    return rc;
}

static int open_http(struct api *a, struct event_base *base)
{
    struct evhttp_bound_socket *socket;
    int fd, rc = sock_listen(&fd, &a->config.addr);

    if (rc < 0)
        return rc;
    sock_local_addr(&a->config.addr, fd);
    a->http = evhttp_new(base);
    socket = a->http ? evhttp_accept_socket_with_handle(a->http, fd) : NULL;
    if (!socket) {
        close(fd);
        return PN_ENOMEM;
    }
    a->connections = connections_new(a->http, socket, base, MAX_CONNECTIONS);
    return a->connections ? 0 : PN_ENOMEM;
}

static void set_paths(struct api *a)
{
    evhttp_set_timeout(a->http, API_TIMEOUT_S);
    evhttp_set_max_headers_size(a->http, MAX_HEADER_BYTES);
    evhttp_set_max_body_size(a->http, MAX_BODY_BYTES);
    evhttp_set_allowed_methods(a->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
    evhttp_set_cb(a->http, "/metrics", api_on_metrics, a);
    evhttp_set_cb(a->http, "/livez", api_on_livez, a);
    evhttp_set_cb(a->http, "/readyz", api_on_readyz, a);
    evhttp_set_gencb(a->http, on_other, a);
}

int api_new(struct api **out, struct event_base *base, const struct api_config *config)
{
    struct api *a = mem_zalloc(sizeof *a);
    char text[NET_ADDR_TEXT_BYTES];
    int rc;

    if (!a)
        return PN_ENOMEM;
    a->config = *config;
    a->base = base;
    rc = open_http(a, base);
    if (rc == 0) {
        set_paths(a);
        rc = api_open_calls(a);
    }
    if (rc == 0)
        rc = open_routes(a, base);
    if (rc == 0)
        rc = open_events(a, base);
    if (rc < 0) {
        api_free(a);
        return rc;
    }
    log_info("api", "dashboard, calls, metrics and health at http://%s",
             net_addr_format(text, &a->config.addr));
    *out = a;
    return 0;
}

/* --- changes while it runs --- */

int api_change_make(struct api_change *out, const struct api_config *config)
{
    int rc = api_auth_make(out->password, config->user, config->password);

    out->allowed = config->allowed;
    out->event_log = NULL;
    out->log_fd = -1;
    if (rc < 0 || !config->event_log)
        return rc;
    out->event_log = mem_strdup(config->event_log);
    rc = out->event_log ? events_open_log(&out->log_fd, out->event_log) : PN_ENOMEM;
    if (rc < 0)
        api_change_drop(out);
    return rc;
}

void api_change_drop(struct api_change *c)
{
    if (c->log_fd >= 0)
        close(c->log_fd);
    MEM_FREE(c->event_log);
    c->log_fd = -1;
    OPENSSL_cleanse(c->password, sizeof c->password);
}

void api_change(struct api *a, struct api_change *c)
{
    a->config.allowed = c->allowed;
    memcpy(a->auth.password, c->password, sizeof a->auth.password);
    if (a->events) {
        events_set_log(a->events, c->event_log, c->log_fd);
        c->event_log = NULL;
        c->log_fd = -1;
    }
    api_change_drop(c);
}

int api_reopen(struct api *a)
{
    return a->events ? events_reopen(a->events) : 0;
}

/* Whoever called "stop" is owed an answer, too. */
static void send_the_rest(struct api *a)
{
    int64_t deadline_us = clock_deadline_ms(FAREWELL_MS);

    while (a->unsent > 0 && clock_mono_us() < deadline_us)
        event_base_loop(a->base, EVLOOP_ONCE);
}

void api_free(struct api *a)
{
    if (!a)
        return;
    routes_stop(a->routes);
    worker_stop(a->worker);
    worker_stop(a->waiting);
    send_the_rest(a);
    events_free(a->events);
    if (a->http)
        evhttp_free(a->http);
    routes_free(a->routes);
    worker_free(a->worker);
    worker_free(a->waiting);
    connections_free(a->connections);
    api_auth_close(&a->auth);
    mem_free(a);
}
