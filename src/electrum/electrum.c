/* Construction, start and stop. */
#include "electrum/electrum.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "electrum/internal.h"
#include "electrum/looks.h"
#include "rpc/json.h"

enum { RATE_CLIENTS_MAX = 8192 };

static struct chan_class ring_class = {.name = "electrum_ring", .capacity = 1};

static int read_hashes(void *arg, merkle_hash *out, uint32_t first, uint32_t n)
{
    const struct electrum *e = arg;
    const struct electrum_chain *chain = &e->config.chain;

    return chain->ops->hashes(chain->arg, out, first, n) == n ? 0 : PN_ENOENT;
}

static int copy_text(char **out, const char *text)
{
    *out = mem_strdup(text ? text : "");
    return *out ? 0 : PN_ENOMEM;
}

static const double cost_buckets[] = {10, 100, 500, 1000, 2000, 5000, 10000};

static struct metric_family sessions_family = {
    .name = "p2pnode_electrum_sessions",
    .help = "Connections of Electrum clients that are open.",
    .type = METRIC_GAUGE,
};

static struct metric_family costs_family = {
    .name = "p2pnode_electrum_session_cost",
    .help = "What a client's session had cost by ElectrumX's count after each line that it sent; "
            "from the soft limit on it is slowed down, from the hard limit on refused.",
    .type = METRIC_HISTOGRAM,
    .buckets = cost_buckets,
    .n_buckets = sizeof cost_buckets / sizeof cost_buckets[0],
    .scale = 1e-3,
};

static int make_parts(struct electrum *e)
{
    const struct electrum_config *c = &e->config;
    const struct header_hashes hashes = {read_hashes, e};
    char *banner = NULL, *donation_address = NULL;
    struct rate_limit_config rate = c->rate_limit;
    int rc = copy_text(&e->software, c->software);

    if (rc == 0)
        rc = copy_text(&banner, c->banner);
    if (rc == 0)
        rc = copy_text(&donation_address, c->donation_address);
    electrum_set_texts(e, banner, donation_address);
    if (rc < 0)
        return rc;
    e->sessions_open = metric_get(&sessions_family, NULL);
    e->session_costs = metric_get(&costs_family, NULL);
    e->costs = cost_table_new(c->cost_soft, c->cost_hard, c->policy);
    e->addresses = address_count_new(c->max_sessions, c->sessions_per_address);
    rate.max_clients = RATE_CLIENTS_MAX; /* also without a limit: one may be set later */
    if (rate.window_ms == 0)
        rate.window_ms = 1;
    e->limiter = rate_limiter_new(&rate);
    e->prover = header_prover_new(&hashes);
    if (!e->costs || !e->addresses || !e->limiter || !e->prover)
        return PN_ENOMEM;
    return c->peers.enabled ? electrum_make_peers(e) : 0;
}

void electrum_wake(void *arg)
{
    const struct electrum *e = arg;
    const uint64_t one = 1;

    if (write(e->wake_fd, &one, sizeof one) < 0)
        return; /* it is full, so the thread is about to wake */
}

static int make_channels(struct electrum *e)
{
    int rc = chan_class_register(&ring_class);

    if (rc == 0)
        rc = chan_class_register(&quit_class);
    if (rc == 0)
        rc = chan_init(&e->ring, &ring_class);
    if (rc < 0)
        return rc;
    rc = chan_init(&e->quit, &quit_class);
    if (rc < 0) {
        chan_destroy(&e->ring, NULL);
        return rc;
    }
    rc = looks_init(e);
    if (rc < 0) {
        chan_destroy(&e->ring, NULL);
        chan_destroy(&e->quit, NULL);
        return rc;
    }
    chan_set_notify(&e->ring, electrum_wake, e);
    chan_set_notify(&e->quit, electrum_wake, e);
    chan_set_notify(&e->closed, electrum_wake, e);
    chan_set_notify(&e->resolved, electrum_wake, e);
    return 0;
}

