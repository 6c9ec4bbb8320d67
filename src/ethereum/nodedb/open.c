/* Opening the file, and the numbers in it: the version of its rows, and the sequence numbers of
 * records. */
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/nodedb/internal.h"

enum { FORMAT_VERSION = 1, TABLES = 2, SNAPSHOTS = 2 };

static const char version_name[] = "version";

int nodedb_put_meta(struct nodedb *db, struct db_txn *txn, const void *name, size_t name_len,
                    uint64_t v)
{
    uint8_t raw[8];

    store_le64(raw, v);
    return db_put(txn, db->meta, name, name_len, raw, sizeof raw, DB_PUT);
}

uint64_t nodedb_get_meta(struct nodedb *db, struct db_txn *txn, const void *name, size_t name_len)
{
    struct db_value value;

    if (db_get(txn, db->meta, &value, name, name_len) < 0 || value.len != sizeof(uint64_t))
        return 0;
    return load_le64(value.data);
}

/* Rows of another version cannot be read. */
static int adopt_version(struct nodedb *db)
{
    struct db_txn *txn;
    int rc = db_write(db->file, &txn);

    if (rc < 0)
        return rc;
    if (nodedb_get_meta(db, txn, version_name, sizeof version_name) == FORMAT_VERSION) {
        db_end(txn);
        return 0;
    }
    rc = db_clear(txn, db->nodes);
    if (rc == 0)
        rc = nodedb_put_meta(db, txn, version_name, sizeof version_name, FORMAT_VERSION);
    if (rc < 0) {
        db_end(txn);
        return rc;
    }
    return db_commit(txn);
}

static int open_file(struct nodedb *db, const char *path)
{
    const struct db_config config = {.path = path,
                                     .tables = TABLES,
                                     .snapshots = SNAPSHOTS,
                                     .max_bytes = NODEDB_MAX_MAP_BYTES,
                                     .replace_damaged = true};
    int rc = db_open(&db->file, &config);

    if (rc == 0)
        rc = db_table(db->file, &db->nodes, "nodes");
    if (rc == 0)
        rc = db_table(db->file, &db->meta, "meta");
    if (rc == 0)
        rc = adopt_version(db);
    if (rc < 0) {
        db_close(db->file);
        db->file = NULL;
    }
    return rc;
}

int nodedb_open(struct nodedb **out, const char *path)
{
    struct nodedb *db = mem_zalloc(sizeof *db);
    int rc;

    if (!db)
        return PN_ENOMEM;
    rc = open_file(db, path);
    if (rc == PN_EFORMAT && db_set_aside(path) == 0) /* its head was whole, what is behind is not */
        rc = open_file(db, path);
    if (rc < 0) {
        mem_free(db);
        return rc;
    }
    *out = db;
    return 0;
}

void nodedb_close(struct nodedb *db)
{
    if (!db)
        return;
    db_end(db->batch);
    db_close(db->file);
    mem_free(db);
}
