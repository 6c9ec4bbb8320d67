/* The blocks that are kept, whole and ready to be sent: each is one frame, a block message with its
 * framing and witness.
 *
 * A block is held from block_store_add on. A thread of its own writes it to the database, together
 * with what else has come meanwhile, and deletes blocks below the height that is kept; until then,
 * and a little longer, it is in memory. A full disk costs the blocks that could not be written:
 * they are told to `lost`, once they are held no longer.
 *
 * Without a path all is in memory, the last BLOCK_STORE_MEMORY_MAX blocks. */
#ifndef BITCOIN_BLOCKSTORE_BLOCK_STORE_H
#define BITCOIN_BLOCKSTORE_BLOCK_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "peer/frame.h"

struct chan;
struct block_store;

/* As many as BIP159 promises. */
#define BLOCK_STORE_MEMORY_MAX 288

struct block_store_config {
    const char *path;     /* of the database, or NULL; copied */
    uint32_t keep;        /* blocks, at least 1: bounds the file */
    unsigned max_readers; /* threads that may read at one time */
    /* A block could not be written and is held no longer. Thread: the store's own; must not block.
     * May be NULL. */
    void (*lost)(void *arg, const uint8_t hash[32], uint32_t height);
    void *arg;
};

/* A database that is damaged is set aside and a new one made: blocks can be fetched again.
 * Thread: the main thread. Returns: 0, PN_ENOMEM, PN_ENOSPC, another pn_err of db_open. */
int block_store_open(struct block_store **out, const struct block_store_config *config);

/* Start the writing thread. Thread: the main thread. Returns: 0 or a pn_err. */
int block_store_start(struct block_store *s);

/* Write what is left and end the thread; nothing can be added any more. Idempotent. Thread: the
 * main thread. */
void block_store_stop(struct block_store *s);

/* Thread: the main thread, when nobody else can reach it. Accepts NULL. */
void block_store_close(struct block_store *s);

/* Keep a block. Waits while more than some megabytes wait to be written, or until `quit` is closed
 * (may be NULL). One that is held already is kept once. Thread: in, manager.
 * Owns: takes the reference in every case. Returns: 0, PN_EQUIT, PN_ECLOSED, PN_ELIMIT. */
int block_store_add(struct block_store *s, const uint8_t hash[32], uint32_t height,
                    struct frame *block, struct chan *quit);

/* Thread: any. */
bool block_store_has(struct block_store *s, const uint8_t hash[32]);

/* Thread: any. `height` (may be NULL) gets the height that it was added with. Owns: returns a
 * reference, or NULL when the block is not held (or there is no memory for it). */
struct frame *block_store_get(struct block_store *s, uint32_t *height, const uint8_t hash[32]);

/* Blocks below this height need not be kept. Thread: any. */
void block_store_keep_from(struct block_store *s, uint32_t height);

/* The lowest height of a block that is held. Thread: any. Returns: false when none is. */
bool block_store_lowest(struct block_store *s, uint32_t *height);

/* Bytes on disk. Thread: any. */
uint64_t block_store_bytes(struct block_store *s);

/* Blocks that are held. Thread: any. */
unsigned block_store_count(struct block_store *s);

#endif
