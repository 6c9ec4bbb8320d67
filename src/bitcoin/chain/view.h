/* The header chain as other threads see it: the manager's thread owns and changes it, anybody may
 * look. Each call sees the chain between two changes, so what it tells fits together; between two
 * calls the tip may have moved. A change holds a reader up for about a microsecond, a large growth
 * of the tables for some milliseconds; a reader holds the owner up for the time of one call. */
#ifndef BITCOIN_CHAIN_VIEW_H
#define BITCOIN_CHAIN_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitcoin/chain/work.h"
#include "bitcoin/wire/header.h"

#define CHAIN_VIEW_MAX 2016 /* headers in one call: under a millisecond */

struct chain;

/* One header and where it stands. */
struct chain_point {
    uint8_t hash[BTC_HASH_BYTES];
    btc_work work; /* of the chain from the genesis to here */
    uint32_t height;
    uint32_t time, bits;
    uint32_t median_time; /* of it and its 10 predecessors (BIP113) */
    bool best;            /* on the best chain, not on a branch */
    bool invalid;         /* it or an ancestor was found to be */
};

/* The best chain's last header. Thread: any. */
void chain_view_tip(struct chain *chain, struct chain_point *out);

/* The header of that hash, on the best chain or a branch. Thread: any. Returns: false for none. */
bool chain_view_find(struct chain *chain, struct chain_point *out,
                     const uint8_t hash[BTC_HASH_BYTES]);

/* The best chain's header at a height. Thread: any. Returns: false above the tip. */
bool chain_view_at(struct chain *chain, struct chain_point *out, uint32_t height);

/* Headers of the best chain from height `first` on as they go over the wire; at most n and
 * CHAIN_VIEW_MAX. Thread: any. Returns: how many there were. */
size_t chain_view_raw(struct chain *chain, uint8_t (*out)[BTC_HEADER_BYTES], uint32_t first,
                      size_t n);

/* Headers of the best chain from height `first` on, and their hashes; either may be NULL. At most n
 * and CHAIN_VIEW_MAX. Thread: any. Returns: how many there were. */
size_t chain_view_headers(struct chain *chain, struct btc_header *headers,
                          uint8_t (*hashes)[BTC_HASH_BYTES], uint32_t first, size_t n);

/* The header of that hash as it goes over the wire. Thread: any. Returns: false for none. */
bool chain_view_header(struct chain *chain, struct btc_header *out,
                       const uint8_t hash[BTC_HASH_BYTES]);

/* A header that no other builds on, and how many headers it is away from the best chain. */
struct chain_branch {
    struct chain_point end;
    uint32_t length; /* 0: the best chain's own */
};

/* The ends of all branches: the best chain's, and then the others, the newest first; at most max.
 * Looks at every header, CHAIN_VIEW_MAX under one hold of the lock; while the chain grows it begins
 * anew, a few times at most. Thread: any. Returns: how many. */
size_t chain_view_branches(struct chain *chain, struct chain_branch *out, size_t max);

/* chain_dos_work, for other threads. */
btc_work chain_view_dos_work(struct chain *chain);

/* The locator of the best chain, with `first` before it: the form in which what follows `first` is
 * asked for, known to us or not. Thread: any. Returns: how many hashes, at most CHAIN_LOCATOR_MAX,
 * which is also the room that `out` must have. */
size_t chain_view_locator_after(struct chain *chain, uint8_t (*out)[BTC_HASH_BYTES],
                                const uint8_t first[BTC_HASH_BYTES]);

/* --- For whoever keeps the headers on disk. --- */

struct chain_record {
    uint32_t height;
    uint8_t hash[BTC_HASH_BYTES];
    struct btc_header header;
};

/* Headers in the order in which they came, branches included, from the `from`-th on. Headers keep
 * their numbers as long as the generation is the same: when *generation is not the chain's, it is
 * set and nothing is given. Thread: any. Returns: how many, at most `max`. */
size_t chain_view_records(struct chain *chain, struct chain_record *out, uint32_t *generation,
                          uint32_t from, size_t max);

#endif
