/* An open-addressing table from a block hash to a 32-bit number, for tables of millions: four bytes
 * a slot. The hashes themselves stay with the caller, who compares the candidates.
 *
 * A slot holds the value and, in the bits that no value needs, a tag of the hash, so that a probe
 * seldom offers a wrong candidate. Slots are chosen by multiply-shift hashing (Dietzfelbinger et
 * al., 1997) with a random salt: who mines headers cannot aim at one slot. Values
 * are never taken out one by one.
 * Thread: the owner's. */
#ifndef BITCOIN_CHAIN_HASH_INDEX_H
#define BITCOIN_CHAIN_HASH_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define HASH_INDEX_NONE       UINT32_MAX
#define HASH_INDEX_MAX_VALUES (1u << 28) /* leaves three bits for the tag */

struct hash_index {
    uint32_t *slots; /* 0: empty; else tag << value_bits | (value + 1) */
    uint64_t salt[2];
    uint32_t used;      /* values in: 0 to used - 1 */
    uint8_t slot_bits;  /* log2 of the number of slots */
    uint8_t value_bits; /* bits of a slot that hold value + 1 */
};

/* The walk over the candidates for one hash. */
struct hash_probe {
    uint32_t at;  /* the slot looked at last */
    uint32_t tag; /* in place, above the value's bits */
};

/* The hash of a value, 32 bytes that stay good during the call. */
typedef const uint8_t *hash_index_key(const void *ctx, uint32_t value);

/* A table for the values 0 to max_values - 1, which are added in this order; max_values from 1 to
 * HASH_INDEX_MAX_VALUES.
 * Returns: 0 or PN_ENOMEM. */
int hash_index_init(struct hash_index *index, uint32_t max_values);

/* Accepts a zeroed struct. */
void hash_index_free(struct hash_index *index);

/* Make room for one more value; at three quarters full the slots double. `key(ctx, value)` gives
 * the hash of each value already in. Returns: 0, or PN_ENOMEM and nothing changed. */
int hash_index_reserve(struct hash_index *index, hash_index_key *key, const void *ctx);

/* Add the next value, under a hash that is not in yet, after hash_index_reserve. Cannot fail. */
void hash_index_put(struct hash_index *index, const uint8_t hash[32]);

/* Take all values out; the slots stay, so that as many can be put again without a reserve. */
void hash_index_clear(struct hash_index *index);

/* Bytes allocated. */
size_t hash_index_bytes(const struct hash_index *index);

static inline uint32_t hash_index_slot(const struct hash_index *index, uint64_t mixed)
{
    return (uint32_t)(mixed >> (64 - index->slot_bits));
}

/* Begin to look for a hash: hash_index_next then gives the candidates. */
static inline struct hash_probe hash_index_probe(const struct hash_index *index,
                                                 const uint8_t hash[32])
{
    uint64_t mixed = (load_le64(hash) ^ index->salt[0]) * index->salt[1];
    uint64_t below_slot = mixed << index->slot_bits;

    return (struct hash_probe){
        .at = hash_index_slot(index, mixed) - 1,
        .tag = (uint32_t)(below_slot >> 32) >> index->value_bits << index->value_bits,
    };
}

/* Returns: the next value whose hash may be the one looked for, or HASH_INDEX_NONE when there is
 * no more; the probe then stands at an empty slot. */
static inline uint32_t hash_index_next(const struct hash_index *index, struct hash_probe *probe)
{
    uint32_t slot_mask = (UINT32_C(1) << index->slot_bits) - 1;
    uint32_t value_mask = (UINT32_C(1) << index->value_bits) - 1;

    for (;;) {
        uint32_t slot;

        probe->at = (probe->at + 1) & slot_mask;
        slot = index->slots[probe->at];
        if (slot == 0)
            return HASH_INDEX_NONE;
        if ((slot & ~value_mask) == probe->tag)
            return (slot & value_mask) - 1;
    }
}

#endif
