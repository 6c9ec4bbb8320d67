/* The blocks in memory: those that wait to be written, and the last that were. */
#include <string.h>

#include "base/err.h"
#include "bitcoin/blockstore/internal.h"

static struct recent_block *find(struct block_store *s, const uint8_t hash[32]) REQUIRES(s->mu)
{
    for (unsigned i = 0; i < s->n_recent; i++)
        if (memcmp(s->recent[i].hash, hash, 32) == 0)
            return &s->recent[i];
    return NULL;
}

static void drop(struct block_store *s, struct recent_block *r) REQUIRES(s->mu)
{
    frame_unref(r->block);
    *r = s->recent[--s->n_recent];
}

/* Let go of the oldest written blocks, so that at most `keep` are left. */
static void trim(struct block_store *s, unsigned keep) REQUIRES(s->mu)
{
    for (;;) {
        struct recent_block *oldest = NULL;
        unsigned written = 0;

        for (unsigned i = 0; i < s->n_recent; i++) {
            struct recent_block *r = &s->recent[i];

            if (!r->written)
                continue;
            written++;
            if (!oldest || r->age < oldest->age)
                oldest = r;
        }
        if (written <= keep)
            return;
        drop(s, oldest);
    }
}

static unsigned kept_when_written(const struct block_store *s)
{
    return s->db ? STORE_RECENT_WRITTEN_MAX : BLOCK_STORE_MEMORY_MAX;
}

int recent_add(struct block_store *s, const struct store_job *job, bool written)
{
    int rc = 0;

    mutex_lock(&s->mu);
    if (find(s, job->hash)) {
        rc = PN_EEXIST;
    } else if (s->n_recent == STORE_RECENT_MAX) {
        rc = PN_ELIMIT;
    } else {
        struct recent_block *r = &s->recent[s->n_recent++];

        *r = (struct recent_block){.height = job->height,
                                   .written = written,
                                   .block = frame_ref(job->block),
                                   .age = s->next_age++};
        memcpy(r->hash, job->hash, 32);
        trim(s, kept_when_written(s));
    }
    mutex_unlock(&s->mu);
    return rc;
}

void recent_written(struct block_store *s, const uint8_t hash[32])
{
    struct recent_block *r;

    mutex_lock(&s->mu);
    r = find(s, hash);
    if (r)
        r->written = true;
    trim(s, kept_when_written(s));
    mutex_unlock(&s->mu);
}

void recent_remove(struct block_store *s, const uint8_t hash[32])
{
    struct recent_block *r;

    mutex_lock(&s->mu);
    r = find(s, hash);
    if (r)
        drop(s, r);
    mutex_unlock(&s->mu);
}

struct frame *recent_get(struct block_store *s, uint32_t *height, const uint8_t hash[32])
{
    struct recent_block *r;
    struct frame *block;

    mutex_lock(&s->mu);
    r = find(s, hash);
    block = r ? frame_ref(r->block) : NULL;
    if (r && height)
        *height = r->height;
    mutex_unlock(&s->mu);
    return block;
}

bool recent_has(struct block_store *s, const uint8_t hash[32])
{
    bool has;

    mutex_lock(&s->mu);
    has = find(s, hash) != NULL;
    mutex_unlock(&s->mu);
    return has;
}

void recent_free(struct block_store *s)
{
    mutex_lock(&s->mu);
    while (s->n_recent > 0)
        drop(s, &s->recent[0]);
    mutex_unlock(&s->mu);
}
