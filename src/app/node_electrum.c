/* Two kinds of listeners hand their connections to one Electrum server: plain ones, and those on
 * which TLS is spoken. */
#include "app/node_electrum.h"

#include <stdio.h>
#include <string.h>

#include "app/node_electrum_certificate.h"
#include "app/node_electrum_hosts.h"
#include "app/node_lookup.h"
#include "app/node_parts.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
#include "config.h"
#include "electrum/electrum.h"
#include "log/log.h"
#include "net/tls/tls.h"
#include "rpc/rpc.h"
#include "store/read_file.h"

enum { FILE_NAME_BYTES = 4096, BANNER_MAX_BYTES = 4096, SERVERS_MAX = 64, LOOKS = 8 };

struct node_electrum {
    struct electrum *electrum;
    struct slots slots;
    struct dial_paths *paths; /* for looks at other servers */
    struct listener *listeners[2 * OPTION_LISTEN_MAX];
    unsigned n_listeners;
    bool started;
};

unsigned node_electrum_places(const struct node *n)
{
    return n->options->electrum ? (unsigned)n->options->electrum_sessions + LOOKS : 0;
}

/* --- making it --- */

static void on_tip_moved(void *arg)
{
    electrum_tip_moved(arg);
}

static int read_banner(char **out, const struct options *o)
{
    uint8_t *data = NULL;
    size_t len = 0;
    int rc;

    *out = NULL;
    if (!o->electrum_banner)
        return 0;
    rc = read_file(&data, &len, o->electrum_banner, BANNER_MAX_BYTES);
    if (rc == 0) {
        *out = mem_alloc(len + 1);
        rc = *out ? 0 : PN_ENOMEM;
    }
    if (rc == 0) {
        memcpy(*out, data, len);
        (*out)[len] = '\0';
    } else {
        log_error("electrum", "cannot read %s: %s", o->electrum_banner, pn_strerror(rc));
    }
    mem_free(data);
    return rc;
}

static struct rate_limit_config rate_limit(const struct options *o)
{
    return (struct rate_limit_config){
        .capacity = (uint32_t)o->electrum_max_tokens,
        .window_ms = o->electrum_rate_window_ms,
        .delay_after = (unsigned)o->electrum_rate_delay_after,
        .delay_ms = o->electrum_rate_delay_ms,
    };
}

static void fill_config(struct electrum_config *config, struct node *n)
{
    const struct options *o = n->options;
    const struct peer_config peer = PEER_CONFIG_DEFAULT;

    *config = (struct electrum_config){
        .chain = {&node_electrum_chain_ops, n->bitcoin},
        .software = "p2pnode " PACKAGE_VERSION,
        .donation_address = o->electrum_donation_address,
        .policy = &n->policy,
        .peer = peer,
        .max_sessions = (unsigned)o->electrum_sessions,
        .sessions_per_address = (unsigned)o->electrum_sessions_per_address,
        .cost_soft = (double)o->electrum_cost_soft,
        .cost_hard = (double)o->electrum_cost_hard,
        .rate_limit = rate_limit(o),
        .journal = n->journal,
    };
    config->peer.handshake_timeout_ms = o->handshake_timeout_ms;
    config->peer.idle_timeout_ms = o->electrum_idle_timeout_ms;
    config->peer.write_timeout_ms = o->write_timeout_ms;
    memcpy(config->genesis_hash, btc_params_find(o->bitcoin)->genesis_hash,
           sizeof config->genesis_hash);
}

static int add_servers(struct node *n)
{
    struct electrum_host *list = mem_zalloc_array(SERVERS_MAX, sizeof *list);
    unsigned count = 0;
    int rc = list ? node_electrum_hosts(list, &count, SERVERS_MAX, n->options->electrum_server,
                                        "electrum-server")
                  : PN_ENOMEM;

    for (unsigned i = 0; rc == 0 && i < count; i++) {
        rc = electrum_add_server(n->electrum->electrum, &list[i]);
        rc = rc == PN_EEXIST ? 0 : rc;
        if (rc < 0)
            log_error("app", "--electrum-server: %s: %s", list[i].name, pn_strerror(rc));
    }
    mem_free(list);
    return rc;
}

enum { STORE, DUMP, BLACKLIST, FILES };

