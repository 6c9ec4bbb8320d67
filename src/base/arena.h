/* Memory that is freed all at once: the arrays of one decoded message. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes handed out since the last reset */
    size_t max;                 /* bytes that may be handed out at most, each piece rounded up to
                                   its alignment */
};

/* Nothing is allocated until first use. Thread: its owner's. */
void arena_init(struct arena *a, size_t max_bytes);

/* Uninitialised memory for count × size bytes, aligned for any type.
 * Owns: the arena. Returns: NULL when max_bytes or the memory is exhausted; for a zero product a
 * pointer that must not be read. */
void *arena_alloc(struct arena *a, size_t count, size_t size);

/* Give back what was handed out; one block is kept when it is at most keep_bytes large. */
void arena_reset(struct arena *a, size_t keep_bytes);

/* Give everything back. Accepts a zeroed struct. */
void arena_free(struct arena *a);

#endif
