/* Address gossip on the manager's side: which peers hear of an address, and when.
 *
 * A fresh small announcement goes to two peers (one or two when we could not reach it ourselves),
 * chosen by a keyed hash of the address, the day and the peer, so that it is the same two for a day
 * however often it is announced (Core, RelayAddress). Each peer's addresses leave together, after
 * exponentially distributed times of 30 s on average; our own address goes out about daily. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/addr_convert.h"
#include "bitcoin/gossip.h"
#include "bitcoin/internal.h"
#include "crypto/siphash.h"

enum {
    SELF_MEAN_MS = 24 * 3600 * 1000,
    ROTATE_S = 24 * 3600,
    COLLISIONS_MS = 60000, /* between decisions on the collisions of the tried table */
    FETCH_MS = 15000,      /* for an address fetch to be answered */
    KNOWN_MAX = 5000,      /* Core, the rolling filter of known addresses */
    QUEUE_MAX = ADDRBOOK_GETADDR_MAX
};

/* What makes two announcements the same to a peer. */
static size_t address_key(uint8_t out[40], const struct net_addr *a)
{
    memset(out, 0, 40);
    out[0] = (uint8_t)a->kind;
    store_le16(out + 2, a->port);
    memcpy(out + 8, a->bytes, sizeof a->bytes);
    return 40;
}

static void on_peer_ready(struct bitcoin *b, struct manager_peer *s)
{
    known_init(&s->addrs_known, KNOWN_MAX);
    s->addr_flush_us = clock_deadline_ms(random_exponential(b->config.gossip_interval_ms));
    s->self_announce_us = clock_mono_us(); /* at once, for the first time */
    s->fetch_end_us =
        peer_kind(s->peer) == CONN_ADDR_FETCH ? clock_deadline_ms(FETCH_MS) : CLOCK_NEVER;
}

static void on_peer_gone(struct bitcoin *b, struct manager_peer *s)
{
    (void)b;
    known_free(&s->addrs_known);
    MEM_FREE(s->addr_queue);
}

static bool can_hear(const struct manager_peer *s, const struct net_addr *a)
{
    return gossip_allowed(peer_kind(s->peer)) && (btc_peer_of(s->peer)->addr_v2 || addr_fits_v1(a));
}

static void enqueue(struct manager_peer *s, const struct addrbook_seen *seen)
{
    uint8_t key[40];
    size_t len = address_key(key, &seen->addr);

    if (known_has(&s->addrs_known, key, len))
        return;
    if (!s->addr_queue) {
        s->addr_queue = mem_alloc_array(QUEUE_MAX, sizeof *s->addr_queue);
        s->addr_queued = 0;
        if (!s->addr_queue)
            return;
    }
    known_add(&s->addrs_known, key, len);
    if (s->addr_queued < QUEUE_MAX)
        s->addr_queue[s->addr_queued++] = *seen;
    else /* Core, PushAddress: a random one gives way */
        s->addr_queue[random_below(QUEUE_MAX)] = *seen;
}

static uint64_t rank(const struct bitcoin *b, const struct manager_peer *s,
                     const struct net_addr *a)
{
    uint8_t in[40 + 8 + 8];
    uint64_t hash;
    size_t len = address_key(in, a);

    /* The day begins at another time for each address. */
    hash = siphash(&b->relay_key, in, len);
    store_le64(in + 40, ((uint64_t)clock_wall_s() + hash % ROTATE_S) / ROTATE_S);
    store_le64(in + 48, peer_id(s->peer));
    return siphash(&b->relay_key, in, sizeof in);
}

/* Of what we could not reach ourselves: one or two, the same for a day. */
static unsigned copies_unreachable(const struct bitcoin *b, const struct net_addr *a)
{
    uint8_t in[40 + 8];
    size_t len = address_key(in, a);

    store_le64(in + len, (uint64_t)clock_wall_s() / ROTATE_S);
    return 1 + (unsigned)(siphash(&b->relay_key, in, sizeof in) & 1);
}

