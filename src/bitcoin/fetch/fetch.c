/* Peers, what they owe, and asking. The window is in window.c, stalls are in stall.c. */
#include "bitcoin/fetch/fetch.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/fetch/internal.h"

/* How far below its tip a limited peer promises blocks (BIP159). Its tip may have moved on
 * meanwhile: Core and we serve two more. */
enum { LIMITED_DEPTH = 288 - 1 };

struct fetch *fetch_new(const struct fetch_ops *ops, void *arg, unsigned max_peers)
{
    static const unsigned max_items[] = {FETCH_PEER_MAX};
    struct fetch *f = mem_zalloc(sizeof *f);

    if (!f)
        return NULL;
    f->ops = ops;
    f->arg = arg;
    f->max_peers = max_peers;
    f->stall_us = FETCH_STALL_MIN_US;
    f->peers = mem_alloc_array(max_peers, sizeof *f->peers);
    f->order = mem_alloc_array(max_peers, sizeof *f->order);
    if (!f->peers || !f->order ||
        download_peers_init(&f->rating, max_peers, max_items, FETCH_BLOCKS + 1) < 0) {
        fetch_free(f);
        return NULL;
    }
    return f;
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    download_peers_free(&f->rating);
    mem_free(f->peers);
    mem_free(f->order);
    mem_free(f);
}

struct fetch_peer *fetch_find_peer(struct fetch *f, uint64_t id)
{
    for (unsigned i = 0; i < f->n_peers; i++)
        if (f->peers[i].id == id)
            return &f->peers[i];
    return NULL;
}

int fetch_peer_ready(struct fetch *f, uint64_t peer, enum fetch_promise promise)
{
    int rc = download_register(&f->rating, peer);

    if (rc == 0)
        f->peers[f->n_peers++] =
            (struct fetch_peer){.id = peer, .promise = promise, .bytes_us = clock_mono_us()};
    return rc;
}

void fetch_peer_has(struct fetch *f, uint64_t peer, uint32_t height)
{
    struct fetch_peer *p = fetch_find_peer(f, peer);

    if (!p || p->promise == FETCH_ANNOUNCED || (p->has_any && height <= p->has_to))
        return;
    p->has_any = true;
    p->has_to = height;
}

void fetch_peer_announced(struct fetch *f, uint64_t peer, uint32_t height)
{
    struct fetch_peer *p = fetch_find_peer(f, peer);

    fetch_peer_has(f, peer, height);
    if (!p || p->promise != FETCH_ANNOUNCED)
        return;
    if (!p->has_any || height < p->has_from || height > p->has_to + 1)
        p->has_from = height;
    p->has_to = height;
    p->has_any = true;
}

/* --- what a peer owes --- */

static struct fetch_owed *find_owed(struct fetch_peer *p, const uint8_t hash[32])
{
    for (unsigned i = 0; i < p->n_owed; i++)
        if (memcmp(p->owed[i].item.hash, hash, 32) == 0)
            return &p->owed[i];
    return NULL;
}

static void remove_owed(struct fetch_peer *p, struct fetch_owed *o)
{
    if (!o->taken_back)
        p->n_expected--;
    *o = p->owed[--p->n_owed];
}

static void add_owed(struct fetch_peer *p, uint32_t height, const uint8_t hash[32])
{
    struct fetch_owed *o = &p->owed[p->n_owed++];

    *o = (struct fetch_owed){.item.height = height, .asked_us = clock_mono_us()};
    memcpy(o->item.hash, hash, 32);
    p->n_expected++;
}

/* Whoever owed this block besides owes it no longer. */
static void settle(struct fetch *f, const uint8_t hash[32], uint64_t except)
{
    for (unsigned i = 0; i < f->n_peers; i++) {
        struct fetch_owed *o = find_owed(&f->peers[i], hash);

        if (f->peers[i].id == except || !o || o->taken_back)
            continue;
        o->taken_back = true;
        f->peers[i].n_expected--;
    }
}

/* The slot that waits for this peer's block, or NULL. */
static struct fetch_slot *slot_of(struct fetch *f, uint64_t peer, const uint8_t hash[32])
{
    struct fetch_slot *s = fetch_slot_find(f, hash);

    return s && s->state == FETCH_ASKED && s->owner == peer ? s : NULL;
}

void fetch_peer_gone(struct fetch *f, uint64_t peer)
{
    struct fetch_peer *p = fetch_find_peer(f, peer);

    if (!p)
        return;
    for (unsigned i = 0; i < p->n_owed; i++) {
        struct fetch_slot *s = slot_of(f, peer, p->owed[i].item.hash);

        if (s)
            fetch_slot_set(f, s, FETCH_MISSING, 0);
    }
    download_unregister(&f->rating, peer);
    *p = f->peers[--f->n_peers];
    fetch_run(f);
}

bool fetch_claim(struct fetch *f, uint64_t peer, const uint8_t hash[32])
{
    struct fetch_peer *p = fetch_find_peer(f, peer);
    uint32_t h;

    if (!p || p->n_expected == FETCH_PEER_MAX || p->n_owed == FETCH_OWED_SLOTS ||
        find_owed(p, hash))
        return false;
    for (h = f->base; h < f->end; h++)
        if (memcmp(fetch_slot_at(f, h)->hash, hash, 32) == 0)
            break;
    if (h == f->end || fetch_slot_at(f, h)->state != FETCH_MISSING)
        return false;
    fetch_slot_set(f, fetch_slot_at(f, h), FETCH_ASKED, peer);
    add_owed(p, h, hash);
    return true;
}

/* --- deliveries --- */

