/* The entries of a chain: where they lie, how one is added and found, and the tree they form.
 *
 * An entry is 112 bytes; the active chain adds 4 bytes a header (5 with its slack), the hash index
 * between 5.4 and 10.7: less than 128 in all. */
#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/chain_internal.h"
#include "bitcoin/chain/pow.h"

_Static_assert(sizeof(struct chain_entry) == 112, "the memory budget counts on it");

enum { FIRST_ACTIVE = 64 };

static uint32_t chunk_count(uint32_t entries)
{
    return (entries + CHAIN_CHUNK - 1) >> CHAIN_CHUNK_BITS;
}

static int add_genesis(struct chain *chain)
{
    const struct btc_params *params = chain->params;
    int rc = chain_reserve(chain);

    if (rc)
        return rc;
    chain->active[0] = chain_append(chain, &params->genesis, params->genesis_hash, CHAIN_NONE);
    chain->active_len = 1;
    return 0;
}

int chain_init(struct chain *chain, const struct btc_params *params, uint32_t max_headers)
{
    int rc;

    assert(max_headers >= 1 && max_headers <= CHAIN_MAX_CAPACITY);
    *chain = (struct chain){
        .params = params,
        .max_headers = max_headers,
        .walk_memo = {.from = CHAIN_NONE},
    };
    mutex_init(&chain->mu);
    chain->chunks = mem_zalloc_array(chunk_count(max_headers), sizeof(struct chain_entry *));
    rc = chain->chunks ? hash_index_init(&chain->index, max_headers) : PN_ENOMEM;
    if (rc == 0)
        rc = add_genesis(chain);
    if (rc)
        chain_free(chain);
    return rc;
}

void chain_free(struct chain *chain)
{
    if (chain->chunks)
        for (uint32_t i = 0; i < chunk_count(chain->max_headers); i++)
            mem_free(chain->chunks[i]);
    mem_free(chain->chunks);
    mem_free(chain->active);
    hash_index_free(&chain->index);
    mutex_destroy(&chain->mu);
    *chain = (struct chain){0};
}

static const uint8_t *key_of_entry(const void *chain, uint32_t index)
{
    return chain_entry_mut(chain, index)->hash;
}

/* The active chain is never longer than there are entries, so room for all of them is room for any
 * reorganisation. Growth by a quarter keeps the slack at one byte a header. */
static int reserve_active(struct chain *chain)
{
    uint32_t cap = chain->active_cap + chain->active_cap / 4;
    uint32_t *larger;

    if (chain->count < chain->active_cap)
        return 0;
    if (cap < FIRST_ACTIVE)
        cap = FIRST_ACTIVE;
    larger = mem_realloc_array(chain->active, cap, sizeof *larger);
    if (!larger)
        return PN_ENOMEM;
    chain->active = larger;
    chain->active_cap = cap;
    return 0;
}

int chain_reserve(struct chain *chain)
{
    struct chain_entry **chunk = &chain->chunks[chain->count >> CHAIN_CHUNK_BITS];
    int rc;

    if (chain->count == chain->max_headers)
        return PN_ELIMIT;
    rc = reserve_active(chain);
    if (rc == 0)
        rc = hash_index_reserve(&chain->index, key_of_entry, chain);
    if (rc == 0 && !*chunk) {
        *chunk = mem_alloc_array(CHAIN_CHUNK, sizeof **chunk);
        rc = *chunk ? 0 : PN_ENOMEM;
    }
    return rc;
}

void chain_trim(struct chain *chain)
{
    for (uint32_t i = chunk_count(chain->count); i < chunk_count(chain->max_headers); i++)
        MEM_FREE(chain->chunks[i]);
}

static btc_work work_memoised(struct chain *chain, uint32_t bits)
{
    if (chain->work_memo.bits != bits) {
        chain->work_memo.bits = bits;
        chain->work_memo.work = work_of_bits(bits);
    }
    return chain->work_memo.work;
}

/* The skew-binary jump pointers of E. W. Myers, "An applicative random-access stack" (1983): when
 * the parent's jump and the one after it are of equal length, join them with the step to the parent
 * into one jump of more than twice that length. Takes constant time; descending takes O(log n). */
