#include "download/lacking.h"

#include "base/mem.h"
#include "base/random.h"

enum { FIRST_CAP = 64 };

void lacking_init(struct lacking *l)
{
    *l = (struct lacking){.key = siphash_random_key()};
}

void lacking_free(struct lacking *l)
{
    mem_free(l->slots);
    *l = (struct lacking){0};
}

static uint64_t fingerprint(const struct lacking *l, const uint8_t hash[32])
{
    uint64_t f = siphash(&l->key, hash, 32);

    return f ? f : 1;
}

/* The slot of a fingerprint, or the empty one where it belongs. The table is never full. */
static unsigned find(const uint64_t *slots, unsigned cap, uint64_t f)
{
    unsigned i = (unsigned)f & (cap - 1);

    while (slots[i] && slots[i] != f)
        i = (i + 1) & (cap - 1);
    return i;
}

/* Twice the room, so that at most half of the slots are taken. */
static bool grow(struct lacking *l)
{
    unsigned cap = l->cap ? 2 * l->cap : FIRST_CAP;
    uint64_t *slots = mem_zalloc_array(cap, sizeof *slots);

    if (!slots)
        return false;
    for (unsigned i = 0; i < l->cap; i++)
        if (l->slots[i])
            slots[find(slots, cap, l->slots[i])] = l->slots[i];
    mem_free(l->slots);
    l->slots = slots;
    l->cap = cap;
    return true;
}

/* Empty a slot, and move back what had been pushed past it. */
static void clear_slot(struct lacking *l, unsigned hole)
{
    unsigned mask = l->cap - 1;

    for (unsigned i = (hole + 1) & mask; l->slots[i]; i = (i + 1) & mask) {
        unsigned home = (unsigned)l->slots[i] & mask;

        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* it would land before its home */
        l->slots[hole] = l->slots[i];
        hole = i;
    }
    l->slots[hole] = 0;
    l->count--;
}

static void drop_one(struct lacking *l)
{
    unsigned i = (unsigned)random_below(l->cap);

    while (!l->slots[i])
        i = (i + 1) & (l->cap - 1);
    clear_slot(l, i);
}

void lacking_add(struct lacking *l, const uint8_t hash[32])
{
    uint64_t f = fingerprint(l, hash);
    unsigned at;

    if (lacking_has(l, hash))
        return;
    if (l->count == LACKING_MAX)
        drop_one(l);
    if (2 * (l->count + 1) > l->cap && !grow(l))
        return;
    at = find(l->slots, l->cap, f);
    l->slots[at] = f;
    l->count++;
}

bool lacking_has(const struct lacking *l, const uint8_t hash[32])
{
    uint64_t f = fingerprint(l, hash);

    return l->cap && l->slots[find(l->slots, l->cap, f)] == f;
}