void fetch_held(struct fetch *f, const uint8_t hash[32])
{
    struct fetch_slot *s = fetch_slot_find(f, hash);
    uint32_t base = f->base;

    settle(f, hash, 0);
    if (!s)
        return;
    fetch_slot_set(f, s, FETCH_HELD, 0);
    fetch_advance(f);
    /* Core, net_processing.cpp, BlockConnected: the timeout decays by 15 %. */
    if (f->base > base && f->stall_us > FETCH_STALL_MIN_US) {
        f->stall_us = f->stall_us * 85 / 100;
        if (f->stall_us < FETCH_STALL_MIN_US)
            f->stall_us = FETCH_STALL_MIN_US;
    }
}

/* Blocks of one peer come one behind the other: what counts for its throughput is the time since
 * the one before, or since it was asked when it owed nothing. */
void fetch_delivered(struct fetch *f, uint64_t peer, const uint8_t hash[32])
{
    struct fetch_peer *p = fetch_find_peer(f, peer);
    struct fetch_owed *o = p ? find_owed(p, hash) : NULL;

    if (o) {
        int64_t now = clock_mono_us();
        int64_t since = o->asked_us > p->delivered_us ? o->asked_us : p->delivered_us;

        download_measure(&f->rating, peer, FETCH_BLOCKS, 1, now - since, now - o->asked_us);
        p->delivered_us = now;
        p->paused_until_us = 0;
        remove_owed(p, o);
    }
    fetch_held(f, hash);
    fetch_run(f);
}

void fetch_failed(struct fetch *f, uint64_t peer, const uint8_t hash[32], bool lacks)
{
    struct fetch_peer *p = fetch_find_peer(f, peer);
    struct fetch_owed *o = p ? find_owed(p, hash) : NULL;
    struct fetch_slot *s = slot_of(f, peer, hash);

    if (!o)
        return;
    remove_owed(p, o);
    if (lacks)
        download_mark_lacking(&f->rating, peer, hash);
    if (s)
        fetch_slot_set(f, s, FETCH_MISSING, 0);
    if (!lacks)
        fetch_pause(f);
    fetch_run(f);
}

void fetch_pause(struct fetch *f)
{
    f->resume_us = clock_mono_us() + FETCH_RETRY_US;
}

/* --- asking --- */

bool fetch_can_serve(const struct fetch *f, const struct fetch_peer *p, uint32_t height,
                     const uint8_t hash[32])
{
    if (!p->has_any || height > p->has_to)
        return false;
    if (p->promise == FETCH_LAST && p->has_to - height > LIMITED_DEPTH)
        return false;
    if (p->promise == FETCH_ANNOUNCED && height < p->has_from)
        return false;
    return !download_lacks(&f->rating, p->id, hash);
}

unsigned fetch_room(const struct fetch *f, const struct fetch_peer *p)
{
    unsigned limit =
        download_capacity(&f->rating, p->id, FETCH_BLOCKS, download_request_rtt_us(&f->rating));
    unsigned slots = FETCH_OWED_SLOTS - p->n_owed;

    if (clock_mono_us() < p->paused_until_us || p->n_expected >= limit)
        return 0;
    return limit - p->n_expected < slots ? limit - p->n_expected : slots;
}

/* The lowest blocks that are missing and that this peer has. They are asked for in one message,
 * once half of what may be in flight has come. */
static void ask(struct fetch *f, struct fetch_peer *p)
{
    struct fetch_item items[FETCH_PEER_MAX];
    unsigned room = fetch_room(f, p), n = 0;

    if (room < p->n_expected)
        return;
    for (uint32_t h = f->base; h < f->end && n < room && f->n_missing > 0; h++) {
        struct fetch_slot *s = fetch_slot_at(f, h);

        if (s->state != FETCH_MISSING || !fetch_can_serve(f, p, h, s->hash))
            continue;
        /* One that it owes already, though it was taken back, is not asked for twice. */
        if (find_owed(p, s->hash))
            continue;
        fetch_slot_set(f, s, FETCH_ASKED, p->id);
        add_owed(p, h, s->hash);
        items[n].height = h;
        memcpy(items[n++].hash, s->hash, 32);
    }
    if (n > 0)
        f->ops->request(f->arg, p->id, items, n);
}

void fetch_run(struct fetch *f)
{
    unsigned n;

    if (f->n_missing == 0 || clock_mono_us() < f->resume_us)
        return;
    n = download_idle_peers(&f->rating, f->order, FETCH_BLOCKS);
    for (unsigned i = 0; i < n && f->n_missing > 0; i++)
        ask(f, fetch_find_peer(f, f->order[i]));
}

/* --- reading --- */

unsigned fetch_view_peers(const struct fetch *f, struct fetch_peer_view *out)
{
    for (unsigned i = 0; i < f->n_peers; i++) {
        const struct fetch_peer *p = &f->peers[i];

        out[i] = (struct fetch_peer_view){.id = p->id,
                                          .promise = p->promise,
                                          .in_flight = p->n_expected,
                                          .taken_back = p->taken_back,
                                          .paused_until_us = p->paused_until_us};
    }
    return f->n_peers;
}

const struct download_peers *fetch_rating(const struct fetch *f)
{
    return &f->rating;
}

unsigned fetch_in_flight(const struct fetch *f)
{
    unsigned n = 0;

    for (unsigned i = 0; i < f->n_peers; i++)
        n += f->peers[i].n_expected;
    return n;
}

bool fetch_complete(const struct fetch *f)
{
    return f->wanted && f->base > f->tip;
}

int64_t fetch_stall_timeout_us(const struct fetch *f)
{
    return f->stall_us;
}

uint64_t fetch_taken_back(const struct fetch *f)
{
    return f->taken_back;
}
