/* Batches happen whole or not at all, snapshots stand still, and damage and full disks are
 * errors. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "harness.h"
#include "store/db.h"

enum { MAP_BYTES = 64 << 20, VALUE_BYTES = 1000 };

static char root[64];

static const char *below(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static struct db_config config(void)
{
    return (struct db_config){
        .path = below("test.mdb"), .tables = 2, .snapshots = 4, .max_bytes = MAP_BYTES};
}

static void open_db(struct db **db, unsigned *table)
{
    const struct db_config c = config();

    ck_assert_int_eq(db_open(db, &c), 0);
    ck_assert_int_eq(db_table(*db, table, "t"), 0);
}

static void open_fresh(struct db **db, unsigned *table)
{
    snprintf(root, sizeof root, "%s", "/tmp/p2pnode-db-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    open_db(db, table);
}

static void clean(void)
{
    unlink(below("test.mdb"));
    unlink(below("test.mdb-lock"));
    unlink(below("test.mdb.damaged"));
    rmdir(root);
}

static int put_number(struct db_txn *txn, unsigned table, uint32_t n, enum db_put_mode mode)
{
    uint8_t key[4], value[VALUE_BYTES];

    store_be32(key, n);
    memset(value, (int)n, sizeof value);
    return db_put(txn, table, key, sizeof key, value, sizeof value, mode);
}

static int write_numbers(struct db *db, unsigned table, uint32_t first, uint32_t n)
{
    struct db_txn *txn;
    int rc = db_write(db, &txn);

    ck_assert_int_eq(rc, 0);
    for (uint32_t i = 0; i < n && rc == 0; i++)
        rc = put_number(txn, table, first + i, DB_APPEND);
    if (rc < 0) {
        db_end(txn);
        return rc;
    }
    return db_commit(txn);
}

/* How many numbers are there, each with its own value, in order from 0. */
static uint32_t count_numbers(struct db *db, unsigned table)
{
    struct db_txn *txn;
    struct db_cursor *c;
    struct db_value key, value;
    uint32_t n = 0;

    ck_assert_int_eq(db_read(db, &txn), 0);
    ck_assert_int_eq(db_cursor_open(&c, txn, table), 0);
    while (db_cursor_move(c, &key, &value, DB_NEXT) == 0) {
        ck_assert_uint_eq(load_be32(key.data), n);
        ck_assert_uint_eq(value.len, VALUE_BYTES);
        ck_assert_uint_eq(((const uint8_t *)value.data)[VALUE_BYTES - 1], n & 0xff);
        n++;
    }
    ck_assert_uint_eq(db_count(txn, table), n);
    db_cursor_close(c);
    db_end(txn);
    return n;
}

START_TEST(a_committed_batch_is_there_after_reopening_and_a_given_up_one_is_not)
{
    struct db *db;
    struct db_txn *txn;
    unsigned table;

    open_fresh(&db, &table);
    ck_assert_int_eq(write_numbers(db, table, 0, 100), 0);
    ck_assert_int_eq(db_write(db, &txn), 0);
    ck_assert_int_eq(put_number(txn, table, 100, DB_PUT), 0);
    db_end(txn);
    db_close(db);
    open_db(&db, &table);
    ck_assert_uint_eq(count_numbers(db, table), 100);
    db_close(db);
    clean();
}
END_TEST

