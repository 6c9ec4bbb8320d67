#include "bitcoin/wants.h"

#include <string.h>

void block_wants_init(struct block_wants *w)
{
    *w = (struct block_wants){0};
    mutex_init(&w->mu);
}

void block_wants_destroy(struct block_wants *w)
{
    mutex_destroy(&w->mu);
}

static unsigned find(const struct block_wants *w, const uint8_t hash[32]) REQUIRES(w->mu)
{
    unsigned i = 0;

    while (i < w->n && memcmp(w->hashes[i], hash, 32) != 0)
        i++;
    return i;
}

static void remove_at(struct block_wants *w, unsigned i) REQUIRES(w->mu)
{
    w->n--;
    memmove(w->hashes[i], w->hashes[i + 1], (w->n - i) * sizeof w->hashes[0]);
}

void block_wants_add(struct block_wants *w, const uint8_t hash[32])
{
    mutex_lock(&w->mu);
    if (find(w, hash) == w->n) {
        if (w->n == BLOCK_WANTS_MAX)
            remove_at(w, 0);
        memcpy(w->hashes[w->n++], hash, 32);
    }
    mutex_unlock(&w->mu);
}

bool block_wants_take(struct block_wants *w, const uint8_t hash[32])
{
    unsigned i;
    bool found;

    mutex_lock(&w->mu);
    i = find(w, hash);
    found = i < w->n;
    if (found)
        remove_at(w, i);
    mutex_unlock(&w->mu);
    return found;
}

bool block_wants_has(struct block_wants *w, const uint8_t hash[32])
{
    bool found;

    mutex_lock(&w->mu);
    found = find(w, hash) < w->n;
    mutex_unlock(&w->mu);
    return found;
}

unsigned block_wants_list(struct block_wants *w, uint8_t out[BLOCK_WANTS_MAX][32])
{
    unsigned n;

    mutex_lock(&w->mu);
    n = w->n;
    memcpy(out, w->hashes, n * sizeof w->hashes[0]);
    mutex_unlock(&w->mu);
    return n;
}
