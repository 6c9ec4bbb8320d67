/* The registry of metrics: atomic counters, gauges and histograms in families with bounded labels,
 * and their Prometheus text. No HTTP here.
 *
 * A family is a static object. Labels take values from fixed lists only (a network, a message
 * name, a reason), never an address, a user agent or a hash; a family refuses more children than
 * METRIC_MAX_CHILDREN. Updating a child is one relaxed atomic operation. */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <stdint.h>

#include "base/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_MAX_LABELS      3
#define METRIC_MAX_CHILDREN    512
#define METRICS_MAX_COLLECTORS 16

struct metric; /* one child: a family with its label values */

struct metric_family {
    const char *name; /* Prometheus name with unit; counters end in _total */
    const char *help;
    enum metric_type type;
    const char *labels[METRIC_MAX_LABELS]; /* label names, NULL after the last */
    const double *buckets; /* histogram: ascending upper bounds in the exposed unit, without +Inf;
                              each counts as the nearest whole stored unit */
    unsigned n_buckets;
    double scale; /* what one stored unit is worth in the exposed unit: 1e-6 for microseconds shown
                     as seconds; 0 means 1; below 1 it is one over a whole number */
    /* filled by the registry, under its lock; both lists are sorted */
    struct metric *children;
    unsigned n_children;
    struct metric_family *next;
};

/* The child with these label values (as many as the family has labels; copied), made on first use;
 * the family is registered with its first child. Children live until metrics_reset.
 * Thread: any; keep the pointer, it takes the registry's lock.
 * Returns: never NULL: without memory or beyond the bound a shared child that is not exposed. */
struct metric *metric_get(struct metric_family *family, ...) __attribute__((sentinel));

/* Thread: any; wait-free. Values are in stored units. */
void metric_add(struct metric *m, int64_t value);     /* counter: value >= 0; gauge */
void metric_set(struct metric *m, int64_t value);     /* gauge, or a counter kept elsewhere */
void metric_observe(struct metric *m, int64_t value); /* histogram */

/* Thread: any. Returns: the value in stored units; for a histogram the number of observations. */
int64_t metric_value(const struct metric *m);

/* A callback before each rendering, to set gauges that are computed when asked for.
 * Thread: it runs on the rendering thread, without any lock of this module; it adds and removes no
 * collectors. Returns: 0 or PN_ELIMIT beyond METRICS_MAX_COLLECTORS. */
typedef void metrics_collector(void *arg);
int metrics_add_collector(metrics_collector *fn, void *arg);

/* Afterwards `fn` is not running with `arg` and will not run again: it waits for a rendering that
 * is inside it, so `fn` must not wait for the thread that removes it. Unknown pairs are ignored. */
void metrics_remove_collector(metrics_collector *fn, void *arg);

enum metrics_format { METRICS_TEXT_004, METRICS_OPENMETRICS };

/* Append the exposition of all families, sorted by name, after running the collectors. Numbers are
 * written in the C locale, which the program never leaves. Thread: any. Returns: 0 or the buffer's
 * error. Source: Prometheus text format 0.0.4, OpenMetrics 1.0. */
int metrics_render(struct buf *out, enum metrics_format format);

/* The standard process_* families and p2pnode_build_info{version}. Idempotent. Thread: any. */
void metrics_register_process(const char *version);

/* Free all children, forget all families and collectors. Thread: the last one, at exit and between
 * tests. */
void metrics_reset(void);

#endif
