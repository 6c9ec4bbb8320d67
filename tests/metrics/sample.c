#include "sample.h"

#include "metrics/metrics.h"

static const double duration_buckets[] = {0.005, 0.1, 1, 2.5, 60};

static struct metric_family durations = {
    .name = "p2pnode_handshake_duration_seconds",
    .help = "Time from connection to verack.",
    .type = METRIC_HISTOGRAM,
    .labels = {"network"},
    .buckets = duration_buckets,
    .n_buckets = 5,
    .scale = 1e-6,
};
static struct metric_family messages = {
    .name = "p2pnode_messages_total",
    .help = "Messages by \"direction\",\na back\\slash and two lines.",
    .type = METRIC_COUNTER,
    .labels = {"network", "direction", "message"},
};
static struct metric_family height = {
    .name = "p2pnode_headers_height",
    .help = "Height of the best header.",
    .type = METRIC_GAUGE,
};
static struct metric_family blocked = {
    .name = "p2pnode_channel_send_blocked_seconds_total",
    .help = "Time senders waited.",
    .type = METRIC_COUNTER,
    .labels = {"channel"},
    .scale = 1e-6,
};

void sample_fill(void)
{
    static const int64_t observed_us[] = {1, 5000, 5001, 1000000, 2600000, 61000000};
    struct metric *m = metric_get(&durations, "bitcoin", NULL);

    for (unsigned i = 0; i < sizeof observed_us / sizeof observed_us[0]; i++)
        metric_observe(m, observed_us[i]);
    metric_add(metric_get(&messages, "bitcoin", "out", "ping", NULL), 3);
    metric_add(metric_get(&messages, "bitcoin", "in", "inv", NULL), 2);
    metric_add(metric_get(&messages, "bitcoin", "in", "a\"b\\c\nd", NULL), 1);
    metric_set(metric_get(&height, NULL), 840000);
    metric_add(metric_get(&blocked, "server", NULL), 1234567);
}
