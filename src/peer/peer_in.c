/* Handler `in`: the handshake, then message after message until the peer parts.
 *
 * It blocks on the socket, until there is room for its replies when the remote side asks faster
 * than it reads, and, inside the protocol's handler, on a manager's or the server's inbox; each of
 * these waits ends with the peer's quit token. That chain is the back-pressure: while this thread
 * waits, nothing more is read from this remote side. */
#include "base/clock.h"
#include "base/err.h"
#include "log/log.h"
#include "peer/peer_internal.h"

/* Hand the collected replies to the queue in one batch. */
static int flush_replies(struct peer *p)
{
    unsigned done = 0;
    int rc = 0;

    while (rc == 0 && done < p->corked) {
        int moved;

        rc = peer_await_room(p, p->corked - done);
        moved = rc == 0 ? chan_try_send_many(&p->output, p->cork + done, p->corked - done) : rc;
        if (moved < 0)
            rc = moved;
        else
            done += (unsigned)moved;
    }
    while (done < p->corked)
        peer_discard(p, &p->cork[done++]);
    p->corked = 0;
    return rc == PN_ECLOSED ? PN_EQUIT : rc;
}

int peer_reply(struct peer *p, struct frame *f, unsigned flags)
{
    if (!f)
        return PN_ENOMEM;
    atomic_fetch_add(&p->queued_bytes, f->len);
    p->cork[p->corked++] = (struct out_msg){.frame = f, .flags = flags};
    return p->corked == PEER_CORK_FRAMES ? flush_replies(p) : 0;
}

int peer_flush(struct peer *p)
{
    return flush_replies(p);
}

static int read_more(struct peer *p)
{
    size_t room, got = 0;
    uint8_t *at = p->transport_ops->space(p->transport, &room);
    int rc;

    if (!at)
        return PN_ENOMEM;
    rc = conn_read(p->conn, &got, at, room, p->read_deadline_us);
    if (rc < 0)
        return rc;
    p->transport_ops->commit(p->transport, got);
    atomic_fetch_add_explicit(&p->bytes_in, got, memory_order_relaxed);
    return 0;
}

int peer_read_message(struct peer *p, struct peer_message *out)
{
    for (;;) {
        int rc = p->transport_ops->next(p->transport, out);

        if (rc == 0) {
            /* Before this thread waits, what it has to say goes out. */
            rc = p->corked ? flush_replies(p) : 0;
            if (rc == 0)
                rc = read_more(p);
            if (rc == 0)
                continue;
        }
        if (rc < 0)
            return rc;
        atomic_store_explicit(&p->last_recv_us, clock_mono_us(), memory_order_relaxed);
        atomic_fetch_add_explicit(&p->messages_in, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&p->cmd_bytes[out->cmd], out->wire_bytes, memory_order_relaxed);
        peer_metrics_in(p->metrics, out->cmd, out->wire_bytes);
        return 0;
    }
}

static int handle_one(struct peer *p, const struct peer_message *m)
{
    bool timed = atomic_load_explicit(&p->expecting, memory_order_acquire) != 0;
    int rc;

    if (timed) {
        peer_stall_received(p, m->cmd);
        peer_stall_note(p, STALL_HANDLER_START, 0);
    }
    rc = p->proto->handle(p, m);
    if (timed)
        peer_stall_note(p, STALL_HANDLER_DONE, 0);
    return rc;
}

static int start_others(struct peer *p)
{
    for (enum peer_thread t = PEER_QUEUE; t < PEER_THREADS; t++) {
        int rc = peer_start_thread(p, t);

        if (rc < 0)
            return rc;
        p->out_runs = p->out_runs || t == PEER_OUT;
    }
    return 0;
}

void peer_grant_time(struct peer *p, int64_t ms)
{
    p->read_deadline_us = clock_deadline_ms(ms);
}

static int shake_hands(struct peer *p)
{
    int rc;

    p->read_deadline_us = clock_deadline_ms(p->config->handshake_timeout_ms);
    rc = p->proto->negotiate(p);
    if (rc == 0)
        rc = start_others(p);
    if (rc < 0)
        return rc;
    peer_metrics_handshake(p->metrics, clock_mono_us() - p->connected_us);
    atomic_store(&p->is_ready, true);
    p->host.ready(p->host.arg, p);
    return p->proto->ready(p);
}

/* What has been replied goes out first: it may be what is waited for. */
int peer_rest(struct peer *p)
{
    int rc = flush_replies(p);

    return rc == 0 ? peer_pause(p) : rc;
}

void peer_in_run(void *arg)
{
    struct peer *p = arg;
    int rc = shake_hands(p);

    while (rc == 0) {
        struct peer_message m;

        p->read_deadline_us = clock_deadline_ms(p->config->idle_timeout_ms);
        rc = peer_must_pause(p) ? peer_rest(p) : 0;
        if (rc == 0)
            rc = peer_read_message(p, &m);
        if (rc == PN_ETIMEDOUT)
            rc = PN_EIDLE;
        if (rc == 0)
            rc = handle_one(p, &m);
    }
    peer_disconnect(p, rc);
    flush_replies(p); /* the channel is closed: this lets go of what is left */
    peer_part_in(p);
    peer_leave(p);
}
