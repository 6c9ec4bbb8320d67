/* The address-dump thread. It waits for its next tick, a request or the quit token, whichever comes
 * first, and then blocks on the disk and nothing else; who asks never waits for it.
 *
 * A dump that fails leaves the old file; it is logged, counted, and tried again at the next tick.
 */
#include "addrbook/dump.h"

#include <assert.h>
#include <string.h>

#include "addrbook/anchors.h"
#include "addrbook/peers_file.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "thread/chan.h"
#include "thread/thread.h"

#define LOG_SUBSYSTEM "addrbook"

static struct metric_family dumps_family = {
    .name = "p2pnode_addrbook_dumps_total",
    .help = "Writes of peers.json, by outcome.",
    .type = METRIC_COUNTER,
    .labels = {"outcome"},
};

static const double seconds_buckets[] = {0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 5};

static struct metric_family seconds_family = {
    .name = "p2pnode_addrbook_dump_duration_seconds",
    .help = "How long a write of peers.json took, sync included.",
    .type = METRIC_HISTOGRAM,
    .buckets = seconds_buckets,
    .n_buckets = sizeof seconds_buckets / sizeof seconds_buckets[0],
    .scale = 1e-6,
};

/* What is asked for. */
enum wish { WISH_PEERS = 'p', WISH_ANCHORS = 'a' };

/* Room for one of each: a second of the same kind is the same wish. */
static struct chan_class wishes_class = {
    .name = "addr_dump",
    .elem_size = 1,
    .capacity = 2,
    .block_roles = 0,
};

struct anchors {
    struct net_addr list[ANCHORS_MAX];
    size_t n;
};

struct addr_dump {
    struct addrbook *book;
    char *peers_path, *anchors_path;
    int64_t interval_ms, tick_us; /* tick_us is the thread's once it runs */
    struct thread thread;
    struct chan wishes, quit;
    struct mutex mu;
    struct anchors anchors GUARDED_BY(mu);
    bool anchors_changed GUARDED_BY(mu), wished[2] GUARDED_BY(mu); /* peers, anchors: in wishes */
    struct addr_dump_status status GUARDED_BY(mu);
};

static void write_peers(struct addr_dump *d)
{
    int64_t start_us = clock_mono_us(), took_us;
    int rc = peers_file_save(d->book, d->peers_path);

    took_us = clock_mono_us() - start_us;
    metric_add(metric_get(&dumps_family, rc == 0 ? "written" : "failed", NULL), 1);
    metric_observe(metric_get(&seconds_family, NULL), took_us);
    mutex_lock(&d->mu);
    d->status.written += rc == 0;
    d->status.failed += rc != 0;
    d->status.last_took_us = took_us;
    d->status.last_error = rc;
    mutex_unlock(&d->mu);
    if (rc < 0)
        log_error(LOG_SUBSYSTEM, "cannot write %s: %s", d->peers_path, pn_strerror(rc));
    else
        log_debug(LOG_SUBSYSTEM, "%s written in %lld us", d->peers_path, (long long)took_us);
}

static void write_anchors(struct addr_dump *d)
{
    struct anchors now;
    bool changed;
    int rc;

    mutex_lock(&d->mu);
    now = d->anchors;
    changed = d->anchors_changed;
    d->anchors_changed = false;
    mutex_unlock(&d->mu);
    if (!changed)
        return;
    rc = anchors_save(d->anchors_path, now.list, now.n);
    if (rc < 0) {
        log_error(LOG_SUBSYSTEM, "cannot write %s: %s", d->anchors_path, pn_strerror(rc));
        mutex_lock(&d->mu);
        d->anchors_changed = true; /* the next tick tries again */
        mutex_unlock(&d->mu);
    }
}

static void fulfil(struct addr_dump *d, enum wish wish)
{
    mutex_lock(&d->mu);
    d->wished[wish == WISH_ANCHORS] = false; /* from here on another one is news */
    mutex_unlock(&d->mu);
    if (wish == WISH_ANCHORS)
        write_anchors(d);
    else
        write_peers(d);
}

