/* Counters that the peers of one network share. */
#include "base/mem.h"
#include "metrics/metrics.h"
#include "peer/peer_internal.h"

static struct metric_family messages = {
    .name = "p2pnode_messages_total",
    .help = "Messages by network, direction and command.",
    .type = METRIC_COUNTER,
    .labels = {"network", "direction", "message"},
};

static struct metric_family message_bytes = {
    .name = "p2pnode_message_bytes_total",
    .help = "Bytes of messages with their framing, by network, direction and command.",
    .type = METRIC_COUNTER,
    .labels = {"network", "direction", "message"},
};

static const double ping_buckets[] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};

static struct metric_family ping_seconds = {
    .name = "p2pnode_ping_seconds",
    .help = "Round-trip time of pings to peers.",
    .type = METRIC_HISTOGRAM,
    .labels = {"network"},
    .buckets = ping_buckets,
    .n_buckets = sizeof ping_buckets / sizeof ping_buckets[0],
    .scale = 1e-6,
};

static const double handshake_buckets[] = {0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

static struct metric_family handshake_seconds = {
    .name = "p2pnode_handshake_duration_seconds",
    .help = "Time from the connection to the end of a successful handshake.",
    .type = METRIC_HISTOGRAM,
    .labels = {"network"},
    .buckets = handshake_buckets,
    .n_buckets = sizeof handshake_buckets / sizeof handshake_buckets[0],
    .scale = 1e-6,
};

struct cmd_metrics {
    struct metric *messages_in, *bytes_in, *messages_out, *bytes_out;
};

struct peer_metrics {
    unsigned n;
    struct metric *ping, *handshake;
    struct cmd_metrics cmds[];
};

struct peer_metrics *peer_metrics_new(const struct peer_proto_ops *proto)
{
    struct peer_metrics *m =
        mem_zalloc(sizeof *m + (size_t)proto->cmd_count * sizeof(struct cmd_metrics));

    if (!m)
        return NULL;
    m->n = proto->cmd_count;
    m->ping = metric_get(&ping_seconds, proto->network, NULL);
    m->handshake = metric_get(&handshake_seconds, proto->network, NULL);
    for (unsigned i = 0; i < proto->cmd_count; i++) {
        const char *name = proto->cmd_name(i);

        m->cmds[i] = (struct cmd_metrics){
            .messages_in = metric_get(&messages, proto->network, "in", name, NULL),
            .bytes_in = metric_get(&message_bytes, proto->network, "in", name, NULL),
            .messages_out = metric_get(&messages, proto->network, "out", name, NULL),
            .bytes_out = metric_get(&message_bytes, proto->network, "out", name, NULL),
        };
    }
    return m;
}

void peer_metrics_free(struct peer_metrics *m)
{
    mem_free(m);
}

void peer_metrics_bytes(const struct peer_metrics *m, uint64_t *in, uint64_t *out)
{
    *in = *out = 0;
    for (unsigned i = 0; i < m->n; i++) {
        *in += (uint64_t)metric_value(m->cmds[i].bytes_in);
        *out += (uint64_t)metric_value(m->cmds[i].bytes_out);
    }
}

void peer_metrics_in(struct peer_metrics *m, unsigned cmd, size_t bytes)
{
    metric_add(m->cmds[cmd].messages_in, 1);
    metric_add(m->cmds[cmd].bytes_in, (int64_t)bytes);
}

void peer_metrics_out(struct peer_metrics *m, unsigned cmd, size_t bytes)
{
    metric_add(m->cmds[cmd].messages_out, 1);
    metric_add(m->cmds[cmd].bytes_out, (int64_t)bytes);
}

void peer_metrics_ping(struct peer_metrics *m, int64_t us)
{
    metric_observe(m->ping, us);
}

void peer_metrics_handshake(struct peer_metrics *m, int64_t us)
{
    metric_observe(m->handshake, us);
}