static void free_parts(struct electrum *e)
{
    cost_table_free(e->costs);
    address_count_free(e->addresses);
    rate_limiter_free(e->limiter);
    header_prover_free(e->prover);
    tls_context_free(e->tls);
    electrum_free_peers(e);
    mem_free(e->software);
    electrum_set_texts(e, NULL, NULL);
    mutex_destroy(&e->texts_mu);
}

int electrum_new(struct electrum **out, const struct electrum_config *config)
{
    struct electrum *e = mem_zalloc(sizeof *e);
    int rc;

    *out = NULL;
    if (!e)
        return PN_ENOMEM;
    json_init();
    e->config = *config;
    mutex_init(&e->texts_mu);
    e->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    rc = e->wake_fd < 0 ? pn_err_from_errno(errno) : make_channels(e);
    if (rc < 0) {
        if (e->wake_fd >= 0)
            close(e->wake_fd);
        mutex_destroy(&e->texts_mu);
        mem_free(e);
        return rc;
    }
    rc = make_parts(e);
    if (rc < 0) {
        electrum_free(e);
        return rc;
    }
    *out = e;
    return 0;
}

void electrum_free(struct electrum *e)
{
    if (!e)
        return;
    chan_destroy(&e->ring, NULL);
    chan_destroy(&e->quit, NULL);
    looks_free(e);
    close(e->wake_fd);
    free_parts(e);
    mem_free(e);
}

int electrum_attach(struct electrum *e, struct server *server, struct slots *slots)
{
    const struct server_network sessions = {
        .name = session_ops.network,
        .peer_config = &e->config.peer,
        .proto = &session_ops,
        .slots = slots,
        .attach = session_attach,
        .detach = session_detach,
        .arg = e,
    };
    int number = server_add_network(server, &sessions);

    if (number < 0)
        return number;
    e->server = server;
    e->sessions_network = (unsigned)number;
    return e->peers ? electrum_attach_peers(e, slots) : 0;
}

void electrum_use_certificate(struct electrum *e, struct tls_context *fresh)
{
    tls_context_free(e->tls);
    e->tls = fresh;
}

void electrum_set_texts(struct electrum *e, char *banner, char *donation_address)
{
    char *old_banner, *old_address;

    mutex_lock(&e->texts_mu);
    old_banner = e->banner;
    old_address = e->donation_address;
    e->banner = banner;
    e->donation_address = donation_address;
    mutex_unlock(&e->texts_mu);
    mem_free(old_banner);
    mem_free(old_address);
}

void electrum_set_costs(struct electrum *e, double soft, double hard)
{
    cost_table_set_limits(e->costs, soft, hard);
}

void electrum_set_rate(struct electrum *e, const struct rate_limit_config *rate)
{
    rate_limiter_change(e->limiter, rate);
}

/* Nobody gives way to a newcomer: clients are alike to us, and those who are here stay. */
int electrum_accepted(struct electrum *e, struct conn *c, const struct net_addr *from,
                      bool has_slot, bool tls)
{
    struct conn *sealed = c;
    int rc;

    if (!has_slot)
        return PN_ELIMIT;
    if (!tls)
        return server_add_conn(e->server, e->sessions_network, c, from, CONN_INBOUND, true, 0,
                               NULL);
    sealed = tls_conn_new(e->tls, c, NULL);
    if (!sealed)
        return PN_ENOMEM;
    rc = server_add_conn(e->server, e->sessions_network, sealed, from, CONN_INBOUND, true, 0, NULL);
    if (rc < 0)
        tls_conn_release(sealed); /* c stays the caller's */
    return rc;
}

void electrum_refresh_blacklist(struct electrum *e)
{
    blacklist_source_refresh(e->blacklist_source);
    electrum_wake(e);
}

void electrum_tip_moved(struct electrum *e)
{
    chan_try_send(&e->ring, NULL);
}
