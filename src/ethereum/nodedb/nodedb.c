#include "ethereum/nodedb/nodedb.h"

#include <assert.h>
#include <errno.h>
#include <lmdb.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "codec/cursor.h"

enum {
    FORMAT_VERSION = 1,
    IP_BYTES = 16,
    KEY_BYTES = ETH_ID_BYTES + IP_BYTES,
    ROW_MAX_BYTES = 128 + ENR_MAX_BYTES,
    DATABASES = 2,
};

struct nodedb {
    MDB_env *env;
    MDB_dbi nodes, meta;
    MDB_txn *batch; /* between begin and commit */
};

static int err_from_lmdb(int rc)
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

/* --- rows --- */

static void make_key(uint8_t key[KEY_BYTES], const uint8_t id[ETH_ID_BYTES],
                     const struct net_addr *ip)
{
    memcpy(key, id, ETH_ID_BYTES);
    net_addr_to_ipv6_bytes(key + ETH_ID_BYTES, ip);
}

static int encode_row(struct buf *b, const struct nodedb_row *row)
{
    buf_append(b, row->node.pubkey, sizeof row->node.pubkey);
    write_le16(b, row->node.udp.port);
    write_le16(b, row->node.tcp_port);
    write_le64(b, (uint64_t)row->last_ping_s);
    write_le64(b, (uint64_t)row->last_pong_s);
    write_le32(b, row->find_fails);
    write_u8(b, row->is_seed);
    write_le16(b, row->record_len);
    buf_append(b, row->record, row->record_len);
    return b->err;
}

static int decode_row(struct nodedb_row *out, const MDB_val *key, const MDB_val *value)
{
    struct reader r = reader_of(value->mv_data, value->mv_size);
    uint8_t pubkey[EC_PUBKEY_BYTES];
    struct net_addr udp;
    uint16_t udp_port, tcp_port;

    if (key->mv_size != KEY_BYTES)
        return PN_EFORMAT;
    read_copy(&r, pubkey, sizeof pubkey);
    udp_port = read_le16(&r);
    tcp_port = read_le16(&r);
    net_addr_from_ipv6_bytes(&udp, (const uint8_t *)key->mv_data + ETH_ID_BYTES, udp_port);
    out->last_ping_s = (int64_t)read_le64(&r);
    out->last_pong_s = (int64_t)read_le64(&r);
    out->find_fails = read_le32(&r);
    out->is_seed = read_u8(&r) != 0;
    out->record_len = read_le16(&r);
    if (out->record_len > ENR_MAX_BYTES)
        return PN_EFORMAT;
    read_copy(&r, out->record, out->record_len);
    eth_node_init(&out->node, pubkey, &udp, tcp_port);
    return reader_finish(&r);
}

static int get_row(struct nodedb *db, MDB_txn *txn, struct nodedb_row *out,
                   const uint8_t id[ETH_ID_BYTES], const struct net_addr *ip)
{
    uint8_t raw[KEY_BYTES];
    MDB_val key = {.mv_size = sizeof raw, .mv_data = raw}, value;
    int rc;

    make_key(raw, id, ip);
    rc = err_from_lmdb(mdb_get(txn, db->nodes, &key, &value));
    return rc == 0 ? decode_row(out, &key, &value) : rc;
}

/* --- opening --- */

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

static int put_meta(struct nodedb *db, MDB_txn *txn, const void *name, size_t name_len, uint64_t v)
{
    uint8_t raw[8];
    MDB_val key = {.mv_size = name_len, .mv_data = (void *)(uintptr_t)name};
    MDB_val value = {.mv_size = sizeof raw, .mv_data = raw};

    store_le64(raw, v);
    return err_from_lmdb(mdb_put(txn, db->meta, &key, &value, 0));
}

