/* What a service manager is told (sd_notify(3)): ready, reloading, stopping, a line of status, and
 * that the threads turn. Without systemd's library, or when nobody asked ($NOTIFY_SOCKET), nothing.
 * Thread: the main thread, for all. */
#ifndef APP_SERVICE_H
#define APP_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct service;

/* Say that the node is ready, and while alive() holds, twice in every period that the manager's
 * watchdog has ($WATCHDOG_USEC); when it does not hold, the log says what alive() gives as detail.
 * `status` writes a line for people, as often as that and at least every ten seconds. Returns: NULL
 * when there is no memory. */
#define SERVICE_STATUS_BYTES 128
struct service_config {
    bool (*alive)(char *detail, size_t size);
    void (*status)(void *arg, char out[SERVICE_STATUS_BYTES]);
    void *arg;
};
struct service *service_new(struct event_base *base, const struct service_config *config);
void service_free(struct service *s);

/* Around a reload. */
void service_reloading(void);
void service_ready(void);

void service_stopping(void);

#endif
