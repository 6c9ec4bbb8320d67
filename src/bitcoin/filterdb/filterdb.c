/* The file, and its rows. */
#include "bitcoin/filterdb/filterdb.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter/basic.h"
#include "bitcoin/filterdb/internal.h"

enum {
    TABLES = 5,
    OWN_SNAPSHOTS = 4,
    VERSION = 1,
    ID_BYTES = 1 + BTC_MAGIC_BYTES + BTC_HASH_BYTES,
    KEY_BYTES = 4,
    ROW_BYTES = 3 * BTC_HASH_BYTES, /* before the filter */
};

/* Filters and unspent outputs of a whole mainnet take about 25 GB. */
#define MAX_BYTES (sizeof(size_t) > 4 ? (size_t)1 << 35 : (size_t)256 << 20)

static const char network_name[] = "network";

/* --- the file --- */

/* Returns: 0, or PN_EFORMAT for another network's file. */
static int check_id(struct filterdb *db, const struct btc_params *params)
{
    uint8_t id[ID_BYTES] = {VERSION};
    struct db_value found;
    int rc = filterdb_begin(db);

    if (rc < 0)
        return rc;
    memcpy(id + 1, params->magic, BTC_MAGIC_BYTES);
    memcpy(id + 1 + BTC_MAGIC_BYTES, params->genesis_hash, BTC_HASH_BYTES);
    rc = db_get(db->batch, db->meta, &found, network_name, sizeof network_name);
    if (rc == PN_ENOENT)
        rc = db_put(db->batch, db->meta, network_name, sizeof network_name, id, sizeof id, DB_PUT);
    else if (rc == 0 && (found.len != sizeof id || memcmp(found.data, id, sizeof id) != 0))
        rc = PN_EFORMAT;
    if (rc == 0)
        return filterdb_commit(db);
    filterdb_give_up(db);
    return rc;
}

static int open_file(struct filterdb *db, const char *path, const struct btc_params *params,
                     unsigned readers)
{
    const struct db_config config = {
        .path = path,
        .tables = TABLES,
        .snapshots = readers + OWN_SNAPSHOTS,
        .max_bytes = MAX_BYTES,
        .replace_damaged = true,
    };
    int rc = db_open(&db->db, &config);

    if (rc < 0)
        return rc;
    rc = db_table(db->db, &db->rows[FILTERDB_BUILT], "built");
    if (rc == 0)
        rc = db_table(db->db, &db->rows[FILTERDB_TOLD], "told");
    if (rc == 0)
        rc = db_table(db->db, &db->outputs, "outputs");
    if (rc == 0)
        rc = db_table(db->db, &db->undo, "undo");
    if (rc == 0)
        rc = db_table(db->db, &db->meta, "meta");
    if (rc == 0)
        rc = check_id(db, params);
    if (rc < 0) {
        db_close(db->db);
        db->db = NULL;
    }
    return rc;
}

int filterdb_open(struct filterdb **out, const char *path, const struct btc_params *params,
                  unsigned readers)
{
    struct filterdb *db = mem_zalloc(sizeof *db);
    int rc;

    if (!db)
        return PN_ENOMEM;
    rc = open_file(db, path, params, readers);
    if (rc == PN_EFORMAT) {
        rc = db_set_aside(path);
        if (rc == 0)
            rc = open_file(db, path, params, readers);
    }
    if (rc < 0) {
        mem_free(db);
        return rc;
    }
    *out = db;
    return 0;
}

void filterdb_close(struct filterdb *db)
{
    if (!db)
        return;
    filterdb_give_up(db);
    db_close(db->db);
    mem_free(db);
}

int filterdb_begin(struct filterdb *db)
{
    return db->batch ? 0 : db_write(db->db, &db->batch);
}

int filterdb_commit(struct filterdb *db)
{
    struct db_txn *batch = db->batch;

    db->batch = NULL;
    return batch ? db_commit(batch) : 0;
}

void filterdb_give_up(struct filterdb *db)
{
    db_end(db->batch);
    db->batch = NULL;
}

/* --- reading rows --- */

static int parse(struct filter_row *out, struct buf *filter, uint32_t height,
                 const struct db_value *value)
{
    const uint8_t *at = value->data;

    if (value->len < ROW_BYTES)
        return PN_EFORMAT;
    out->height = height;
    memcpy(out->block, at, BTC_HASH_BYTES);
    memcpy(out->filter_hash, at + BTC_HASH_BYTES, BTC_HASH_BYTES);
    memcpy(out->header, at + 2 * BTC_HASH_BYTES, BTC_HASH_BYTES);
    return filter ? buf_append(filter, at + ROW_BYTES, value->len - ROW_BYTES) : 0;
}

