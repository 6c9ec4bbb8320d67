/* The registry: a sorted list of families, each with a sorted list of children.
 *
 * A child is one allocation that never moves, so that a thread may keep its pointer and update it
 * without a lock. The lists are kept in order as they grow, which makes the exposition
 * deterministic without sorting. Lookups walk a list of at most METRIC_MAX_CHILDREN: they happen
 * when a thread starts, not per event. */
#include "metrics/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/bug.h"
#include "base/mem.h"
#include "metrics/collector.h"
#include "metrics/metric.h"

struct mutex registry_mu = MUTEX_INITIALIZER;
struct metric_family *registry_families;

/* Stands in for a child that cannot be had: updates are accepted and shown nowhere. */
static struct metric nowhere;

static unsigned count_labels(const struct metric_family *f)
{
    unsigned n = 0;

    while (n < METRIC_MAX_LABELS && f->labels[n])
        n++;
    return n;
}

__attribute__((unused)) static bool ends_in_total(const char *name)
{
    size_t len = strlen(name);

    return len > 6 && strcmp(name + len - 6, "_total") == 0;
}

static int64_t bound_in_stored_units(const struct metric_family *f, unsigned i)
{
    return llround(f->scale > 0 ? f->buckets[i] / f->scale : f->buckets[i]);
}

static struct metric *child_new(struct metric_family *f, const char *const *values, unsigned n)
{
    size_t cells = f->type == METRIC_HISTOGRAM ? f->n_buckets + 1 : 0;
    size_t fixed = sizeof(struct metric) + cells * sizeof(struct metric_bucket), text = 0;
    struct metric *m;
    char *at;

    for (unsigned i = 0; i < n; i++)
        text += strlen(values[i]) + 1;
    m = mem_zalloc(fixed + text);
    if (!m)
        return NULL;
    m->family = f;
    at = (char *)m + fixed;
    for (unsigned i = 0; i < n; i++) {
        m->labels[i] = at;
        at = stpcpy(at, values[i]) + 1;
    }
    for (unsigned i = 0; i + 1 < cells; i++)
        m->buckets[i].bound = bound_in_stored_units(f, i);
    return m;
}

static int compare_labels(char *const *a, const char *const *b, unsigned n)
{
    int order = 0;

    for (unsigned i = 0; i < n && order == 0; i++)
        order = strcmp(a[i], b[i]);
    return order;
}

static void register_family(struct metric_family *f) REQUIRES(registry_mu)
{
    struct metric_family **at = &registry_families;

    assert(ends_in_total(f->name) == (f->type == METRIC_COUNTER));
    while (*at && strcmp((*at)->name, f->name) < 0)
        at = &(*at)->next;
    assert(!*at || strcmp((*at)->name, f->name) != 0);
    f->next = *at;
    *at = f;
}

static struct metric *find_or_make(struct metric_family *f, const char *const *values, unsigned n)
    REQUIRES(registry_mu)
{
    struct metric **at = &f->children, *m;
    int order = 1;

    while (*at && (order = compare_labels((*at)->labels, values, n)) < 0)
        at = &(*at)->next;
    if (*at && order == 0)
        return *at;
    if (f->n_children >= METRIC_MAX_CHILDREN)
        return &nowhere;
    m = child_new(f, values, n);
    if (!m)
        return &nowhere;
    if (!f->children)
        register_family(f);
    m->next = *at;
    *at = m;
    f->n_children++;
    return m;
}

struct metric *metric_get(struct metric_family *family, ...)
{
    const char *values[METRIC_MAX_LABELS] = {NULL};
    unsigned n = count_labels(family);
    struct metric *m = &nowhere;
    bool complete = true;
    va_list ap;

    va_start(ap, family);
    for (unsigned i = 0; i < n && complete; i++)
        complete = (values[i] = va_arg(ap, const char *)) != NULL;
    complete = complete && va_arg(ap, const char *) == NULL;
    va_end(ap);
    if (BUG(!complete))
        return &nowhere;
    mutex_lock(&registry_mu);
    m = find_or_make(family, values, n);
    mutex_unlock(&registry_mu);
    return m;
}

void metric_add(struct metric *m, int64_t value)
{
    assert(!m->family || m->family->type != METRIC_HISTOGRAM);
    assert(!m->family || m->family->type != METRIC_COUNTER || value >= 0);
    atomic_fetch_add_explicit(&m->value, value, memory_order_relaxed);
}

void metric_set(struct metric *m, int64_t value)
{
    assert(!m->family || m->family->type != METRIC_HISTOGRAM);
    atomic_store_explicit(&m->value, value, memory_order_relaxed);
}

void metric_observe(struct metric *m, int64_t value)
{
    unsigned i = 0;

    assert(!m->family || m->family->type == METRIC_HISTOGRAM);
    if (!m->family)
        return;
    while (i < m->family->n_buckets && value > m->buckets[i].bound)
        i++;
    atomic_fetch_add_explicit(&m->value, value, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->buckets[i].count, 1, memory_order_relaxed);
}

int64_t metric_value(const struct metric *m)
{
    uint64_t count = 0;

    if (!m->family || m->family->type != METRIC_HISTOGRAM)
        return atomic_load_explicit(&m->value, memory_order_relaxed);
    for (unsigned i = 0; i <= m->family->n_buckets; i++)
        count += atomic_load_explicit(&m->buckets[i].count, memory_order_relaxed);
    return (int64_t)count;
}

void metrics_reset(void)
{
    collectors_reset();
    mutex_lock(&registry_mu);
    for (struct metric_family *f = registry_families, *next; f; f = next) {
        for (struct metric *m = f->children, *after; m; m = after) {
            after = m->next;
            mem_free(m);
        }
        next = f->next;
        f->children = NULL;
        f->n_children = 0;
        f->next = NULL;
    }
    registry_families = NULL;
    mutex_unlock(&registry_mu);
    atomic_store(&nowhere.value, 0);
}
