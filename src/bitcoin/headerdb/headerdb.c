/* Rows: the key is the height, most significant byte first, and the first bytes of the hash, which
 * tell branches apart; the value is the header as it goes over the wire. In the usual case a header
 * is above all that are there, and appending is cheap. */
#include "bitcoin/headerdb/headerdb.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/view.h"
#include "bitcoin/headerdb/internal.h"
#include "log/log.h"

enum { TABLES = 2, SNAPSHOTS = 2, RECORDS_AT_ONCE = 512 };

/* Room for 20 million headers; where addresses are short, for two. */
#define MAX_BYTES (sizeof(size_t) > 4 ? (size_t)2 << 30 : (size_t)256 << 20)

static const char version_and_network[] = "network", tip_name[] = "tip";

static void make_id(uint8_t id[HEADERDB_ID_BYTES], const struct btc_params *params)
{
    id[0] = HEADERDB_VERSION;
    memcpy(id + 1, params->magic, BTC_MAGIC_BYTES);
    memcpy(id + 1 + BTC_MAGIC_BYTES, params->genesis_hash, BTC_HASH_BYTES);
}

/* Returns: 0, or PN_EFORMAT for another network's file. */
static int check_id(struct headerdb *db, struct db_txn *txn)
{
    struct db_value found;
    int rc = db_get(txn, db->meta, &found, version_and_network, sizeof version_and_network);

    if (rc == PN_ENOENT)
        return db_put(txn, db->meta, version_and_network, sizeof version_and_network, db->id,
                      sizeof db->id, DB_PUT);
    if (rc == 0 && (found.len != sizeof db->id || memcmp(found.data, db->id, sizeof db->id) != 0))
        return PN_EFORMAT;
    return rc;
}

static int open_tables(struct headerdb *db)
{
    struct db_txn *txn;
    int rc = db_table(db->db, &db->rows, "headers");

    if (rc == 0)
        rc = db_table(db->db, &db->meta, "meta");
    if (rc == 0)
        rc = db_write(db->db, &txn);
    if (rc < 0)
        return rc;
    rc = check_id(db, txn);
    if (rc < 0) {
        db_end(txn);
        return rc;
    }
    return db_commit(txn);
}

static int open_file(struct headerdb *db)
{
    const struct db_config config = {
        .path = db->path,
        .tables = TABLES,
        .snapshots = SNAPSHOTS,
        .max_bytes = MAX_BYTES,
        .replace_damaged = true,
    };
    int rc = db_open(&db->db, &config);

    if (rc < 0)
        return rc;
    rc = open_tables(db);
    if (rc < 0) {
        db_close(db->db);
        db->db = NULL;
    }
    return rc;
}

int headerdb_open(struct headerdb **out, const char *path, const struct btc_params *params)
{
    struct headerdb *db = mem_zalloc(sizeof *db);
    int rc;

    if (!db)
        return PN_ENOMEM;
    db->saved = 1; /* the genesis needs no row */
    make_id(db->id, params);
    db->path = mem_strdup(path);
    rc = db->path ? open_file(db) : PN_ENOMEM;
    if (rc == PN_EFORMAT) {
        rc = db_set_aside(db->path);
        if (rc == 0)
            rc = open_file(db);
    }
    if (rc < 0) {
        headerdb_close(db);
        return rc;
    }
    *out = db;
    return 0;
}

void headerdb_close(struct headerdb *db)
{
    if (!db)
        return;
    db_close(db->db);
    mem_free(db->path);
    mem_free(db);
}

/* A file that had to be replaced is filled again from the first header on. */
int headerdb_reopen(struct headerdb *db)
{
    struct db_txn *txn;
    int rc;

    db_close(db->db);
    db->db = NULL;
    rc = open_file(db);
    if (rc == 0)
        rc = db_read(db->db, &txn);
    if (rc < 0)
        return rc;
    if (db_count(txn, db->rows) == 0) {
        db->saved = 1;
        memset(db->highest, 0, sizeof db->highest);
    }
    db_end(txn);
    return 0;
}

