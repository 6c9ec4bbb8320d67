/* The last blocks that this node produced, encoded, for those who ask for them. */
#ifndef BITCOIN_BLOCK_STORE_H
#define BITCOIN_BLOCK_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mutex.h"
#include "peer/frame.h"

/* As many as BIP159 promises. */
#define BLOCK_STORE_MAX 288

struct stored_block {
    uint8_t hash[32];
    struct frame *full;     /* with witness */
    struct frame *stripped; /* for those who ask without BTC_INV_WITNESS */
};

struct block_store {
    struct mutex mu;
    struct stored_block ring[BLOCK_STORE_MAX] GUARDED_BY(mu);
    unsigned next GUARDED_BY(mu);
};

void block_store_init(struct block_store *s);
void block_store_free(struct block_store *s);

/* Keep a block; the oldest goes when there are BLOCK_STORE_MAX. Thread: any.
 * Owns: takes both references. */
void block_store_add(struct block_store *s, const uint8_t hash[32], struct frame *full,
                     struct frame *stripped);

/* Thread: any. Owns: returns a reference, or NULL when the block is not kept. */
struct frame *block_store_get(struct block_store *s, const uint8_t hash[32], bool witness);

#endif