static uint64_t get_meta(struct nodedb *db, MDB_txn *txn, const void *name, size_t name_len)
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
    int rc = err_from_lmdb(mdb_txn_begin(db->env, NULL, 0, &txn));

    if (rc < 0)
        return rc;
    rc = err_from_lmdb(mdb_dbi_open(txn, "nodes", MDB_CREATE, &db->nodes));
    if (rc == 0)
        rc = err_from_lmdb(mdb_dbi_open(txn, "meta", MDB_CREATE, &db->meta));
    if (rc == 0 && get_meta(db, txn, version_name, sizeof version_name) != FORMAT_VERSION) {
        rc = err_from_lmdb(mdb_drop(txn, db->nodes, 0));
        if (rc == 0)
            rc = put_meta(db, txn, version_name, sizeof version_name, FORMAT_VERSION);
    }
    if (rc < 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return err_from_lmdb(mdb_txn_commit(txn));
}

static int open_env(struct nodedb *db, const char *path)
{
    int rc = err_from_lmdb(mdb_env_create(&db->env));

    if (rc < 0)
        return rc;
    mdb_env_set_maxdbs(db->env, DATABASES);
    mdb_env_set_mapsize(db->env, NODEDB_MAX_MAP_BYTES);
    /* The data directory is locked for this process and one thread uses the file: LMDB's own lock
     * file is not needed. */
    rc = err_from_lmdb(mdb_env_open(db->env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS, 0600));
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

/* --- writing --- */

int nodedb_begin(struct nodedb *db)
{
    assert(!db->batch);
    return err_from_lmdb(mdb_txn_begin(db->env, NULL, 0, &db->batch));
}

static void give_up(struct nodedb *db)
{
    mdb_txn_abort(db->batch);
    db->batch = NULL;
}

static int put_row(struct nodedb *db, const struct nodedb_row *row)
{
    uint8_t raw_key[KEY_BYTES];
    MDB_val key = {.mv_size = sizeof raw_key, .mv_data = raw_key}, value;
    struct buf b;
    int rc;

    make_key(raw_key, row->node.id, &row->node.udp);
    buf_init(&b, ROW_MAX_BYTES);
    rc = encode_row(&b, row);
    if (rc == 0) {
        value = (MDB_val){.mv_size = b.len, .mv_data = b.data};
        rc = err_from_lmdb(mdb_put(db->batch, db->nodes, &key, &value, 0));
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
    return err_from_lmdb(mdb_txn_commit(txn));
}

/* --- reading --- */

static int begin_read(struct nodedb *db, MDB_txn **txn)
{
    return err_from_lmdb(mdb_txn_begin(db->env, NULL, MDB_RDONLY, txn));
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
            if (decode_row(&row, &key, &value) == 0)
                visit(arg, &row);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
}

/* From a random key to the end, then from the first key to it. */
unsigned nodedb_seeds(struct nodedb *db, struct nodedb_row *out, unsigned max, int64_t since_s)
{
    uint8_t start[KEY_BYTES];
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
        if (decode_row(&out[n], &key, &value) == 0 && out[n].is_seed &&
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
        return err_from_lmdb(rc);
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct nodedb_row row;

        if (decode_row(&row, &key, &value) == 0 && row.last_pong_s >= before_s)
            continue;
        rc = mdb_cursor_del(cursor, 0);
        if (rc)
            break;
        dropped++;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? dropped : err_from_lmdb(rc);
}

int nodedb_expire(struct nodedb *db, int64_t before_s)
{
    MDB_txn *txn;
    int dropped, rc = err_from_lmdb(mdb_txn_begin(db->env, NULL, 0, &txn));

    if (rc < 0)
        return rc;
    dropped = expire_in(db, txn, before_s);
    if (dropped < 0) {
        mdb_txn_abort(txn);
        return dropped;
    }
    rc = err_from_lmdb(mdb_txn_commit(txn));
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
    seq = get_meta(db, txn, id, ETH_ID_BYTES);
    mdb_txn_abort(txn);
    return seq;
}

int nodedb_set_local_seq(struct nodedb *db, const uint8_t id[ETH_ID_BYTES], uint64_t seq)
{
    MDB_txn *txn;
    int rc = err_from_lmdb(mdb_txn_begin(db->env, NULL, 0, &txn));

    if (rc < 0)
        return rc;
    rc = put_meta(db, txn, id, ETH_ID_BYTES, seq);
    if (rc < 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return err_from_lmdb(mdb_txn_commit(txn));
}
