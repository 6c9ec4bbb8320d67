#include "app/node_api.h"

#include <stdio.h>

#include "api/api.h"
#include "app/node_electrum.h"
#include "app/node_health.h"
#include "app/node_p2p.h"
#include "app/node_parts.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/rpc/rpc.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum { PATH_BYTES = 4096 };

struct node_api {
    struct api *api;
    struct btc_rpc bitcoin;
    struct eth_rpc ethereum;
    struct route electrum;
    struct rpc_table tables[RPC_TABLES_MAX];
    struct rpc_set methods;
    char cookie_path[PATH_BYTES];
};

static struct metric_family calls = {
    .name = "p2pnode_rpc_calls_total",
    .help = "Calls by method and result; 0 is success, other numbers are those of bitcoind.",
    .type = METRIC_COUNTER,
    .labels = {"method", "code"},
};

/* --- methods --- */

static void count_call(void *arg, const char *method, int code)
{
    char text[16];

    (void)arg;
    snprintf(text, sizeof text, "%d", code);
    metric_add(metric_get(&calls, method, text, NULL), 1);
}

static void add_table(struct node_api *a, struct rpc_table table)
{
    struct rpc_set *set = &a->methods;

    a->tables[set->n] = table;
    set->tables[set->n] = &a->tables[set->n];
    set->n++;
}

static void collect_methods(struct node *n)
{
    struct node_api *a = n->api;
    struct rpc_table electrum;

    a->methods.observe = count_call;
    a->bitcoin = (struct btc_rpc){
        .bitcoin = n->bitcoin,
        .server = n->server,
        .gate = &n->gate,
        .book = n->book,
        .proxy = n->options->proxy,
        .onion = n->options->onion,
    };
    add_table(a, node_methods(n));
    add_table(a, btc_rpc_table(&a->bitcoin));
    if (node_electrum_methods(&electrum, n))
        add_table(a, electrum);
    if (!n->p2p)
        return;
    a->ethereum = node_p2p_rpc(n);
    add_table(a, eth_rpc_table(&a->ethereum));
}

/* --- life --- */

/* The fields that may change while the node runs. */
static int fill_changing(struct api_config *config, const struct options *o)
{
    int rc = 0;

    for (size_t i = 0; i < o->api_allow.n && rc == 0; i++)
        rc = subnet_list_add(&config->allowed, o->api_allow.items[i]);
    config->user = o->api_user;
    config->password = o->api_password;
    config->event_log = o->event_log;
    return rc;
}

static int fill_config(struct api_config *config, struct node *n)
{
    const struct options *o = n->options;
    struct node_api *a = n->api;
    int rc = net_addr_parse(&config->addr, o->api_listen, 0), len;

    if (rc == 0)
        rc = fill_changing(config, o);
    len = o->api_cookie_file ? snprintf(a->cookie_path, PATH_BYTES, "%s", o->api_cookie_file)
                             : snprintf(a->cookie_path, PATH_BYTES, "%s/.cookie", o->datadir);
    if (len >= PATH_BYTES)
        return PN_ETOOLARGE;
    config->cookie_path = a->cookie_path;
    config->journal = n->journal;
    collect_methods(n);
    config->methods = a->methods;
    if (node_electrum_route(&a->electrum, n))
        config->routes[config->n_routes++] = &a->electrum;
    return rc;
}

int node_api_start(struct node *n)
{
    struct api_config config = {.n_live = 0};
    int rc;

    if (!n->options->api_listen)
        return 0;
    n->api = mem_zalloc(sizeof *n->api);
    if (!n->api)
        return PN_ENOMEM;
    node_health_checks(&config, n);
    rc = fill_config(&config, n);
    if (rc == 0)
        rc = api_new(&n->api->api, loop_base(n->loop), &config);
    if (rc < 0)
        log_error("app", "cannot serve HTTP on %s: %s", n->options->api_listen, pn_strerror(rc));
    return rc;
}

int node_api_reopen(struct node *n)
{
    return n->api ? api_reopen(n->api->api) : 0;
}

int node_api_prepare(struct api_change *out, const struct node *n, const struct options *fresh)
{
    struct api_config config = {.n_live = 0};
    int rc = n->api ? fill_changing(&config, fresh) : 0;

    *out = (struct api_change){.log_fd = -1};
    if (!n->api)
        return 0;
    if (rc == 0)
        rc = api_change_make(out, &config);
    if (rc < 0)
        log_error("app", "cannot write events to %s, or take the credential: %s",
                  fresh->event_log ? fresh->event_log : "no file", pn_strerror(rc));
    return rc;
}

void node_api_change(struct node *n, struct api_change *c)
{
    if (n->api)
        api_change(n->api->api, c);
}

void node_api_stop(struct node *n)
{
    if (!n->api)
        return;
    api_free(n->api->api);
    MEM_FREE(n->api);
}
