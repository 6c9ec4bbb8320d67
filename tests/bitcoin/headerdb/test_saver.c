/* The saver writes what it is woken for, all of it at the end, and outlives a full disk. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/headerdb/saver.h"
#include "lab.h"
#include "metrics/metrics.h"
#include "test_headerdb.h"

enum { SPACING_S = 600, CAPACITY = 40000, PATIENCE_MS = 20000 };

static struct btc_params params;
static struct chain chain;
static char root[64], path[128];

static struct headerdb *open_file(void)
{
    struct headerdb *db;

    ck_assert_int_eq(headerdb_open(&db, path, &params), 0);
    return db;
}

static struct header_saver *start(void)
{
    struct header_saver *s;

    snprintf(root, sizeof root, "%s", "/tmp/p2pnode-saver-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(path, sizeof path, "%s/headers.mdb", root);
    lab_params(&params, "regtest", LAB_EASY_BITS);
    ck_assert_int_eq(chain_init(&chain, &params, CAPACITY), 0);
    ck_assert_int_eq(header_saver_start(&s, open_file(), &chain, "lab"), 0);
    return s;
}

static void stop(struct header_saver *s)
{
    struct chain again;
    struct headerdb *db;
    char lock[160];
    uint32_t damaged;

    header_saver_stop(s);
    db = open_file();
    ck_assert_int_eq(chain_init(&again, &params, CAPACITY), 0);
    ck_assert_int_eq(headerdb_load(db, &damaged, &again), 0);
    ck_assert_uint_eq(chain_count(&again), chain_count(&chain));
    headerdb_close(db);
    chain_free(&again);
    chain_free(&chain);
    snprintf(lock, sizeof lock, "%s-lock", path);
    unlink(path);
    unlink(lock);
    rmdir(root);
}

static long value_of(const char *family)
{
    char line[128];
    const char *at;
    struct buf b;
    long value = -1;

    buf_init(&b, 1 << 20);
    snprintf(line, sizeof line, "%s{chain=\"lab\"} ", family);
    ck_assert_int_eq(metrics_render(&b, METRICS_TEXT_004), 0);
    at = strstr(buf_cstr(&b), line);
    if (at)
        value = strtol(at + strlen(line), NULL, 10);
    buf_free(&b);
    return value;
}

static void await_value(const char *family, long wanted)
{
    for (int i = 0; i < PATIENCE_MS && value_of(family) != wanted; i++)
        poll(NULL, 0, 1);
    ck_assert_int_eq(value_of(family), wanted);
}

START_TEST(what_it_is_woken_for_is_written_soon)
{
    struct header_saver *s = start();

    for (long n = 1; n <= 3; n++) {
        lab_extend(&chain, chain_tip(&chain), 10, SPACING_S);
        header_saver_wake(s);
        await_value("p2pnode_headers_saved_total", 10 * n);
    }
    stop(s);
}
END_TEST

START_TEST(at_the_end_everything_is_written)
{
    struct header_saver *s = start();

    lab_extend(&chain, 0, 1000, SPACING_S);
    stop(s);
}
END_TEST

START_TEST(a_full_disk_is_outlived_and_nothing_is_missing_afterwards)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit before, small;
    struct header_saver *s;

    clock_test_start(2000000000);
    s = start();
    sigaction(SIGXFSZ, &ignore, NULL);
    lab_extend(&chain, 0, 100, SPACING_S);
    header_saver_wake(s);
    await_value("p2pnode_headers_saved_total", 100);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 256 << 10;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    lab_extend(&chain, chain_tip(&chain), 5000, SPACING_S);
    header_saver_wake(s);
    clock_test_advance_ms(HEADER_SAVER_PAUSE_MS);
    await_value("p2pnode_headers_saving_fails", 1);
    ck_assert_int_eq(value_of("p2pnode_headers_saved_total"), 100);
    lab_extend(&chain, chain_tip(&chain), 100, SPACING_S); /* the chain goes on meanwhile */
    header_saver_wake(s);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    for (int i = 0; i < 3; i++) {
        clock_test_advance_ms(HEADER_SAVER_RETRY_MS);
        poll(NULL, 0, 5);
    }
    await_value("p2pnode_headers_saved_total", 5200);
    await_value("p2pnode_headers_saving_fails", 0);
    clock_test_stop();
    stop(s);
}
END_TEST

TCase *tcase_saver(void)
{
    TCase *t = tcase_create("saver");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_it_is_woken_for_is_written_soon);
    tcase_add_test(t, at_the_end_everything_is_written);
    tcase_add_test(t, a_full_disk_is_outlived_and_nothing_is_missing_afterwards);
    return t;
}