static void fill_peers(struct electrum_peers_config *c, struct node *n,
                       char (*files)[FILE_NAME_BYTES])
{
    const struct options *o = n->options;
    bool looks_around = o->electrum_peers && o->netrestrict.n == 0;
    bool fetched = o->electrum_blacklist && strstr(o->electrum_blacklist, "://");

    *c = (struct electrum_peers_config){
        .enabled = o->electrum_peers || o->electrum_server,
        .allow_private = o->electrum_allow_private,
        .network = looks_around ? o->bitcoin : NULL,
        .store_path = files[STORE],
        .dump_path = files[DUMP],
        .blacklist_path = fetched ? files[BLACKLIST] : o->electrum_blacklist,
        .blacklist_url = fetched ? o->electrum_blacklist : NULL,
        .blacklist_interval_ms = o->electrum_blacklist_interval_ms,
        .gate = &n->gate,
        .paths = n->electrum->paths,
        .connect_timeout_ms = o->connect_timeout_ms,
        .lookup = node_lookup_is_possible(n) ? node_lookup_begin : NULL,
        .lookup_arg = n,
    };
}

static int make(struct node *n, struct electrum_config *config)
{
    char(*files)[FILE_NAME_BYTES] = mem_alloc_array(FILES, sizeof *files);
    const char *dir = n->options->datadir;
    int rc;

    if (!files)
        return PN_ENOMEM;
    snprintf(files[STORE], FILE_NAME_BYTES, "%s/electrum-servers-%s.mdb", dir, n->options->bitcoin);
    snprintf(files[DUMP], FILE_NAME_BYTES, "%s/electrum-servers.json", dir);
    snprintf(files[BLACKLIST], FILE_NAME_BYTES, "%s/electrum-blacklist.json", dir);
    fill_peers(&config->peers, n, files);
    rc = electrum_new(&n->electrum->electrum, config);
    mem_free(files);
    return rc == 0 ? add_servers(n) : rc;
}

int node_electrum_make(struct node *n)
{
    struct electrum_config config;
    struct tls_context *tls = NULL;
    char *banner;
    int rc;

    if (!n->options->electrum)
        return 0;
    n->electrum = mem_zalloc(sizeof *n->electrum);
    if (!n->electrum)
        return PN_ENOMEM;
    fill_config(&config, n);
    rc = read_banner(&banner, n->options);
    if (rc < 0)
        return rc;
    config.banner = banner;
    slots_init(&n->electrum->slots, config.max_sessions, 0);
    n->electrum->paths = dial_paths_new(dial_paths_config(n->paths), "");
    rc = n->electrum->paths
             ? node_electrum_hosts(config.announce, &config.n_announce, ELECTRUM_ANNOUNCE_MAX,
                                   n->options->electrum_announce, "electrum-announce")
             : PN_ENOMEM;
    if (rc == 0)
        rc = make(n, &config);
    mem_free(banner);
    if (rc == 0)
        rc = electrum_attach(n->electrum->electrum, n->server, &n->electrum->slots);
    if (rc == 0)
        rc = node_electrum_certificate(&tls, n, n->options);
    if (tls)
        electrum_use_certificate(n->electrum->electrum, tls);
    if (rc == 0)
        bitcoin_on_tip(n->bitcoin, on_tip_moved, n->electrum->electrum);
    return rc;
}

/* --- changes while it runs --- */

int node_electrum_prepare(struct node_electrum_change *out, const struct node *n,
                          const struct options *fresh)
{
    int rc;

    *out = (struct node_electrum_change){.tls = NULL};
    if (!n->electrum)
        return 0;
    rc = read_banner(&out->banner, fresh);
    if (rc == 0 && fresh->electrum_donation_address) {
        out->donation_address = mem_strdup(fresh->electrum_donation_address);
        rc = out->donation_address ? 0 : PN_ENOMEM;
    }
    if (rc == 0)
        rc = node_electrum_certificate(&out->tls, n, fresh);
    return rc;
}

void node_electrum_change(struct node *n, struct node_electrum_change *c,
                          const struct options *fresh)
{
    const struct rate_limit_config rate = rate_limit(fresh);

    if (!n->electrum)
        return;
    electrum_set_rate(n->electrum->electrum, &rate);
    electrum_set_texts(n->electrum->electrum, c->banner, c->donation_address);
    electrum_set_costs(n->electrum->electrum, (double)fresh->electrum_cost_soft,
                       (double)fresh->electrum_cost_hard);
    if (c->tls)
        electrum_use_certificate(n->electrum->electrum, c->tls);
    *c = (struct node_electrum_change){.tls = NULL};
}

