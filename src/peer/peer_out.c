/* Handler `out`: writes what `queue` hands over, a whole batch with one writev, holding the pen
 * (peer_pen.c) meanwhile.
 *
 * It blocks on the send channel, and on the socket for at most the write deadline: a remote side
 * that does not read is dropped then. Nobody but this peer's own handlers can be waiting for it. */
#include "base/clock.h"
#include "base/err.h"
#include "peer/peer_internal.h"

enum {
    USUAL_BATCH_BYTES = 500000, /* peer_channels.c, STAGE_BYTES */
    LEAST_BYTES_PER_MS = 64     /* 64 kB/s */
};

void peer_note_sent(struct peer *p, const struct out_msg *m)
{
    if (m->frame->cmd == p->proto->ping_cmd)
        atomic_store(&p->ping_sent_us, clock_mono_us());
    if (!(m->flags & PEER_SEND_NO_STALL))
        peer_stall_sent(p, m->frame->cmd);
}

void peer_count_sent(struct peer *p, unsigned cmd, size_t bytes)
{
    atomic_store_explicit(&p->last_send_us, clock_mono_us(), memory_order_relaxed);
    atomic_fetch_add_explicit(&p->messages_out, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->bytes_out, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->cmd_bytes[p->proto->cmd_count + cmd], bytes,
                              memory_order_relaxed);
    peer_metrics_out(p->metrics, cmd, bytes);
}

/* One frame on its way: where it lies, or, sealed, how much it adds to the buffer.
 * Returns: the bytes that will be written, or a pn_err. */
static ssize_t prepare(struct peer *p, struct iovec *iov, const struct frame *f)
{
    size_t before = p->sealed.len;
    int rc;

    if (!p->transport_ops->seal) {
        iov->iov_base = (void *)(uintptr_t)f->data; /* writev does not write through it */
        iov->iov_len = f->len;
        return (ssize_t)f->len;
    }
    rc = p->transport_ops->seal(p->transport, &p->sealed, f);
    return rc < 0 ? rc : (ssize_t)(p->sealed.len - before);
}

static int write_prepared(struct peer *p, struct iovec *iov, unsigned n, int64_t timeout_ms)
{
    struct iovec whole = {.iov_base = p->sealed.data, .iov_len = p->sealed.len};
    bool sealed = p->transport_ops->seal != NULL;
    int rc = conn_writev(p->conn, sealed ? &whole : iov, sealed ? 1 : (int)n,
                         clock_deadline_ms(timeout_ms));

    p->write_failed = rc < 0;
    buf_reset(&p->sealed);
    if (p->sealed.cap > PEER_SEALED_KEEP)
        buf_free(&p->sealed);
    return rc == PN_ETIMEDOUT ? PN_ESLOW : rc;
}

/* A batch that is larger than the channels hold is a single large frame, a block: what lies above
 * may take as long as a slow line needs for it. */
static int64_t extra_time_ms(size_t bytes)
{
    return bytes > USUAL_BATCH_BYTES ? (int64_t)((bytes - USUAL_BATCH_BYTES) / LEAST_BYTES_PER_MS)
                                     : 0;
}

/* What a sender could not write of its frame. */
static int write_rest(struct peer *p, int64_t timeout_ms)
{
    struct out_msg m = {.frame = p->rest.frame};
    struct iovec iov;
    int rc;

    if (!m.frame)
        return 0;
    iov = (struct iovec){.iov_base = m.frame->data + p->rest.done,
                         .iov_len = m.frame->len - p->rest.done};
    p->rest.frame = NULL;
    rc = write_prepared(p, &iov, 1, timeout_ms);
    if (rc == 0)
        peer_count_sent(p, m.frame->cmd, m.frame->len);
    peer_discard(p, &m);
    return rc;
}

/* With the pen held. */
static int write_frames(struct peer *p, struct out_msg *batch, unsigned n, int64_t timeout_ms)
{
    struct iovec iov[PEER_OUT_BATCH];
    ssize_t bytes[PEER_OUT_BATCH];
    size_t total = 0;
    int rc;

    for (unsigned i = 0; i < n; i++) {
        bytes[i] = prepare(p, iov + i, batch[i].frame);
        if (bytes[i] < 0) {
            p->write_failed = true; /* a cipher's state may have moved on */
            return (int)bytes[i];
        }
        total += (size_t)bytes[i];
        peer_note_sent(p, &batch[i]);
    }
    rc = write_prepared(p, iov, n, timeout_ms + extra_time_ms(total));
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < n; i++)
        peer_count_sent(p, batch[i].frame->cmd, (size_t)bytes[i]);
    return 0;
}

static int write_batch(struct peer *p, struct out_msg *batch, unsigned n, int64_t timeout_ms)
{
    int rc;

    peer_pen_take(p);
    rc = write_rest(p, timeout_ms);
    if (rc == 0 && n > 0)
        rc = write_frames(p, batch, n, timeout_ms);
    peer_pen_give(p);
    return rc;
}

int peer_write_one(struct peer *p, struct frame *f, int64_t timeout_ms)
{
    struct out_msg m = {.frame = f};

    return write_batch(p, &m, 1, timeout_ms);
}

int peer_write_message(struct peer *p, struct frame *f)
{
    int rc;

    if (!f)
        return PN_ENOMEM;
    rc = peer_write_one(p, f, p->config->write_timeout_ms);
    frame_unref(f);
    return rc;
}

/* Those that carry a frame, in their order. Returns: how many. */
static unsigned without_wakes(struct out_msg *batch, unsigned n)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < n; i++)
        if (batch[i].frame)
            batch[kept++] = batch[i];
    return kept;
}

void peer_out_run(void *arg)
{
    struct peer *p = arg;
    struct out_msg batch[PEER_OUT_BATCH];

    while (!peer_disconnecting(p)) {
        int got = chan_recv_many(&p->send, batch, PEER_OUT_BATCH, CLOCK_NEVER);
        unsigned n;
        int rc;

        if (got < 0)
            break;
        n = without_wakes(batch, (unsigned)got);
        rc = write_batch(p, batch, n, p->config->write_timeout_ms);
        for (unsigned i = 0; i < n; i++)
            peer_discard(p, &batch[i]);
        peer_resume(p);
        if (rc < 0)
            peer_disconnect(p, rc);
    }
    peer_part_out(p);
    peer_leave(p);
}
