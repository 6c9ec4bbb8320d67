/* The thread waits for the quit token, its inbox and the nearest deadline of a source, and calls
 * sources in between; it blocks on nothing else.
 *
 * A lookup under way has a place in `lookups`. The discovery thread takes the place and is the only
 * one to free it; between the two it belongs to whoever resolves, who writes the answer into it and
 * posts its number. The inbox has room for all numbers, so posting never fails and never waits. */
#include "discovery/discovery.h"

#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "metrics/metrics.h"
#include "thread/chan.h"
#include "thread/thread.h"

static struct metric_family lookups_family = {
    .name = "p2pnode_discovery_lookups_total",
    .help = "Names looked up to find peers, by network and outcome.",
    .type = METRIC_COUNTER,
    .labels = {"network", "outcome"},
};

static struct metric_family found_family = {
    .name = "p2pnode_discovery_addresses_total",
    .help = "Addresses that entered the address book, by network and origin.",
    .type = METRIC_COUNTER,
    .labels = {"network", "origin"},
};

static struct chan_class inbox_class = {
    .name = "discovery_inbox",
    .elem_size = sizeof(uint8_t), /* the number of a lookup */
    .capacity = DISCOVERY_MAX_LOOKUPS,
    .block_roles = 0,
};

struct discovery_source {
    struct discovery *owner;
    const struct discovery_source_ops *ops;
    void *state;
    int64_t deadline_us;
};

struct lookup {
    struct discovery *owner;
    struct discovery_source *source; /* NULL: the place is free */
    uint64_t tag;
    char name[JOURNAL_SUBJECT_BYTES];
    int rc;
    struct net_addr addrs[RESOLVER_MAX_ADDRESSES];
    size_t n;
};

struct discovery {
    const char *network;
    struct discovery_resolver resolver;
    struct journal *journal; /* or NULL */
    struct discovery_source sources[DISCOVERY_MAX_SOURCES];
    unsigned n_sources;
    struct lookup lookups[DISCOVERY_MAX_LOOKUPS];
    struct chan inbox, quit;
    struct thread thread;
};

/* --- lookups --- */

/* Thread: the resolver's. */
static void on_done(void *arg, int rc, const struct net_addr *addrs, size_t n)
{
    struct lookup *l = arg;
    uint8_t number = (uint8_t)(l - l->owner->lookups);

    l->rc = rc;
    l->n = n < RESOLVER_MAX_ADDRESSES ? n : RESOLVER_MAX_ADDRESSES;
    if (l->n > 0)
        memcpy(l->addrs, addrs, l->n * sizeof *addrs);
    if (BUG(chan_try_send(&l->owner->inbox, &number) < 0))
        return;
}

static void count_outcome(const struct discovery *d, const struct lookup *l, int rc)
{
    const struct journal_note note = {
        .event = JOURNAL_WARNED,
        .kind = JOURNAL_SERVER,
        .subject = l->name,
        .network = d->network,
        .reason = pn_errname(rc),
        .detail = "looked up to find peers",
    };

    metric_add(metric_get(&lookups_family, d->network, pn_errname(rc), NULL), 1);
    if (rc < 0)
        journal_add(d->journal, &note);
}

static struct lookup *free_place(struct discovery *d)
{
    for (unsigned i = 0; i < DISCOVERY_MAX_LOOKUPS; i++)
        if (!d->lookups[i].source)
            return &d->lookups[i];
    return NULL;
}

int discovery_lookup(struct discovery_source *self, const struct net_target *name, uint64_t tag)
{
    struct discovery *d = self->owner;
    struct lookup *l = free_place(d);
    int rc;

    if (!d->resolver.begin)
        return PN_ENOROUTE;
    if (!l)
        return PN_ELIMIT;
    l->source = self;
    l->tag = tag;
    snprintf(l->name, sizeof l->name, "%.*s", (int)sizeof l->name - 1, name->host);
    rc = d->resolver.begin(d->resolver.arg, name, on_done, l);
    if (rc < 0) {
        l->source = NULL;
        count_outcome(d, l, rc);
    }
    return rc;
}

