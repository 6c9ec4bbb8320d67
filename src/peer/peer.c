/* A peer's life outside its handlers: construction, threads, leaving, sending, statistics.
 *
 * An inbound connection: loop accepts -> dial checks networks and slots (listener.c) -> NEW_CONN to
 * the server -> server_add_conn makes the peer: peer_new, peer_start -> thread in runs
 * peer_in_run: negotiate -> peer_start_thread for the other four -> host.ready -> proto.ready ->
 * messages -> peer_disconnect by whoever has a reason -> the channels close, the socket shuts down
 * -> peer_leave five times -> host.done -> the server joins, frees the slot, counts the reason. */
#include "peer/peer.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "peer/peer_internal.h"

struct peer *peer_new(const struct peer_setup *setup, struct conn *conn)
{
    size_t counters = 2 * (size_t)setup->proto->cmd_count;
    struct peer *p = mem_zalloc(sizeof *p + counters * sizeof p->cmd_bytes[0]);

    assert(setup->proto->n_stall_rules <= PEER_STALL_RULES_MAX);
    if (!p)
        return NULL;
    p->id = setup->id;
    p->kind = setup->kind;
    p->request_id = setup->request_id;
    p->addr = setup->addr;
    net_addr_format(p->addr_text, &p->addr);
    p->config = setup->config;
    p->proto = setup->proto;
    p->metrics = setup->metrics;
    p->host = setup->host;
    p->connected_us = clock_mono_us();
    atomic_init(&p->refs, 1);
    atomic_init(&p->ping_us, -1);
    atomic_init(&p->min_ping_us, -1);
    if (peer_channels_init(p) < 0) {
        mem_free(p);
        return NULL;
    }
    mutex_init(&p->pen_mu);
    clock_cond_init(&p->pen_free);
    mutex_init(&p->pause_mu);
    clock_cond_init(&p->resume);
    mutex_init(&p->known_mu);
    buf_init(&p->sealed, PEER_SEALED_MAX);
    known_init(&p->known, setup->config->max_known_inventory);
    p->proto_data = setup->proto_data;
    p->transport_ops = setup->transport_ops;
    p->transport = setup->transport;
    p->conn = conn;
    return p;
}

static const struct {
    const char *name;
    enum thread_role role;
    void (*run)(void *);
} handlers[PEER_THREADS] = {
    [PEER_IN] = {"in", ROLE_PEER_IN, peer_in_run},
    [PEER_QUEUE] = {"queue", ROLE_PEER_QUEUE, peer_queue_run},
    [PEER_OUT] = {"out", ROLE_PEER_OUT, peer_out_run},
    [PEER_STALL] = {"stall", ROLE_PEER_STALL, peer_stall_run},
    [PEER_PING] = {"ping", ROLE_PEER_PING, peer_ping_run},
};

int peer_start_thread(struct peer *p, enum peer_thread which)
{
    char name[16];
    int rc;

    snprintf(name, sizeof name, "%s-%llu", handlers[which].name,
             (unsigned long long)(p->id % 100000000));
    atomic_fetch_add(&p->running, 1);
    rc = thread_start(&p->threads[which], name, handlers[which].role, handlers[which].run, p);
    if (rc < 0)
        atomic_fetch_sub(&p->running, 1);
    return rc;
}

int peer_start(struct peer *p)
{
    return peer_start_thread(p, PEER_IN);
}

void peer_leave(struct peer *p)
{
    if (atomic_fetch_sub(&p->running, 1) != 1)
        return;
    p->proto->gone(p);
    p->host.done(p->host.arg, p);
}

void peer_join(struct peer *p)
{
    for (int i = 0; i < PEER_THREADS; i++)
        thread_join(&p->threads[i]);
}

