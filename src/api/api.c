/* Requests are small and answers are made at once, so one handler per path on the loop thread is
 * all there is; headers, bodies and the time a client may take are bounded. */
#include "api/api.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "net/sock.h"

enum {
    TIMEOUT_S = 10,
    MAX_HEADER_BYTES = 8192,
    MAX_BODY_BYTES = 4096,
    MAX_ANSWER_BYTES = 16 << 20
};

struct api {
    struct api_config config;
    struct evhttp *http;
};

static struct metric_family requests = {
    .name = "p2pnode_http_requests_total",
    .help = "HTTP requests by handler and status code.",
    .type = METRIC_COUNTER,
    .labels = {"handler", "code"},
};

static void answer(struct evhttp_request *req, const char *handler, int code, const char *type,
                   const void *body, size_t len)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *out = evhttp_request_get_output_buffer(req);
    char code_text[8];

    snprintf(code_text, sizeof code_text, "%d", code);
    metric_add(metric_get(&requests, handler, code_text, NULL), 1);
    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evbuffer_add(out, body, len);
    evhttp_send_reply(req, code, NULL, NULL);
}

static void answer_text(struct evhttp_request *req, const char *handler, int code, const char *text)
{
    answer(req, handler, code, "text/plain; charset=utf-8", text, strlen(text));
}

static void on_metrics(struct evhttp_request *req, void *arg)
{
    const char *accept = evhttp_find_header(evhttp_request_get_input_headers(req), "Accept");
    bool open = accept && strstr(accept, "application/openmetrics-text");
    struct buf b;

    (void)arg;
    buf_init(&b, MAX_ANSWER_BYTES);
    if (metrics_render(&b, open ? METRICS_OPENMETRICS : METRICS_TEXT_004) < 0)
        answer_text(req, "metrics", 500, "cannot render the metrics\n");
    else
        answer(req, "metrics", 200,
               open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                    : "text/plain; version=0.0.4; charset=utf-8",
               b.data, b.len);
    buf_free(&b);
}

static void answer_checks(struct evhttp_request *req, const char *handler,
                          const struct api_check *checks, size_t n)
{
    struct buf b;
    bool all = true;

    buf_init(&b, MAX_ANSWER_BYTES);
    buf_puts(&b, "{\"checks\":[");
    for (size_t i = 0; i < n; i++) {
        char detail[API_DETAIL_BYTES] = "";
        bool ok = checks[i].ok(checks[i].arg, detail);

        all = all && ok;
        buf_printf(&b, "%s{\"name\":\"%s\",\"ok\":%s,\"detail\":\"%s\"}", i ? "," : "",
                   checks[i].name, ok ? "true" : "false", detail);
    }
    buf_printf(&b, "],\"ok\":%s}\n", all ? "true" : "false");
    if (b.err)
        answer_text(req, handler, 500, "out of memory\n");
    else
        answer(req, handler, all ? 200 : 503, "application/json", b.data, b.len);
    buf_free(&b);
}

static void on_livez(struct evhttp_request *req, void *arg)
{
    const struct api *a = arg;

    answer_checks(req, "livez", a->config.live, a->config.n_live);
}

static void on_readyz(struct evhttp_request *req, void *arg)
{
    const struct api *a = arg;

    answer_checks(req, "readyz", a->config.ready, a->config.n_ready);
}

static void on_other(struct evhttp_request *req, void *arg)
{
    (void)arg;
    answer_text(req, "other", 404, "not found: there are /metrics, /livez and /readyz\n");
}

int api_new(struct api **out, struct event_base *base, const struct api_config *config)
{
    struct api *a = mem_zalloc(sizeof *a);
    char text[NET_ADDR_TEXT_BYTES];
    struct net_addr bound = config->addr;
    int fd, rc;

    if (!a)
        return PN_ENOMEM;
    a->config = *config;
    rc = sock_listen(&fd, &config->addr);
    if (rc < 0) {
        mem_free(a);
        return rc;
    }
    a->http = evhttp_new(base);
    if (!a->http || evhttp_accept_socket(a->http, fd) < 0) {
        close(fd);
        api_free(a);
        return PN_ENOMEM;
    }
    evhttp_set_timeout(a->http, TIMEOUT_S);
    evhttp_set_max_headers_size(a->http, MAX_HEADER_BYTES);
    evhttp_set_max_body_size(a->http, MAX_BODY_BYTES);
    evhttp_set_allowed_methods(a->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_cb(a->http, "/metrics", on_metrics, a);
    evhttp_set_cb(a->http, "/livez", on_livez, a);
    evhttp_set_cb(a->http, "/readyz", on_readyz, a);
    evhttp_set_gencb(a->http, on_other, a);
    sock_local_addr(&bound, fd);
    log_info("api", "metrics and health at http://%s", net_addr_format(text, &bound));
    *out = a;
    return 0;
}

void api_free(struct api *a)
{
    if (!a)
        return;
    if (a->http)
        evhttp_free(a->http);
    mem_free(a);
}
