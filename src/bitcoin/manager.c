/* The manager thread: sole owner of the header chain. It waits on its inbox (and on the time of
 * the next block to produce) and only try-sends to peers; the one place where it may wait is the
 * server's inbox, when it hands over an announcement. */
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum { HEARTBEAT_MS = 1000 };

struct sync_peer *manager_find(struct bitcoin *b, const struct peer *p)
{
    for (unsigned i = 0; i < b->n_peers; i++)
        if (b->peers[i].peer == p)
            return &b->peers[i];
    return NULL;
}

/* The block-relay-only peers are the anchors of the next run. */
static void tell_anchors(struct bitcoin *b)
{
    struct net_addr anchors[ANCHORS_MAX];
    size_t n = 0;

    if (!b->config.dump)
        return;
    for (unsigned i = 0; i < b->n_peers && n < ANCHORS_MAX; i++)
        if (peer_kind(b->peers[i].peer) == CONN_BLOCK_RELAY)
            anchors[n++] = *peer_addr(b->peers[i].peer);
    addr_dump_set_anchors(b->config.dump, anchors, n);
}

static void peer_ready(struct bitcoin *b, struct peer *p)
{
    struct sync_peer *s = &b->peers[b->n_peers];

    if (BUG(b->n_peers == b->config.max_peers)) {
        peer_unref(p);
        return;
    }
    *s = (struct sync_peer){.peer = p, .best_height = btc_peer_of(p)->start_height};
    b->n_peers++;
    addr_relay_peer_ready(b, s);
    sync_peer_ready(b, s);
    atomic_store(&b->known_peers, b->n_peers); /* only now: in_sync has taken it into account */
    tell_anchors(b);
}

static void peer_gone(struct bitcoin *b, struct peer *p)
{
    struct sync_peer *s = manager_find(b, p);
    uint64_t id = peer_id(p);

    if (BUG(!s))
        return;
    addr_relay_peer_gone(s);
    *s = b->peers[--b->n_peers];
    peer_unref(p);
    sync_peer_gone(b, id);
    atomic_store(&b->known_peers, b->n_peers);
}

static void take(struct bitcoin *b, struct manager_msg *m)
{
    struct sync_peer *s;

    if (m->event == MANAGER_PEER_READY) {
        peer_ready(b, m->peer);
        return;
    }
    if (m->event == MANAGER_PEER_GONE) {
        peer_gone(b, m->peer);
        return;
    }
    s = manager_find(b, m->peer);
    if (BUG(!s))
        return;
    switch (m->event) {
    case MANAGER_HEADERS:
        sync_headers(b, s, m->payload);
        break;
    case MANAGER_BLOCK_INV:
        sync_block_inv(b, s, m->payload);
        break;
    case MANAGER_GETHEADERS:
        serve_getheaders(b, m->peer, m->payload);
        peer_release(m->peer);
        break;
    case MANAGER_GETBLOCKS:
        serve_getblocks(b, m->peer, m->payload);
        peer_release(m->peer);
        break;
    case MANAGER_ADDRS:
        addr_relay_addrs(b, s, m->payload);
        break;
    case MANAGER_PEER_READY:
    case MANAGER_PEER_GONE:
        break;
    }
    mem_free(m->payload);
}

static int64_t next_deadline(const struct bitcoin *b)
{
    int64_t beat = clock_deadline_ms(HEARTBEAT_MS);

    return b->generate_at_us < beat ? b->generate_at_us : beat;
}

void manager_run(void *arg)
{
    struct bitcoin *b = arg;
    struct manager_msg m;
    struct chan_case cases[] = {
        {.chan = &b->inbox, .op = CHAN_RECV, .elem = &m},
        {.chan = &b->quit, .op = CHAN_RECV},
    };

    b->generate_at_us =
        b->config.generate_ms > 0 ? clock_deadline_ms(b->config.generate_ms) : CLOCK_NEVER;
    for (;;) {
        int which = chan_select(cases, 2, next_deadline(b));

        atomic_store(&b->beat_us, clock_mono_us());
        if (which == 0)
            take(b, &m);
        else if (which == 1)
            break;
        addr_relay_tick(b);
        sync_tick(b);
        if (clock_mono_us() < b->generate_at_us)
            continue;
        generate_block(b);
        b->generate_at_us = clock_deadline_ms(b->config.generate_ms);
    }
    /* Every peer is gone: what is left in the inbox gives their references back. */
    while (chan_try_recv(&b->inbox, &m) == 0)
        take(b, &m);
}
