#include "app/log_metrics.h"

#include <stddef.h>

#include "log/log.h"
#include "metrics/metrics.h"

static struct metric_family suppressed = {
    .name = "p2pnode_log_suppressed_lines_total",
    .help = "Log lines left out because their call site had used up its budget.",
    .type = METRIC_COUNTER,
};

static struct metric_family failed = {
    .name = "p2pnode_log_failed_lines_total",
    .help = "Log lines that their destination refused.",
    .type = METRIC_COUNTER,
};

/* The log lies below the metrics' reader: its counts are fetched when someone asks. */
static void collect(void *arg)
{
    (void)arg;
    metric_set(metric_get(&suppressed, NULL), (int64_t)log_suppressed_count());
    metric_set(metric_get(&failed, NULL), (int64_t)log_failed_count());
}

void log_metrics_register(void)
{
    metrics_add_collector(collect, NULL);
}
