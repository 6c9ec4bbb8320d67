/* The collectors as rendering sees them. Internal to metrics/; the rest is in metrics.h. */
#ifndef METRICS_COLLECTOR_H
#define METRICS_COLLECTOR_H

/* Run every collector once, without holding a lock. Thread: any. */
void collectors_run(void);

/* Forget all. Thread: the last one. */
void collectors_reset(void);

#endif
