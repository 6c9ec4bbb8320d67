/* The data directory is made, locked and left as promised. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "store/datadir.h"
#include "store/move_aside.h"

static char root[64];

static void make_root(void)
{
    snprintf(root, sizeof root, "%s", "/tmp/p2pnode-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static const char *below(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

START_TEST(missing_directories_are_made_for_the_owner_alone)
{
    struct datadir d;
    struct stat st;

    make_root();
    ck_assert_int_eq(datadir_open(&d, below("a/b/c")), 0);
    ck_assert_int_eq(stat(below("a/b/c"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0700);
    ck_assert_int_eq(stat(below("a/b/c/.lock"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    datadir_close(&d);
}
END_TEST

START_TEST(a_second_process_is_told_that_it_is_in_use)
{
    struct datadir d;
    int status;
    pid_t child;

    make_root();
    ck_assert_int_eq(datadir_open(&d, below("data")), 0);
    child = fork();
    if (child == 0) {
        struct datadir second;

        _exit(datadir_open(&second, below("data")) == PN_EBUSY ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    datadir_close(&d);
    ck_assert_int_eq(datadir_open(&d, below("data")), 0); /* free again */
    datadir_close(&d);
}
END_TEST

START_TEST(the_lock_of_a_killed_process_is_no_obstacle)
{
    struct datadir d;
    int status, ready[2];
    char byte;
    pid_t child;

    make_root();
    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        struct datadir mine;

        if (datadir_open(&mine, below("data")) == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(datadir_open(&d, below("data")), PN_EBUSY);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    ck_assert_int_eq(datadir_open(&d, below("data")), 0);
    datadir_close(&d);
}
END_TEST

START_TEST(a_path_through_a_file_is_an_error)
{
    struct datadir d;

    make_root();
    ck_assert_int_eq(pidfile_write(below("file")), 0);
    ck_assert_int_lt(datadir_open(&d, below("file/data")), 0);
    datadir_close(&d);
}
END_TEST

START_TEST(the_pidfile_holds_this_process)
{
    long pid = 0;
    FILE *f;

    make_root();
    ck_assert_int_eq(pidfile_write(below("pid")), 0);
    f = fopen(below("pid"), "r");
    ck_assert_int_eq(fscanf(f, "%ld", &pid), 1);
    fclose(f);
    ck_assert_int_eq(pid, getpid());
    ck_assert_int_lt(pidfile_write(below("no/such/folder")), 0);
}
END_TEST

START_TEST(a_damaged_file_is_kept_aside_in_place_of_the_one_before)
{
    char *aside;

    make_root();
    clock_test_start(1700000000);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pidfile_write(below("list.json")), 0);
        ck_assert_int_eq(file_move_aside(&aside, below("list.json")), 0);
        ck_assert_str_eq(aside,
                         below(i == 0 ? "list.json.bad-1700000000" : "list.json.bad-1700000005"));
        mem_free(aside);
        clock_test_advance_ms(5000);
    }
    ck_assert_int_ne(access(below("list.json"), F_OK), 0);
    ck_assert_int_ne(access(below("list.json.bad-1700000000"), F_OK), 0);
    ck_assert_int_eq(access(below("list.json.bad-1700000005"), F_OK), 0);
    ck_assert_int_eq(file_move_aside(&aside, below("no such file")), PN_ENOENT);
    ck_assert_ptr_null(aside);
    clock_test_stop();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("store");
    TCase *t = tcase_create("datadir");

    suite_add_tcase(s, t);
    tcase_add_test(t, missing_directories_are_made_for_the_owner_alone);
    tcase_add_test(t, a_second_process_is_told_that_it_is_in_use);
    tcase_add_test(t, the_lock_of_a_killed_process_is_no_obstacle);
    tcase_add_test(t, a_path_through_a_file_is_an_error);
    tcase_add_test(t, the_pidfile_holds_this_process);
    tcase_add_test(t, a_damaged_file_is_kept_aside_in_place_of_the_one_before);
    return harness_run(s);
}
