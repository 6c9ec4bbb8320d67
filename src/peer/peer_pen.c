/* Who writes to the connection, and a frame that is written by whoever sends it.
 *
 * A frame on its way through `queue` and `out` wakes two sleeping threads. For news that goes to
 * many peers at once these wake-ups are most of its cost, while nearly all of these peers have
 * nothing else under way. So it may be written at once, as far as the socket takes it without
 * waiting, by the thread that sends it.
 *
 * The pen: whoever holds it may write, and nobody else. `out` holds it for a batch, a sender for
 * one call that does not wait; so `out`, the only one who waits for the pen, never waits long.
 *
 * The order stays what it was: queued_bytes counts all that was accepted and is not yet written, so
 * who finds it 0 and raises it has nothing before him, and all that comes later stands in the
 * channels behind him, where `out` needs the pen to go on. What the socket did not take is kept as
 * the rest, which `out` writes before anything else; an empty message in its channel wakes it. */
#include "base/err.h"
#include "peer/peer_internal.h"

enum { AT_ONCE_BYTES = 65536 }; /* above, copying it would hold the sender up */

static bool pen_try(struct peer *p)
{
    bool taken;

    mutex_lock(&p->pen_mu);
    taken = p->pen_taken;
    p->pen_taken = true;
    mutex_unlock(&p->pen_mu);
    return !taken;
}

void peer_pen_take(struct peer *p)
{
    mutex_lock(&p->pen_mu);
    while (p->pen_taken)
        clock_cond_wait(&p->pen_free, &p->pen_mu, CLOCK_NEVER);
    p->pen_taken = true;
    mutex_unlock(&p->pen_mu);
}

void peer_pen_give(struct peer *p)
{
    mutex_lock(&p->pen_mu);
    p->pen_taken = false;
    pthread_cond_signal(&p->pen_free);
    mutex_unlock(&p->pen_mu);
}

/* With the pen held. Returns: how many bytes were written, or a pn_err. */
static ssize_t write_now(struct peer *p, const struct out_msg *m)
{
    size_t nothing = 0, put = 0;
    int rc;

    /* Behind last words nothing is said. */
    if (peer_disconnecting(p) ||
        !atomic_compare_exchange_strong(&p->queued_bytes, &nothing, m->frame->len))
        return 0;
    peer_note_sent(p, m);
    rc = conn_try_write(p->conn, &put, m->frame->data, m->frame->len);
    p->write_failed = rc < 0;
    if (put == 0)
        atomic_fetch_sub(&p->queued_bytes, m->frame->len);
    else if (put < m->frame->len)
        p->rest = (struct rest){.frame = m->frame, .done = put};
    return rc < 0 ? rc : (ssize_t)put;
}

int peer_write_at_once(struct peer *p, struct out_msg *m)
{
    const struct out_msg wake = {.frame = NULL};
    size_t len = m->frame->len;
    ssize_t put;

    if (len > AT_ONCE_BYTES || p->transport_ops->seal || !atomic_load(&p->is_ready) || !pen_try(p))
        return PN_EAGAIN;
    put = write_now(p, m);
    peer_pen_give(p);
    if (put == 0)
        return PN_EAGAIN;
    if (put > 0 && (size_t)put < len) {
        /* Where there is no room for it, `out` is awake. */
        chan_try_send(&p->send, &wake);
        return 0;
    }
    if (put > 0) {
        peer_count_sent(p, m->frame->cmd, len);
        peer_discard(p, m);
        peer_resume(p);
        return 0;
    }
    frame_unref(m->frame);
    peer_disconnect(p, (int)put);
    return PN_ECLOSED;
}