START_TEST(keys_are_found_walked_and_deleted)
{
    struct db *db;
    struct db_txn *txn;
    struct db_cursor *c;
    struct db_value key, value;
    uint8_t raw[4];
    void *room;
    unsigned table;

    open_fresh(&db, &table);
    ck_assert_int_eq(write_numbers(db, table, 0, 10), 0);
    ck_assert_int_eq(db_write(db, &txn), 0);
    ck_assert_int_eq(put_number(txn, table, 3, DB_ADD), PN_EEXIST);
    store_be32(raw, 5);
    ck_assert_int_eq(db_del(txn, table, raw, 4), 0);
    ck_assert_int_eq(db_del(txn, table, raw, 4), PN_ENOENT);
    ck_assert_int_eq(db_get(txn, table, &value, raw, 4), PN_ENOENT);
    ck_assert_int_eq(db_cursor_open(&c, txn, table), 0);
    ck_assert_int_eq(db_cursor_seek(c, &key, NULL, raw, 4), 0);
    ck_assert_uint_eq(load_be32(key.data), 6);
    ck_assert_int_eq(db_cursor_del(c), 0);
    ck_assert_int_eq(db_cursor_move(c, &key, NULL, DB_NEXT), 0);
    ck_assert_uint_eq(load_be32(key.data), 7);
    ck_assert_int_eq(db_cursor_move(c, &key, NULL, DB_LAST), 0);
    ck_assert_uint_eq(load_be32(key.data), 9);
    ck_assert_int_eq(db_cursor_move(c, NULL, NULL, DB_NEXT), PN_ENOENT);
    ck_assert_int_eq(db_cursor_move(c, &key, NULL, DB_PREV), 0);
    store_be32(raw, 200);
    ck_assert_int_eq(db_cursor_seek(c, &key, NULL, raw, 4), PN_ENOENT);
    db_cursor_close(c);
    ck_assert_int_eq(db_put_room(txn, table, &room, raw, 4, 7), 0);
    memcpy(room, "in room", 7);
    ck_assert_uint_eq(db_count(txn, table), 9);
    ck_assert_int_eq(db_commit(txn), 0);
    ck_assert_int_eq(db_write(db, &txn), 0);
    ck_assert_int_eq(db_get(txn, table, &value, raw, 4), 0);
    ck_assert_uint_eq(value.len, 7);
    ck_assert_mem_eq(value.data, "in room", 7);
    ck_assert_int_eq(db_clear(txn, table), 0);
    ck_assert_uint_eq(db_count(txn, table), 0);
    ck_assert_int_eq(db_commit(txn), 0);
    db_close(db);
    clean();
}
END_TEST

START_TEST(a_snapshot_does_not_see_a_later_batch)
{
    struct db *db;
    struct db_txn *before;
    unsigned table;

    open_fresh(&db, &table);
    ck_assert_int_eq(write_numbers(db, table, 0, 10), 0);
    ck_assert_int_eq(db_read(db, &before), 0);
    ck_assert_int_eq(write_numbers(db, table, 10, 10), 0);
    ck_assert_uint_eq(db_count(before, table), 10);
    db_end(before);
    ck_assert_uint_eq(count_numbers(db, table), 20);
    db_close(db);
    clean();
}
END_TEST

START_TEST(snapshots_beyond_the_limit_are_refused)
{
    struct db *db;
    struct db_txn *open[4], *more;
    unsigned table;

    open_fresh(&db, &table);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(db_read(db, &open[i]), 0);
    ck_assert_int_eq(db_read(db, &more), PN_ELIMIT);
    db_end(open[0]);
    ck_assert_int_eq(db_read(db, &open[0]), 0);
    for (int i = 0; i < 4; i++)
        db_end(open[i]);
    db_close(db);
    clean();
}
END_TEST

struct reading {
    struct db *db;
    unsigned table;
};

static void *read_often(void *arg)
{
    const struct reading *r = arg;

    for (int i = 0; i < 50; i++) {
        struct db_txn *txn;

        ck_assert_int_eq(db_read(r->db, &txn), 0);
        ck_assert_uint_eq(db_count(txn, r->table) % 10, 0); /* batches are whole */
        db_end(txn);
    }
    return NULL;
}

START_TEST(other_threads_read_whole_batches_while_one_writes)
{
    struct reading r;
    pthread_t threads[3];

    open_fresh(&r.db, &r.table);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_often, &r), 0);
    for (uint32_t n = 0; n < 30; n++)
        ck_assert_int_eq(write_numbers(r.db, r.table, n * 10, 10), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(count_numbers(r.db, r.table), 300);
    db_close(r.db);
    clean();
}
END_TEST

START_TEST(the_bound_of_the_file_is_an_error_that_leaves_it_whole)
{
    struct db *db;
    unsigned table;
    uint32_t n = 0;
    int rc;

    open_fresh(&db, &table);
    while ((rc = write_numbers(db, table, n, 5000)) == 0)
        n += 5000;
    ck_assert_int_eq(rc, PN_ELIMIT);
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_eq(count_numbers(db, table), n);
    ck_assert_uint_le(db_bytes(db), MAP_BYTES);
    db_close(db);
    clean();
}
END_TEST

/* The file's size is limited as a full disk would limit it. */
START_TEST(a_full_disk_fails_the_batch_which_succeeds_once_there_is_room)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit before, small;
    struct db *db;
    unsigned table;
    uint32_t n = 0;
    int rc;

    sigaction(SIGXFSZ, &ignore, NULL);
    open_fresh(&db, &table);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 2 << 20;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    while ((rc = write_numbers(db, table, n, 100)) == 0 && n < 10000)
        n += 100;
    ck_assert_int_eq(rc, PN_ENOSPC);
    ck_assert_uint_gt(n, 0);
    ck_assert_int_eq(write_numbers(db, table, n, 100), PN_ENOSPC);
    ck_assert_uint_eq(count_numbers(db, table), n);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(write_numbers(db, table, n, 100), 0);
    ck_assert_uint_eq(count_numbers(db, table), n + 100);
    db_close(db);
    clean();
}
END_TEST

