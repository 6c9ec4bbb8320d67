/* uthash with a keyed hash function: the keys of our tables (hashes of transactions and blocks,
 * addresses) are chosen by whoever wants all of them in one bucket. */
#ifndef ETHEREUM_TYPES_HASH_TABLE_H
#define ETHEREUM_TYPES_HASH_TABLE_H

#include <stddef.h>

/* Under a key of this process. Thread: any. */
unsigned hash_table_hash(const void *key, size_t len);

#define HASH_FUNCTION(key, len, hashv)           \
    do {                                         \
        (hashv) = hash_table_hash((key), (len)); \
    } while (0)

#include <uthash.h>
#include <utlist.h>

#endif
