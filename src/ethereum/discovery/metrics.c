#include "ethereum/discovery/metrics.h"

#include "metrics/metrics.h"

static struct metric_family packets = {
    .name = "p2pnode_discv4_packets_total",
    .help = "Discovery packets by direction and type; received ones with a valid signature.",
    .type = METRIC_COUNTER,
    .labels = {"direction", "type"},
};

static struct metric_family dropped = {
    .name = "p2pnode_discv4_dropped_total",
    .help = "Discovery packets without effect, or not sent, by reason.",
    .type = METRIC_COUNTER,
    .labels = {"reason"},
};

static struct metric_family bytes = {
    .name = "p2pnode_discv4_bytes_total",
    .help = "Bytes of discovery packets by direction.",
    .type = METRIC_COUNTER,
    .labels = {"direction"},
};

static struct metric_family recoveries = {
    .name = "p2pnode_discv4_recoveries_total",
    .help = "Signatures of discovery packets that were checked.",
    .type = METRIC_COUNTER,
};

static struct metric_family timeouts = {
    .name = "p2pnode_discv4_timeouts_total",
    .help = "Discovery requests that nobody answered.",
    .type = METRIC_COUNTER,
};

static struct metric_family lookups = {
    .name = "p2pnode_discv4_lookups_total",
    .help = "Lookups that came to their end.",
    .type = METRIC_COUNTER,
};

static struct metric_family nodes = {
    .name = "p2pnode_discv4_table_nodes",
    .help = "Verified nodes in the discovery table.",
    .type = METRIC_GAUGE,
};

void discovery_metrics_init(struct discovery_metrics *m)
{
    for (unsigned type = DISCV4_PING; type < DISCV4_TYPE_COUNT; type++) {
        m->received[type] = metric_get(&packets, "in", discv4_type_name(type), NULL);
        m->sent[type] = metric_get(&packets, "out", discv4_type_name(type), NULL);
    }
    for (unsigned why = 0; why < DISCV4_DROPS; why++)
        m->dropped[why] = metric_get(&dropped, discv4_drop_name((enum discv4_drop)why), NULL);
    m->bytes_in = metric_get(&bytes, "in", NULL);
    m->bytes_out = metric_get(&bytes, "out", NULL);
    m->recoveries = metric_get(&recoveries, NULL);
    m->timeouts = metric_get(&timeouts, NULL);
    m->lookups = metric_get(&lookups, NULL);
    m->nodes = metric_get(&nodes, NULL);
}

void discovery_metrics_publish(struct discovery_metrics *m, const struct discv4 *d)
{
    const struct discv4_stats *s = discv4_stats(d);

    for (unsigned type = DISCV4_PING; type < DISCV4_TYPE_COUNT; type++) {
        metric_set(m->received[type], (int64_t)s->received[type]);
        metric_set(m->sent[type], (int64_t)s->sent[type]);
    }
    for (unsigned why = 0; why < DISCV4_DROPS; why++)
        metric_set(m->dropped[why], (int64_t)s->dropped[why]);
    metric_set(m->bytes_in, (int64_t)s->bytes_in);
    metric_set(m->bytes_out, (int64_t)s->bytes_out);
    metric_set(m->recoveries, (int64_t)s->recoveries);
    metric_set(m->timeouts, (int64_t)s->timeouts);
    metric_set(m->lookups, (int64_t)s->lookups);
    metric_set(m->nodes, discv4_table_size(d));
}