static uint32_t choose_skip(const struct chain *chain, uint32_t parent)
{
    const struct chain_entry *p = chain_entry(chain, parent);
    const struct chain_entry *jump = chain_entry(chain, p->skip);
    const struct chain_entry *jump2 = chain_entry(chain, jump->skip);

    return p->height - jump->height == jump->height - jump2->height ? jump->skip : parent;
}

uint32_t chain_last_real_bits(const struct chain *chain, uint32_t index)
{
    const struct chain_entry *e = chain_entry(chain, index);

    while (e->height % POW_INTERVAL != 0 && e->bits == chain->params->pow_limit_bits) {
        if (index == chain->walk_memo.from)
            return chain->walk_memo.bits;
        index = e->parent;
        e = chain_entry(chain, index);
    }
    return e->bits;
}

/* So that the next header's walk ends at this one: in a long run of minimum difficulty each walk
 * would else go back to the period's start. */
static void remember_walk(struct chain *chain, uint32_t index)
{
    chain->walk_memo.bits = chain_last_real_bits(chain, index);
    chain->walk_memo.from = index;
}

uint32_t chain_append(struct chain *chain, const struct btc_header *header,
                      const uint8_t hash[BTC_HASH_BYTES], uint32_t parent)
{
    uint32_t index = chain->count++;
    struct chain_entry *e = chain_entry_mut(chain, index);

    *e = (struct chain_entry){
        .work = work_memoised(chain, header->bits),
        .version = header->version,
        .time = header->time,
        .bits = header->bits,
        .nonce = header->nonce,
        .parent = parent,
    };
    memcpy(e->hash, hash, sizeof e->hash);
    memcpy(e->merkle_root, header->merkle_root, sizeof e->merkle_root);
    if (parent != CHAIN_NONE) {
        struct chain_entry *p = chain_entry_mut(chain, parent);

        e->work = work_add(p->work, e->work);
        e->height = p->height + 1;
        e->skip = choose_skip(chain, parent);
        p->flags |= CHAIN_HAS_CHILD;
    }
    hash_index_put(&chain->index, hash);
    if (chain->params->min_difficulty)
        remember_walk(chain, index);
    chain->recent = index;
    return index;
}

const struct chain_entry *chain_entry(const struct chain *chain, uint32_t index)
{
    assert(index < chain->count);
    return chain_entry_mut(chain, index);
}

uint32_t chain_count(const struct chain *chain)
{
    return chain->count;
}

uint32_t chain_find(const struct chain *chain, const uint8_t hash[BTC_HASH_BYTES])
{
    struct hash_probe probe = hash_index_probe(&chain->index, hash);
    uint32_t index;

    while ((index = hash_index_next(&chain->index, &probe)) != HASH_INDEX_NONE)
        if (memcmp(chain_entry_mut(chain, index)->hash, hash, BTC_HASH_BYTES) == 0)
            return index;
    return CHAIN_NONE;
}

uint32_t chain_ancestor(const struct chain *chain, uint32_t index, uint32_t height)
{
    const struct chain_entry *e = chain_entry(chain, index);

    if (height > e->height)
        return CHAIN_NONE;
    while (e->height > height) {
        index = chain_entry(chain, e->skip)->height >= height ? e->skip : e->parent;
        e = chain_entry(chain, index);
    }
    return index;
}

void chain_header(const struct chain *chain, struct btc_header *out, uint32_t index)
{
    const struct chain_entry *e = chain_entry(chain, index);

    *out = (struct btc_header){
        .version = e->version,
        .time = e->time,
        .bits = e->bits,
        .nonce = e->nonce,
    };
    memcpy(out->merkle_root, e->merkle_root, sizeof out->merkle_root);
    if (e->parent != CHAIN_NONE)
        memcpy(out->prev, chain_entry(chain, e->parent)->hash, sizeof out->prev);
}

size_t chain_bytes(const struct chain *chain)
{
    return chunk_count(chain->max_headers) * sizeof *chain->chunks +
           (size_t)chunk_count(chain->count) * CHAIN_CHUNK * sizeof **chain->chunks +
           chain->active_cap * sizeof *chain->active + hash_index_bytes(&chain->index);
}
