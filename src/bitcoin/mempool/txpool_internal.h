/* What the files of the pool share. */
#ifndef BITCOIN_MEMPOOL_TXPOOL_INTERNAL_H
#define BITCOIN_MEMPOOL_TXPOOL_INTERNAL_H

#include "base/mutex.h"
#include "bitcoin/mempool/rolling_filter.h"
#include "bitcoin/mempool/txpool.h"

/* An outpoint that a transaction of the pool spends. */
struct pool_spend {
    struct pool_entry *by;
    struct pool_spend *next; /* in its bucket */
};

/* The ends of a list that runs from old to new. */
struct pool_ends {
    struct pool_entry *oldest, *newest;
};

enum { AGE_LIST, SOURCE_LIST, POOL_LISTS };

struct pool_entry {
    struct tx_body *body;
    struct pool_entry *next_txid, *next_wtxid; /* in their buckets */
    struct {
        struct pool_entry *older, *newer;
    } link[POOL_LISTS];
    struct pool_entry *work; /* the walk under way */
    uint64_t mark;           /* the last walk that came by */
    uint64_t seq;
    int64_t added_us, fee_sat;
    size_t bytes;      /* of all this */
    unsigned parents;  /* inputs that spend outputs of the pool */
    unsigned children; /* inputs of the pool that spend outputs of this one, which exist */
    unsigned slot;     /* where in `entries` */
    unsigned asked;    /* by peers, of an own one */
    uint8_t source;
    bool own;
    enum txpool_exit exit;      /* once it has been taken out */
    struct pool_spend spends[]; /* one an input */
};

struct pool_source {
    struct pool_ends ends;
    size_t bytes;
};

struct txpool {
    struct mutex mu;
    struct txpool_config config;
    txpool_left *left;
    void *left_arg;
    txpool_watcher *watcher; /* or NULL */
    void *watcher_arg;
    struct siphash_key key;
    unsigned bucket_mask; /* buckets less one, of each table */
    struct pool_entry **by_txid GUARDED_BY(mu);
    struct pool_entry **by_wtxid GUARDED_BY(mu);
    struct pool_spend **by_outpoint GUARDED_BY(mu);
    struct pool_entry **entries GUARDED_BY(mu); /* in no order */
    struct pool_ends age GUARDED_BY(mu);
    struct pool_source sources[TXPOOL_SOURCES] GUARDED_BY(mu);
    unsigned count GUARDED_BY(mu), own GUARDED_BY(mu), unasked GUARDED_BY(mu);
    size_t bytes GUARDED_BY(mu), vbytes GUARDED_BY(mu);
    uint64_t seq GUARDED_BY(mu), walk GUARDED_BY(mu);
    struct rolling_filter confirmed GUARDED_BY(mu); /* made with the first block */
};

/* --- pool_index.c: the tables; the lock is held --- */
struct pool_entry *pool_find_txid(struct txpool *p, const uint8_t txid[32]) REQUIRES(p->mu);
struct pool_entry *pool_find_wtxid(struct txpool *p, const uint8_t wtxid[32]) REQUIRES(p->mu);
struct pool_entry *pool_spender(struct txpool *p, const uint8_t txid[32], uint32_t index)
    REQUIRES(p->mu);
void pool_link(struct txpool *p, struct pool_entry *e) REQUIRES(p->mu);
void pool_unlink(struct txpool *p, struct pool_entry *e) REQUIRES(p->mu);

/* --- pool_graph.c: who spends whom; the lock is held --- */

/* What the transaction would be in the pool: its parents, its fee, and whether it may join them. */
struct pool_place {
    unsigned parents, children; /* as in struct pool_entry */
    int64_t fee_sat;
};
enum tx_refusal pool_place(struct txpool *p, struct pool_place *out, const struct tx_body *body)
    REQUIRES(p->mu);

/* Note at its parents or children that it is there (1), or no longer (-1). */
void pool_tell_parents(struct txpool *p, const struct pool_entry *e, int by) REQUIRES(p->mu);
void pool_tell_children(struct txpool *p, const struct pool_entry *e, int by) REQUIRES(p->mu);

/* The entry and all that descends from it, as a list by `work`. */
struct pool_entry *pool_descendants(struct txpool *p, struct pool_entry *e) REQUIRES(p->mu);

/* --- pool_remove.c --- */

/* Take out an entry, or it and its descendants, and put them onto *gone (linked by `work`), for
 * pool_bury once the lock is free. */
void pool_take_one(struct txpool *p, struct pool_entry **gone, struct pool_entry *e,
                   enum txpool_exit exit) REQUIRES(p->mu);
void pool_take_all(struct txpool *p, struct pool_entry **gone, struct pool_entry *e,
                   enum txpool_exit exit) REQUIRES(p->mu);

/* Tell of them and free them. */
void pool_bury(struct txpool *p, struct pool_entry *gone) EXCLUDES(p->mu);

#endif
