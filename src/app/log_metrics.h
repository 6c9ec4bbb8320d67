/* What the log had to leave out, as metrics. */
#ifndef APP_LOG_METRICS_H
#define APP_LOG_METRICS_H

/* Thread: the main thread, once before others start. */
void log_metrics_register(void);

#endif
