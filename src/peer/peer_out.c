/* Handler `out`: writes what `queue` hands over, a whole batch with one writev.
 *
 * It blocks on the send channel, and on the socket for at most the write deadline: a remote side
 * that does not read is dropped then. Nobody but this peer's own handlers can be waiting for it. */
#include "base/clock.h"
#include "base/err.h"
#include "peer/peer_internal.h"

enum { IOV_PER_FRAME = 2 };

/* Note what the frame starts, before its bytes can be answered. */
static void note_sent(struct peer *p, const struct out_msg *m)
{
    if (m->frame->cmd == p->proto->ping_cmd)
        atomic_store(&p->ping_sent_us, clock_mono_us());
    if (!(m->flags & PEER_SEND_NO_STALL))
        peer_stall_sent(p, m->frame->cmd);
}

static int fill_iov(struct peer *p, struct iovec *iov, const struct frame *f)
{
    if (p->transport_ops->seal)
        return p->transport_ops->seal(p->transport, iov, f);
    iov->iov_base = (void *)(uintptr_t)f->data; /* writev does not write through it */
    iov->iov_len = f->len;
    return 1;
}

static int write_batch(struct peer *p, struct out_msg *batch, unsigned n)
{
    struct iovec iov[PEER_OUT_BATCH * IOV_PER_FRAME];
    int pieces = 0;
    int rc;

    for (unsigned i = 0; i < n; i++) {
        int used = fill_iov(p, iov + pieces, batch[i].frame);

        if (used < 0)
            return used;
        pieces += used;
        note_sent(p, &batch[i]);
    }
    rc = conn_writev(p->conn, iov, pieces, clock_deadline_ms(p->config->write_timeout_ms));
    if (rc == PN_ETIMEDOUT)
        return PN_ESLOW;
    if (rc < 0)
        return rc;
    atomic_store_explicit(&p->last_send_us, clock_mono_us(), memory_order_relaxed);
    atomic_fetch_add_explicit(&p->messages_out, n, memory_order_relaxed);
    for (unsigned i = 0; i < n; i++) {
        atomic_fetch_add_explicit(&p->bytes_out, batch[i].frame->len, memory_order_relaxed);
        peer_metrics_out(p->metrics, batch[i].frame->cmd, batch[i].frame->len);
    }
    return 0;
}

int peer_write_message(struct peer *p, struct frame *f)
{
    struct out_msg m = {.frame = f};
    int rc;

    if (!f)
        return PN_ENOMEM;
    atomic_fetch_add(&p->queued_bytes, f->len);
    rc = write_batch(p, &m, 1);
    peer_discard(p, &m);
    return rc;
}

void peer_out_run(void *arg)
{
    struct peer *p = arg;
    struct out_msg batch[PEER_OUT_BATCH];

    while (!peer_disconnecting(p)) {
        int n = chan_recv_many(&p->send, batch, PEER_OUT_BATCH, CLOCK_NEVER);
        int rc;

        if (n < 0)
            break;
        rc = write_batch(p, batch, (unsigned)n);
        for (int i = 0; i < n; i++)
            peer_discard(p, &batch[i]);
        peer_resume(p);
        if (rc < 0)
            peer_disconnect(p, rc);
    }
    peer_leave(p);
}
