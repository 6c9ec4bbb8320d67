/* Opening, transactions, and single keys.
 *
 * LMDB writes a batch to pages of the file that no snapshot sees, syncs them, and then writes one
 * meta page that makes them count, so a crash at any moment leaves the batch before or this one.
 * The file is mapped for reading and written by pwrite(2): a stray pointer cannot damage it, and a
 * full disk is an error of a call instead of a SIGBUS. */
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/db_internal.h"

int db_err(int rc)
{
    switch (rc) {
    case 0:
        return 0;
    case MDB_NOTFOUND:
        return PN_ENOENT;
    case MDB_KEYEXIST:
        return PN_EEXIST;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case MDB_DBS_FULL:
    case MDB_READERS_FULL:
        return PN_ELIMIT;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
        return PN_EFORMAT;
    case MDB_BAD_TXN:
    case MDB_BAD_VALSIZE:
    case EINVAL:
        return PN_EINVAL;
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

static int open_env(struct db *db, const struct db_config *config)
{
    int rc = db_err(mdb_env_create(&db->env));

    if (rc < 0)
        return rc;
    mdb_env_set_maxdbs(db->env, config->tables);
    mdb_env_set_maxreaders(db->env, config->snapshots);
    mdb_env_set_mapsize(db->env, config->max_bytes);
    /* NOTLS: a snapshot belongs to whoever holds it, not to the thread that began it. */
    rc = db_err(mdb_env_open(db->env, config->path, MDB_NOSUBDIR | MDB_NOTLS, 0600));
    if (rc == 0)
        rc = check_size(db->env, config->path);
    if (rc < 0) {
        mdb_env_close(db->env);
        db->env = NULL;
    }
    return rc;
}

int db_set_aside(const char *path)
{
    static const char suffix[] = ".damaged";
    size_t len = strlen(path);
    char *damaged = mem_alloc(len + sizeof suffix);
    int rc;

    if (!damaged)
        return PN_ENOMEM;
    memcpy(damaged, path, len);
    memcpy(damaged + len, suffix, sizeof suffix);
    rc = rename(path, damaged) < 0 ? pn_err_from_errno(errno) : 0;
    mem_free(damaged);
    return rc;
}

int db_open(struct db **out, const struct db_config *config)
{
    struct db *db = mem_zalloc(sizeof *db);
    int rc;

    assert(config->tables > 0 && config->snapshots > 0);
    if (!db)
        return PN_ENOMEM;
    rc = open_env(db, config);
    if (rc == PN_EFORMAT && config->replace_damaged) {
        rc = db_set_aside(config->path);
        if (rc == 0)
            rc = open_env(db, config);
    }
    if (rc < 0) {
        mem_free(db);
        return rc;
    }
    *out = db;
    return 0;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    mdb_env_close(db->env);
    mem_free(db);
}

int db_table(struct db *db, unsigned *table, const char *name)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    int rc = db_err(mdb_txn_begin(db->env, NULL, 0, &txn));

    if (rc < 0)
        return rc;
    rc = db_err(mdb_dbi_open(txn, name, MDB_CREATE, &dbi));
    if (rc < 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    *table = dbi;
    return db_err(mdb_txn_commit(txn));
}

/* Whether a page more fits onto the disk; if so it is taken back. */
static bool disk_is_full(struct db *db)
{
    static const uint8_t page[4096];
    struct stat st;
    ssize_t n;
    int fd;

    if (mdb_env_get_fd(db->env, &fd) || fstat(fd, &st) < 0)
        return false;
    n = pwrite(fd, page, sizeof page, st.st_size);
    if (n > 0 && ftruncate(fd, st.st_size) < 0)
        return false; /* harmless: LMDB does not look beyond the last page that counts */
    return n < (ssize_t)sizeof page && (n >= 0 || pn_err_from_errno(errno) == PN_ENOSPC);
}

/* LMDB reports a write that was cut short, which is how a disk fills up, as EIO. */
static int write_err(struct db_txn *txn, int rc)
{
    return rc == EIO && disk_is_full(txn->db) ? PN_ENOSPC : db_err(rc);
}

static int begin(struct db *db, struct db_txn **out, unsigned flags)
{
    struct db_txn *t = mem_alloc(sizeof *t);
    int rc;

    if (!t)
        return PN_ENOMEM;
    t->db = db;
    rc = db_err(mdb_txn_begin(db->env, NULL, flags, &t->txn));
    if (rc < 0) {
        mem_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

int db_read(struct db *db, struct db_txn **out)
{
    return begin(db, out, MDB_RDONLY);
}

int db_write(struct db *db, struct db_txn **out)
{
    return begin(db, out, 0);
}

int db_commit(struct db_txn *txn)
{
    int rc = write_err(txn, mdb_txn_commit(txn->txn));

    mem_free(txn);
    return rc;
}

void db_end(struct db_txn *txn)
{
    if (!txn)
        return;
    mdb_txn_abort(txn->txn);
    mem_free(txn);
}

int db_get(struct db_txn *txn, unsigned table, struct db_value *value, const void *key,
           size_t key_len)
{
    MDB_val k = db_val(key, key_len), v;
    int rc = db_err(mdb_get(txn->txn, table, &k, &v));

    if (rc == 0)
        *value = (struct db_value){.data = v.mv_data, .len = v.mv_size};
    return rc;
}

int db_put(struct db_txn *txn, unsigned table, const void *key, size_t key_len, const void *value,
           size_t value_len, enum db_put_mode mode)
{
    static const unsigned flags[] = {
        [DB_PUT] = 0, [DB_ADD] = MDB_NOOVERWRITE, [DB_APPEND] = MDB_APPEND};
    MDB_val k = db_val(key, key_len), v = db_val(value, value_len);

    return write_err(txn, mdb_put(txn->txn, table, &k, &v, flags[mode]));
}

int db_put_room(struct db_txn *txn, unsigned table, void **room, const void *key, size_t key_len,
                size_t value_len)
{
    MDB_val k = db_val(key, key_len), v = {.mv_size = value_len};
    int rc = write_err(txn, mdb_put(txn->txn, table, &k, &v, MDB_RESERVE));

    if (rc == 0)
        *room = v.mv_data;
    return rc;
}

int db_del(struct db_txn *txn, unsigned table, const void *key, size_t key_len)
{
    MDB_val k = db_val(key, key_len);

    return write_err(txn, mdb_del(txn->txn, table, &k, NULL));
}

int db_clear(struct db_txn *txn, unsigned table)
{
    return write_err(txn, mdb_drop(txn->txn, table, 0));
}

size_t db_count(struct db_txn *txn, unsigned table)
{
    MDB_stat st;

    return mdb_stat(txn->txn, table, &st) == 0 ? st.ms_entries : 0;
}

/* Both lie in one mapping of a file, so all that is between them does. */
void db_forget(const void *a, const void *b)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t low = (uintptr_t)a, high = (uintptr_t)b;

    if (low > high) {
        low = (uintptr_t)b;
        high = (uintptr_t)a;
    }
    low &= ~(page - 1);
    high &= ~(page - 1);
    if (high > low)
        madvise((void *)low, high - low, MADV_DONTNEED);
}

uint64_t db_bytes(struct db *db)
{
    MDB_envinfo info;
    MDB_stat st;

    if (mdb_env_info(db->env, &info) || mdb_env_stat(db->env, &st))
        return 0;
    return (uint64_t)(info.me_last_pgno + 1) * st.ms_psize;
}
