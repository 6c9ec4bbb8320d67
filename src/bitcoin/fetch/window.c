/* The window over the wanted blocks: a ring of slots by height. */
#include "bitcoin/fetch/internal.h"

struct fetch_slot *fetch_slot_at(struct fetch *f, uint32_t height)
{
    return &f->slots[height % FETCH_WINDOW];
}

struct fetch_slot *fetch_slot_find(struct fetch *f, const uint8_t hash[32])
{
    for (uint32_t h = f->base; h < f->end; h++)
        if (memcmp(fetch_slot_at(f, h)->hash, hash, 32) == 0)
            return fetch_slot_at(f, h);
    return NULL;
}

/* Give slots to the heights that the window has come to reach. */
static void fill(struct fetch *f)
{
    while (f->wanted && f->end <= f->tip && f->end - f->base < FETCH_WINDOW) {
        struct fetch_slot *s = fetch_slot_at(f, f->end);

        *s = (struct fetch_slot){.state = FETCH_MISSING};
        f->ops->hash_at(f->arg, s->hash, f->end);
        if (f->ops->holds(f->arg, s->hash))
            s->state = FETCH_HELD;
        else
            f->n_missing++;
        f->end++;
    }
}

void fetch_advance(struct fetch *f)
{
    do {
        while (f->base < f->end && fetch_slot_at(f, f->base)->state == FETCH_HELD)
            f->base++;
        fill(f);
    } while (f->base < f->end && fetch_slot_at(f, f->base)->state == FETCH_HELD);
}

void fetch_slot_set(struct fetch *f, struct fetch_slot *s, enum fetch_state state, uint64_t owner)
{
    if (s->state == FETCH_MISSING)
        f->n_missing--;
    if (state == FETCH_MISSING)
        f->n_missing++;
    s->state = state;
    s->owner = owner;
}

/* Let go of the slots in [from, to); what was asked for there may still come and is then kept. */
static void forget(struct fetch *f, uint32_t from, uint32_t to)
{
    for (uint32_t h = from; h < to; h++)
        if (fetch_slot_at(f, h)->state == FETCH_MISSING)
            f->n_missing--;
}

void fetch_set_range(struct fetch *f, uint32_t first, uint32_t tip, uint32_t fork)
{
    uint32_t right = f->wanted ? fork + 1 : 0; /* from here on the slots are wrong */

    if (right < f->end) {
        uint32_t from = right > f->base ? right : f->base;

        forget(f, from, f->end);
        f->end = from;
        if (right < f->base)
            f->base = f->end = right;
    }
    if (f->base < first) {
        forget(f, f->base, first < f->end ? first : f->end);
        f->base = first;
        if (f->end < first)
            f->end = first;
    }
    f->tip = tip;
    f->wanted = true;
    fetch_advance(f);
}
