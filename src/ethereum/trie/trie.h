/* Roots of Ethereum's Merkle-Patricia tries (Yellow Paper, appendix D). Whoever needs a root here
 * has all the pairs at hand, so that no trie is kept: the root is computed from the sorted pairs,
 * one path in memory at a time. Pure; any thread. */
#ifndef ETHEREUM_TRIE_TRIE_H
#define ETHEREUM_TRIE_TRIE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define TRIE_ROOT_BYTES 32
#define TRIE_KEY_MAX    64 /* bytes */

struct trie_pair {
    struct bytes key;   /* at most TRIE_KEY_MAX bytes */
    struct bytes value; /* not empty */
};

/* The root of a trie without any pair. */
extern const uint8_t trie_empty_root[TRIE_ROOT_BYTES];

/* The root over pairs, which are sorted in place. Returns: 0; PN_EDUPLICATE for a key that occurs
 * twice; PN_EINVAL for an empty value or a key that is too long; PN_ENOMEM; PN_ETOOLARGE. */
int trie_root(uint8_t root[TRIE_ROOT_BYTES], struct trie_pair *pairs, size_t n);

/* The root over values whose keys are their places, as RLP integers: the transactions, receipts
 * and withdrawals of a block. Returns: as trie_root. */
int trie_list_root(uint8_t root[TRIE_ROOT_BYTES], const struct bytes *values, size_t n);

#endif
