/* The manager's loop. It waits on its inbox and on the next time that a part has named, and only
 * try-sends to peers. */
#include "bitcoin/manager.h"

#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter_net.h"
#include "bitcoin/internal.h"

enum { HEARTBEAT_MS = 1000 };

#define EACH_PART(i, function)           \
    for (int i = 0; i < PART_COUNT; i++) \
        if (b->table->parts[i]->function)

void manager_due(struct bitcoin *b, enum manager_part_id part, int64_t at_us)
{
    if (at_us < b->due_us[part])
        b->due_us[part] = at_us;
}

void manager_chain_grew(struct bitcoin *b)
{
    if (b->saver)
        header_saver_wake(b->saver);
}

/* --- peers --- */

struct manager_peer *manager_find_peer(struct bitcoin *b, uint64_t id)
{
    for (unsigned i = 0; i < b->n_peers; i++)
        if (peer_id(b->peers[i]->peer) == id)
            return b->peers[i];
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
        if (peer_kind(b->peers[i]->peer) == CONN_BLOCK_RELAY)
            anchors[n++] = *peer_addr(b->peers[i]->peer);
    addr_dump_set_anchors(b->config.dump, anchors, n);
}

static void peer_ready(struct bitcoin *b, struct peer *p)
{
    struct manager_peer *s;

    if (BUG(b->n_peers == b->config.max_peers)) {
        peer_unref(p);
        return;
    }
    s = b->peers[b->n_peers++];
    *s = (struct manager_peer){.peer = p};
    btc_peer_of(p)->managed = s;
    EACH_PART(i, peer_ready)
    b->table->parts[i]->peer_ready(b, s);
    memset(b->due_us, 0, sizeof b->due_us);
    atomic_store(&b->known_peers, b->n_peers); /* only now: in_sync has taken it into account */
    tell_anchors(b);
}

/* The places of b->peers are a permutation: those in use come first. */
static void take_out(struct bitcoin *b, struct manager_peer *s)
{
    unsigned i = 0;

    while (b->peers[i] != s)
        i++;
    b->peers[i] = b->peers[--b->n_peers];
    b->peers[b->n_peers] = s;
}

static void peer_gone(struct bitcoin *b, struct peer *p)
{
    struct manager_peer *s = btc_peer_of(p)->managed;

    if (BUG(!s))
        return;
    take_out(b, s);
    EACH_PART(i, peer_gone)
    b->table->parts[i]->peer_gone(b, s);
    btc_peer_of(p)->managed = NULL;
    atomic_store(&b->known_peers, b->n_peers);
    peer_unref(p);
}

/* --- the loop --- */

static void take(struct bitcoin *b, struct manager_msg *m)
{
    struct manager_peer *s;

    if (m->event == MANAGER_PEER_READY) {
        peer_ready(b, m->peer);
        return;
    }
    if (m->event == MANAGER_PEER_GONE) {
        peer_gone(b, m->peer);
        return;
    }
    if (m->event == MANAGER_GENERATE) {
        b->table->generate(b, (struct manager_generate *)(void *)m->payload);
        return;
    }
    s = btc_peer_of(m->peer)->managed;
    if (!BUG(!s || !b->table->handlers[m->event]))
        b->table->handlers[m->event](b, s, m->payload);
    manager_payload_free(m->payload);
}

static void tick(struct bitcoin *b)
{
    EACH_PART(i, tick)
    {
        int64_t now_us = clock_mono_us();

        if (now_us < b->due_us[i])
            continue;
        b->due_us[i] = CLOCK_NEVER; /* so that what the tick itself asks for is not lost */
        manager_due(b, (enum manager_part_id)i, b->table->parts[i]->tick(b, now_us));
    }
}

static int64_t next_deadline(const struct bitcoin *b)
{
    int64_t next = clock_deadline_ms(HEARTBEAT_MS);

    EACH_PART(i, tick)
    if (b->due_us[i] < next)
        next = b->due_us[i];
    return next;
}

void manager_run(void *arg)
{
    struct bitcoin *b = arg;
    struct manager_msg m;
    struct chan_case cases[] = {
        {.chan = &b->inbox, .op = CHAN_RECV, .elem = &m},
        {.chan = &b->quit, .op = CHAN_RECV},
        {.chan = &b->loans.ring, .op = CHAN_RECV},
    };

    for (;;) {
        int which = chan_select(cases, 3, next_deadline(b));

        if (which == 0)
            take(b, &m);
        else if (which == 1)
            break;
        else if (which == 2)
            manager_due(b, PART_LOANS, 0);
        tick(b);
    }
    /* Every peer is gone: what is left in the inbox gives their references back, and what an
     * operator has asked for is answered. */
    chan_close(&b->inbox);
    while (chan_try_recv(&b->inbox, &m) == 0)
        take(b, &m);
}

void manager_tip_moved(struct bitcoin *b, const struct chain_result *r, bool holds_block)
{
    serve_tip_moved(b, r, holds_block);
    filter_net_wake(b->filters);
    EACH_PART(i, tip_moved)
    b->table->parts[i]->tip_moved(b, r);
    if (b->tip_listener)
        b->tip_listener(b->tip_listener_arg);
}

int manager_init(struct bitcoin *b, const struct manager_table *table)
{
    unsigned n = b->config.max_peers;

    b->table = table;
    b->places = mem_zalloc_array(n, sizeof *b->places);
    b->peers = mem_zalloc_array(n, sizeof *b->peers);
    if (!b->places || !b->peers)
        return PN_ENOMEM;
    for (unsigned i = 0; i < n; i++)
        b->peers[i] = &b->places[i];
    EACH_PART(i, init)
    {
        int rc = b->table->parts[i]->init(b);

        if (rc < 0)
            return rc;
    }
    return 0;
}

void manager_free(struct bitcoin *b)
{
    if (!b->table)
        return;
    EACH_PART(i, free)
    b->table->parts[i]->free(b);
    MEM_FREE(b->peers);
    MEM_FREE(b->places);
}