static void relay_one(struct bitcoin *b, const struct peer *from, const struct addrbook_seen *seen)
{
    unsigned copies = bitcoin_reaches(b, seen->addr.kind) ? 2 : copies_unreachable(b, &seen->addr);
    struct manager_peer *best[2] = {NULL, NULL};
    uint64_t ranks[2] = {0, 0};

    for (unsigned i = 0; i < b->n_peers; i++) {
        struct manager_peer *s = b->peers[i];
        uint64_t r;

        if (s->peer == from || !can_hear(s, &seen->addr))
            continue;
        r = rank(b, s, &seen->addr);
        if (!best[0] || r > ranks[0]) {
            best[1] = best[0];
            ranks[1] = ranks[0];
            best[0] = s;
            ranks[0] = r;
        } else if (!best[1] || r > ranks[1]) {
            best[1] = s;
            ranks[1] = r;
        }
    }
    for (unsigned i = 0; i < copies; i++)
        if (best[i])
            enqueue(best[i], seen);
}

void addr_relay_addrs(struct bitcoin *b, struct manager_peer *from, struct manager_payload *payload)
{
    const struct manager_addrs *addrs = (struct manager_addrs *)(void *)payload;

    for (size_t i = 0; i < addrs->n; i++) {
        uint8_t key[40];
        size_t len = address_key(key, &addrs->addrs[i].addr);

        known_add(&from->addrs_known, key, len);
        relay_one(b, from->peer, &addrs->addrs[i]);
    }
}

static void announce_self(struct bitcoin *b, struct manager_peer *s)
{
    struct addrbook_seen self = {.services = blocks_services(b), .last_seen_s = clock_wall_s()};

    s->self_announce_us = clock_deadline_ms(random_exponential(SELF_MEAN_MS));
    if (!addrbook_local_best(b->config.book, &self.addr, peer_addr(s->peer)) ||
        !can_hear(s, &self.addr))
        return;
    /* It is said again, although it was said before: what is known now is forgotten for it. */
    known_free(&s->addrs_known);
    known_init(&s->addrs_known, KNOWN_MAX);
    enqueue(s, &self);
    s->addr_flush_us = clock_mono_us();
}

static void flush(struct bitcoin *b, struct manager_peer *s)
{
    struct frame *f;

    s->addr_flush_us = clock_deadline_ms(random_exponential(b->config.gossip_interval_ms));
    if (!s->addr_queue)
        return;
    f = btc_frame_addrs(b->config.params.magic, s->addr_queue, s->addr_queued,
                        btc_peer_of(s->peer)->addr_v2);
    MEM_FREE(s->addr_queue); /* most peers have nothing queued most of the time */
    if (f)
        peer_send(s->peer, f, 0);
}

static bool is_connected(void *arg, const struct net_addr *addr)
{
    const struct bitcoin *b = arg;

    for (unsigned i = 0; i < b->n_peers; i++)
        if (net_addr_equal(peer_addr(b->peers[i]->peer), addr))
            return true;
    return false;
}

static int64_t earliest(const struct manager_peer *s)
{
    int64_t next_us =
        s->addr_flush_us < s->self_announce_us ? s->addr_flush_us : s->self_announce_us;

    return s->fetch_end_us < next_us ? s->fetch_end_us : next_us;
}

static void do_what_is_due(struct bitcoin *b, struct manager_peer *s, int64_t now_us)
{
    if (now_us >= s->fetch_end_us) {
        peer_disconnect(s->peer, PN_EDONE);
        s->fetch_end_us = CLOCK_NEVER;
    }
    if (now_us >= s->self_announce_us)
        announce_self(b, s);
    if (now_us >= s->addr_flush_us)
        flush(b, s);
}

static int64_t tick(struct bitcoin *b, int64_t now_us)
{
    int64_t next_us;

    if (!b->config.book)
        return CLOCK_NEVER;
    if (now_us >= b->collisions_us) {
        addrbook_resolve_collisions(b->config.book, is_connected, b);
        b->collisions_us = clock_deadline_ms(COLLISIONS_MS);
    }
    next_us = b->collisions_us;
    for (unsigned i = 0; i < b->n_peers; i++) {
        struct manager_peer *s = b->peers[i];

        if (!gossip_allowed(peer_kind(s->peer)))
            continue;
        do_what_is_due(b, s, now_us);
        if (earliest(s) < next_us)
            next_us = earliest(s);
    }
    return next_us;
}

const struct manager_part addr_relay_part = {
    .peer_ready = on_peer_ready,
    .peer_gone = on_peer_gone,
    .tick = tick,
};
