/* Parting. Where the protocol has last words for the remote side, they still have to leave through
 * `out`, behind what is queued; so only reading ends at once, and the whole connection when the
 * words are written or their time is up. `in` sees to that: it waits for `out`, for
 * PEER_FAREWELL_MS at most, and then shuts the connection down, which also frees an `out` that is
 * stuck in a write. */
#include "base/clock.h"
#include "base/err.h"
#include "peer/peer_internal.h"

void peer_part_begin(struct peer *p, int reason)
{
    struct frame *f = p->proto->farewell ? p->proto->farewell(p, reason) : NULL;

    atomic_store(&p->last_words, f);
    peer_channels_close(p);
    if (f)
        conn_shutdown_read(p->conn);
    else
        conn_shutdown(p->conn);
}

/* The reason stands before the words do, so whoever has seen the one waits for the other. */
static struct frame *last_words(struct peer *p)
{
    chan_recv(&p->quit, NULL, CLOCK_NEVER);
    return atomic_load(&p->last_words);
}

static void say(struct peer *p)
{
    struct frame *f = last_words(p);

    if (f && !p->write_failed)
        peer_write_one(p, f, PEER_FAREWELL_MS);
}

void peer_part_out(struct peer *p)
{
    say(p);
    quit_request(&p->said);
}

void peer_part_in(struct peer *p)
{
    if (!last_words(p))
        return;
    if (p->out_runs)
        chan_recv(&p->said, NULL, clock_deadline_ms(PEER_FAREWELL_MS));
    else
        say(p);
    conn_shutdown(p->conn);
}