static void run(void *arg)
{
    struct addr_dump *d = arg;
    uint8_t wish;
    int which;

    do {
        struct chan_case cases[] = {
            {.chan = &d->quit, .op = CHAN_RECV},
            {.chan = &d->wishes, .op = CHAN_RECV, .elem = &wish},
        };

        which = chan_select(cases, 2, d->tick_us);
        if (which == 1) {
            fulfil(d, (enum wish)wish);
        } else { /* the tick, or the last one */
            d->tick_us = clock_deadline_ms(d->interval_ms);
            write_anchors(d);
            write_peers(d);
        }
    } while (which != 0);
}

static void destroy(struct addr_dump *d)
{
    chan_destroy(&d->wishes, NULL);
    chan_destroy(&d->quit, NULL);
    mutex_destroy(&d->mu);
    mem_free(d->peers_path);
    mem_free(d->anchors_path);
    mem_free(d);
}

/* Returns: NULL when there is no memory. */
static struct addr_dump *make(struct addrbook *book, const char *peers_path,
                              const char *anchors_path, int64_t interval_ms)
{
    struct addr_dump *d = mem_zalloc(sizeof *d);

    if (!d)
        return NULL;
    mutex_init(&d->mu);
    d->book = book;
    d->interval_ms = interval_ms;
    d->tick_us = clock_deadline_ms(interval_ms);
    d->peers_path = mem_strdup(peers_path);
    d->anchors_path = mem_strdup(anchors_path);
    if (!d->peers_path || !d->anchors_path || chan_class_register(&wishes_class) < 0 ||
        chan_class_register(&quit_class) < 0 || chan_init(&d->wishes, &wishes_class) < 0)
        goto no_wishes;
    if (chan_init(&d->quit, &quit_class) < 0)
        goto no_quit;
    return d;
no_quit:
    chan_destroy(&d->wishes, NULL);
no_wishes:
    mutex_destroy(&d->mu);
    mem_free(d->peers_path);
    mem_free(d->anchors_path);
    mem_free(d);
    return NULL;
}

int addr_dump_start(struct addr_dump **out, struct addrbook *book, const char *peers_path,
                    const char *anchors_path, int64_t interval_ms)
{
    struct addr_dump *d = make(book, peers_path, anchors_path, interval_ms);
    int rc;

    *out = NULL;
    if (!d)
        return PN_ENOMEM;
    rc = thread_start(&d->thread, "addr-dump", ROLE_DUMP, run, d);
    if (rc < 0) {
        destroy(d);
        return rc;
    }
    *out = d;
    return 0;
}

/* Each kind of wish is inside at most once, so that there is always room. */
static void wish_for(struct addr_dump *d, enum wish wish)
{
    uint8_t elem = (uint8_t)wish;
    bool inside;

    mutex_lock(&d->mu);
    inside = d->wished[wish == WISH_ANCHORS];
    d->wished[wish == WISH_ANCHORS] = true;
    mutex_unlock(&d->mu);
    if (!inside)
        chan_try_send(&d->wishes, &elem);
}

void addr_dump_request(struct addr_dump *d)
{
    wish_for(d, WISH_PEERS);
}

void addr_dump_set_anchors(struct addr_dump *d, const struct net_addr *anchors, size_t n)
{
    assert(n <= ANCHORS_MAX);
    if (n == 0)
        return;
    mutex_lock(&d->mu);
    d->anchors = (struct anchors){.n = n};
    memcpy(d->anchors.list, anchors, n * sizeof *anchors);
    d->anchors_changed = true;
    mutex_unlock(&d->mu);
    wish_for(d, WISH_ANCHORS);
}

void addr_dump_status(struct addr_dump *d, struct addr_dump_status *out)
{
    mutex_lock(&d->mu);
    *out = d->status;
    mutex_unlock(&d->mu);
}

void addr_dump_stop(struct addr_dump *d)
{
    if (!d)
        return;
    quit_request(&d->quit);
    thread_join(&d->thread);
    destroy(d);
}
