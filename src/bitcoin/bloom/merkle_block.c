/* All levels of the tree are computed first; then it is walked depth first, down to where nothing
 * below is chosen (Core, merkleblock.cpp, TraverseAndBuild). */
#include "bitcoin/bloom/merkle_block.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/wire/limits.h"
#include "crypto/sha256.h"

enum { LEVELS_MAX = 16 }; /* for up to 32,768 transactions */

struct level {
    uint8_t (*hashes)[BTC_HASH_BYTES];
    bool *chosen; /* it or something below it */
    size_t n;
};

struct tree {
    struct level levels[LEVELS_MAX];
    unsigned height; /* the root's level */
    uint8_t (*hashes)[BTC_HASH_BYTES];
    size_t n_hashes;
    uint8_t *flags;
    size_t n_flags;
};

/* One allocation: the nodes of all levels and room for as many in the message, flags. */
static void *allocate(struct tree *t, size_t n)
{
    size_t nodes = 2 * n + LEVELS_MAX;
    uint8_t *memory = mem_zalloc(2 * nodes * BTC_HASH_BYTES + nodes * sizeof(bool) + nodes / 8 + 1);

    if (!memory)
        return NULL;
    t->levels[0].hashes = (uint8_t(*)[BTC_HASH_BYTES])memory;
    t->hashes = t->levels[0].hashes + nodes;
    t->levels[0].chosen = (bool *)(t->hashes + nodes);
    t->flags = (uint8_t *)(t->levels[0].chosen + nodes);
    return memory;
}

static void build_levels(struct tree *t)
{
    for (; t->levels[t->height].n > 1; t->height++) {
        const struct level *below = &t->levels[t->height];
        struct level *above = &t->levels[t->height + 1];

        *above = (struct level){.hashes = below->hashes + below->n,
                                .chosen = below->chosen + below->n,
                                .n = (below->n + 1) / 2};
        for (size_t i = 0; i < above->n; i++) {
            size_t left = 2 * i, right = 2 * i + 1 < below->n ? 2 * i + 1 : 2 * i;

            sha256d_pair(above->hashes[i], below->hashes[left], BTC_HASH_BYTES,
                         below->hashes[right], BTC_HASH_BYTES);
            above->chosen[i] = below->chosen[left] || below->chosen[right];
        }
    }
}

static void put_flag(struct tree *t, bool flag)
{
    if (flag)
        t->flags[t->n_flags / 8] |= (uint8_t)(1 << t->n_flags % 8);
    t->n_flags++;
}

/* At most LEVELS_MAX deep. */
static void walk(struct tree *t, unsigned level, size_t place)
{
    const struct level *l = &t->levels[level];

    put_flag(t, l->chosen[place]);
    if (level == 0 || !l->chosen[place]) {
        memcpy(t->hashes[t->n_hashes++], l->hashes[place], BTC_HASH_BYTES);
        return;
    }
    walk(t, level - 1, 2 * place);
    if (2 * place + 1 < t->levels[level - 1].n)
        walk(t, level - 1, 2 * place + 1);
}

int merkle_block_make(struct merkle_block *out, const struct btc_header *header,
                      const uint8_t (*txids)[BTC_HASH_BYTES], const bool *chosen, size_t n)
{
    struct tree t = {.levels[0].n = n};

    if (n == 0 || n > BTC_BLOCK_TXS_MAX)
        return PN_ECOUNT;
    out->memory = allocate(&t, n);
    if (!out->memory)
        return PN_ENOMEM;
    memcpy(t.levels[0].hashes, txids, n * BTC_HASH_BYTES);
    memcpy(t.levels[0].chosen, chosen, n * sizeof *chosen);
    build_levels(&t);
    walk(&t, t.height, 0);
    out->m = (struct btc_merkleblock){
        .header = *header,
        .tx_count = (uint32_t)n,
        .hashes = (const uint8_t(*)[BTC_HASH_BYTES])t.hashes,
        .hash_count = t.n_hashes,
        .flags = {.data = t.flags, .len = (t.n_flags + 7) / 8},
    };
    return 0;
}

void merkle_block_free(struct merkle_block *b)
{
    MEM_FREE(b->memory);
}
