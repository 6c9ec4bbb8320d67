/* The peer table: making peers, letting them go, and passing things on to them. */
#include <inttypes.h>
#include <stdio.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "server/server_internal.h"

static struct metric_family disconnects_family = {
    .name = "p2pnode_disconnects_total",
    .help = "Connections ended, by network and reason.",
    .type = METRIC_COUNTER,
    .labels = {"network", "reason"},
};

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
static void give_back(struct server *s, const struct server_network *net, bool has_slot,
                      uint64_t request_id, bool was_ready)
{
    if (has_slot)
        slots_give_inbound(net->slots);
    if (request_id && net->closed)
        net->closed(net->arg, request_id, was_ready);
    else if (request_id && s->dialer)
        dialer_closed(s->dialer, request_id, was_ready);
}

static void note(struct server *s, enum journal_event event, const struct network_state *n,
                 const struct net_addr *addr, int reason, const char *detail)
{
    if (s->gate)
        gate_note(s->gate, event, addr, n->net.name, reason ? pn_errname(reason) : NULL, detail);
}

/* Which connection it was: the journal's subjects are addresses. */
static void note_peer(struct server *s, enum journal_event event, const struct network_state *n,
                      const struct peer *p, int reason)
{
    char detail[JOURNAL_DETAIL_BYTES];

    snprintf(detail, sizeof detail, "peer %" PRIu64 ", %s", peer_id(p),
             conn_kind_name(peer_kind(p)));
    note(s, event, n, peer_addr(p), reason, detail);
}

static int make_peer(struct server *s, struct network_state *n, const struct new_conn *c)
{
    struct peer_setup setup = {
        .id = ++s->last_id,
        .kind = c->kind,
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
    s->seats[s->n_peers++] = (struct seat){.peer = p, .has_slot = c->has_slot};
    rc = peer_start(p);
    if (rc < 0) {
        s->n_peers--;
        peer_unref(p); /* closes the connection too */
    }
    return rc;
}

/* Find a slot for a newcomer who came without one. Returns: whether somebody gives way. */
static bool make_way(struct server *s, const struct network_state *n)
{
    struct seat *victim = s->n_peers < s->max_peers ? eviction_choose(s, n) : NULL;

    if (!victim)
        return false;
    victim->has_slot = false; /* it passes to the newcomer */
    peer_disconnect(victim->peer, PN_EEVICTED);
    return true;
}

void table_add_conn(struct server *s, const struct new_conn *conn)
{
    struct network_state *n = &s->networks[conn->network];
    struct new_conn c = *conn;
    char text[NET_ADDR_TEXT_BYTES];
    int rc = PN_ELIMIT;

    if (!s->stopping && conn_kind_is_inbound(c.kind) && !c.has_slot)
        c.has_slot = make_way(s, n);
    if (s->stopping || s->n_peers == s->max_peers ||
        (conn_kind_is_inbound(c.kind) && !c.has_slot)) {
        conn_close(c.conn);
    } else {
        metric_add(n->opened[conn_kind_is_inbound(c.kind)], 1);
        rc = make_peer(s, n, &c);
    }
    if (rc == 0)
        return;
    log_debug("server", "no peer for %s: %s", net_addr_format(text, &c.addr), pn_strerror(rc));
    note(s, conn_kind_is_inbound(c.kind) ? JOURNAL_REFUSED : JOURNAL_FAILED, n, &c.addr, rc,
         conn_kind_name(c.kind));
    give_back(s, &n->net, c.has_slot, c.request_id, false);
}

void table_peer_ready(struct server *s, struct peer *p)
{
    struct network_state *n = network_of(s, p);

    if (BUG(!n))
        return;
    metric_add(n->ready[peer_inbound(p)], 1);
    metric_add(n->kinds[peer_kind(p)], 1);
    note_peer(s, peer_inbound(p) ? JOURNAL_ACCEPTED : JOURNAL_CONNECTED, n, p, 0);
    atomic_fetch_add(&s->ready_peers, 1);
}

/* Returns: whether the peer held an inbound slot. */
static bool leave_seat(struct server *s, const struct peer *p)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->seats[i].peer == p) {
            bool has_slot = s->seats[i].has_slot;

            s->seats[i] = s->seats[--s->n_peers];
            return has_slot;
        }
    (void)BUG(true); /* a peer that is not in the table */
    return false;
}

void table_peer_done(struct server *s, struct peer *p)
{
    struct network_state *n = network_of(s, p);
    int reason = peer_reason(p);
    struct peer_stats stats;
    bool has_slot;

    if (BUG(!n))
        return;
    peer_join(p);
    peer_stats(p, &stats);
    has_slot = leave_seat(s, p);
    if (stats.ready) {
        metric_add(n->ready[peer_inbound(p)], -1);
        metric_add(n->kinds[peer_kind(p)], -1);
        atomic_fetch_sub(&s->ready_peers, 1);
    }
    metric_add(metric_get(&disconnects_family, n->net.name, pn_errname(reason), NULL), 1);
    log_info("server", "peer=%llu %s gone: %s", (unsigned long long)peer_id(p), peer_addr_text(p),
             pn_strerror(reason));
    note_peer(s, reason == PN_EEVICTED ? JOURNAL_EVICTED : JOURNAL_DISCONNECTED, n, p, reason);
    if (s->gate && gate_is_fault(reason) && peer_kind(p) != CONN_MANUAL)
        gate_punish(s->gate, peer_addr(p), n->net.name, reason, reason == PN_ESCORE);
    give_back(s, &n->net, has_slot, peer_request_id(p), stats.ready);
    peer_unref(p);
}

void table_visit(struct server *s, struct visit *v)
{
    char done = 0;
    int rc;

    for (unsigned i = 0; i < s->n_peers; i++)
        v->visit(v->arg, s->seats[i].peer);
    rc = chan_try_send(&v->done, &done);
    (void)BUG(rc < 0); /* its one place is for this */
}

void table_pass_on(struct server *s, struct server_broadcast *b)
{
    const struct peer_proto_ops *proto = s->networks[b->network].net.proto;

    for (unsigned i = 0; i < s->n_peers; i++) {
        struct peer *p = s->seats[i].peer;
        struct peer_stats stats;

        peer_stats(p, &stats);
        if (peer_proto(p) != proto || !stats.ready || peer_disconnecting(p) || !b->want(p, b->key))
            continue;
        peer_send(p, frame_ref(b->frame), PEER_SEND_AT_ONCE);
    }
    frame_unref(b->frame);
    mem_free(b);
}
