/* The server's loop.
 *
 * Messages come from the listener (never blocking), the dialer, the peers' threads and the
 * managers. The order of leaving: server_stop closes the quit token -> every peer is told to part
 * -> each peer's last thread posts PEER_DONE, which is drained until none is left -> the inbox
 * closes, so that whoever still sends keeps what it has -> stopped(). */
#include "server/server.h"

#include <stdatomic.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "net/conn.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum { INBOX_MESSAGES = 512, HEARTBEAT_MS = 1000 };

enum server_event { NEW_CONN, PEER_READY, PEER_DONE, BROADCAST };

struct new_conn {
    unsigned network;
    struct conn *conn;
    struct net_addr addr;
    bool inbound;
    uint64_t request_id;
};

struct server_msg {
    enum server_event event;
    union {
        struct new_conn conn;
        struct peer *peer;
        struct server_broadcast *broadcast;
    };
};

struct network_state {
    struct server_network net;
    struct peer_metrics *peer_metrics;
    struct metric *ready[2];  /* gauge, by inbound */
    struct metric *opened[2]; /* counter, by inbound */
};

struct server {
    struct network_state networks[SERVER_MAX_NETWORKS];
    unsigned n_networks;
    struct dialer *dialer;
    struct peer **peers; /* the table: max_peers places, the first n_peers taken */
    unsigned n_peers, max_peers;
    uint64_t last_id;
    bool stopping;
    struct chan inbox, quit;
    struct thread thread;
    void (*stopped)(void *arg);
    void *stopped_arg;
    atomic_uint ready_peers;
    atomic_int_fast64_t beat_us;
};

static struct chan_class inbox_class = {
    .name = "server_inbox",
    .elem_size = sizeof(struct server_msg),
    .capacity = INBOX_MESSAGES,
    .block_roles = ROLE_BIT(ROLE_DIALER) | ROLE_BIT(ROLE_MANAGER) | ROLE_BIT(ROLE_PEER_IN) |
                   ROLE_BIT(ROLE_PEER_QUEUE) | ROLE_BIT(ROLE_PEER_OUT) | ROLE_BIT(ROLE_PEER_STALL) |
                   ROLE_BIT(ROLE_PEER_PING),
};

static struct metric_family peers_family = {
    .name = "p2pnode_peers",
    .help = "Peers whose handshake is done, by network and direction.",
    .type = METRIC_GAUGE,
    .labels = {"network", "direction"},
};

static struct metric_family connections_family = {
    .name = "p2pnode_connections_total",
    .help = "Connections made and accepted, by network and direction.",
    .type = METRIC_COUNTER,
    .labels = {"network", "direction"},
};

static struct metric_family disconnects_family = {
    .name = "p2pnode_disconnects_total",
    .help = "Connections ended, by network and reason.",
    .type = METRIC_COUNTER,
    .labels = {"network", "reason"},
};

struct server *server_new(unsigned max_peers)
{
    struct server *s = mem_zalloc(sizeof *s);

    if (!s)
        return NULL;
    s->max_peers = max_peers;
    s->peers = mem_zalloc_array(max_peers, sizeof *s->peers);
    if (!s->peers || chan_class_register(&inbox_class) < 0 ||
        chan_class_register(&quit_class) < 0 || chan_init(&s->inbox, &inbox_class) < 0)
        goto fail;
    if (chan_init(&s->quit, &quit_class) < 0) {
        chan_destroy(&s->inbox, NULL);
        goto fail;
    }
    return s;
fail:
    mem_free(s->peers);
    mem_free(s);
    return NULL;
}

int server_add_network(struct server *s, const struct server_network *network)
{
    static const char *const directions[2] = {"outbound", "inbound"};
    struct network_state *n = &s->networks[s->n_networks];

    if (s->n_networks == SERVER_MAX_NETWORKS)
        return PN_ELIMIT;
    n->net = *network;
    n->peer_metrics = peer_metrics_new(network->proto);
    if (!n->peer_metrics)
        return PN_ENOMEM;
    for (int i = 0; i < 2; i++) {
        n->ready[i] = metric_get(&peers_family, network->name, directions[i], NULL);
        n->opened[i] = metric_get(&connections_family, network->name, directions[i], NULL);
    }
    return (int)s->n_networks++;
}

