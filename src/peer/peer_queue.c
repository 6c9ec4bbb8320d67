/* Handler `queue`: takes frames and inventory and hands batches to `out`, in order.
 *
 * Inventory that the peer knows is left out. Blocks go at once; the rest waits for the trickle
 * tick, which runs only while something waits. It blocks on its two channels and, with the quit
 * token as the way out, on the send channel. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "peer/peer_internal.h"

/* What waits for the tick: grows by doubling up to one batch, beyond which a batch leaves early. */
struct pending {
    struct peer_inventory *items;
    unsigned n, cap;
    int64_t tick_us;
};

/* Move a batch on; PN_ECLOSED once the peer parts. */
static int forward(struct peer *p, struct out_msg *batch, unsigned n)
{
    unsigned done = 0;
    int rc = 0;

    while (rc == 0 && done < n) {
        int moved = chan_try_send_many(&p->send, batch + done, n - done);

        if (moved < 0)
            rc = moved;
        else if (moved > 0)
            done += (unsigned)moved;
        else if ((rc = chan_send(&p->send, &batch[done], CLOCK_NEVER)) == 0)
            done++;
    }
    while (done < n)
        peer_discard(p, &batch[done++]);
    return rc;
}

static int announce(struct peer *p, const struct peer_inventory *items, unsigned n)
{
    struct out_msg m = {.frame = n ? p->proto->inventory(p, items, n) : NULL};

    if (!m.frame)
        return 0;
    atomic_fetch_add(&p->queued_bytes, m.frame->len);
    return forward(p, &m, 1);
}

static int flush_pending(struct peer *p, struct pending *w)
{
    unsigned n = 0;

    /* What became known while it waited is left out now. */
    for (unsigned i = 0; i < w->n; i++)
        if (!peer_has_known(p, w->items[i].hash)) {
            peer_add_known(p, w->items[i].hash);
            w->items[n++] = w->items[i];
        }
    w->n = 0;
    w->tick_us = CLOCK_NEVER;
    return announce(p, w->items, n);
}

static int add_inventory(struct peer *p, struct pending *w, const struct peer_inventory *item)
{
    if (peer_has_known(p, item->hash))
        return 0;
    if (item->at_once) {
        peer_add_known(p, item->hash);
        return announce(p, item, 1);
    }
    if (w->n == w->cap) {
        unsigned cap = w->cap ? w->cap * 2 : 16;
        struct peer_inventory *more;

        if (w->cap == p->config->max_trickle_batch)
            return flush_pending(p, w);
        if (cap > p->config->max_trickle_batch)
            cap = p->config->max_trickle_batch;
        more = mem_realloc_array(w->items, cap, sizeof *more);
        if (!more)
            return flush_pending(p, w);
        w->items = more;
        w->cap = cap;
    }
    if (w->n == 0)
        w->tick_us = clock_deadline_ms(p->config->trickle_interval_ms);
    w->items[w->n++] = *item;
    return 0;
}

/* Everything at hand, frames first; *any tells whether there was something. */
static int take_what_is_there(struct peer *p, struct pending *w, bool *any)
{
    struct out_msg batch[PEER_OUT_BATCH];
    struct peer_inventory item;
    int n = chan_try_recv_many(&p->output, batch, PEER_OUT_BATCH);
    int rc = n < 0 ? n : 0;

    *any = n > 0;
    if (n > 0) {
        peer_resume(p);
        rc = forward(p, batch, (unsigned)n);
    }
    while (rc == 0 && chan_try_recv(&p->inventory, &item) == 0) {
        *any = true;
        rc = add_inventory(p, w, &item);
    }
    return rc;
}

static int wait_for_more(struct peer *p, struct pending *w)
{
    struct out_msg m;
    struct peer_inventory item;
    struct chan_case cases[] = {
        {.chan = &p->output, .op = CHAN_RECV, .elem = &m},
        {.chan = &p->inventory, .op = CHAN_RECV, .elem = &item},
    };
    int which = chan_select(cases, 2, w->tick_us);

    if (which == PN_ETIMEDOUT)
        return flush_pending(p, w);
    if (cases[which].result < 0)
        return cases[which].result;
    if (which == 0)
        peer_resume(p);
    return which == 0 ? forward(p, &m, 1) : add_inventory(p, w, &item);
}

void peer_queue_run(void *arg)
{
    struct peer *p = arg;
    struct pending waiting = {.tick_us = CLOCK_NEVER};
    int rc = 0;

    while (rc == 0 && !peer_disconnecting(p)) {
        bool any;

        rc = take_what_is_there(p, &waiting, &any);
        if (rc == 0 && waiting.tick_us != CLOCK_NEVER && clock_mono_us() >= waiting.tick_us)
            rc = flush_pending(p, &waiting);
        if (rc == 0 && !any)
            rc = wait_for_more(p, &waiting);
    }
    mem_free(waiting.items);
    peer_leave(p);
}
