/* The exposition: Prometheus text format 0.0.4 and OpenMetrics 1.0.
 *
 * They differ in four places: OpenMetrics names a counter's family without _total, escapes the
 * quote in help texts too, writes whole bucket bounds as 1.0, and ends in # EOF. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/collector.h"
#include "metrics/metric.h"

enum { NUMBER_BYTES = 32, BOUND_BYTES = NUMBER_BYTES + 2 };

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

/* The shorter of the two forms that read back as the same number. */
static void format_double(char out[NUMBER_BYTES], double v)
{
    snprintf(out, NUMBER_BYTES, "%.15g", v);
    if (strtod(out, NULL) != v)
        snprintf(out, NUMBER_BYTES, "%.17g", v);
}

static void put_value(struct buf *out, const struct metric_family *f, int64_t stored)
{
    char text[NUMBER_BYTES];
    double v;

    if (f->scale <= 0 || f->scale == 1.0) {
        buf_printf(out, " %" PRId64 "\n", stored);
        return;
    }
    /* Dividing by the whole number rounds once: 1234567 µs is shown as 1.234567. */
    v = f->scale < 1 ? (double)stored / nearbyint(1 / f->scale) : (double)stored * f->scale;
    format_double(text, v);
    buf_printf(out, " %s\n", text);
}

static void put_escaped(struct buf *out, const char *text, bool quote)
{
    for (; *text; text++)
        if (*text == '\n')
            buf_puts(out, "\\n");
        else if (*text == '\\')
            buf_puts(out, "\\\\");
        else if (*text == '"' && quote)
            buf_puts(out, "\\\"");
        else
            buf_append(out, text, 1);
}

/* Name, suffix and labels of one sample; `le` is an additional label or NULL. */
static void put_series(struct buf *out, const struct metric *m, const char *suffix, const char *le)
{
    const struct metric_family *f = m->family;
    const char *separator = "{";

    buf_printf(out, "%s%s", f->name, suffix);
    for (unsigned i = 0; i < METRIC_MAX_LABELS && f->labels[i]; i++) {
        buf_printf(out, "%s%s=\"", separator, f->labels[i]);
        put_escaped(out, m->labels[i], true);
        buf_puts(out, "\"");
        separator = ",";
    }
    if (le)
        buf_printf(out, "%sle=\"%s\"", separator, le);
    if (le || f->labels[0])
        buf_puts(out, "}");
}

/* The bucket's upper bound as the text of its label. */
static void format_bound(char out[BOUND_BYTES], const struct metric_family *f, unsigned i,
                         enum metrics_format format)
{
    char number[NUMBER_BYTES];

    if (i == f->n_buckets) {
        snprintf(out, BOUND_BYTES, "+Inf");
        return;
    }
    format_double(number, f->buckets[i]);
    snprintf(out, BOUND_BYTES, "%s%s", number,
             format == METRICS_OPENMETRICS && !strpbrk(number, ".e") ? ".0" : "");
}

static void put_histogram(struct buf *out, const struct metric *m, enum metrics_format format)
{
    const struct metric_family *f = m->family;
    char le[BOUND_BYTES];
    uint64_t count = 0;

    for (unsigned i = 0; i <= f->n_buckets; i++) {
        count += atomic_load_explicit(&m->buckets[i].count, memory_order_relaxed);
        format_bound(le, f, i, format);
        put_series(out, m, "_bucket", le);
        buf_printf(out, " %" PRIu64 "\n", count);
    }
    put_series(out, m, "_sum", NULL);
    put_value(out, f, atomic_load_explicit(&m->value, memory_order_relaxed));
    put_series(out, m, "_count", NULL);
    buf_printf(out, " %" PRIu64 "\n", count);
}

static void put_family(struct buf *out, const struct metric_family *f, enum metrics_format format)
    REQUIRES(registry_mu)
{
    bool open = format == METRICS_OPENMETRICS;
    int name_len = (int)strlen(f->name);

    if (open && f->type == METRIC_COUNTER)
        name_len -= (int)strlen("_total");
    buf_printf(out, "# HELP %.*s ", name_len, f->name);
    put_escaped(out, f->help, open);
    buf_printf(out, "\n# TYPE %.*s %s\n", name_len, f->name, type_names[f->type]);
    for (const struct metric *m = f->children; m; m = m->next)
        if (f->type == METRIC_HISTOGRAM) {
            put_histogram(out, m, format);
        } else {
            put_series(out, m, "", NULL);
            put_value(out, f, metric_value(m));
        }
}

int metrics_render(struct buf *out, enum metrics_format format)
{
    collectors_run();
    mutex_lock(&registry_mu);
    for (const struct metric_family *f = registry_families; f; f = f->next)
        put_family(out, f, format);
    mutex_unlock(&registry_mu);
    if (format == METRICS_OPENMETRICS)
        buf_puts(out, "# EOF\n");
    return out->err;
}
