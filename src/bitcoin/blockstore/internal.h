/* The block store's state, shared by the files of this folder. */
#ifndef BITCOIN_BLOCKSTORE_INTERNAL_H
#define BITCOIN_BLOCKSTORE_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "bitcoin/blockstore/block_store.h"
#include "store/db.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum {
    STORE_HEIGHT_BYTES = 4,
    STORE_QUEUE_MAX = 64,         /* blocks that wait for the writer */
    STORE_BATCH_MAX = 32,         /* blocks in one commit */
    STORE_RECENT_MAX = 512,       /* blocks in memory, those that wait to be written included */
    STORE_RECENT_WRITTEN_MAX = 8, /* of them, those that are in the database already */
};

#define STORE_WELL_AGAIN_US INT64_C(60000000) /* without a failure */

struct recent_block {
    uint8_t hash[32];
    uint32_t height;
    bool written; /* or there is no database: it may be let go of */
    struct frame *block;
    uint64_t age; /* a running number */
};

struct store_job {
    uint8_t hash[32];
    uint32_t height;
    struct frame *block; /* a reference */
};

struct block_store {
    struct block_store_config config;
    struct db *db; /* or NULL */
    /* Tables: by hash, the height in four bytes and the frame; by height and hash, nothing. */
    unsigned blocks, heights;
    struct chan queue;
    struct thread thread;
    atomic_uint keep_from;
    atomic_uint count;
    int64_t failed_us; /* thread writer: when a batch last failed; 0 when all is well */

    struct mutex mu;
    struct recent_block recent[STORE_RECENT_MAX] GUARDED_BY(mu);
    unsigned n_recent GUARDED_BY(mu);
    uint64_t next_age GUARDED_BY(mu);
};

extern struct chan_class store_queue_class;

/* --- recent.c --- */

/* Returns: 0; PN_EEXIST; PN_ELIMIT when nothing can be let go of. Takes a reference of its own. */
int recent_add(struct block_store *s, const struct store_job *job, bool written);
void recent_written(struct block_store *s, const uint8_t hash[32]);
void recent_remove(struct block_store *s, const uint8_t hash[32]);
struct frame *recent_get(struct block_store *s, uint32_t *height, const uint8_t hash[32]);
bool recent_has(struct block_store *s, const uint8_t hash[32]);
void recent_free(struct block_store *s);

/* --- writer.c --- */
void store_writer_run(void *arg);

#endif
