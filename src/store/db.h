/* A database in one file: tables of sorted keys with values, changed in batches that happen whole
 * or not at all, whatever ends the process or the machine. A thin layer over LMDB, which nobody
 * else includes.
 *
 * One batch is open at a time, and other threads that begin one wait for it; any number of
 * snapshots may be read meanwhile, by any thread, and neither waits for the other. A snapshot that
 * is kept open keeps the pages it sees from being used again: end it soon.
 *
 * Values are seen where they lie in the file's mapping, without a copy: a pointer is good until the
 * snapshot or batch ends, or the batch's next change.
 *
 * A full disk (or quota, or limit of a file's size) fails the batch with PN_ENOSPC and leaves the
 * file as it was: the same batch can be tried again later. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_KEY_MAX_BYTES 511 /* LMDB's limit */

struct db;
struct db_txn;
struct db_cursor;

struct db_config {
    const char *path;     /* of the file; LMDB keeps PATH-lock beside it */
    unsigned tables;      /* at most */
    unsigned snapshots;   /* open at one time, at most */
    size_t max_bytes;     /* the file never grows beyond it. So much address space is reserved, and
                             neither memory nor disk */
    bool replace_damaged; /* for what can be fetched again: a file that is no database, or ends too
                             early, is set aside as PATH.damaged and a new one made */
};

struct db_value {
    const void *data;
    size_t len;
};

enum db_put_mode {
    DB_PUT,    /* add or replace */
    DB_ADD,    /* PN_EEXIST when the key is there */
    DB_APPEND, /* the key is above all others: the fast way to fill a table */
};

/* Open or create the file (0600). Thread: any; one db a file in this process.
 * Owns: the caller closes. Returns: 0; PN_EFORMAT for a damaged file that is not replaced;
 * PN_ENOSPC; PN_ENOMEM; another pn_err. */
int db_open(struct db **out, const struct db_config *config);

/* Rename a file that is not open to PATH.damaged, over an older one of that name.
 * Returns: 0 or a pn_err. */
int db_set_aside(const char *path);

/* Thread: the owner, when no snapshot or batch is open. Accepts NULL. */
void db_close(struct db *db);

/* The number of a table, which is made when missing. Thread: the owner, before others use the db.
 * Returns: 0 or a pn_err. */
int db_table(struct db *db, unsigned *table, const char *name);

/* Begin a snapshot (as of the last committed batch) or a batch. A batch belongs to the thread that
 * began it; a snapshot is used by one thread at a time.
 * Returns: 0; PN_ELIMIT when too many snapshots are open; another pn_err. */
int db_read(struct db *db, struct db_txn **out);
int db_write(struct db *db, struct db_txn **out);

/* End a batch: on disk, synced, when this returns 0. Ends it in any case. */
int db_commit(struct db_txn *txn);

/* End a snapshot, or give a batch up. Accepts NULL. */
void db_end(struct db_txn *txn);

/* Returns: 0, PN_ENOENT, another pn_err. */
int db_get(struct db_txn *txn, unsigned table, struct db_value *value, const void *key,
           size_t key_len);

/* Changes of a batch. After any error but PN_EEXIST and PN_ENOENT the batch can only be given up.
 * Returns: 0; PN_ELIMIT at max_bytes; PN_ENOSPC; another pn_err. */
int db_put(struct db_txn *txn, unsigned table, const void *key, size_t key_len, const void *value,
           size_t value_len, enum db_put_mode mode);

/* Put with room of value_len bytes at *room, to be filled before the batch's next change. */
int db_put_room(struct db_txn *txn, unsigned table, void **room, const void *key, size_t key_len,
                size_t value_len);

/* Returns: 0, PN_ENOENT, another pn_err. */
int db_del(struct db_txn *txn, unsigned table, const void *key, size_t key_len);

/* Empty a table. */
int db_clear(struct db_txn *txn, unsigned table);

/* How many keys a table has. */
size_t db_count(struct db_txn *txn, unsigned table);

/* A walk over a table, in the order of its keys (as memcmp has it). Close it before its snapshot or
 * batch ends. Owns: the caller closes. Returns: 0 or a pn_err. */
int db_cursor_open(struct db_cursor **out, struct db_txn *txn, unsigned table);
void db_cursor_close(struct db_cursor *cursor); /* accepts NULL */

enum db_move {
    DB_FIRST,
    DB_LAST,
    DB_NEXT, /* the first, on a fresh cursor */
    DB_PREV, /* the last, on a fresh cursor */
};

/* Move, and see where it stands; key and value may be NULL. Returns: 0, PN_ENOENT at the end. */
int db_cursor_move(struct db_cursor *cursor, struct db_value *key, struct db_value *value,
                   enum db_move move);

/* Stand at the first key that is not below `from`. Returns: 0, PN_ENOENT when there is none. */
int db_cursor_seek(struct db_cursor *cursor, struct db_value *key, struct db_value *value,
                   const void *from, size_t from_len);

/* Delete where it stands; the next DB_NEXT then gives what followed. Returns: 0 or a pn_err. */
int db_cursor_del(struct db_cursor *cursor);

/* During a walk through much: tell the system that the pages between two values of this snapshot,
 * in whatever order, are not needed for now and shall not count as this process's memory. What is
 * read there again comes back from the file, so this is always safe. */
void db_forget(const void *a, const void *b);

/* Bytes of the file that are in use. Thread: any. */
uint64_t db_bytes(struct db *db);

#endif
