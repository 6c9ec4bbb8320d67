#include "ethereum/nodedb/nodedb.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/random.h"
#include "ethereum/nodedb/internal.h"

static int get_row(struct nodedb *db, struct db_txn *txn, struct nodedb_row *out,
                   const uint8_t id[ETH_ID_BYTES], const struct net_addr *ip)
{
    uint8_t raw[NODEDB_KEY_BYTES];
    const struct db_value key = {.data = raw, .len = sizeof raw};
    struct db_value value;
    int rc;

    nodedb_make_key(raw, id, ip);
    rc = db_get(txn, db->nodes, &value, raw, sizeof raw);
    return rc == 0 ? nodedb_decode_row(out, &key, &value) : rc;
}

/* --- writing --- */

int nodedb_begin(struct nodedb *db)
{
    assert(!db->batch);
    return db_write(db->file, &db->batch);
}

static void give_up(struct nodedb *db)
{
    db_end(db->batch);
    db->batch = NULL;
}

static int put_row(struct nodedb *db, const struct nodedb_row *row)
{
    uint8_t key[NODEDB_KEY_BYTES];
    struct buf b;
    int rc;

    nodedb_make_key(key, row->node.id, &row->node.udp);
    buf_init(&b, NODEDB_ROW_MAX_BYTES);
    rc = nodedb_encode_row(&b, row);
    if (rc == 0)
        rc = db_put(db->batch, db->nodes, key, sizeof key, b.data, b.len, DB_PUT);
    buf_free(&b);
    return rc;
}

int nodedb_put(struct nodedb *db, const struct nodedb_row *row)
{
    struct nodedb_row merged = *row, old;
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
    } else if (db_count(db->batch, db->nodes) >= NODEDB_MAX_ROWS) {
        return 0;
    }
    rc = put_row(db, &merged);
    if (rc < 0)
        give_up(db);
    return rc;
}

int nodedb_commit(struct nodedb *db)
{
    struct db_txn *batch = db->batch;

    if (!batch)
        return PN_EINVAL;
    db->batch = NULL;
    return db_commit(batch);
}

/* --- reading --- */

int nodedb_get(struct nodedb *db, struct nodedb_row *out, const uint8_t id[ETH_ID_BYTES],
               const struct net_addr *ip)
{
    struct db_txn *txn;
    int rc = db_read(db->file, &txn);

    if (rc < 0)
        return rc;
    rc = get_row(db, txn, out, id, ip);
    db_end(txn);
    return rc;
}

/* A walk over the rows. Returns: 0 or a pn_err; after 0 end_walk must follow. */
static int begin_walk(struct nodedb *db, struct db_txn **txn, struct db_cursor **cursor)
{
    int rc = db_read(db->file, txn);

    if (rc < 0)
        return rc;
    rc = db_cursor_open(cursor, *txn, db->nodes);
    if (rc < 0)
        db_end(*txn);
    return rc;
}

static void end_walk(struct db_txn *txn, struct db_cursor *cursor)
{
    db_cursor_close(cursor);
    db_end(txn);
}

void nodedb_each(struct nodedb *db, void (*visit)(void *arg, const struct nodedb_row *row),
                 void *arg)
{
    struct db_cursor *cursor;
    struct db_value key, value;
    struct db_txn *txn;
    struct nodedb_row row;

    if (begin_walk(db, &txn, &cursor) < 0)
        return;
    while (db_cursor_move(cursor, &key, &value, DB_NEXT) == 0)
        if (nodedb_decode_row(&row, &key, &value) == 0)
            visit(arg, &row);
    end_walk(txn, cursor);
}

/* From a random key to the end, then from the first key to it. */
unsigned nodedb_seeds(struct nodedb *db, struct nodedb_row *out, unsigned max, int64_t since_s)
{
    uint8_t start[NODEDB_KEY_BYTES];
    struct db_cursor *cursor;
    struct db_value key, value;
    struct db_txn *txn;
    unsigned n = 0;
    bool wrapped = false;
    int rc;

    if (begin_walk(db, &txn, &cursor) < 0)
        return 0;
    random_bytes(start, sizeof start);
    rc = db_cursor_seek(cursor, &key, &value, start, sizeof start);
    while (n < max) {
        if (rc == PN_ENOENT && !wrapped) {
            wrapped = true;
            rc = db_cursor_move(cursor, &key, &value, DB_FIRST);
        }
        if (rc < 0 || (wrapped && memcmp(key.data, start, sizeof start) >= 0))
            break;
        if (nodedb_decode_row(&out[n], &key, &value) == 0 && out[n].is_seed &&
            out[n].last_pong_s >= since_s)
            n++;
        rc = db_cursor_move(cursor, &key, &value, DB_NEXT);
    }
    end_walk(txn, cursor);
    return n;
}

static int expire_in(struct nodedb *db, struct db_txn *txn, int64_t before_s)
{
    struct db_cursor *cursor;
    struct db_value key, value;
    int dropped = 0, rc = db_cursor_open(&cursor, txn, db->nodes);

    if (rc < 0)
        return rc;
    while ((rc = db_cursor_move(cursor, &key, &value, DB_NEXT)) == 0) {
        struct nodedb_row row;

        if (nodedb_decode_row(&row, &key, &value) == 0 && row.last_pong_s >= before_s)
            continue;
        rc = db_cursor_del(cursor);
        if (rc < 0)
            break;
        dropped++;
    }
    db_cursor_close(cursor);
    return rc == PN_ENOENT ? dropped : rc;
}

int nodedb_expire(struct nodedb *db, int64_t before_s)
{
    struct db_txn *txn;
    int dropped, rc = db_write(db->file, &txn);

    if (rc < 0)
        return rc;
    dropped = expire_in(db, txn, before_s);
    if (dropped < 0) {
        db_end(txn);
        return dropped;
    }
    rc = db_commit(txn);
    return rc < 0 ? rc : dropped;
}

size_t nodedb_count(struct nodedb *db)
{
    struct db_txn *txn;
    size_t n;

    if (db_read(db->file, &txn) < 0)
        return 0;
    n = db_count(txn, db->nodes);
    db_end(txn);
    return n;
}

uint64_t nodedb_local_seq(struct nodedb *db, const uint8_t id[ETH_ID_BYTES])
{
    struct db_txn *txn;
    uint64_t seq;

    if (db_read(db->file, &txn) < 0)
        return 0;
    seq = nodedb_get_meta(db, txn, id, ETH_ID_BYTES);
    db_end(txn);
    return seq;
}

int nodedb_set_local_seq(struct nodedb *db, const uint8_t id[ETH_ID_BYTES], uint64_t seq)
{
    struct db_txn *txn;
    int rc = db_write(db->file, &txn);

    if (rc < 0)
        return rc;
    rc = nodedb_put_meta(db, txn, id, ETH_ID_BYTES, seq);
    if (rc < 0) {
        db_end(txn);
        return rc;
    }
    return db_commit(txn);
}
