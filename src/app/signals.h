/* Signals as events: blocked in every thread and read from a descriptor on the loop, so that no
 * handler ever interrupts anything. */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

struct event_base;
struct signals;

/* Block SIGTERM, SIGINT, SIGHUP and SIGUSR1 and ignore SIGPIPE and SIGXFSZ (a write then fails
 * with an error instead). Thread: the main thread, before any other exists. */
void signals_block(void);

/* Call on_signal(arg, number) on the loop thread. Returns: NULL on failure. */
struct signals *signals_new(struct event_base *base, void (*on_signal)(void *arg, int number),
                            void *arg);

/* Thread: the main thread. Accepts NULL. */
void signals_free(struct signals *s);

#endif
