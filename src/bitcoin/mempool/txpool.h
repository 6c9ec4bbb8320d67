/* The pool of unconfirmed transactions: those that passed tx_check and conflict with no other of
 * the pool. First seen wins; only a transaction of the operator's own takes the place of others,
 * because nobody here can tell a valid spend from an invented one.
 *
 * It is bounded in bytes, in number and in age. When it is full the source that takes most of it
 * gives way, with its oldest: fees are not known, so that one who floods should push out what he
 * brought himself. A source is a number below TXPOOL_SOURCES that the caller derives from whom a
 * transaction came from. What spends the outputs of one that goes, goes too.
 *
 * One lock protects all; it is held while one transaction is added or removed, or a slice of
 * TXPOOL_SLICE is looked at. Thread: any, for every call but txpool_new and txpool_free.
 *
 * Transactions are handed out as references. */
#ifndef BITCOIN_MEMPOOL_TXPOOL_H
#define BITCOIN_MEMPOOL_TXPOOL_H

#include "bitcoin/mempool/tx_body.h"
#include "bitcoin/mempool/tx_check.h"
#include "crypto/siphash.h"

#define TXPOOL_SOURCES 256
#define TXPOOL_SLICE   512

/* A transaction and those of the pool that it is connected with, in either direction (Core's
 * cluster limits). */
#define TXPOOL_CLUSTER_COUNT  64
#define TXPOOL_CLUSTER_WEIGHT 404000

#define TXPOOL_FEE_UNKNOWN (-1)

/* Of the last blocks: enough for six hours of full ones (Core, m_recent_confirmed_transactions). */
#define TXPOOL_CONFIRMED_MAX 48000

struct txpool;

struct txpool_config {
    size_t max_bytes; /* of the transactions in memory */
    unsigned max_count;
    int64_t max_age_ms;
};

/* Why a transaction has left. X(identifier, "metric label"). */
#define TXPOOL_EXIT_LIST(X)                                         \
    X(TXPOOL_CONFIRMED, "confirmed")                                \
    X(TXPOOL_CONFLICTED, "conflicted") /* with one of a block */    \
    X(TXPOOL_REPLACED, "replaced")     /* by one of the operator */ \
    X(TXPOOL_EXPIRED, "expired")                                    \
    X(TXPOOL_EVICTED, "evicted") /* for lack of room */

enum txpool_exit {
#define TXPOOL_ENUM_(id, name) id,
    TXPOOL_EXIT_LIST(TXPOOL_ENUM_)
#undef TXPOOL_ENUM_
        TXPOOL_EXITS
};

const char *txpool_exit_name(enum txpool_exit exit);

/* Who hears of every exit. Called without the lock, on the thread that made it happen; `own` tells
 * whether the operator had submitted it. The body is borrowed. */
typedef void txpool_left(void *arg, struct tx_body *body, bool own, enum txpool_exit exit);

/* Who hears of each transaction that comes, and of each that goes for another reason than a block,
 * in the order of their sequence numbers. Called with the pool's lock held: it must neither block
 * nor call the pool. The body is borrowed. */
typedef void txpool_watcher(void *arg, struct tx_body *body, uint64_t seq, bool came);

/* Returns: 0 or PN_ENOMEM. */
int txpool_new(struct txpool **out, const struct txpool_config *config, txpool_left *left,
               void *arg);
void txpool_free(struct txpool *p); /* accepts NULL */

/* Thread: the main thread, before another can reach the pool. */
void txpool_watch(struct txpool *p, txpool_watcher *fn, void *arg);

/* Keep a transaction that passed tx_check. With `own` it is the operator's: conflicting ones go,
 * it is never evicted, and one that is there already becomes his.
 * Owns: takes a reference of its own. Returns: TX_OK, or why not. */
enum tx_refusal txpool_add(struct txpool *p, struct tx_body *body, unsigned source, bool own);

/* Owns: returns a reference, or NULL. */
struct tx_body *txpool_by_txid(struct txpool *p, const uint8_t txid[BTC_HASH_BYTES]);
struct tx_body *txpool_by_wtxid(struct txpool *p, const uint8_t wtxid[BTC_HASH_BYTES]);
bool txpool_has_txid(struct txpool *p, const uint8_t txid[BTC_HASH_BYTES]);
bool txpool_has_wtxid(struct txpool *p, const uint8_t wtxid[BTC_HASH_BYTES]);

/* What the relay asks about one of the pool. */
struct txpool_info {
    int64_t fee_sat;  /* or TXPOOL_FEE_UNKNOWN: known when all it spends is in the pool */
    uint64_t seq;     /* of its coming; ascending */
    unsigned parents; /* inputs that spend outputs of the pool */
    int64_t added_us; /* monotonic */
    unsigned asked;   /* how often peers have asked for it, if it is the operator's */
    bool own;
};
bool txpool_info(struct txpool *p, struct txpool_info *out, const uint8_t wtxid[BTC_HASH_BYTES]);
/* The same, and the transaction. Owns: returns a reference, or NULL. */
struct tx_body *txpool_look(struct txpool *p, struct txpool_info *out,
                            const uint8_t wtxid[BTC_HASH_BYTES]);

/* A peer has asked for it. Returns: whether it is the operator's. */
bool txpool_asked(struct txpool *p, const uint8_t wtxid[BTC_HASH_BYTES]);

/* The last sequence number that was given: to one that came, or to a departure that is told of. */
uint64_t txpool_seq(struct txpool *p);

/* References to the transactions that have been added after `after`, oldest first, at most `max`
 * of them; call again with the last one's number (*seq) for the rest. Returns: how many. */
size_t txpool_since(struct txpool *p, struct tx_body **out, uint64_t *seq, size_t max,
                    uint64_t after);

/* For a compact block (BIP152): out[i] becomes a reference to the transaction whose short id under
 * `key` is ids[i], or NULL when there is none or more than one. The ids are distinct, n at most
 * BTC_COMPACT_TXS_MAX. Returns: how many were found, or PN_ENOMEM. */
long txpool_match_short_ids(struct txpool *p, struct tx_body **out, const struct siphash_key *key,
                            const uint64_t *ids, size_t n);

/* A block of the active chain holds these: they leave as confirmed, and what conflicts with them
 * goes. `txids` are theirs. */
void txpool_block(struct txpool *p, const struct btc_tx *txs,
                  const uint8_t (*txids)[BTC_HASH_BYTES], size_t n);

/* Whether one with this txid or wtxid was in one of the last blocks. */
bool txpool_confirmed(struct txpool *p, const uint8_t hash[BTC_HASH_BYTES]);

/* Drop one, and what spends it. Returns: whether it was there. */
bool txpool_remove(struct txpool *p, const uint8_t wtxid[BTC_HASH_BYTES], enum txpool_exit exit);

/* Drop what is older than max_age_ms. Returns: when to call again, monotonic microseconds. */
int64_t txpool_expire(struct txpool *p);

struct txpool_counts {
    unsigned count, own;
    unsigned unasked;        /* own ones that no peer has asked for */
    size_t bytes, max_bytes; /* of memory */
    size_t vbytes;           /* virtual size, BIP141 */
};
void txpool_counts(struct txpool *p, struct txpool_counts *out);

#endif
