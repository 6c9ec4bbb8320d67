/* What the files of the database layer share; nobody else includes this. */
#ifndef STORE_DB_INTERNAL_H
#define STORE_DB_INTERNAL_H

#include <lmdb.h>

#include "store/db.h"

struct db {
    MDB_env *env;
};

struct db_txn {
    struct db *db;
    MDB_txn *txn;
};

struct db_cursor {
    MDB_cursor *cursor;
};

/* LMDB's result as a pn_err. */
int db_err(int rc);

static inline MDB_val db_val(const void *data, size_t len)
{
    return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)data};
}

#endif