static int read_row(struct db_txn *txn, unsigned table, struct filter_row *out, struct buf *filter,
                    uint32_t height)
{
    uint8_t key[KEY_BYTES];
    struct db_value value;
    int rc;

    store_be32(key, height);
    rc = db_get(txn, table, &value, key, sizeof key);
    return rc < 0 ? rc : parse(out, filter, height, &value);
}

static int read_tip(struct db_txn *txn, unsigned table, struct filter_row *out)
{
    struct db_value key, value;
    struct db_cursor *cursor;
    int rc = db_cursor_open(&cursor, txn, table);

    if (rc < 0)
        return rc;
    rc = db_cursor_move(cursor, &key, &value, DB_LAST);
    if (rc == 0)
        rc = key.len == KEY_BYTES ? parse(out, NULL, load_be32(key.data), &value) : PN_EFORMAT;
    db_cursor_close(cursor);
    return rc;
}

int filterdb_tip(struct filterdb *db, enum filterdb_kind kind, struct filter_row *out)
{
    struct db_txn *txn;
    int rc = db_read(db->db, &txn);

    if (rc < 0)
        return rc;
    rc = read_tip(txn, db->rows[kind], out);
    db_end(txn);
    return rc;
}

int filterdb_row(struct filterdb *db, enum filterdb_kind kind, struct filter_row *out,
                 struct buf *filter, uint32_t height)
{
    struct db_txn *txn;
    int rc = db_read(db->db, &txn);

    if (rc < 0)
        return rc;
    rc = read_row(txn, db->rows[kind], out, filter, height);
    db_end(txn);
    return rc;
}

int filterdb_rows(struct filterdb *db, enum filterdb_kind kind, struct filter_row *out,
                  uint32_t first, uint32_t step, int n)
{
    struct db_txn *txn;
    int rc = db_read(db->db, &txn), got = 0;

    if (rc < 0)
        return rc;
    while (rc == 0 && got < n) {
        rc = read_row(txn, db->rows[kind], &out[got], NULL, first + (uint32_t)got * step);
        got += rc == 0;
    }
    db_end(txn);
    return rc == 0 || rc == PN_ENOENT ? got : rc;
}

/* --- changing rows --- */

int filterdb_batch_tip(struct filterdb *db, enum filterdb_kind kind, struct filter_row *out)
{
    return read_tip(db->batch, db->rows[kind], out);
}

int filterdb_push(struct filterdb *db, enum filterdb_kind kind, const uint8_t block[BTC_HASH_BYTES],
                  const uint8_t filter_hash[BTC_HASH_BYTES], struct bytes filter)
{
    struct filter_row below = {0};
    uint8_t key[KEY_BYTES], *at;
    void *room;
    int rc = filterdb_batch_tip(db, kind, &below);

    if (rc < 0 && rc != PN_ENOENT)
        return rc;
    store_be32(key, rc == 0 ? below.height + 1 : 0);
    rc = db_put_room(db->batch, db->rows[kind], &room, key, sizeof key, ROW_BYTES + filter.len);
    if (rc < 0)
        return rc;
    at = room;
    memcpy(at, block, BTC_HASH_BYTES);
    memcpy(at + BTC_HASH_BYTES, filter_hash, BTC_HASH_BYTES);
    basic_filter_header(at + 2 * BTC_HASH_BYTES, filter_hash, below.header);
    if (filter.len > 0)
        memcpy(at + ROW_BYTES, filter.data, filter.len);
    return 0;
}

int filterdb_pop(struct filterdb *db, enum filterdb_kind kind)
{
    struct filter_row tip;
    uint8_t key[KEY_BYTES];
    int rc = filterdb_batch_tip(db, kind, &tip);

    if (rc < 0)
        return rc;
    store_be32(key, tip.height);
    return db_del(db->batch, db->rows[kind], key, sizeof key);
}

int filterdb_clear_built(struct filterdb *db)
{
    int rc = db_clear(db->batch, db->rows[FILTERDB_BUILT]);

    if (rc == 0)
        rc = db_clear(db->batch, db->outputs);
    return rc == 0 ? db_clear(db->batch, db->undo) : rc;
}