void server_set_dialer(struct server *s, struct dialer *d)
{
    s->dialer = d;
}

static struct network_state *network_of(struct server *s, const struct peer *p)
{
    for (unsigned i = 0; i < s->n_networks; i++)
        if (s->networks[i].net.proto == peer_proto(p))
            return &s->networks[i];
    return NULL;
}

static void post(struct server *s, const struct server_msg *m)
{
    /* The server drains its inbox until the last peer is done, so this never fails. */
    if (BUG(chan_send(&s->inbox, m, CLOCK_NEVER) < 0))
        return;
}

static void on_peer_ready(void *arg, struct peer *p)
{
    post(arg, &(struct server_msg){.event = PEER_READY, .peer = p});
}

static void on_peer_done(void *arg, struct peer *p)
{
    post(arg, &(struct server_msg){.event = PEER_DONE, .peer = p});
}

/* Everything that a connection holds besides itself goes back. */
static void give_back(struct server *s, const struct server_network *net, bool inbound,
                      uint64_t request_id, bool was_ready)
{
    if (inbound)
        slots_give_inbound(net->slots);
    else if (request_id && s->dialer)
        dialer_closed(s->dialer, request_id, was_ready);
}

static int make_peer(struct server *s, struct network_state *n, const struct new_conn *c)
{
    struct peer_setup setup = {
        .id = ++s->last_id,
        .inbound = c->inbound,
        .request_id = c->request_id,
        .addr = c->addr,
        .config = n->net.peer_config,
        .proto = n->net.proto,
        .metrics = n->peer_metrics,
        .host = {.ready = on_peer_ready, .done = on_peer_done, .arg = s},
    };
    struct peer *p;
    int rc = n->net.attach(n->net.arg, &setup);

    if (rc < 0) {
        conn_close(c->conn);
        return rc;
    }
    p = peer_new(&setup, c->conn);
    if (!p) {
        n->net.detach(n->net.arg, &setup);
        conn_close(c->conn);
        return PN_ENOMEM;
    }
    s->peers[s->n_peers++] = p;
    rc = peer_start(p);
    if (rc < 0) {
        s->n_peers--;
        peer_unref(p); /* closes the connection too */
    }
    return rc;
}

static void add_conn(struct server *s, const struct new_conn *c)
{
    struct network_state *n = &s->networks[c->network];
    char text[NET_ADDR_TEXT_BYTES];
    int rc = PN_ELIMIT;

    if (s->stopping || s->n_peers == s->max_peers) {
        conn_close(c->conn);
    } else {
        metric_add(n->opened[c->inbound], 1);
        rc = make_peer(s, n, c);
    }
    if (rc == 0)
        return;
    log_warn("server", "no peer for %s: %s", net_addr_format(text, &c->addr), pn_strerror(rc));
    give_back(s, &n->net, c->inbound, c->request_id, false);
}

static void peer_ready(struct server *s, struct peer *p)
{
    struct network_state *n = network_of(s, p);

    if (BUG(!n))
        return;
    metric_add(n->ready[peer_inbound(p)], 1);
    atomic_fetch_add(&s->ready_peers, 1);
}

static void peer_done(struct server *s, struct peer *p)
{
    struct network_state *n = network_of(s, p);
    struct peer_stats stats;

    if (BUG(!n))
        return;
    peer_join(p);
    peer_stats(p, &stats);
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i] == p) {
            s->peers[i] = s->peers[--s->n_peers];
            break;
        }
    if (stats.ready) {
        metric_add(n->ready[peer_inbound(p)], -1);
        atomic_fetch_sub(&s->ready_peers, 1);
    }
    metric_add(metric_get(&disconnects_family, n->net.name, pn_errname(peer_reason(p)), NULL), 1);
    log_info("server", "peer=%llu %s gone: %s", (unsigned long long)peer_id(p), peer_addr_text(p),
             pn_strerror(peer_reason(p)));
    give_back(s, &n->net, peer_inbound(p), peer_request_id(p), stats.ready);
    peer_unref(p);
}

