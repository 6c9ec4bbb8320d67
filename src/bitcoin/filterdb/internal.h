/* What the files of this folder share; nobody else includes this. */
#ifndef BITCOIN_FILTERDB_INTERNAL_H
#define BITCOIN_FILTERDB_INTERNAL_H

#include "bitcoin/filterdb/filterdb.h"
#include "store/db.h"

struct filterdb {
    struct db *db;
    unsigned rows[FILTERDB_KINDS]; /* by height: two hashes, the header, the filter */
    unsigned outputs;              /* by txid and index: the script */
    unsigned undo;                 /* by height */
    unsigned meta;
    struct db_txn *batch; /* or NULL */
};

#endif
