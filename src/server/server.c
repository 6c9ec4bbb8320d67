/* The server's loop.
 *
 * Messages come from the listener (never blocking), the dialer, the peers' threads and the
 * managers. The order of leaving: server_stop closes the quit token -> every peer is told to part
 * -> each peer's last thread posts PEER_DONE, which is drained until none is left -> the inbox
 * closes, so that whoever still sends keeps what it has -> stopped(). */
#include "server/server.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "net/conn.h"
#include "server/server_internal.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum { INBOX_MESSAGES = 512 };

static struct chan_class inbox_class = {
    .name = "server_inbox",
    .elem_size = sizeof(struct server_msg),
    .capacity = INBOX_MESSAGES,
    .block_roles = ROLE_BIT(ROLE_DIALER) | ROLE_BIT(ROLE_MANAGER) | ROLE_BIT(ROLE_RPC) |
                   ROLE_BIT(ROLE_PEER_IN) | ROLE_BIT(ROLE_PEER_QUEUE) | ROLE_BIT(ROLE_PEER_OUT) |
                   ROLE_BIT(ROLE_PEER_STALL) | ROLE_BIT(ROLE_PEER_PING),
};

static struct chan_class visit_class = {
    .name = "server_visit",
    .elem_size = sizeof(char),
    .capacity = 1,
};

static struct metric_family peers_family = {
    .name = "p2pnode_peers",
    .help = "Peers whose handshake is done, by network and direction.",
    .type = METRIC_GAUGE,
    .labels = {"network", "direction"},
};

static struct metric_family kinds_family = {
    .name = "p2pnode_peers_by_kind",
    .help = "Peers whose handshake is done, by network and kind of connection.",
    .type = METRIC_GAUGE,
    .labels = {"network", "kind"},
};

static struct metric_family connections_family = {
    .name = "p2pnode_connections_total",
    .help = "Connections made and accepted, by network and direction.",
    .type = METRIC_COUNTER,
    .labels = {"network", "direction"},
};

struct server *server_new(unsigned max_peers)
{
    struct server *s = mem_zalloc(sizeof *s);

    if (!s)
        return NULL;
    s->max_peers = max_peers + SERVER_EVICTING_MAX;
    s->group_key = siphash_random_key();
    s->seats = mem_zalloc_array(s->max_peers, sizeof *s->seats);
    if (!s->seats || chan_class_register(&inbox_class) < 0 ||
        chan_class_register(&visit_class) < 0 || chan_class_register(&quit_class) < 0 ||
        chan_init(&s->inbox, &inbox_class) < 0)
        goto fail;
    if (chan_init(&s->quit, &quit_class) < 0) {
        chan_destroy(&s->inbox, NULL);
        goto fail;
    }
    return s;
fail:
    mem_free(s->seats);
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
    for (int k = 0; k < CONN_KINDS; k++)
        n->kinds[k] =
            metric_get(&kinds_family, network->name, conn_kind_name((enum conn_kind)k), NULL);
    return (int)s->n_networks++;
}

void server_set_gate(struct server *s, struct gate *gate)
{
    s->gate = gate;
}

void server_set_dialer(struct server *s, struct dialer *d)
{
    s->dialer = d;
}

static void take(struct server *s, struct server_msg *m)
{
    switch (m->event) {
    case NEW_CONN:
        table_add_conn(s, &m->conn);
        break;
    case PEER_READY:
        table_peer_ready(s, m->peer);
        break;
    case PEER_DONE:
        table_peer_done(s, m->peer);
        break;
    case BROADCAST:
        table_pass_on(s, m->broadcast);
        break;
    case VISIT:
        table_visit(s, m->visit);
        break;
    }
}

static void begin_stop(struct server *s)
{
    s->stopping = true;
    for (unsigned i = 0; i < s->n_peers; i++)
        peer_disconnect(s->seats[i].peer, PN_EQUIT);
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
        int which = chan_select(cases, 2, CLOCK_NEVER);

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
    return thread_start(&s->thread, "server", ROLE_SERVER, run, s);
}

int server_add_conn(struct server *s, unsigned network, struct conn *conn,
                    const struct net_addr *addr, enum conn_kind kind, bool has_slot,
                    uint64_t request_id, struct chan *quit)
{
    struct server_msg m = {
        .event = NEW_CONN,
        .conn = {.network = network,
                 .conn = conn,
                 .addr = *addr,
                 .kind = kind,
                 .has_slot = has_slot,
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

int server_visit_peers(struct server *s, void (*visit)(void *arg, struct peer *p), void *arg)
{
    struct visit v = {.visit = visit, .arg = arg};
    struct server_msg m = {.event = VISIT, .visit = &v};
    char done;
    int rc = chan_init(&v.done, &visit_class);

    if (rc < 0)
        return rc;
    rc = chan_send(&s->inbox, &m, CLOCK_NEVER);
    if (rc == 0)
        rc = chan_recv(&v.done, &done, CLOCK_NEVER); /* the server empties its inbox at any rate */
    chan_destroy(&v.done, NULL);
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
    mem_free(s->seats);
    mem_free(s);
}

void server_bytes(const struct server *s, unsigned network, uint64_t *in, uint64_t *out)
{
    peer_metrics_bytes(s->networks[network].peer_metrics, in, out);
}

unsigned server_ready_peers(const struct server *s)
{
    return atomic_load(&s->ready_peers);
}

unsigned server_peers_of_kind(const struct server *s, unsigned network, enum conn_kind kind)
{
    int64_t n = metric_value(s->networks[network].kinds[kind]);

    return n > 0 ? (unsigned)n : 0;
}
