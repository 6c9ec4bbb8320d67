/* Paths that are answered at once: the metrics, the checks, the files of the dashboard. */
#include <event2/http.h>
#include <string.h>

#include "api/connections.h"
#include "api/internal.h"
#include "api/web.h"
#include "base/buf.h"
#include "base/clock.h"
#include "metrics/metrics.h"

static struct metric_family connections_family = {
    .name = "p2pnode_http_connections",
    .help = "HTTP connections that are open.",
    .type = METRIC_GAUGE,
};

static const double scrape_buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1};

static struct metric_family scrape_seconds = {
    .name = "p2pnode_metrics_render_duration_seconds",
    .help = "Time that the loop took to make the text of the metrics.",
    .type = METRIC_HISTOGRAM,
    .buckets = scrape_buckets,
    .n_buckets = sizeof scrape_buckets / sizeof scrape_buckets[0],
    .scale = 1e-6,
};

void api_on_metrics(struct evhttp_request *req, void *arg)
{
    const char *accept = evhttp_find_header(evhttp_request_get_input_headers(req), "Accept");
    bool open = accept && strstr(accept, "application/openmetrics-text");
    int64_t start_us = clock_mono_us();
    const struct api *a = arg;
    struct buf b;

    api_begin(start_us);
    if (!api_is_reading(req, "metrics"))
        return;
    metric_set(metric_get(&connections_family, NULL), connections_count(a->connections));
    buf_init(&b, API_ANSWER_MAX_BYTES);
    if (metrics_render(&b, open ? METRICS_OPENMETRICS : METRICS_TEXT_004) < 0)
        api_answer_text(req, "metrics", 500, "cannot render the metrics\n");
    else
        api_answer(req, "metrics", 200,
                   open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                        : "text/plain; version=0.0.4; charset=utf-8",
                   b.data, b.len);
    buf_free(&b);
    metric_observe(metric_get(&scrape_seconds, NULL), clock_mono_us() - start_us);
}

static void answer_checks(struct evhttp_request *req, const char *handler,
                          const struct api_check *checks, size_t n)
{
    struct buf b;
    bool all = true;

    api_begin(clock_mono_us());
    if (!api_is_reading(req, handler))
        return;
    buf_init(&b, API_ANSWER_MAX_BYTES);
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
        api_answer_text(req, handler, 500, "out of memory\n");
    else
        api_answer(req, handler, all ? 200 : 503, "application/json", b.data, b.len);
    buf_free(&b);
}

void api_on_livez(struct evhttp_request *req, void *arg)
{
    const struct api *a = arg;

    answer_checks(req, "livez", a->config.live, a->config.n_live);
}

void api_on_readyz(struct evhttp_request *req, void *arg)
{
    const struct api *a = arg;

    answer_checks(req, "readyz", a->config.ready, a->config.n_ready);
}

void api_on_page(struct evhttp_request *req, void *arg)
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    const struct api *a = arg;

    api_begin(clock_mono_us());
    if (!api_is_reading(req, "page") || !api_is_permitted(a, req, "page"))
        return;
    for (unsigned i = 0; i < web_files_count; i++)
        if (strcmp(path, web_files[i].path) == 0) {
            evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Security-Policy",
                              WEB_POLICY);
            api_answer(req, "page", 200, web_files[i].type, web_files[i].data, web_files[i].len);
            return;
        }
    api_answer_text(req, "page", 404, "not found\n");
}
