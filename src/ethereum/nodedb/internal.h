/* The node database's inside. */
#ifndef ETHEREUM_NODEDB_INTERNAL_H
#define ETHEREUM_NODEDB_INTERNAL_H

#include <lmdb.h>

#include "base/buf.h"
#include "ethereum/nodedb/nodedb.h"

enum {
    NODEDB_IP_BYTES = 16,
    NODEDB_KEY_BYTES = ETH_ID_BYTES + NODEDB_IP_BYTES,
    NODEDB_ROW_MAX_BYTES = 128 + ENR_MAX_BYTES,
};

struct nodedb {
    MDB_env *env;
    MDB_dbi nodes, meta;
    MDB_txn *batch; /* between begin and commit */
};

/* --- row.c --- */
void nodedb_make_key(uint8_t key[NODEDB_KEY_BYTES], const uint8_t id[ETH_ID_BYTES],
                     const struct net_addr *ip);
/* Returns: the buffer's error. */
int nodedb_encode_row(struct buf *b, const struct nodedb_row *row);
/* Returns: 0 or an error of codec/cursor.h. */
int nodedb_decode_row(struct nodedb_row *out, const MDB_val *key, const MDB_val *value);

/* --- open.c --- */
/* LMDB's result as a pn_err. */
int nodedb_err(int rc);
/* Numbers by name. A name that is missing reads as 0. */
int nodedb_put_meta(struct nodedb *db, MDB_txn *txn, const void *name, size_t name_len, uint64_t v);
uint64_t nodedb_get_meta(struct nodedb *db, MDB_txn *txn, const void *name, size_t name_len);

#endif
