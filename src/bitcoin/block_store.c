#include "bitcoin/block_store.h"

#include <string.h>

void block_store_init(struct block_store *s)
{
    *s = (struct block_store){0};
    mutex_init(&s->mu);
}

void block_store_free(struct block_store *s)
{
    mutex_lock(&s->mu);
    for (unsigned i = 0; i < BLOCK_STORE_MAX; i++) {
        frame_unref(s->ring[i].full);
        frame_unref(s->ring[i].stripped);
    }
    mutex_unlock(&s->mu);
    mutex_destroy(&s->mu);
}

void block_store_add(struct block_store *s, const uint8_t hash[32], struct frame *full,
                     struct frame *stripped)
{
    struct stored_block old, new = {.full = full, .stripped = stripped};

    memcpy(new.hash, hash, sizeof new.hash);
    mutex_lock(&s->mu);
    old = s->ring[s->next];
    s->ring[s->next] = new;
    s->next = (s->next + 1) % BLOCK_STORE_MAX;
    mutex_unlock(&s->mu);
    frame_unref(old.full);
    frame_unref(old.stripped);
}

struct frame *block_store_get(struct block_store *s, const uint8_t hash[32], bool witness)
{
    struct frame *found = NULL;

    mutex_lock(&s->mu);
    for (unsigned i = 0; i < BLOCK_STORE_MAX && !found; i++)
        if (s->ring[i].full && memcmp(s->ring[i].hash, hash, 32) == 0)
            found = frame_ref(witness ? s->ring[i].full : s->ring[i].stripped);
    mutex_unlock(&s->mu);
    return found;
}
