/* How requests are answered and counted. */
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "base/clock.h"
#include "metrics/metrics.h"

static struct metric_family requests = {
    .name = "p2pnode_http_requests_total",
    .help = "HTTP requests by handler and status code.",
    .type = METRIC_COUNTER,
    .labels = {"handler", "code"},
};

static const double buckets[] = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30};

static struct metric_family seconds = {
    .name = "p2pnode_http_request_duration_seconds",
    .help = "Time from an HTTP request's headers and body to its answer, by handler; a stream of "
            "events has none.",
    .type = METRIC_HISTOGRAM,
    .labels = {"handler"},
    .buckets = buckets,
    .n_buckets = sizeof buckets / sizeof buckets[0],
    .scale = 1e-6,
};

static int64_t began_us; /* of the request that the loop deals with now */

void api_begin(int64_t since_us)
{
    began_us = since_us;
}

void api_count(const char *handler, int code)
{
    char code_text[8];

    snprintf(code_text, sizeof code_text, "%d", code);
    metric_add(metric_get(&requests, handler, code_text, NULL), 1);
}

void api_answer(struct evhttp_request *req, const char *handler, int code, const char *type,
                const void *body, size_t len)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *out = evhttp_request_get_output_buffer(req);

    api_count(handler, code);
    metric_observe(metric_get(&seconds, handler, NULL), clock_mono_us() - began_us);
    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evbuffer_add(out, body, len);
    evhttp_send_reply(req, code, NULL, NULL);
}

void api_answer_text(struct evhttp_request *req, const char *handler, int code, const char *text)
{
    api_answer(req, handler, code, "text/plain; charset=utf-8", text, strlen(text));
}

bool api_is_reading(struct evhttp_request *req, const char *handler)
{
    if (evhttp_request_get_command(req) != EVHTTP_REQ_POST)
        return true;
    api_answer_text(req, handler, 405, "pages are read with GET\n");
    return false;
}