static void hand_over(struct discovery *d, struct lookup *l)
{
    struct discovery_source *source = l->source;
    const struct discovery_answer answer = {
        .tag = l->tag, .rc = l->rc, .addrs = l->addrs, .n = l->n};

    if (BUG(!source))
        return;
    count_outcome(d, l, l->rc);
    source->deadline_us = source->ops->on_answer(source->state, &answer, clock_mono_us());
    l->source = NULL;
}

void discovery_found(struct discovery_source *self, const char *origin, size_t n)
{
    const struct journal_note note = {
        .event = JOURNAL_FOUND,
        .kind = JOURNAL_NETWORK,
        .subject = self->owner->network,
        .network = self->owner->network,
        .reason = origin,
        .count = n,
    };

    metric_add(metric_get(&found_family, self->owner->network, origin, NULL), (int64_t)n);
    if (n > 0)
        journal_add(self->owner->journal, &note);
}

/* --- the thread --- */

static int64_t nearest_deadline(const struct discovery *d)
{
    int64_t nearest_us = CLOCK_NEVER;

    for (unsigned i = 0; i < d->n_sources; i++)
        if (d->sources[i].deadline_us < nearest_us)
            nearest_us = d->sources[i].deadline_us;
    return nearest_us;
}

static void ring_timers(struct discovery *d)
{
    int64_t now_us = clock_mono_us();

    for (unsigned i = 0; i < d->n_sources; i++) {
        struct discovery_source *s = &d->sources[i];

        if (s->deadline_us <= now_us)
            s->deadline_us = s->ops->on_timer(s->state, now_us);
    }
}

static void run(void *arg)
{
    struct discovery *d = arg;
    uint8_t number;

    for (unsigned i = 0; i < d->n_sources; i++) {
        struct discovery_source *s = &d->sources[i];

        s->deadline_us = s->ops->start(s->state, s, clock_mono_us());
    }
    for (;;) {
        struct chan_case cases[] = {
            {.chan = &d->quit, .op = CHAN_RECV},
            {.chan = &d->inbox, .op = CHAN_RECV, .elem = &number},
        };
        int which = chan_select(cases, 2, nearest_deadline(d));

        if (which == 0)
            return;
        if (which == 1)
            hand_over(d, &d->lookups[number]);
        ring_timers(d);
    }
}

struct discovery *discovery_new(const char *network, const struct discovery_resolver *resolver)
{
    struct discovery *d = mem_zalloc(sizeof *d);

    if (!d)
        return NULL;
    d->network = network;
    d->resolver = *resolver;
    for (unsigned i = 0; i < DISCOVERY_MAX_LOOKUPS; i++)
        d->lookups[i].owner = d;
    if (chan_class_register(&inbox_class) < 0 || chan_class_register(&quit_class) < 0 ||
        chan_init(&d->inbox, &inbox_class) < 0)
        goto fail;
    if (chan_init(&d->quit, &quit_class) < 0) {
        chan_destroy(&d->inbox, NULL);
        goto fail;
    }
    return d;
fail:
    mem_free(d);
    return NULL;
}

void discovery_set_journal(struct discovery *d, struct journal *journal)
{
    d->journal = journal;
}

int discovery_add(struct discovery *d, const struct discovery_source_ops *ops, void *state)
{
    if (d->n_sources == DISCOVERY_MAX_SOURCES)
        return PN_ELIMIT;
    d->sources[d->n_sources++] = (struct discovery_source){.owner = d, .ops = ops, .state = state};
    return 0;
}

int discovery_start(struct discovery *d)
{
    return thread_start(&d->thread, "discovery", ROLE_DISCOVERY, run, d);
}

void discovery_stop(struct discovery *d)
{
    if (!d)
        return;
    quit_request(&d->quit);
    thread_join(&d->thread);
}

void discovery_free(struct discovery *d)
{
    if (!d)
        return;
    chan_destroy(&d->inbox, NULL);
    chan_destroy(&d->quit, NULL);
    mem_free(d);
}
