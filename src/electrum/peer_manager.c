/* What the manager of other servers is made of. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "electrum/internal.h"
#include "electrum/looks.h"
#include "electrum/peers/builtin.h"

enum { ANNOUNCEMENT_MAX_BYTES = 4096 };

static struct metric_family looks_family = {
    .name = "p2pnode_electrum_looks_total",
    .help = "Looks at other Electrum servers by what they came to.",
    .type = METRIC_COUNTER,
    .labels = {"result"},
};

static struct metric_family servers_family = {
    .name = "p2pnode_electrum_servers",
    .help = "Electrum servers that are known, by status.",
    .type = METRIC_GAUGE,
    .labels = {"status"},
};

static void collect(void *arg)
{
    struct electrum *e = arg;
    unsigned counts[PEERS_STATUSES];

    peers_count(e->peers, counts);
    for (int s = 0; s < PEERS_STATUSES; s++)
        metric_set(metric_get(&servers_family, peers_status_name((enum peers_status)s), NULL),
                   counts[s]);
}

static int make_metrics(struct electrum *e)
{
    static const char *const names[3] = {"failed", "bad", "good"};

    for (int i = 0; i < 3; i++)
        e->look_results[i] = metric_get(&looks_family, names[i], NULL);
    return metrics_add_collector(collect, e);
}

static int copy_path(char **out, const char *path)
{
    *out = path ? mem_strdup(path) : NULL;
    return path && !*out ? PN_ENOMEM : 0;
}

/* What we say of ourselves, when we do. */
static int make_announcement(struct electrum *e)
{
    struct buf text;

    if (e->config.n_announce == 0)
        return 0;
    buf_init(&text, ANNOUNCEMENT_MAX_BYTES);
    buf_puts(&text, "[");
    put_features(&text, e);
    buf_puts(&text, "]");
    e->announcement = buf_cstr(&text) ? mem_strdup(buf_cstr(&text)) : NULL;
    buf_free(&text);
    return e->announcement ? 0 : PN_ENOMEM;
}

static void add_builtin(struct electrum *e)
{
    const struct builtin_server *s;
    size_t n = 0;

    if (!e->config.peers.network)
        return;
    s = builtin_servers(&n, e->config.peers.network);
    for (size_t i = 0; i < n; i++)
        peers_note(e->peers, s[i].host, s[i].tcp_port, s[i].ssl_port, "built-in");
}

int electrum_make_peers(struct electrum *e)
{
    const struct electrum_peers_config *c = &e->config.peers;
    const struct peers_config table = {.allow_private = c->allow_private,
                                       .policy = e->config.policy};
    int rc = tls_context_client(&e->tls_client);

    e->peers = rc == 0 ? peers_table_new(&table) : NULL;
    if (!e->peers)
        return PN_ENOMEM;
    rc = copy_path(&e->dump_path, c->dump_path);
    if (rc == 0)
        rc = blacklist_source_new(&e->blacklist_source, e);
    if (rc == 0)
        rc = make_announcement(e);
    if (rc == 0 && c->store_path)
        rc = peers_store_open(&e->store, e->peers, c->store_path);
    if (rc == 0)
        rc = make_metrics(e);
    if (rc == 0)
        add_builtin(e);
    return rc;
}

void electrum_free_peers(struct electrum *e)
{
    if (e->peers)
        metrics_remove_collector(collect, e);
    peers_store_close(e->store);
    peers_table_free(e->peers);
    tls_context_free(e->tls_client);
    blacklist_source_free(e->blacklist_source);
    blacklist_free(&e->blacklist);
    mem_free(e->announcement);
    mem_free(e->dump_path);
}

int electrum_attach_peers(struct electrum *e, struct slots *slots)
{
    const struct server_network checks = {
        .name = check_ops.network,
        .peer_config = &e->config.peer,
        .proto = &check_ops,
        .slots = slots,
        .attach = check_attach,
        .detach = check_detach,
        .closed = check_closed,
        .arg = e,
    };
    int number = server_add_network(e->server, &checks);

    if (number < 0)
        return number;
    e->checks_network = (unsigned)number;
    return 0;
}

int electrum_add_server(struct electrum *e, const struct electrum_host *host)
{
    if (!e->peers)
        return PN_EINVAL;
    return peers_note(e->peers, host->name, host->tcp_port, host->ssl_port, "operator");
}

int electrum_put_servers(struct buf *out, struct electrum *e)
{
    return e->peers ? peers_put_dump(out, e->peers) : buf_puts(out, "{\"servers\": []}\n");
}
