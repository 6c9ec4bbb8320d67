/* Merkle trees of Bitcoin as Electrum uses them: double SHA-256 of pairs, an odd node paired with
 * itself. A branch has one hash a level, the deepest first. Pure. */
#ifndef ELECTRUM_PROOF_MERKLE_H
#define ELECTRUM_PROOF_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#define MERKLE_HASH_BYTES 32
#define MERKLE_MAX_BRANCH 32

typedef uint8_t merkle_hash[MERKLE_HASH_BYTES];

/* Levels above n leaves: the least d with 2^d >= n. n must not be 0. */
unsigned merkle_depth(size_t n);

/* The root of a tree of `depth` levels whose first n leaves are `nodes`, which are used up, and of
 * which the branch of leaf `index` is written to branch, unless that is NULL. n is 1 to 2^depth,
 * index below n. Thread: any. */
void merkle_fold(merkle_hash root, merkle_hash *branch, merkle_hash *nodes, size_t n,
                 unsigned depth, size_t index);

/* The root that a branch leads to. */
void merkle_climb(merkle_hash root, const merkle_hash leaf, const merkle_hash *branch,
                  unsigned depth, size_t index);

#endif
