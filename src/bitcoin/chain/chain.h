/* The chain of block headers in memory: the valid headers that were shown to us, as a tree whose
 * root is the genesis, and in it the active chain, the branch with the most work.
 *
 * A header is addressed by the index of its entry. Entries are appended and never move or go but
 * in chain_drop_stale, so until then an index and a pointer to an entry stay good. A parent's index
 * is always below its children's, and of two headers the lower index was seen first. What is to
 * last longer than the handling of one message is kept as a hash.
 *
 * One thread owns a chain (the manager's) and calls what is declared here; it alone changes the
 * chain, with the lock held, and so reads without it. Other threads look by way of chain/view.h.
 * What needs no chain, that is, hash, proof of work and linkage within a batch, is done before on
 * the peer's thread by headers_precheck.
 *
 * Memory: at most 128 bytes a header in a chain of 400,000 or more; below, 112 KiB besides. */
#ifndef BITCOIN_CHAIN_CHAIN_H
#define BITCOIN_CHAIN_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mutex.h"
#include "bitcoin/chain/hash_index.h"
#include "bitcoin/chain/params.h"
#include "bitcoin/chain/work.h"
#include "bitcoin/wire/header.h"

#define CHAIN_NONE         UINT32_MAX            /* no entry */
#define CHAIN_MAX_CAPACITY HASH_INDEX_MAX_VALUES /* the most headers a chain can be made for */

#define CHAIN_MTP_SPAN       11   /* headers whose median time a new one must exceed */
#define CHAIN_FUTURE_LIMIT_S 7200 /* how far ahead of the wall clock a header may be */
#define CHAIN_TIMEWARP_S     600  /* BIP94: how far a period may start before the last one's end */
#define CHAIN_LOCATOR_MAX    101  /* hashes in a locator (Bitcoin Core, MAX_LOCATOR_SZ) */
#define CHAIN_NEXT_MAX       2000 /* headers in one answer to getheaders */
#define CHAIN_DOS_MARGIN     144  /* headers by which a branch may trail, see chain_dos_work */

enum chain_flag {
    CHAIN_INVALID = 1,   /* it or an ancestor was marked by chain_invalidate */
    CHAIN_HAS_CHILD = 2, /* at least one entry names it as its parent */
};

/* One header. The parent's hash is not stored: it is the parent's. */
struct chain_entry {
    btc_work work; /* of the chain from the genesis to here */
    uint8_t hash[BTC_HASH_BYTES];
    uint8_t merkle_root[BTC_HASH_BYTES];
    int32_t version;
    uint32_t time;
    uint32_t bits;
    uint32_t nonce;
    uint32_t height;
    uint32_t parent; /* CHAIN_NONE for the genesis */
    uint32_t skip;   /* an ancestor further down, for chain_ancestor; the genesis has itself */
    uint32_t flags;  /* of enum chain_flag */
};

/* The fields are the implementation's; read them through the functions below. */
struct chain {
    struct mutex mu; /* held by the owner while it changes what others see, and by others */
    const struct btc_params *params;
    struct chain_entry **chunks; /* entries, in chunks that never move */
    uint32_t count;              /* entries in use */
    uint32_t max_headers;
    uint32_t *active; /* by height: the active chain */
    uint32_t active_len;
    uint32_t active_cap;
    uint32_t generation; /* how often entries have moved */
    uint32_t recent;     /* the entry added or found last: most often the next one's parent */
    struct hash_index index;
    struct { /* one computed work, since neighbours share their bits */
        uint32_t bits;
        btc_work work;
    } work_memo;
    struct { /* one walk of the minimum-difficulty rule: where it began, what it found */
        uint32_t from;
        uint32_t bits;
    } walk_memo;
};

/* What accepting one header or a batch did. */
struct chain_result {
    uint32_t index;       /* entry of the last header that was added or known; else CHAIN_NONE */
    uint32_t added;       /* headers that are new */
    uint32_t known;       /* headers that were there before */
    uint32_t fork_height; /* if tip_moved: height of the last header that old and new chain share */
    uint32_t depth;       /* if tip_moved: headers of the old chain that the new one drops */
    bool tip_moved;       /* depth 0: the active chain grew; else it was reorganised */
};