/* --- saving --- */

void headerdb_make_key(uint8_t key[HEADERDB_KEY_BYTES], uint32_t height,
                       const uint8_t hash[BTC_HASH_BYTES])
{
    store_be32(key, height);
    memcpy(key + 4, hash, HEADERDB_KEY_BYTES - 4);
}

static int put_row(struct headerdb *db, struct db_txn *txn, const struct chain_record *r)
{
    uint8_t key[HEADERDB_KEY_BYTES], raw[BTC_HEADER_BYTES];
    bool above;

    headerdb_make_key(key, r->height, r->hash);
    btc_header_store(raw, &r->header);
    above = memcmp(key, db->highest, sizeof key) > 0;
    if (above)
        memcpy(db->highest, key, sizeof key);
    return db_put(txn, db->rows, key, sizeof key, raw, sizeof raw, above ? DB_APPEND : DB_PUT);
}

static int put_tip(struct headerdb *db, struct db_txn *txn, struct chain *chain)
{
    struct chain_point tip;

    chain_view_tip(chain, &tip);
    return db_put(txn, db->meta, tip_name, sizeof tip_name, tip.hash, sizeof tip.hash, DB_PUT);
}

/* Returns: how many, or a pn_err. */
static int put_new_rows(struct headerdb *db, struct db_txn *txn, struct chain *chain,
                        struct chain_record *records)
{
    int written = 0, rc = 0;

    while (written < HEADERDB_BATCH) {
        uint32_t generation = db->generation;
        size_t n = chain_view_records(chain, records, &generation, db->saved + (uint32_t)written,
                                      RECORDS_AT_ONCE);

        if (n == 0 || generation != db->generation)
            break; /* the next save deals with what has moved */
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = put_row(db, txn, &records[i]);
        if (rc < 0)
            return rc;
        written += (int)n;
    }
    return written;
}

static int save_new(struct headerdb *db, struct chain *chain)
{
    struct chain_record *records = mem_alloc_array(RECORDS_AT_ONCE, sizeof *records);
    uint8_t highest[HEADERDB_KEY_BYTES];
    struct db_txn *txn;
    int rc = records ? db_write(db->db, &txn) : PN_ENOMEM, n;

    if (rc < 0) {
        mem_free(records);
        return rc;
    }
    memcpy(highest, db->highest, sizeof highest);
    n = put_new_rows(db, txn, chain, records);
    mem_free(records);
    rc = n > 0 ? put_tip(db, txn, chain) : n;
    if (rc == 0 && n > 0) {
        rc = db_commit(txn);
        txn = NULL;
    }
    db_end(txn);
    if (rc < 0) {
        memcpy(db->highest, highest, sizeof highest);
        return rc;
    }
    db->saved += (uint32_t)n;
    return n;
}

int headerdb_save(struct headerdb *db, struct chain *chain)
{
    uint32_t generation = db->generation;
    int rc;

    if (!db->db)
        return PN_EIO;
    chain_view_records(chain, NULL, &generation, 0, 0);
    if (generation == db->generation)
        return save_new(db, chain);
    /* Branches were dropped, and entries have new numbers: all that is there and stays is saved
     * again, which changes nothing where a row is the same. */
    rc = headerdb_sweep(db, chain);
    if (rc < 0)
        return rc;
    db->generation = generation;
    db->saved = 1;
    return save_new(db, chain);
}

int headerdb_tip(struct headerdb *db, struct db_txn *txn, uint8_t hash[BTC_HASH_BYTES])
{
    struct db_value found;
    int rc = db_get(txn, db->meta, &found, tip_name, sizeof tip_name);

    if (rc == 0 && found.len != BTC_HASH_BYTES)
        return PN_EFORMAT;
    if (rc == 0)
        memcpy(hash, found.data, BTC_HASH_BYTES);
    return rc;
}
