/* Whether the node's own threads turn, for whoever asks: /livez, the service manager's watchdog and
 * Prometheus see the same (thread/pulse.h). Thread: any. */
#ifndef APP_THREAD_HEALTH_H
#define APP_THREAD_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

/* Returns: whether none is stuck; in `detail`, cut where it is full, how many turn, or which are
 * stuck and for how long. */
bool thread_health(char *detail, size_t size);

/* Set the gauge of when each thread was last at its wait. */
void thread_health_collect(void);

#endif
