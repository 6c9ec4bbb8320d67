/* Reading the rows back, and taking out those that do not belong there. */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "bitcoin/chain/view.h"
#include "bitcoin/headerdb/internal.h"
#include "codec/cursor.h"

/* Rows after which the pages behind are forgotten, so that a walk over all of the file does not
 * count as memory of the process. */
enum { FORGET_AFTER = 8192 };

/* The part of the file that was seen since pages were last forgotten. */
struct trail {
    const uint8_t *low, *high;
    unsigned n;
};

static void trail_add(struct trail *t, const uint8_t *at)
{
    if (t->n == 0 || at < t->low)
        t->low = at;
    if (t->n == 0 || at > t->high)
        t->high = at;
    if (++t->n < FORGET_AFTER)
        return;
    db_forget(t->low, t->high);
    t->n = 0;
}

/* Returns: 0, or PN_EFORMAT for a row that cannot be a header's. */
static int decode_row(struct btc_header *out, uint8_t hash[BTC_HASH_BYTES],
                      const struct db_value *key, const struct db_value *value)
{
    uint8_t expected[HEADERDB_KEY_BYTES];
    struct reader r = reader_of(value->data, value->len);

    if (key->len != HEADERDB_KEY_BYTES || value->len != BTC_HEADER_BYTES)
        return PN_EFORMAT;
    btc_header_decode(&r, out);
    btc_header_hash(hash, out);
    headerdb_make_key(expected, load_be32(key->data), hash);
    return memcmp(expected, key->data, sizeof expected) == 0 ? 0 : PN_EFORMAT;
}

static int load_rows(struct db_cursor *cursor, uint32_t *damaged, struct chain *chain)
{
    struct trail trail = {.n = 0};
    struct db_value key, value;
    int rc;

    while ((rc = db_cursor_move(cursor, &key, &value, DB_NEXT)) == 0) {
        struct btc_header header;
        uint8_t hash[BTC_HASH_BYTES];

        rc = decode_row(&header, hash, &key, &value);
        if (rc == 0)
            rc = chain_restore(chain, &header, hash);
        if (rc == PN_ENOMEM || rc == PN_ELIMIT)
            return rc;
        *damaged += rc != 0;
        trail_add(&trail, value.data);
    }
    return rc == PN_ENOENT ? 0 : rc;
}

static void find_highest(struct headerdb *db, struct db_cursor *cursor)
{
    struct db_value key;

    memset(db->highest, 0, sizeof db->highest);
    if (db_cursor_move(cursor, &key, NULL, DB_LAST) == 0 && key.len == sizeof db->highest)
        memcpy(db->highest, key.data, sizeof db->highest);
}

static int load(struct headerdb *db, struct db_txn *txn, uint32_t *damaged, struct chain *chain)
{
    uint8_t tip[BTC_HASH_BYTES];
    struct db_cursor *cursor;
    int rc = db_cursor_open(&cursor, txn, db->rows);

    if (rc < 0)
        return rc;
    rc = load_rows(cursor, damaged, chain);
    find_highest(db, cursor);
    db_cursor_close(cursor);
    if (headerdb_tip(db, txn, tip) == 0)
        chain_restore_tip(chain, tip);
    return rc;
}

int headerdb_load(struct headerdb *db, uint32_t *damaged, struct chain *chain)
{
    struct db_txn *txn;
    int rc = db_read(db->db, &txn);

    *damaged = 0;
    if (rc < 0)
        return rc;
    rc = load(db, txn, damaged, chain);
    db_end(txn);
    db->saved = chain_count(chain);
    db->generation = chain->generation;
    if (rc == 0 && *damaged > 0)
        rc = headerdb_sweep(db, chain);
    return rc < 0 ? rc : 0;
}

static bool is_in(struct chain *chain, const struct db_value *key, const struct db_value *value)
{
    struct btc_header header;
    struct chain_point at;
    uint8_t hash[BTC_HASH_BYTES];

    return decode_row(&header, hash, key, value) == 0 && chain_view_find(chain, &at, hash) &&
           at.height == load_be32(key->data);
}

/* After a deletion the cursor stands at what followed, which DB_NEXT then gives. */
static int sweep(struct db_cursor *cursor, struct chain *chain)
{
    struct db_value key, value;
    int gone = 0, rc;

    while ((rc = db_cursor_move(cursor, &key, &value, DB_NEXT)) == 0) {
        if (is_in(chain, &key, &value))
            continue;
        rc = db_cursor_del(cursor);
        if (rc < 0)
            return rc;
        gone++;
    }
    return rc == PN_ENOENT ? gone : rc;
}

int headerdb_sweep(struct headerdb *db, struct chain *chain)
{
    uint8_t highest[HEADERDB_KEY_BYTES];
    struct db_cursor *cursor;
    struct db_txn *txn;
    int gone, rc = db_write(db->db, &txn);

    if (rc < 0)
        return rc;
    memcpy(highest, db->highest, sizeof highest);
    rc = gone = db_cursor_open(&cursor, txn, db->rows);
    if (rc == 0) {
        rc = gone = sweep(cursor, chain);
        find_highest(db, cursor);
        db_cursor_close(cursor);
    }
    if (rc >= 0)
        rc = db_commit(txn);
    else
        db_end(txn);
    if (rc < 0)
        memcpy(db->highest, highest, sizeof highest);
    return rc < 0 ? rc : gone;
}
