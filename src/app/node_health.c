#include "app/node_health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/node_api.h"
#include "app/node_setup.h"
#include "base/clock.h"
#include "metrics/metrics.h"

enum { ALIVE_US = 30 * 1000000 };

static bool beats(int64_t beat_us, char detail[API_DETAIL_BYTES])
{
    int64_t age_us = clock_mono_us() - beat_us;

    snprintf(detail, API_DETAIL_BYTES, "turned %" PRId64 " ms ago", age_us / 1000);
    return age_us < ALIVE_US;
}

static bool loop_ok(void *arg, char detail[API_DETAIL_BYTES])
{
    const struct node *n = arg;

    return beats(loop_heartbeat_us(n->loop), detail);
}

static bool server_ok(void *arg, char detail[API_DETAIL_BYTES])
{
    const struct node *n = arg;

    return beats(server_heartbeat_us(n->server), detail);
}

static bool manager_ok(void *arg, char detail[API_DETAIL_BYTES])
{
    const struct node *n = arg;

    return beats(bitcoin_heartbeat_us(n->bitcoin), detail);
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

static bool rpc_ok(void *arg, char detail[API_DETAIL_BYTES])
{
    const struct node *n = arg;

    return beats(node_api_heartbeat_us(n), detail);
}

void node_health_checks(struct api_config *config, struct node *n)
{
    const struct api_check live[] = {
        {"loop", loop_ok, n},
        {"server", server_ok, n},
        {"bitcoin", manager_ok, n},
        {"rpc", rpc_ok, n},
    };
    const struct api_check ready[] = {{"peers", peers_ok, n}, {"headers", headers_ok, n}};

    config->n_live = sizeof live / sizeof *live;
    config->n_ready = sizeof ready / sizeof *ready;
    memcpy(config->live, live, sizeof live);
    memcpy(config->ready, ready, sizeof ready);
}

/* --- for Prometheus --- */

static struct metric_family heartbeat_family = {
    .name = "p2pnode_thread_heartbeat_timestamp_seconds",
    .help = "When the thread last turned, in seconds since 1970.",
    .type = METRIC_GAUGE,
    .labels = {"thread"},
    .scale = 1e-6,
};

static struct metric_family banned_family = {
    .name = "p2pnode_banned_peers",
    .help = "Addresses and subnets that are banned.",
    .type = METRIC_GAUGE,
};

static void show_beat(const char *thread, int64_t beat_us)
{
    metric_set(metric_get(&heartbeat_family, thread, NULL),
               clock_wall_us() - (clock_mono_us() - beat_us));
}

static void collect(void *arg)
{
    const struct node *n = arg;

    show_beat("loop", loop_heartbeat_us(n->loop));
    show_beat("server", server_heartbeat_us(n->server));
    show_beat("bitcoin", bitcoin_heartbeat_us(n->bitcoin));
    show_beat("rpc", node_api_heartbeat_us(n));
    metric_set(metric_get(&banned_family, NULL), (int64_t)banlist_count(n->gate.bans));
}

int node_health_begin(struct node *n)
{
    return metrics_add_collector(collect, n);
}

void node_health_end(struct node *n)
{
    metrics_remove_collector(collect, n);
}

bool node_is_alive(struct node *n)
{
    struct api_config config;
    char detail[API_DETAIL_BYTES];
    bool alive = true;

    node_health_checks(&config, n);
    for (size_t i = 0; i < config.n_live; i++)
        alive = config.live[i].ok(config.live[i].arg, detail) && alive;
    return alive;
}
