/* A file is replaced whole or not at all; and read whole. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "store/atomic_file.h"
#include "store/read_file.h"

static char root[64], path[128], tmp[128];

static void setup(void)
{
    snprintf(root, sizeof root, "%s", "/tmp/p2pnode-atomic-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(path, sizeof path, "%s/file", root);
    snprintf(tmp, sizeof tmp, "%s/file.tmp", root);
}

static void teardown(void)
{
    unlink(path);
    unlink(tmp);
    ck_assert_int_eq(rmdir(root), 0);
}

static void expect_content(const char *want)
{
    uint8_t *data;
    size_t len;

    ck_assert_int_eq(read_file(&data, &len, path, 1 << 20), 0);
    ck_assert_uint_eq(len, strlen(want));
    ck_assert_mem_eq(data, want, len);
    mem_free(data);
}

START_TEST(a_file_is_made_and_replaced_for_the_owner_alone)
{
    struct stat st;

    umask(0);
    ck_assert_int_eq(atomic_file_replace(path, "first", 5), 0);
    expect_content("first");
    ck_assert_int_eq(atomic_file_replace(path, "second", 6), 0);
    expect_content("second");
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_ne(access(tmp, F_OK), 0);
}
END_TEST

START_TEST(until_the_commit_the_old_file_stands)
{
    struct atomic_file f;

    ck_assert_int_eq(atomic_file_replace(path, "old", 3), 0);
    ck_assert_int_eq(atomic_file_open(&f, path), 0);
    ck_assert_int_eq(atomic_file_printf(&f, "%s %d", "new", 1), 0);
    expect_content("old");
    ck_assert_int_eq(access(tmp, F_OK), 0);
    atomic_file_abort(&f);
    expect_content("old");
    ck_assert_int_ne(access(tmp, F_OK), 0);
    ck_assert_int_eq(atomic_file_open(&f, path), 0);
    ck_assert_int_eq(atomic_file_printf(&f, "%s %d", "new", 1), 0);
    ck_assert_int_eq(atomic_file_commit(&f), 0);
    expect_content("new 1");
}
END_TEST

START_TEST(what_a_killed_process_left_is_no_obstacle_and_goes)
{
    ck_assert_int_eq(symlink("/etc/passwd", tmp), 0);
    ck_assert_int_eq(atomic_file_replace(path, "new", 3), 0);
    expect_content("new");
    ck_assert_int_eq(symlink("nowhere", tmp), 0);
    atomic_file_sweep(path);
    ck_assert_int_ne(readlink(tmp, (char[1]){0}, 1), 1);
    expect_content("new");
    atomic_file_sweep(path);
}
END_TEST

START_TEST(large_content_arrives_whole)
{
    enum { PIECES = 1000, PIECE = 777 };
    uint8_t piece[PIECE], *data;
    struct atomic_file f;
    size_t len;

    ck_assert_int_eq(atomic_file_open(&f, path), 0);
    for (unsigned i = 0; i < PIECES; i++) {
        memset(piece, (int)(i & 255), sizeof piece);
        ck_assert_int_eq(atomic_file_write(&f, piece, sizeof piece), 0);
    }
    ck_assert_uint_eq(f.size, PIECES * PIECE);
    ck_assert_int_eq(atomic_file_commit(&f), 0);
    ck_assert_int_eq(read_file(&data, &len, path, PIECES * PIECE), 0);
    ck_assert_uint_eq(len, PIECES * PIECE);
    for (size_t i = 0; i < len; i++)
        ck_assert_uint_eq(data[i], i / PIECE & 255);
    mem_free(data);
}
END_TEST

START_TEST(when_the_disk_is_full_the_old_file_stands)
{
    const struct rlimit small = {100000, RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    uint8_t *data = mem_zalloc(200000);
    struct atomic_file f;
    int rc[3];

    ck_assert_int_eq(atomic_file_replace(path, "old", 3), 0);
    sigaction(SIGXFSZ, &ignore, NULL);
    ck_assert_int_eq(atomic_file_open(&f, path), 0);
    setrlimit(RLIMIT_FSIZE, &small); /* the harness writes too: not for longer than it takes */
    rc[0] = atomic_file_write(&f, data, 200000);
    rc[1] = atomic_file_write(&f, data, 1);
    rc[2] = atomic_file_commit(&f);
    setrlimit(RLIMIT_FSIZE, &any);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(rc[i], PN_ENOSPC);
    expect_content("old");
    ck_assert_int_ne(access(tmp, F_OK), 0);
    mem_free(data);
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_an_error)
{
    ck_assert_int_eq(atomic_file_replace("/nonexistent/file", "x", 1), PN_ENOENT);
    ck_assert_int_eq(atomic_file_sync_dir("/nonexistent/file"), PN_ENOENT);
}
END_TEST

START_TEST(the_directory_itself_may_be_short)
{
    ck_assert_int_eq(chdir(root), 0);
    ck_assert_int_eq(atomic_file_replace("file", "x", 1), 0);
    expect_content("x");
    ck_assert_int_eq(atomic_file_sync_dir("/file"), 0);
}
END_TEST

START_TEST(without_memory_nothing_is_begun)
{
    struct atomic_file f;

    for (unsigned long n = 1; n <= 3; n++) {
        mem_fail_at(n, 0);
        ck_assert_int_eq(atomic_file_open(&f, path), PN_ENOMEM);
        mem_fail_at(0, 0);
        atomic_file_abort(&f);
    }
    ck_assert_int_ne(access(tmp, F_OK), 0);
}
END_TEST

START_TEST(a_file_is_read_whole_or_not_at_all)
{
    uint8_t *data;
    size_t len;

    ck_assert_int_eq(read_file(&data, &len, path, 10), PN_ENOENT);
    ck_assert_int_eq(atomic_file_replace(path, "0123456789", 10), 0);
    ck_assert_int_eq(read_file(&data, &len, path, 10), 0);
    ck_assert_uint_eq(len, 10);
    mem_free(data);
    ck_assert_int_eq(read_file(&data, &len, path, 9), PN_ETOOLARGE);
    ck_assert_ptr_null(data);
    ck_assert_int_eq(read_file(&data, &len, root, 10), PN_EINVAL);
    mem_fail_at(1, 1);
    ck_assert_int_eq(read_file(&data, &len, path, 10), PN_ENOMEM);
    mem_fail_at(0, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("atomic files");
    TCase *t = tcase_create("atomic files");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_file_is_made_and_replaced_for_the_owner_alone);
    tcase_add_test(t, until_the_commit_the_old_file_stands);
    tcase_add_test(t, what_a_killed_process_left_is_no_obstacle_and_goes);
    tcase_add_test(t, large_content_arrives_whole);
    tcase_add_test(t, when_the_disk_is_full_the_old_file_stands);
    tcase_add_test(t, a_directory_that_is_not_there_is_an_error);
    tcase_add_test(t, the_directory_itself_may_be_short);
    tcase_add_test(t, without_memory_nothing_is_begun);
    tcase_add_test(t, a_file_is_read_whole_or_not_at_all);
    return harness_run(s);
}
