/* Callbacks before a rendering.
 *
 * A collector runs without a lock, because it may ask another thread for its figures. What makes
 * removing it safe is a count of the renderings that are inside it: metrics_remove_collector takes
 * the collector out of reach and then waits for the count to drop to zero. */
#include "metrics/collector.h"

#include <stdbool.h>

#include "base/err.h"
#include "base/mutex.h"
#include "metrics/metrics.h"

struct collector {
    metrics_collector *fn; /* NULL: a free place, unless `running` says it is still being left */
    void *arg;
    unsigned running;
};

static struct mutex mu = MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER; /* some `running` dropped to zero */
static struct collector collectors[METRICS_MAX_COLLECTORS] GUARDED_BY(mu);

int metrics_add_collector(metrics_collector *fn, void *arg)
{
    int err = PN_ELIMIT;

    mutex_lock(&mu);
    for (unsigned i = 0; i < METRICS_MAX_COLLECTORS && err; i++)
        if (!collectors[i].fn && collectors[i].running == 0) {
            collectors[i].fn = fn;
            collectors[i].arg = arg;
            err = 0;
        }
    mutex_unlock(&mu);
    return err;
}

void metrics_remove_collector(metrics_collector *fn, void *arg)
{
    mutex_lock(&mu);
    for (unsigned i = 0; i < METRICS_MAX_COLLECTORS; i++) {
        struct collector *c = &collectors[i];

        if (c->fn != fn || c->arg != arg)
            continue;
        c->fn = NULL;
        while (c->running > 0)
            pthread_cond_wait(&left, &mu.m);
    }
    mutex_unlock(&mu);
}

/* Enter the i-th collector. Returns: false for a free place. */
static bool enter(struct collector *copy, unsigned i)
{
    mutex_lock(&mu);
    *copy = collectors[i];
    if (copy->fn)
        collectors[i].running++;
    mutex_unlock(&mu);
    return copy->fn != NULL;
}

static void leave(unsigned i)
{
    mutex_lock(&mu);
    if (--collectors[i].running == 0)
        pthread_cond_broadcast(&left);
    mutex_unlock(&mu);
}

void collectors_run(void)
{
    struct collector c;

    for (unsigned i = 0; i < METRICS_MAX_COLLECTORS; i++)
        if (enter(&c, i)) {
            c.fn(c.arg);
            leave(i);
        }
}

void collectors_reset(void)
{
    mutex_lock(&mu);
    for (unsigned i = 0; i < METRICS_MAX_COLLECTORS; i++)
        collectors[i] = (struct collector){.fn = NULL};
    mutex_unlock(&mu);
}
