#include "app/node_health.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/node_parts.h"
#include "app/thread_health.h"
#include "base/err.h"
#include "base/mem.h"
#include "metrics/metrics.h"
#include "thread/pulse.h"

enum { LOOP_PATIENCE_MS = 30 * 1000 };

/* The loop's wait is libevent's, which nobody sees into: a timer makes it turn once a second. */
struct node_health {
    struct pulse loop;
    struct event *second;
};

static bool threads_ok(void *arg, char detail[API_DETAIL_BYTES])
{
    (void)arg;
    return thread_health(detail, API_DETAIL_BYTES);
}

static bool peers_ok(void *arg, char detail[API_DETAIL_BYTES])
{
    const struct node *n = arg;
    unsigned peers = bitcoin_peers(n->bitcoin);

    snprintf(detail, API_DETAIL_BYTES, "%u peers", peers);
    return peers > 0;
}

static bool headers_ok(void *arg, char detail[API_DETAIL_BYTES])
{
    const struct node *n = arg;

    snprintf(detail, API_DETAIL_BYTES, "height %" PRIu32, bitcoin_height(n->bitcoin));
    return bitcoin_in_sync(n->bitcoin);
}

void node_health_checks(struct api_config *config, struct node *n)
{
    const struct api_check live[] = {{"threads", threads_ok, n}};
    const struct api_check ready[] = {{"peers", peers_ok, n}, {"headers", headers_ok, n}};

    config->n_live = sizeof live / sizeof *live;
    config->n_ready = sizeof ready / sizeof *ready;
    memcpy(config->live, live, sizeof live);
    memcpy(config->ready, ready, sizeof ready);
}

/* --- for Prometheus --- */

static struct metric_family banned_family = {
    .name = "p2pnode_banned_peers",
    .help = "Addresses and subnets that are banned.",
    .type = METRIC_GAUGE,
};

static void collect(void *arg)
{
    const struct node *n = arg;

    thread_health_collect();
    metric_set(metric_get(&banned_family, NULL), (int64_t)banlist_count(n->gate.bans));
}

/* --- life --- */

static void on_second(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
    pulse_turn();
}

int node_health_begin(struct node *n)
{
    const struct timeval second = {.tv_sec = 1};
    struct node_health *h = mem_zalloc(sizeof *h);

    if (!h)
        return PN_ENOMEM;
    h->second = event_new(loop_base(n->loop), -1, EV_PERSIST, on_second, NULL);
    if (!h->second || event_add(h->second, &second) < 0 || metrics_add_collector(collect, n) < 0) {
        if (h->second)
            event_free(h->second);
        mem_free(h);
        return PN_ENOMEM;
    }
    pulse_begin(&h->loop, "loop", LOOP_PATIENCE_MS);
    n->health = h;
    return 0;
}

void node_health_end(struct node *n)
{
    struct node_health *h = n->health;

    if (!h)
        return;
    metrics_remove_collector(collect, n);
    pulse_end(&h->loop);
    event_free(h->second);
    MEM_FREE(n->health);
}
