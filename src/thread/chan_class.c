/* The books of channel classes: which channels live, what those that are gone have counted, and the
 * metrics made of both.
 *
 * A channel counts under its own lock, in plain integers. Only when the metrics are rendered does
 * the collector here visit every living channel, so that sending touches nothing that channels
 * share. */
#include <utlist.h>

#include "base/err.h"
#include "base/mem.h"
#include "metrics/metrics.h"
#include "thread/chan_internal.h"

struct chan_totals {
    uint64_t depth, capacity, high_water;
    uint64_t sent, drops, blocked_us;
};

struct chan_class_state {
    struct mutex mu;
    struct chan *live GUARDED_BY(mu);
    struct chan_totals gone GUARDED_BY(mu); /* of destroyed channels */
    const char *name;
    struct chan_class_state *next;
};

/* Classes are never forgotten: they are static objects, and few. */
static struct mutex registry_mu = MUTEX_INITIALIZER;
static struct chan_class_state *registry GUARDED_BY(registry_mu);

#define CHAN_FAMILY(metric_name, metric_help, ...)                                       \
    {                                                                                    \
        .name = (metric_name), .help = (metric_help), .labels = {"channel"}, __VA_ARGS__ \
    }

static struct metric_family depth_family =
    CHAN_FAMILY("p2pnode_channel_depth", "Elements inside now, all channels of the class together.",
                .type = METRIC_GAUGE);
static struct metric_family capacity_family =
    CHAN_FAMILY("p2pnode_channel_capacity",
                "Room for elements, all channels of the class together.", .type = METRIC_GAUGE);
static struct metric_family high_water_family =
    CHAN_FAMILY("p2pnode_channel_high_water",
                "The most elements that one channel of the class ever held.", .type = METRIC_GAUGE);
static struct metric_family blocked_family =
    CHAN_FAMILY("p2pnode_channel_send_blocked_seconds_total",
                "Time that senders have waited for room.", .type = METRIC_COUNTER, .scale = 1e-6);
static struct metric_family dropped_family = CHAN_FAMILY(
    "p2pnode_channel_dropped_total",
    "Elements refused for lack of room to senders that do not wait.", .type = METRIC_COUNTER);
static struct metric_family sent_family = CHAN_FAMILY(
    "p2pnode_channel_sent_total", "Elements that entered a channel.", .type = METRIC_COUNTER);

static void totals_add(struct chan_totals *t, struct chan *c)
{
    mutex_lock(&c->mu);
    t->depth += c->count;
    t->capacity += c->cls->capacity;
    if (c->high_water > t->high_water)
        t->high_water = c->high_water;
    t->sent += c->sent;
    t->drops += c->drops;
    t->blocked_us += c->blocked_us;
    mutex_unlock(&c->mu);
}

static void show(struct metric_family *family, const char *channel, uint64_t value)
{
    metric_set(metric_get(family, channel, NULL), (int64_t)value);
}

/* Under the lock to the end: of two renderings at once the later totals must be shown last. */
static void collect_class(struct chan_class_state *s)
{
    struct chan_totals now;

    mutex_lock(&s->mu);
    now = s->gone;
    for (struct chan *c = s->live; c; c = c->class_next)
        totals_add(&now, c);
    show(&depth_family, s->name, now.depth);
    show(&capacity_family, s->name, now.capacity);
    show(&high_water_family, s->name, now.high_water);
    show(&sent_family, s->name, now.sent);
    show(&dropped_family, s->name, now.drops);
    show(&blocked_family, s->name, now.blocked_us);
    mutex_unlock(&s->mu);
}

static void collect_all(void *arg)
{
    struct chan_class_state *s;

    (void)arg;
    mutex_lock(&registry_mu);
    s = registry;
    mutex_unlock(&registry_mu);
    /* The list only grows at its head, so what follows a state never changes. */
    for (; s; s = s->next)
        collect_class(s);
}

int chan_class_register(struct chan_class *cls)
{
    struct chan_class_state *s;
    int rc = 0;

    mutex_lock(&registry_mu);
    if (cls->state)
        goto out;
    s = mem_zalloc(sizeof *s);
    if (!s || (!registry && metrics_add_collector(collect_all, NULL) < 0)) {
        mem_free(s);
        rc = PN_ENOMEM;
        goto out;
    }
    mutex_init(&s->mu);
    s->name = cls->name;
    LL_PREPEND(registry, s);
    cls->state = s;
out:
    mutex_unlock(&registry_mu);
    return rc;
}

void chan_class_add(struct chan *c)
{
    struct chan_class_state *s = c->cls->state;

    if (!s)
        return;
    mutex_lock(&s->mu);
    DL_APPEND2(s->live, c, class_prev, class_next);
    mutex_unlock(&s->mu);
}

void chan_class_remove(struct chan *c)
{
    struct chan_class_state *s = c->cls->state;

    if (!s)
        return;
    mutex_lock(&s->mu);
    DL_DELETE2(s->live, c, class_prev, class_next);
    totals_add(&s->gone, c);
    s->gone.depth = s->gone.capacity = 0;
    mutex_unlock(&s->mu);
}
