/* The thread for block filters: it waits on its inbox, for a wake-up, or for the next time that one
 * of its parts has named, and on the disk. To peers it only try-sends. */
#include "bitcoin/filter_net.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter_net_internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum {
    HEARTBEAT_MS = 1000, /* so that headers in sync are noticed */
    TURN_MESSAGES = 16   /* taken before what is due is done */
};

static struct metric_family built_height_family = {
    .name = "p2pnode_filters_built_height",
    .help = "Height up to which block filters have been made.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family told_height_family = {
    .name = "p2pnode_filter_headers_height",
    .help = "Height up to which peers agree on filter headers.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family served_family = {
    .name = "p2pnode_filters_served_total",
    .help = "Block filters sent to peers.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static struct chan_class wake_class = {
    .name = "bitcoin_filters_wake",
    .elem_size = 0,
    .capacity = 1,
};

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Everything at hand, then what is due. Returns: when to turn again. */
static int64_t turn(struct filter_net *n, struct filter_msg *first)
{
    int64_t next_us = CLOCK_NEVER;
    struct filter_msg m;

    if (first)
        filter_client_take(n, first);
    for (int i = 1; first && i < TURN_MESSAGES && chan_try_recv(&n->inbox, &m) == 0; i++)
        filter_client_take(n, &m);
    if (n->net->config.build_filters)
        next_us = filter_index_run(n);
    return sooner(sooner(next_us, filter_client_run(n)), clock_deadline_ms(HEARTBEAT_MS));
}

static void run(void *arg)
{
    struct filter_net *n = arg;
    struct filter_msg m;
    struct chan_case cases[] = {
        {.chan = &n->inbox, .op = CHAN_RECV, .elem = &m},
        {.chan = &n->wake, .op = CHAN_RECV},
        {.chan = &n->quit, .op = CHAN_RECV},
    };
    int64_t next_us = 0;
    int which;

    while ((which = chan_select(cases, 3, next_us)) != 2)
        next_us = turn(n, which == 0 ? &m : NULL);
    /* Every peer is gone: what is left in the inbox gives their references back. */
    while (chan_try_recv(&n->inbox, &m) == 0)
        filter_client_take(n, &m);
}

/* --- life --- */

static bool is_wanted(const struct bitcoin_config *c)
{
    return c->build_filters || c->compare_filters;
}

static int open_db(struct filter_net *n)
{
    const struct bitcoin_config *c = &n->net->config;
    struct filter_row tip;
    int rc = filterdb_open(&n->db, c->filters_path, &c->params, c->max_peers);

    if (rc < 0) {
        log_error("bitcoin", "cannot open %s: %s", c->filters_path, pn_strerror(rc));
        return rc;
    }
    for (int kind = 0; kind < FILTERDB_KINDS; kind++)
        if (filterdb_tip(n->db, (enum filterdb_kind)kind, &tip) == 0)
            filter_net_note_reach(n, (enum filterdb_kind)kind, tip.height + 1, false);
    return 0;
}

static void make_metrics(struct filter_net *n)
{
    const char *chain = n->net->config.params.name;

    n->height[FILTERDB_BUILT] = metric_get(&built_height_family, chain, NULL);
    n->height[FILTERDB_TOLD] = metric_get(&told_height_family, chain, NULL);
    n->served = metric_get(&served_family, chain, NULL);
}

static int make_channels(struct filter_net *n)
{
    if (chan_class_register(&wake_class) < 0 || chan_class_register(&filter_inbox_class) < 0 ||
        chan_init(&n->wake, &wake_class) < 0)
        return PN_ENOMEM;
    if (chan_init(&n->inbox, &filter_inbox_class) < 0)
        goto fail_wake;
    if (chan_init(&n->quit, &quit_class) < 0)
        goto fail_inbox;
    return 0;
fail_inbox:
    chan_destroy(&n->inbox, NULL);
fail_wake:
    chan_destroy(&n->wake, NULL);
    return PN_ENOMEM;
}

int filter_net_new(struct filter_net **out, struct bitcoin *b)
{
    struct filter_net *n;
    int rc;

    *out = NULL;
    if (!is_wanted(&b->config))
        return 0;
    n = mem_zalloc(sizeof *n);
    if (!n)
        return PN_ENOMEM;
    n->net = b;
    mutex_init(&n->mu);
    make_metrics(n);
    rc = make_channels(n);
    if (rc < 0) {
        mutex_destroy(&n->mu);
        mem_free(n);
        return rc;
    }
    rc = open_db(n);
    if (rc == 0 && b->config.compare_filters) {
        n->client.sync = filtersync_new(&filter_client_ops, n);
        rc = n->client.sync ? 0 : PN_ENOMEM;
    }
    if (rc < 0) {
        filter_net_free(n);
        return rc;
    }
    *out = n;
    return 0;
}

int filter_net_start(struct filter_net *n)
{
    return n ? thread_start(&n->thread, "filters", ROLE_FILTERS, run, n) : 0;
}

void filter_net_stop(struct filter_net *n)
{
    if (!n)
        return;
    quit_request(&n->quit);
    thread_join(&n->thread);
}

void filter_net_free(struct filter_net *n)
{
    if (!n)
        return;
    filter_net_stop(n); /* it runs still when the manager could not be started */
    filter_client_free(n);
    filterdb_close(n->db);
    chan_destroy(&n->inbox, filter_msg_drop);
    chan_destroy(&n->wake, NULL);
    chan_destroy(&n->quit, NULL);
    mutex_destroy(&n->mu);
    mem_free(n);
}

/* --- what others ask --- */

void filter_net_wake(struct filter_net *n)
{
    if (n)
        chan_try_send_many(&n->wake, NULL, 1); /* a second one is the first */
}
