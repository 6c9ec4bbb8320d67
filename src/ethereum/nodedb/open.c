/* Opening the file: its version, and what to do with one that is damaged. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/nodedb/internal.h"

enum { FORMAT_VERSION = 1, DATABASES = 2 };

int nodedb_err(int rc)
{
    switch (rc) {
    case 0:
        return 0;
    case MDB_NOTFOUND:
        return PN_ENOENT;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return PN_ELIMIT;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
        return PN_EFORMAT;
    default:
        return rc > 0 ? pn_err_from_errno(rc) : PN_EIO;
    }
}

/* A file that ends before its last page would fault when that page is read. */
static int check_size(MDB_env *env, const char *path)
{
    MDB_envinfo info;
    MDB_stat stat_of_env;
    struct stat st;

    if (mdb_env_info(env, &info) || mdb_env_stat(env, &stat_of_env) || stat(path, &st) < 0)
        return PN_EIO;
    if (info.me_last_pgno >= (size_t)st.st_size / stat_of_env.ms_psize)
        return PN_EFORMAT;
    return 0;
}

int nodedb_put_meta(struct nodedb *db, MDB_txn *txn, const void *name, size_t name_len, uint64_t v)
{
    uint8_t raw[8];
    MDB_val key = {.mv_size = name_len, .mv_data = (void *)(uintptr_t)name};
    MDB_val value = {.mv_size = sizeof raw, .mv_data = raw};

    store_le64(raw, v);
    return nodedb_err(mdb_put(txn, db->meta, &key, &value, 0));
}

uint64_t nodedb_get_meta(struct nodedb *db, MDB_txn *txn, const void *name, size_t name_len)
{
    MDB_val key = {.mv_size = name_len, .mv_data = (void *)(uintptr_t)name}, value;

    if (mdb_get(txn, db->meta, &key, &value) || value.mv_size != sizeof(uint64_t))
        return 0;
    return load_le64(value.mv_data);
}

static const char version_name[] = "version";

/* Open both tables and empty them when they were written by another version. */
static int open_tables(struct nodedb *db)
{
    MDB_txn *txn;
    int rc = nodedb_err(mdb_txn_begin(db->env, NULL, 0, &txn));

    if (rc < 0)
        return rc;
    rc = nodedb_err(mdb_dbi_open(txn, "nodes", MDB_CREATE, &db->nodes));
    if (rc == 0)
        rc = nodedb_err(mdb_dbi_open(txn, "meta", MDB_CREATE, &db->meta));
    if (rc == 0 && nodedb_get_meta(db, txn, version_name, sizeof version_name) != FORMAT_VERSION) {
        rc = nodedb_err(mdb_drop(txn, db->nodes, 0));
        if (rc == 0)
            rc = nodedb_put_meta(db, txn, version_name, sizeof version_name, FORMAT_VERSION);
    }
    if (rc < 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return nodedb_err(mdb_txn_commit(txn));
}

static int open_env(struct nodedb *db, const char *path)
{
    int rc = nodedb_err(mdb_env_create(&db->env));

    if (rc < 0)
        return rc;
    mdb_env_set_maxdbs(db->env, DATABASES);
    mdb_env_set_mapsize(db->env, NODEDB_MAX_MAP_BYTES);
    /* The data directory is locked for this process and one thread uses the file: LMDB's own lock
     * file is not needed. */
    rc = nodedb_err(mdb_env_open(db->env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS, 0600));
    if (rc == 0)
        rc = check_size(db->env, path);
    if (rc == 0)
        rc = open_tables(db);
    if (rc < 0) {
        mdb_env_close(db->env);
        db->env = NULL;
    }
    return rc;
}

int nodedb_open(struct nodedb **out, const char *path)
{
    struct nodedb *db = mem_zalloc(sizeof *db);
    int rc;

    if (!db)
        return PN_ENOMEM;
    rc = open_env(db, path);
    if (rc == PN_EFORMAT && unlink(path) == 0)
        rc = open_env(db, path);
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
    if (db->batch)
        mdb_txn_abort(db->batch);
    mdb_env_close(db->env);
    mem_free(db);
}
