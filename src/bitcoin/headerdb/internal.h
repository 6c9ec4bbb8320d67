/* What the files of this folder share; nobody else includes this. */
#ifndef BITCOIN_HEADERDB_INTERNAL_H
#define BITCOIN_HEADERDB_INTERNAL_H

#include <stdint.h>

#include "bitcoin/headerdb/headerdb.h"
#include "store/db.h"

enum {
    HEADERDB_VERSION = 1,
    HEADERDB_KEY_BYTES = 12,
    HEADERDB_ID_BYTES = 1 + BTC_MAGIC_BYTES + BTC_HASH_BYTES,
};

struct headerdb {
    struct db *db; /* NULL after a failed reopen */
    unsigned rows, meta;
    char *path;
    uint8_t id[HEADERDB_ID_BYTES];       /* version, network */
    uint8_t highest[HEADERDB_KEY_BYTES]; /* key of the last row */
    uint32_t saved;                      /* entries of the chain, from the first, that have rows */
    uint32_t generation;                 /* of the chain, which `saved` counts in */
};

/* --- headerdb.c --- */
void headerdb_make_key(uint8_t key[HEADERDB_KEY_BYTES], uint32_t height,
                       const uint8_t hash[BTC_HASH_BYTES]);
/* Returns: 0, PN_ENOENT, another pn_err. */
int headerdb_tip(struct headerdb *db, struct db_txn *txn, uint8_t hash[BTC_HASH_BYTES]);

/* --- load.c --- */
/* Take out the rows of headers that are not in the chain, in one batch. Returns: how many, or a
 * pn_err. */
int headerdb_sweep(struct headerdb *db, struct chain *chain);

#endif