struct peer *peer_ref(struct peer *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void peer_unref(struct peer *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    p->proto->release(p);
    p->transport_ops->free(p->transport);
    conn_close(p->conn);
    buf_free(&p->sealed);
    frame_unref(p->rest.frame);
    frame_unref(atomic_load(&p->last_words));
    known_free(&p->known);
    mutex_destroy(&p->known_mu);
    mutex_destroy(&p->pen_mu);
    pthread_cond_destroy(&p->pen_free);
    mutex_destroy(&p->pause_mu);
    pthread_cond_destroy(&p->resume);
    peer_channels_destroy(p);
    mem_free(p);
}

void peer_disconnect(struct peer *p, int reason)
{
    int wanted = 0;

    if (!atomic_compare_exchange_strong(&p->reason, &wanted, reason))
        return;
    log_debug("peer", "peer=%llu %s parting: %s", (unsigned long long)p->id, p->addr_text,
              pn_strerror(reason));
    peer_part_begin(p, reason);
    peer_resume(p);
}

bool peer_disconnecting(const struct peer *p)
{
    return atomic_load(&p->reason) != 0;
}

int peer_reason(const struct peer *p)
{
    return atomic_load(&p->reason);
}

void peer_discard(struct peer *p, struct out_msg *m)
{
    atomic_fetch_sub(&p->queued_bytes, m->frame->len);
    if (m->flags & PEER_SENT_BY_OTHERS)
        atomic_fetch_sub(&p->others_bytes, m->frame->len);
    frame_unref(m->frame);
}

int peer_send(struct peer *p, struct frame *f, unsigned flags)
{
    struct out_msg m = {.frame = f, .flags = flags};
    size_t others;
    int rc = flags & PEER_SEND_AT_ONCE ? peer_write_at_once(p, &m) : PN_EAGAIN;

    if (rc != PN_EAGAIN)
        return rc;
    m.flags |= PEER_SENT_BY_OTHERS;
    atomic_fetch_add(&p->queued_bytes, f->len);
    others = atomic_fetch_add(&p->others_bytes, f->len);
    /* One frame alone may exceed the bound, or it could never be sent. */
    if (others > 0 && others + f->len > p->config->max_send_bytes)
        rc = PN_EAGAIN;
    else
        rc = chan_try_send(&p->output, &m);
    if (rc == 0)
        return 0;
    peer_discard(p, &m);
    if (rc != PN_EAGAIN)
        return rc;
    peer_disconnect(p, PN_ESLOW);
    return PN_ESLOW;
}

void peer_queue_inventory(struct peer *p, const struct peer_inventory *item)
{
    chan_try_send(&p->inventory, item);
}

void peer_add_known(struct peer *p, const uint8_t hash[32])
{
    mutex_lock(&p->known_mu);
    known_add(&p->known, hash, 32);
    mutex_unlock(&p->known_mu);
}

bool peer_has_known(struct peer *p, const uint8_t hash[32])
{
    bool has;

    mutex_lock(&p->known_mu);
    has = known_has(&p->known, hash, 32);
    mutex_unlock(&p->known_mu);
    return has;
}

struct chan *peer_quit(struct peer *p)
{
    return &p->quit;
}

uint64_t peer_id(const struct peer *p)
{
    return p->id;
}

enum conn_kind peer_kind(const struct peer *p)
{
    return p->kind;
}

bool peer_inbound(const struct peer *p)
{
    return conn_kind_is_inbound(p->kind);
}

uint64_t peer_request_id(const struct peer *p)
{
    return p->request_id;
}

const struct net_addr *peer_addr(const struct peer *p)
{
    return &p->addr;
}

const char *peer_addr_text(const struct peer *p)
{
    return p->addr_text;
}

void *peer_proto_data(const struct peer *p)
{
    return p->proto_data;
}

const struct peer_proto_ops *peer_proto(const struct peer *p)
{
    return p->proto;
}

static int64_t ping_wait_us(const struct peer *p)
{
    int64_t sent_us = atomic_load(&p->ping_sent_us);

    return atomic_load(&p->ping_nonce) != 0 && sent_us > 0 ? clock_mono_us() - sent_us : 0;
}

void peer_stats(const struct peer *p, struct peer_stats *out)
{
    *out = (struct peer_stats){
        .ready = atomic_load(&p->is_ready),
        .bytes_in = atomic_load(&p->bytes_in),
        .bytes_out = atomic_load(&p->bytes_out),
        .messages_in = atomic_load(&p->messages_in),
        .messages_out = atomic_load(&p->messages_out),
        .connected_us = p->connected_us,
        .last_recv_us = atomic_load(&p->last_recv_us),
        .last_send_us = atomic_load(&p->last_send_us),
        .ping_us = atomic_load(&p->ping_us),
        .min_ping_us = atomic_load(&p->min_ping_us),
        .ping_wait_us = ping_wait_us(p),
    };
}

void peer_message_bytes(const struct peer *p, uint64_t *in, uint64_t *out)
{
    const unsigned n = p->proto->cmd_count;

    for (unsigned cmd = 0; cmd < n; cmd++) {
        in[cmd] = atomic_load_explicit(&p->cmd_bytes[cmd], memory_order_relaxed);
        out[cmd] = atomic_load_explicit(&p->cmd_bytes[n + cmd], memory_order_relaxed);
    }
}
