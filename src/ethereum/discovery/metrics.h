/* The engine's figures as metrics. */
#ifndef ETHEREUM_DISCOVERY_METRICS_H
#define ETHEREUM_DISCOVERY_METRICS_H

#include "ethereum/discv4/discv4.h"

struct metric;

struct discovery_metrics {
    struct metric *received[DISCV4_TYPE_COUNT], *sent[DISCV4_TYPE_COUNT];
    struct metric *dropped[DISCV4_DROPS];
    struct metric *bytes_in, *bytes_out, *recoveries, *timeouts, *lookups, *nodes;
};

/* Thread: any. */
void discovery_metrics_init(struct discovery_metrics *m);

/* Thread: the discovery thread. */
void discovery_metrics_publish(struct discovery_metrics *m, const struct discv4 *d);

#endif
