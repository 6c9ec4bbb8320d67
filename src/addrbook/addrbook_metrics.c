/* The book's counts as metrics, fetched when they are rendered. */
#include "addrbook/addrbook.h"
#include "metrics/metrics.h"

static struct metric_family addresses = {
    .name = "p2pnode_addrbook_addresses",
    .help = "Known addresses, by table and network.",
    .type = METRIC_GAUGE,
    .labels = {"table", "network"},
};

static struct metric_family buckets = {
    .name = "p2pnode_addrbook_buckets_used",
    .help = "Buckets with at least one address, by table and network (all: of any).",
    .type = METRIC_GAUGE,
    .labels = {"table", "network"},
};

static struct metric_family slots = {
    .name = "p2pnode_addrbook_new_slots_used",
    .help = "Places taken in the new table; an address may stand in up to eight.",
    .type = METRIC_GAUGE,
};

static struct metric_family collisions = {
    .name = "p2pnode_addrbook_collisions",
    .help = "Addresses that wait for the test of who has their place in the tried table.",
    .type = METRIC_GAUGE,
};

static struct metric_family samples = {
    .name = "p2pnode_addrbook_getaddr_samples",
    .help = "Answers to getaddr that are held.",
    .type = METRIC_GAUGE,
};

static struct metric_family events = {
    .name = "p2pnode_addrbook_events_total",
    .help = "What became of addresses: added, refused, moved, expired, and why.",
    .type = METRIC_COUNTER,
    .labels = {"event"},
};

static const char *const kind_names[ADDRBOOK_KINDS] = {
    [NET_NONE] = "all",    [NET_IPV4] = "ipv4", [NET_IPV6] = "ipv6",
    [NET_TORV3] = "onion", [NET_I2P] = "i2p",   [NET_CJDNS] = "cjdns",
};

static void show(struct metric_family *family, const char *table,
                 const uint32_t values[ADDRBOOK_KINDS], unsigned first)
{
    for (unsigned kind = first; kind < ADDRBOOK_KINDS; kind++)
        if (kind_names[kind])
            metric_set(metric_get(family, table, kind_names[kind], NULL), values[kind]);
}

static void collect(void *arg)
{
    struct addrbook_counts c;

    addrbook_counts(arg, &c);
    /* The sum over networks is left to whoever asks, but a bucket may hold several. */
    show(&addresses, "new", c.n_new, 1);
    show(&addresses, "tried", c.n_tried, 1);
    show(&buckets, "new", c.new_buckets_used, 0);
    show(&buckets, "tried", c.tried_buckets_used, 0);
    metric_set(metric_get(&slots, NULL), c.new_slots_used);
    metric_set(metric_get(&collisions, NULL), c.collisions);
    metric_set(metric_get(&samples, NULL), c.samples);
#define SHOW_EVENT_(name, text) \
    metric_set(metric_get(&events, #name, NULL), (int64_t)c.events.name);
    ADDRBOOK_EVENT_LIST(SHOW_EVENT_)
#undef SHOW_EVENT_
}

int addrbook_metrics_register(struct addrbook *b)
{
    return metrics_add_collector(collect, b);
}

void addrbook_metrics_unregister(struct addrbook *b)
{
    metrics_remove_collector(collect, b);
}