/* A chain that holds the genesis of `params` alone, and never more than max_headers, from 1 to
 * CHAIN_MAX_CAPACITY. Memory grows with the headers.
 * Owns: `params` stays the caller's and must outlive the chain. Thread: the owner's.
 * Returns: 0 or PN_ENOMEM, after which the chain needs no chain_free. */
int chain_init(struct chain *chain, const struct btc_params *params, uint32_t max_headers);

/* Give the memory back. Accepts a zeroed struct. */
void chain_free(struct chain *chain);

/* Check one header by all header rules and add it. `hash` is its hash, computed by the caller on
 * its own thread; that it is below the target is checked here again. Whether a header is too new
 * is judged by clock_wall_s.
 * Returns: 0, or in the order of the checks, which is Bitcoin Core's (src/validation.cpp,
 * AcceptBlockHeader):
 *   PN_EDUPLICATE   it is known already; result->index tells where. No fault of the sender's.
 *   PN_ECHECKPOINT  it is known and marked invalid.
 *   PN_EPOW, PN_EBITS  as pow_check_hash, against the bits it claims.
 *   PN_EORPHAN      its parent is not known.
 *   PN_ECHECKPOINT  its parent is marked invalid.
 *   PN_EBITS        its bits are not those the difficulty rules demand.
 *   PN_ETIMEOLD     its time is not after the median of its 11 predecessors.
 *   PN_ETIMEWARP    it begins a period more than 600 s before the last one's end (BIP94 networks).
 *   PN_ETIMENEW     its time is over two hours ahead: it may become valid later.
 *   PN_EBADVERSION  its version is below what its height demands (BIP34, BIP66, BIP65).
 *   PN_EOTHERCHAIN  its height has a checkpoint with another hash.
 *   PN_ELIMIT       the chain holds max_headers already.
 *   PN_ENOMEM
 * Of a refused header nothing is kept. */
int chain_accept(struct chain *chain, struct chain_result *result, const struct btc_header *header,
                 const uint8_t hash[BTC_HASH_BYTES]);

/* Accept headers in turn; those already known are counted and passed over. Stops at the first that
 * is refused, which is headers[result->added + result->known]; what came before it stays.
 * fork_height and depth compare the tips before and after the whole batch.
 * Returns: 0 or what chain_accept gave for the refused one. */
int chain_accept_many(struct chain *chain, struct chain_result *result,
                      const struct btc_header *headers, const uint8_t (*hashes)[BTC_HASH_BYTES],
                      size_t n);

/* Add a header that was accepted in an earlier run: its hash, its work and its parent are checked,
 * not the rules that were. Parents first. Thread: the owner's.
 * Returns: 0, PN_EDUPLICATE, PN_EPOW, PN_EBITS, PN_EORPHAN, PN_ELIMIT, PN_ENOMEM. */
int chain_restore(struct chain *chain, const struct btc_header *header,
                  const uint8_t hash[BTC_HASH_BYTES]);

/* Of branches with equal work, choose the one that ended in this hash then; nothing happens when it
 * is not known or has less work. Thread: the owner's. */
void chain_restore_tip(struct chain *chain, const uint8_t hash[BTC_HASH_BYTES]);

/* Make room in a full chain: drop branches, those with the least work first, until at least half of
 * the room beside the active chain is free. Indices and pointers to entries are no good afterwards.
 * Costs a pass over all entries, and 4 bytes of memory for each.
 * Returns: 0 and how many headers went, none if there is only the active chain; PN_ENOMEM. */
int chain_drop_stale(struct chain *chain, uint32_t *dropped);

/* Mark a header invalid, because its block turned out to be, and with it all its descendants. If
 * that takes the tip away, the branch with the most work among the rest becomes active.
 * Costs a pass over all entries. Returns: 0, or PN_EINVAL for the genesis or no entry. */
int chain_invalidate(struct chain *chain, struct chain_result *result, uint32_t index);

/* Hash a batch, as it came in one `headers` message, and check what needs no chain: every hash
 * against the bits its header claims, and that each header names the one before it as its parent.
 * Thread: any. Returns: 0; PN_EPOW or PN_EBITS as pow_check_hash; PN_EORPHAN when the batch is not
 * one chain. `hashes` is complete only on success. */
