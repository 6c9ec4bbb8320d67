#include "ethereum/nodedb/nodedb.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/random.h"
#include "ethereum/nodedb/internal.h"

static int get_row(struct nodedb *db, MDB_txn *txn, struct nodedb_row *out,
                   const uint8_t id[ETH_ID_BYTES], const struct net_addr *ip)
{
    uint8_t raw[NODEDB_KEY_BYTES];
    MDB_val key = {.mv_size = sizeof raw, .mv_data = raw}, value;
    int rc;

    nodedb_make_key(raw, id, ip);
    rc = nodedb_err(mdb_get(txn, db->nodes, &key, &value));
    return rc == 0 ? nodedb_decode_row(out, &key, &value) : rc;
}

/* --- writing --- */

int nodedb_begin(struct nodedb *db)
{
    assert(!db->batch);
    return nodedb_err(mdb_txn_begin(db->env, NULL, 0, &db->batch));
}

static void give_up(struct nodedb *db)
{
    mdb_txn_abort(db->batch);
    db->batch = NULL;
}

static int put_row(struct nodedb *db, const struct nodedb_row *row)
{
    uint8_t raw_key[NODEDB_KEY_BYTES];
    MDB_val key = {.mv_size = sizeof raw_key, .mv_data = raw_key}, value;
    struct buf b;
    int rc;

    nodedb_make_key(raw_key, row->node.id, &row->node.udp);
    buf_init(&b, NODEDB_ROW_MAX_BYTES);
    rc = nodedb_encode_row(&b, row);
    if (rc == 0) {
        value = (MDB_val){.mv_size = b.len, .mv_data = b.data};
        rc = nodedb_err(mdb_put(db->batch, db->nodes, &key, &value, 0));
    }
    buf_free(&b);
    return rc;
}

int nodedb_put(struct nodedb *db, const struct nodedb_row *row)
{
    struct nodedb_row merged = *row, old;
    MDB_stat st;
    int rc;

    if (!db->batch)
        return PN_EINVAL; /* an earlier put of this batch failed */
    rc = get_row(db, db->batch, &old, row->node.id, &row->node.udp);
    if (rc == 0) {
        merged.is_seed |= old.is_seed;
        if (merged.record_len == 0) {
            merged.record_len = old.record_len;
            memcpy(merged.record, old.record, old.record_len);
        }
    } else if (!mdb_stat(db->batch, db->nodes, &st) && st.ms_entries >= NODEDB_MAX_ROWS) {
        return 0;
    }
    rc = put_row(db, &merged);
    if (rc < 0)
        give_up(db);
    return rc;
}

int nodedb_commit(struct nodedb *db)
{
    MDB_txn *txn = db->batch;

    if (!txn)
        return PN_EINVAL;
    db->batch = NULL;
    return nodedb_err(mdb_txn_commit(txn));
}

/* --- reading --- */

static int begin_read(struct nodedb *db, MDB_txn **txn)
{
    return nodedb_err(mdb_txn_begin(db->env, NULL, MDB_RDONLY, txn));
}

int nodedb_get(struct nodedb *db, struct nodedb_row *out, const uint8_t id[ETH_ID_BYTES],
               const struct net_addr *ip)
{
    MDB_txn *txn;
    int rc = begin_read(db, &txn);

    if (rc < 0)
        return rc;
    rc = get_row(db, txn, out, id, ip);
    mdb_txn_abort(txn);
    return rc;
}

void nodedb_each(struct nodedb *db, void (*visit)(void *arg, const struct nodedb_row *row),
                 void *arg)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    MDB_txn *txn;
    struct nodedb_row row;

    if (begin_read(db, &txn) < 0)
        return;
    if (mdb_cursor_open(txn, db->nodes, &cursor) == 0) {
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
            if (nodedb_decode_row(&row, &key, &value) == 0)
                visit(arg, &row);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
}

/* From a random key to the end, then from the first key to it. */
unsigned nodedb_seeds(struct nodedb *db, struct nodedb_row *out, unsigned max, int64_t since_s)
{
    uint8_t start[NODEDB_KEY_BYTES];
    MDB_val key = {.mv_size = sizeof start, .mv_data = start}, value;
    MDB_cursor *cursor;
    MDB_txn *txn;
    unsigned n = 0;
    bool wrapped = false;
    int rc;

    if (begin_read(db, &txn) < 0)
        return 0;
    if (mdb_cursor_open(txn, db->nodes, &cursor)) {
        mdb_txn_abort(txn);
        return 0;
    }
    random_bytes(start, sizeof start);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (n < max) {
        if (rc == MDB_NOTFOUND && !wrapped) {
            wrapped = true;
            rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
        }
        if (rc || (wrapped && memcmp(key.mv_data, start, sizeof start) >= 0))
            break;
        if (nodedb_decode_row(&out[n], &key, &value) == 0 && out[n].is_seed &&
            out[n].last_pong_s >= since_s)
            n++;
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return n;
}

static int expire_in(struct nodedb *db, MDB_txn *txn, int64_t before_s)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int dropped = 0, rc = mdb_cursor_open(txn, db->nodes, &cursor);

    if (rc)
        return nodedb_err(rc);
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct nodedb_row row;

        if (nodedb_decode_row(&row, &key, &value) == 0 && row.last_pong_s >= before_s)
            continue;
        rc = mdb_cursor_del(cursor, 0);
        if (rc)
            break;
        dropped++;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? dropped : nodedb_err(rc);
}

int nodedb_expire(struct nodedb *db, int64_t before_s)
{
    MDB_txn *txn;
    int dropped, rc = nodedb_err(mdb_txn_begin(db->env, NULL, 0, &txn));

    if (rc < 0)
        return rc;
    dropped = expire_in(db, txn, before_s);
    if (dropped < 0) {
        mdb_txn_abort(txn);
        return dropped;
    }
    rc = nodedb_err(mdb_txn_commit(txn));
    return rc < 0 ? rc : dropped;
}

size_t nodedb_count(struct nodedb *db)
{
    MDB_stat st = {0};
    MDB_txn *txn;

    if (begin_read(db, &txn) < 0)
        return 0;
    mdb_stat(txn, db->nodes, &st);
    mdb_txn_abort(txn);
    return st.ms_entries;
}

uint64_t nodedb_local_seq(struct nodedb *db, const uint8_t id[ETH_ID_BYTES])
{
    MDB_txn *txn;
    uint64_t seq;

    if (begin_read(db, &txn) < 0)
        return 0;
    seq = nodedb_get_meta(db, txn, id, ETH_ID_BYTES);
    mdb_txn_abort(txn);
    return seq;
}

int nodedb_set_local_seq(struct nodedb *db, const uint8_t id[ETH_ID_BYTES], uint64_t seq)
{
    MDB_txn *txn;
    int rc = nodedb_err(mdb_txn_begin(db->env, NULL, 0, &txn));

    if (rc < 0)
        return rc;
    rc = nodedb_put_meta(db, txn, id, ETH_ID_BYTES, seq);
    if (rc < 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return nodedb_err(mdb_txn_commit(txn));
}
