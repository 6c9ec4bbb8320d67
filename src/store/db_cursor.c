/* Walks over a table. */
#include "base/err.h"
#include "base/mem.h"
#include "store/db_internal.h"

int db_cursor_open(struct db_cursor **out, struct db_txn *txn, unsigned table)
{
    struct db_cursor *c = mem_alloc(sizeof *c);
    int rc;

    if (!c)
        return PN_ENOMEM;
    rc = db_err(mdb_cursor_open(txn->txn, table, &c->cursor));
    if (rc < 0) {
        mem_free(c);
        return rc;
    }
    *out = c;
    return 0;
}

void db_cursor_close(struct db_cursor *cursor)
{
    if (!cursor)
        return;
    mdb_cursor_close(cursor->cursor);
    mem_free(cursor);
}

static int stand(struct db_cursor *cursor, struct db_value *key, struct db_value *value, MDB_val k,
                 MDB_cursor_op op)
{
    MDB_val v;
    int rc = db_err(mdb_cursor_get(cursor->cursor, &k, &v, op));

    if (rc == 0 && key)
        *key = (struct db_value){.data = k.mv_data, .len = k.mv_size};
    if (rc == 0 && value)
        *value = (struct db_value){.data = v.mv_data, .len = v.mv_size};
    return rc;
}

int db_cursor_move(struct db_cursor *cursor, struct db_value *key, struct db_value *value,
                   enum db_move move)
{
    static const MDB_cursor_op ops[] = {
        [DB_FIRST] = MDB_FIRST, [DB_LAST] = MDB_LAST, [DB_NEXT] = MDB_NEXT, [DB_PREV] = MDB_PREV};

    return stand(cursor, key, value, (MDB_val){0}, ops[move]);
}

int db_cursor_seek(struct db_cursor *cursor, struct db_value *key, struct db_value *value,
                   const void *from, size_t from_len)
{
    return stand(cursor, key, value, db_val(from, from_len), MDB_SET_RANGE);
}

int db_cursor_del(struct db_cursor *cursor)
{
    return db_err(mdb_cursor_del(cursor->cursor, 0));
}