/* A child commits as fast as it can and is killed; what it reported as committed is there. */
START_TEST(a_killed_process_loses_no_committed_batch)
{
    struct db *db;
    uint32_t committed = 0, got;
    unsigned table;
    int pipes[2], status;
    pid_t child;

    open_fresh(&db, &table);
    db_close(db);
    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        open_db(&db, &table);
        for (uint32_t n = 0;; n += 10)
            if (write_numbers(db, table, n, 10) < 0 || write(pipes[1], &n, sizeof n) != sizeof n)
                _exit(1);
    }
    while (committed < 200 && read(pipes[0], &got, sizeof got) == sizeof got)
        committed = got + 10;
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    close(pipes[1]);
    while (read(pipes[0], &got, sizeof got) == sizeof got)
        committed = got + 10;
    close(pipes[0]);
    open_db(&db, &table);
    got = count_numbers(db, table);
    ck_assert_uint_ge(got, committed);
    ck_assert_uint_eq(got % 10, 0);
    db_close(db);
    clean();
}
END_TEST

static void damage(long keep, const char *text)
{
    int fd = open(below("test.mdb"), O_RDWR);

    ck_assert_int_ge(fd, 0);
    if (text)
        ck_assert_int_eq((int)pwrite(fd, text, strlen(text), 0), (int)strlen(text));
    ck_assert_int_eq(ftruncate(fd, keep), 0);
    close(fd);
}

/* Noise in place of the head, and a file that was cut off. */
START_TEST(a_damaged_file_is_refused_or_set_aside)
{
    static const struct {
        long keep;
        const char *text;
    } rows[] = {{8192, "this is no database at all, and never was one; it only has the name"},
                {3 * 4096, NULL}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct db_config c;
        struct db *db;
        struct stat st;
        unsigned table;

        open_fresh(&db, &table);
        ck_assert_int_eq(write_numbers(db, table, 0, 100), 0);
        db_close(db);
        damage(rows[i].keep, rows[i].text);
        c = config();
        ck_assert_int_eq(db_open(&db, &c), PN_EFORMAT);
        c.replace_damaged = true;
        ck_assert_int_eq(db_open(&db, &c), 0);
        ck_assert_int_eq(db_table(db, &table, "t"), 0);
        ck_assert_uint_eq(count_numbers(db, table), 0);
        ck_assert_int_eq(stat(below("test.mdb.damaged"), &st), 0);
        db_close(db);
        clean();
    }
}
END_TEST

START_TEST(what_is_forgotten_is_read_again)
{
    struct db *db;
    struct db_txn *txn;
    struct db_value first, last;
    uint8_t raw[4] = {0};
    unsigned table;

    open_fresh(&db, &table);
    ck_assert_int_eq(write_numbers(db, table, 0, 1000), 0);
    ck_assert_int_eq(db_read(db, &txn), 0);
    ck_assert_int_eq(db_get(txn, table, &first, raw, 4), 0);
    store_be32(raw, 999);
    ck_assert_int_eq(db_get(txn, table, &last, raw, 4), 0);
    db_forget(last.data, first.data);
    db_end(txn);
    ck_assert_uint_eq(count_numbers(db, table), 1000);
    db_close(db);
    clean();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("db");
    TCase *t = tcase_create("db");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_committed_batch_is_there_after_reopening_and_a_given_up_one_is_not);
    tcase_add_test(t, keys_are_found_walked_and_deleted);
    tcase_add_test(t, a_snapshot_does_not_see_a_later_batch);
    tcase_add_test(t, snapshots_beyond_the_limit_are_refused);
    tcase_add_test(t, other_threads_read_whole_batches_while_one_writes);
    tcase_add_test(t, the_bound_of_the_file_is_an_error_that_leaves_it_whole);
    tcase_add_test(t, a_full_disk_fails_the_batch_which_succeeds_once_there_is_room);
    tcase_add_test(t, a_killed_process_loses_no_committed_batch);
    tcase_add_test(t, a_damaged_file_is_refused_or_set_aside);
    tcase_add_test(t, what_is_forgotten_is_read_again);
    return harness_run(s);
}
