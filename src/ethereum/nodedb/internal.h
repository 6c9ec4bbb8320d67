/* The node database's inside. */
#ifndef ETHEREUM_NODEDB_INTERNAL_H
#define ETHEREUM_NODEDB_INTERNAL_H

#include "base/buf.h"
#include "ethereum/nodedb/nodedb.h"
#include "store/db.h"

enum {
    NODEDB_IP_BYTES = 16,
    NODEDB_KEY_BYTES = ETH_ID_BYTES + NODEDB_IP_BYTES,
    NODEDB_ROW_MAX_BYTES = 128 + ENR_MAX_BYTES,
};

struct nodedb {
    struct db *file;
    unsigned nodes, meta; /* tables */
    struct db_txn *batch; /* between begin and commit */
};

/* --- row.c --- */
void nodedb_make_key(uint8_t key[NODEDB_KEY_BYTES], const uint8_t id[ETH_ID_BYTES],
                     const struct net_addr *ip);
/* Returns: the buffer's error. */
int nodedb_encode_row(struct buf *b, const struct nodedb_row *row);
/* Returns: 0 or an error of codec/cursor.h. */
int nodedb_decode_row(struct nodedb_row *out, const struct db_value *key,
                      const struct db_value *value);

/* --- open.c --- */
/* Numbers by name. A name that is missing reads as 0. */
int nodedb_put_meta(struct nodedb *db, struct db_txn *txn, const void *name, size_t name_len,
                    uint64_t v);
uint64_t nodedb_get_meta(struct nodedb *db, struct db_txn *txn, const void *name, size_t name_len);

#endif