static void pass_on(struct server *s, struct server_broadcast *b)
{
    const struct peer_proto_ops *proto = s->networks[b->network].net.proto;

    for (unsigned i = 0; i < s->n_peers; i++) {
        struct peer *p = s->peers[i];
        struct peer_stats stats;

        peer_stats(p, &stats);
        if (peer_proto(p) != proto || !stats.ready || peer_disconnecting(p) || !b->want(p, b->key))
            continue;
        if (b->frame)
            peer_send(p, frame_ref(b->frame), 0);
        else
            peer_queue_inventory(p, &b->inventory);
    }
    frame_unref(b->frame);
    mem_free(b);
}

static void take(struct server *s, struct server_msg *m)
{
    switch (m->event) {
    case NEW_CONN:
        add_conn(s, &m->conn);
        break;
    case PEER_READY:
        peer_ready(s, m->peer);
        break;
    case PEER_DONE:
        peer_done(s, m->peer);
        break;
    case BROADCAST:
        pass_on(s, m->broadcast);
        break;
    }
}

static void begin_stop(struct server *s)
{
    s->stopping = true;
    for (unsigned i = 0; i < s->n_peers; i++)
        peer_disconnect(s->peers[i], PN_EQUIT);
}

static void run(void *arg)
{
    struct server *s = arg;
    struct server_msg m;
    struct chan_case cases[] = {
        {.chan = &s->inbox, .op = CHAN_RECV, .elem = &m},
        {.chan = &s->quit, .op = CHAN_RECV},
    };

    while (!s->stopping) {
        int which = chan_select(cases, 2, clock_deadline_ms(HEARTBEAT_MS));

        atomic_store(&s->beat_us, clock_mono_us());
        if (which == 0)
            take(s, &m);
        else if (which == 1)
            begin_stop(s);
    }
    while (s->n_peers > 0 && chan_recv(&s->inbox, &m, CLOCK_NEVER) == 0)
        take(s, &m);
    chan_close(&s->inbox);
    while (chan_try_recv(&s->inbox, &m) == 0)
        take(s, &m);
    s->stopped(s->stopped_arg);
}

int server_start(struct server *s, void (*stopped)(void *arg), void *arg)
{
    s->stopped = stopped;
    s->stopped_arg = arg;
    atomic_store(&s->beat_us, clock_mono_us());
    return thread_start(&s->thread, "server", ROLE_SERVER, run, s);
}

int server_add_conn(struct server *s, unsigned network, struct conn *conn,
                    const struct net_addr *addr, bool inbound, uint64_t request_id,
                    struct chan *quit)
{
    struct server_msg m = {
        .event = NEW_CONN,
        .conn = {.network = network,
                 .conn = conn,
                 .addr = *addr,
                 .inbound = inbound,
                 .request_id = request_id},
    };

    if (!quit)
        return chan_try_send(&s->inbox, &m);
    return chan_send_or_quit(&s->inbox, &m, quit, CLOCK_NEVER);
}

int server_broadcast(struct server *s, const struct server_broadcast *b)
{
    struct server_broadcast *copy = mem_dup(b, sizeof *b);
    struct server_msg m = {.event = BROADCAST, .broadcast = copy};
    int rc = copy ? chan_send(&s->inbox, &m, CLOCK_NEVER) : PN_ENOMEM;

    if (rc < 0) {
        frame_unref(b->frame);
        mem_free(copy);
    }
    return rc;
}

void server_stop(struct server *s)
{
    quit_request(&s->quit);
}

void server_join(struct server *s)
{
    thread_join(&s->thread);
}

void server_free(struct server *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->n_networks; i++)
        peer_metrics_free(s->networks[i].peer_metrics);
    chan_destroy(&s->inbox, NULL);
    chan_destroy(&s->quit, NULL);
    mem_free(s->peers);
    mem_free(s);
}

unsigned server_ready_peers(const struct server *s)
{
    return atomic_load(&s->ready_peers);
}

int64_t server_heartbeat_us(const struct server *s)
{
    return atomic_load(&s->beat_us);
}
