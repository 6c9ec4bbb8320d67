/* The HTTP face: GET /metrics (Prometheus), /livez and /readyz, on the event loop. It reads the
 * program through the checks it is given and the metrics registry, never a peer. */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>
#include <stddef.h>

#include "net/addr.h"

struct api;
struct event_base;

#define API_DETAIL_BYTES 128
#define API_CHECKS_MAX   8

/* One line of a health answer. `ok` writes a few words about what it saw into detail; it runs on
 * the loop thread and must not block. */
struct api_check {
    const char *name;
    bool (*ok)(void *arg, char detail[API_DETAIL_BYTES]);
    void *arg;
};

struct api_config {
    struct net_addr addr;
    struct api_check live[API_CHECKS_MAX]; /* is every thread turning? */
    size_t n_live;
    struct api_check ready[API_CHECKS_MAX]; /* can it do its work? */
    size_t n_ready;
};

/* Bind and serve. Thread: the main thread, before loop_run. config is copied.
 * Returns: 0, PN_EBUSY when the address is in use, or another pn_err. */
int api_new(struct api **out, struct event_base *base, const struct api_config *config);

/* Thread: loop, or when it does not run. Accepts NULL. */
void api_free(struct api *a);

#endif
