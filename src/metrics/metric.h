/* What a child is made of, and the registry. Internal to metrics/. */
#ifndef METRICS_METRIC_H
#define METRICS_METRIC_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "metrics/metrics.h"

struct metric_bucket {
    int64_t bound;              /* in stored units, inclusive; the last bucket has none */
    atomic_uint_fast64_t count; /* of this bucket alone; rendering accumulates */
};

struct metric {
    struct metric_family *family; /* NULL: the shared child that is not exposed */
    struct metric *next;
    atomic_int_fast64_t value; /* counter, gauge; a histogram's sum */
    char *labels[METRIC_MAX_LABELS];
    struct metric_bucket buckets[]; /* histogram: n_buckets + 1; the labels' text follows */
};

/* Guards the families, their child lists and counts; not the values, which are atomic. */
extern struct mutex registry_mu;
extern struct metric_family *registry_families GUARDED_BY(registry_mu);

#endif
