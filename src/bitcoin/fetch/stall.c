/* Peers that keep others waiting, and peers that are silent. */
#include "base/clock.h"
#include "bitcoin/fetch/internal.h"

/* Whether another peer stands idle that has this block, and is worth asking in place of `holder`:
 * one that is twice as fast, or any, when the holder has delivered nothing for the timeout. */
static bool better_peer_is_idle(const struct fetch *f, const struct fetch_peer *holder,
                                const struct fetch_item *item, bool holder_is_dead)
{
    double holders = download_throughput(&f->rating, holder->id, FETCH_BLOCKS);

    for (unsigned i = 0; i < f->n_peers; i++) {
        const struct fetch_peer *p = &f->peers[i];

        if (p == holder || p->n_expected > 0 || fetch_room(f, p) == 0 ||
            !fetch_can_serve(f, p, item->height, item->hash))
            continue;
        if (holder_is_dead || download_throughput(&f->rating, p->id, FETCH_BLOCKS) >= 2 * holders)
            return true;
    }
    return false;
}

/* Returns: how many blocks were taken back from the peer. */
static unsigned take_back(struct fetch *f, struct fetch_peer *p, int64_t now)
{
    bool dead = now - p->delivered_us > f->stall_us;
    unsigned n = 0;

    for (unsigned i = 0; i < p->n_owed; i++) {
        struct fetch_owed *o = &p->owed[i];
        struct fetch_slot *s;

        if (o->taken_back || now - o->asked_us <= f->stall_us ||
            !better_peer_is_idle(f, p, &o->item, dead))
            continue;
        s = fetch_slot_find(f, o->item.hash);
        if (s && s->state == FETCH_ASKED && s->owner == p->id)
            fetch_slot_set(f, s, FETCH_MISSING, 0);
        o->taken_back = true;
        p->n_expected--;
        n++;
    }
    p->taken_back += n;
    if (n > 0 && dead) {
        download_measure(&f->rating, p->id, FETCH_BLOCKS, 0, 1, 1);
        p->paused_until_us = now + FETCH_STALL_MAX_US;
    }
    return n;
}

/* Only while nothing is left that idle peers could do instead. */
static void look_for_stalls(struct fetch *f, int64_t now)
{
    unsigned n = 0;

    if (f->n_missing > 0)
        fetch_run(f);
    for (unsigned i = 0; i < f->n_peers; i++)
        n += take_back(f, &f->peers[i], now);
    if (n == 0)
        return;
    f->taken_back += n;
    f->stall_us *= 2;
    if (f->stall_us > FETCH_STALL_MAX_US)
        f->stall_us = FETCH_STALL_MAX_US;
    fetch_run(f);
}

static int64_t oldest_debt_us(const struct fetch_peer *p, int64_t now)
{
    int64_t oldest = now;

    for (unsigned i = 0; i < p->n_owed; i++)
        if (p->owed[i].asked_us < oldest)
            oldest = p->owed[i].asked_us;
    return oldest;
}

/* A peer on a slow line delivers bytes, though its block is not whole yet. One that has promised no
 * blocks may keep silent. */
static void look_for_silence(struct fetch *f, struct fetch_peer *p, int64_t now)
{
    uint64_t bytes = f->ops->bytes_from(f->arg, p->id);
    int64_t asked = oldest_debt_us(p, now), heard;

    if (p->promise == FETCH_ANNOUNCED)
        return;
    if (bytes != p->bytes) {
        p->bytes = bytes;
        p->bytes_us = now;
    }
    heard = p->bytes_us > asked ? p->bytes_us : asked;
    if (now - heard > download_request_ttl_us(&f->rating) || now - asked > FETCH_OWED_MAX_US)
        f->ops->drop(f->arg, p->id);
}

void fetch_tick(struct fetch *f)
{
    int64_t now = clock_mono_us();

    download_tune(&f->rating);
    look_for_stalls(f, now);
    for (unsigned i = 0; i < f->n_peers; i++)
        if (f->peers[i].n_owed > 0)
            look_for_silence(f, &f->peers[i], now);
}
