#include "peer/known.h"

#include "base/mem.h"

enum { KNOWN_FIRST_SLOTS = 16 };

void known_init(struct known *k, unsigned limit)
{
    *k = (struct known){.key = siphash_random_key(), .limit = limit};
}

void known_free(struct known *k)
{
    MEM_FREE(k->young.slots);
    MEM_FREE(k->old.slots);
}

static uint64_t fingerprint(const struct known *k, const uint8_t *hash, size_t len)
{
    uint64_t print = siphash(&k->key, hash, len);

    return print ? print : 1;
}

/* The slot that holds the fingerprint, or the empty one where it would go. */
static uint64_t *find(const struct known_generation *g, uint64_t print)
{
    unsigned mask = g->cap - 1, at = (unsigned)print & mask;

    while (g->slots[at] != 0 && g->slots[at] != print)
        at = (at + 1) & mask;
    return &g->slots[at];
}

static bool has(const struct known_generation *g, uint64_t print)
{
    return g->count > 0 && *find(g, print) == print;
}

/* Keep at most three quarters full. */
static bool make_room(struct known_generation *g)
{
    struct known_generation bigger = {.cap = g->cap ? g->cap * 2 : KNOWN_FIRST_SLOTS};

    if (g->count < g->cap / 4 * 3)
        return true;
    bigger.slots = mem_zalloc_array(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (unsigned i = 0; i < g->cap; i++)
        if (g->slots[i])
            *find(&bigger, g->slots[i]) = g->slots[i];
    bigger.count = g->count;
    mem_free(g->slots);
    *g = bigger;
    return true;
}

void known_add(struct known *k, const uint8_t *hash, size_t len)
{
    uint64_t print = fingerprint(k, hash, len);

    if (has(&k->young, print))
        return;
    if (k->young.count >= k->limit) {
        mem_free(k->old.slots);
        k->old = k->young;
        k->young = (struct known_generation){0};
    }
    if (!make_room(&k->young))
        return;
    *find(&k->young, print) = print;
    k->young.count++;
}

bool known_has(const struct known *k, const uint8_t *hash, size_t len)
{
    uint64_t print = fingerprint(k, hash, len);

    return has(&k->young, print) || has(&k->old, print);
}

size_t known_memory(const struct known *k)
{
    return ((size_t)k->young.cap + k->old.cap) * sizeof(uint64_t);
}
