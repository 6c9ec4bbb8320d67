#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "base/mem.h"

enum { ARENA_FIRST_BYTES = 512, ARENA_BLOCK_MAX_BYTES = 1 << 20 };

struct arena_block {
    struct arena_block *next;
    size_t used, cap;
    alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
    *a = (struct arena){.max = max_bytes};
}

static struct arena_block *add_block(struct arena *a, size_t need)
{
    size_t cap = a->blocks ? a->blocks->cap * 2 : ARENA_FIRST_BYTES;
    struct arena_block *b;
    size_t bytes;

    if (cap > ARENA_BLOCK_MAX_BYTES)
        cap = ARENA_BLOCK_MAX_BYTES;
    if (cap < need)
        cap = need;
    if (__builtin_add_overflow(sizeof *b, cap, &bytes))
        return NULL;
    b = mem_alloc(bytes);
    if (!b)
        return NULL;
    b->next = a->blocks;
    b->used = 0;
    b->cap = cap;
    a->blocks = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
    static alignas(max_align_t) unsigned char nothing[1];
    const size_t align = alignof(max_align_t);
    struct arena_block *b = a->blocks;
    size_t need;
    void *at;

    if (__builtin_mul_overflow(count, size, &need) ||
        __builtin_add_overflow(need, align - 1, &need))
        return NULL;
    need &= ~(align - 1);
    if (need == 0)
        return nothing;
    if (need > a->max - a->used)
        return NULL;
    if (!b || need > b->cap - b->used)
        b = add_block(a, need);
    if (!b)
        return NULL;
    at = b->data + b->used;
    b->used += need;
    a->used += need;
    return at;
}

void arena_reset(struct arena *a, size_t keep_bytes)
{
    struct arena_block *b = a->blocks, *next;

    a->blocks = NULL;
    a->used = 0;
    for (; b; b = next) {
        next = b->next;
        if (!a->blocks && b->cap <= keep_bytes) {
            b->next = NULL;
            b->used = 0;
            a->blocks = b;
        } else {
            mem_free(b);
        }
    }
}

void arena_free(struct arena *a)
{
    arena_reset(a, 0);
}
