#include "bitcoin/chain/hash_index.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"

enum { FIRST_SLOT_BITS = 6 };

static size_t slot_count(const struct hash_index *index)
{
    return (size_t)1 << index->slot_bits;
}

int hash_index_init(struct hash_index *index, uint32_t max_values)
{
    assert(max_values >= 1 && max_values <= HASH_INDEX_MAX_VALUES);
    *index = (struct hash_index){
        .salt = {random_u64(), random_u64() | 1}, /* multiply-shift wants an odd factor */
        .slot_bits = FIRST_SLOT_BITS,
        .value_bits = (uint8_t)(32 - __builtin_clz(max_values)),
    };
    index->slots = mem_zalloc_array(slot_count(index), sizeof *index->slots);
    return index->slots ? 0 : PN_ENOMEM;
}

void hash_index_free(struct hash_index *index)
{
    MEM_FREE(index->slots);
}

void hash_index_put(struct hash_index *index, const uint8_t hash[32])
{
    struct hash_probe probe = hash_index_probe(index, hash);

    while (hash_index_next(index, &probe) != HASH_INDEX_NONE)
        ;
    index->slots[probe.at] = probe.tag | ++index->used;
}

int hash_index_reserve(struct hash_index *index, hash_index_key *key, const void *ctx)
{
    struct hash_index larger = *index;

    if (index->used < slot_count(index) / 4 * 3)
        return 0;
    larger.slot_bits++;
    larger.used = 0;
    larger.slots = mem_zalloc_array(slot_count(&larger), sizeof *larger.slots);
    if (!larger.slots)
        return PN_ENOMEM;
    for (uint32_t value = 0; value < index->used; value++)
        hash_index_put(&larger, key(ctx, value));
    hash_index_free(index);
    *index = larger;
    return 0;
}

void hash_index_clear(struct hash_index *index)
{
    memset(index->slots, 0, slot_count(index) * sizeof *index->slots);
    index->used = 0;
}

size_t hash_index_bytes(const struct hash_index *index)
{
    return slot_count(index) * sizeof *index->slots;
}