void node_electrum_drop(struct node_electrum_change *c)
{
    tls_context_free(c->tls);
    mem_free(c->banner);
    mem_free(c->donation_address);
    *c = (struct node_electrum_change){.tls = NULL};
}

/* --- listening --- */

static int on_plain(void *arg, struct conn *c, const struct net_addr *from, bool has_slot)
{
    return electrum_accepted(arg, c, from, has_slot, false);
}

static int on_tls(void *arg, struct conn *c, const struct net_addr *from, bool has_slot)
{
    return electrum_accepted(arg, c, from, has_slot, true);
}

uint16_t node_electrum_port(const struct options *o, bool tls)
{
    bool mainnet = strcmp(o->bitcoin, "mainnet") == 0;

    return (uint16_t)((mainnet ? 50001 : 51001) + tls);
}

static int listen_on(struct node *n, const struct option_list *list, bool tls)
{
    struct node_electrum *e = n->electrum;

    for (size_t i = 0; i < list->n; i++) {
        struct listener_config config = {
            .network = tls ? "electrum-tls" : "electrum",
            .gate = &n->gate,
            .slots = &e->slots,
            .accepted = tls ? on_tls : on_plain,
            .arg = e->electrum,
        };
        int rc = net_addr_parse(&config.addr, list->items[i], node_electrum_port(n->options, tls));

        if (rc == 0)
            rc = listener_new(&e->listeners[e->n_listeners], loop_base(n->loop), &config);
        if (rc < 0) {
            log_error("app", "cannot listen on %s for Electrum: %s", list->items[i],
                      pn_strerror(rc));
            return rc;
        }
        e->n_listeners++;
    }
    return 0;
}

int node_electrum_listen(struct node *n)
{
    int rc;

    if (!n->electrum)
        return 0;
    rc = listen_on(n, &n->options->electrum_listen, false);
    return rc < 0 ? rc : listen_on(n, &n->options->electrum_tls_listen, true);
}

/* --- running --- */

int node_electrum_start(struct node *n)
{
    int rc = n->electrum ? electrum_start(n->electrum->electrum) : 0;

    if (n->electrum)
        n->electrum->started = rc == 0;
    return rc;
}

void node_electrum_close(struct node *n)
{
    while (n->electrum && n->electrum->n_listeners > 0)
        listener_free(n->electrum->listeners[--n->electrum->n_listeners]);
}

void node_electrum_stop(struct node *n)
{
    if (!n->electrum || !n->electrum->started)
        return;
    electrum_stop(n->electrum->electrum);
    n->electrum->started = false;
}

void node_electrum_free(struct node *n)
{
    if (!n->electrum)
        return;
    electrum_free(n->electrum->electrum);
    dial_paths_free(n->electrum->paths);
    MEM_FREE(n->electrum);
}

/* --- for operators --- */

void node_electrum_refresh(struct node *n)
{
    if (n->electrum)
        electrum_refresh_blacklist(n->electrum->electrum);
}

bool node_electrum_route(struct route *out, struct node *n)
{
    if (n->electrum)
        *out = electrum_route(n->electrum->electrum);
    return n->electrum != NULL;
}

bool node_electrum_methods(struct rpc_table *out, struct node *n)
{
    if (n->electrum)
        *out = electrum_rpc_table(n->electrum->electrum);
    return n->electrum != NULL;
}

struct cJSON *node_electrum_explain(const struct node *n, const char *host)
{
    return n->electrum ? electrum_explain_server(n->electrum->electrum, host) : NULL;
}

enum { SERVERS_MAX_BYTES = 4 << 20 };

void node_electrum_call_servers(struct rpc_call *c)
{
    const struct node *n = c->arg;
    struct buf text;
    int rc;

    if (!n->electrum) {
        rpc_fail(c, RPC_MISC_ERROR, "there is no Electrum server: --electrum");
        return;
    }
    buf_init(&text, SERVERS_MAX_BYTES);
    rc = electrum_put_servers(&text, n->electrum->electrum);
    if (rc == 0)
        rc = json_parse(&c->result, (const char *)text.data, text.len);
    if (rc < 0)
        rpc_fail(c, RPC_MISC_ERROR, "the list cannot be made: %s", pn_strerror(rc));
    buf_free(&text);
}