int headers_precheck(uint8_t (*hashes)[BTC_HASH_BYTES], const struct btc_header *headers, size_t n,
                     const struct btc_params *params);

/* The work that headers claim by their bits; it is proven once headers_precheck accepts them.
 * Thread: any. */
btc_work headers_work(const struct btc_header *headers, size_t n);

/* --- Reading. Thread: the owner's. --- */

/* Returns: the entry of the active chain's last header; always one. */
uint32_t chain_tip(const struct chain *chain);

/* Returns: the height of the active chain's last header. */
uint32_t chain_height(const struct chain *chain);

/* Returns: how many headers are held, the genesis and all branches included. */
uint32_t chain_count(const struct chain *chain);

/* Owns: the chain; good until chain_free. Returns: the entry; `index` must be one. */
const struct chain_entry *chain_entry(const struct chain *chain, uint32_t index);

/* Returns: the entry of that hash, on whatever branch, or CHAIN_NONE. */
uint32_t chain_find(const struct chain *chain, const uint8_t hash[BTC_HASH_BYTES]);

/* Returns: the entry at a height of the active chain, or CHAIN_NONE above its tip. */
uint32_t chain_at(const struct chain *chain, uint32_t height);

/* Returns: whether the entry is on the active chain. */
bool chain_is_active(const struct chain *chain, uint32_t index);

/* The ancestor of an entry at a height, itself included, in O(log height) steps.
 * Returns: CHAIN_NONE when `height` is above the entry's. */
uint32_t chain_ancestor(const struct chain *chain, uint32_t index, uint32_t height);

/* The header as it goes over the wire, put together again. */
void chain_header(const struct chain *chain, struct btc_header *out, uint32_t index);

/* Median time of the entry and its up to 10 predecessors (BIP113), seconds since 1970. */
uint32_t chain_median_time(const struct chain *chain, uint32_t index);

/* The bits that a child of `parent` with that time must have. Also what a miner asks for. */
uint32_t chain_next_bits(const struct chain *chain, uint32_t parent, uint32_t time);

/* The least version that a header at `height` may have: 1 to 4. */
int32_t chain_least_version(const struct chain *chain, uint32_t height);

/* Whether the active chain has the network's minimum work: before, we are surely not in sync. */
bool chain_min_work_reached(const struct chain *chain);

/* The work below which a branch is not worth its memory: the network's minimum, or that of our tip
 * less 144 headers like it, whichever is more (Bitcoin Core, GetAntiDoSWorkThreshold). A batch
 * whose parent's work and headers_work stay below it costs its sender too little to be stored for
 * him. */
btc_work chain_dos_work(const struct chain *chain);

/* Entries without children, newest first: the ends of all branches. Costs a pass over all entries.
 * Returns: how many there are; at most `max` of them are in `out`. */
size_t chain_tips(const struct chain *chain, uint32_t *out, size_t max);

/* Bytes of memory that the chain has allocated. */
size_t chain_bytes(const struct chain *chain);

/* --- Locators and getheaders. Thread: the owner's. --- */

/* Hashes from `index` down to the genesis: a dozen in a row, then with doubling gaps, the form that
 * getheaders carries. Returns: how many were written, 1 to CHAIN_LOCATOR_MAX. */
size_t chain_locator(const struct chain *chain, uint8_t (*out)[BTC_HASH_BYTES], uint32_t index);

/* Where a peer's chain leaves ours: the first hash of its locator that is on the active chain, or
 * descends from our tip (then the tip). Returns: an entry of the active chain; the genesis when
 * nothing matches. */
uint32_t chain_find_fork(const struct chain *chain, const uint8_t (*locator)[BTC_HASH_BYTES],
                         size_t n);

/* Headers of the active chain that follow `after`, which must be on it, until `stop` (included; all
 * zero or unknown: no end) or `max`, at most CHAIN_NEXT_MAX. Returns: how many were written. */
size_t chain_next_headers(const struct chain *chain, struct btc_header *out, uint32_t after,
                          const uint8_t stop[BTC_HASH_BYTES], size_t max);

#endif
