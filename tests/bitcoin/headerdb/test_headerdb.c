/* What is saved comes back, bit for bit and no more than that. */
#include "test_headerdb.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/headerdb/headerdb.h"
#include "harness.h"
#include "lab.h"

enum { SPACING_S = 600, CAPACITY = 2000 };

static struct btc_params params;
static struct chain chain, again;
static char root[64], path[128];

static void start(uint32_t n)
{
    snprintf(root, sizeof root, "%s", "/tmp/p2pnode-headers-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(path, sizeof path, "%s/headers.mdb", root);
    lab_params(&params, "regtest", LAB_EASY_BITS);
    ck_assert_int_eq(chain_init(&chain, &params, CAPACITY), 0);
    lab_extend(&chain, 0, n, SPACING_S);
}

static void stop(void)
{
    static const char *const suffixes[] = {"", "-lock", ".damaged"};
    char name[160];

    chain_free(&chain);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    rmdir(root);
}

static void save(void)
{
    struct headerdb *db;
    uint32_t damaged;

    ck_assert_int_eq(headerdb_open(&db, path, &params), 0);
    ck_assert_int_eq(chain_init(&again, &params, CAPACITY), 0);
    ck_assert_int_eq(headerdb_load(db, &damaged, &again), 0); /* as at every start */
    chain_free(&again);
    ck_assert_int_ge(headerdb_save(db, &chain), 0);
    headerdb_close(db);
}

/* Load into `again`. Returns: how many rows were damaged. */
static uint32_t load(void)
{
    struct headerdb *db;
    uint32_t damaged;

    ck_assert_int_eq(headerdb_open(&db, path, &params), 0);
    ck_assert_int_eq(chain_init(&again, &params, CAPACITY), 0);
    ck_assert_int_eq(headerdb_load(db, &damaged, &again), 0);
    headerdb_close(db);
    return damaged;
}

static void expect_same(void)
{
    ck_assert_uint_eq(chain_count(&again), chain_count(&chain));
    ck_assert_uint_eq(chain_height(&again), chain_height(&chain));
    ck_assert_mem_eq(chain_entry(&again, chain_tip(&again))->hash,
                     chain_entry(&chain, chain_tip(&chain))->hash, BTC_HASH_BYTES);
    for (uint32_t i = 0; i < chain_count(&chain); i++)
        lab_require(chain_find(&again, chain_entry(&chain, i)->hash) != CHAIN_NONE,
                    "header %u did not come back", i);
}

START_TEST(a_saved_chain_comes_back_with_its_branches)
{
    start(500);
    lab_extend(&chain, chain_at(&chain, 300), 20, SPACING_S);
    lab_extend(&chain, chain_at(&chain, 499), 1, SPACING_S);
    save();
    ck_assert_uint_eq(load(), 0);
    lab_check(&again);
    expect_same();
    chain_free(&again);
    stop();
}
END_TEST

START_TEST(of_two_branches_with_equal_work_the_same_one_is_active_again)
{
    for (int i = 0; i < 6; i++) { /* which one has the lower key is left to chance */
        start(10);
        lab_extend(&chain, chain_at(&chain, 8), 2, SPACING_S);
        save();
        ck_assert_uint_eq(load(), 0);
        expect_same();
        chain_free(&again);
        stop();
    }
}
END_TEST

START_TEST(what_comes_later_is_added_to_what_is_there)
{
    struct headerdb *db;
    uint32_t damaged;

    start(100);
    save();
    ck_assert_int_eq(headerdb_open(&db, path, &params), 0);
    ck_assert_int_eq(chain_init(&again, &params, CAPACITY), 0);
    ck_assert_int_eq(headerdb_load(db, &damaged, &again), 0);
    ck_assert_int_eq(headerdb_save(db, &again), 0); /* nothing new */
    lab_extend(&again, chain_tip(&again), 50, SPACING_S);
    lab_extend(&again, chain_at(&again, 90), 5, SPACING_S);
    ck_assert_int_eq(headerdb_save(db, &again), 55);
    ck_assert_int_eq(headerdb_save(db, &again), 0);
    headerdb_close(db);
    chain_free(&chain);
    chain = again;
    ck_assert_uint_eq(load(), 0);
    expect_same();
    chain_free(&again);
    stop();
}
END_TEST

/* Flip a bit in some copy of the header at a height: in the file's pages its bytes are contiguous.
 */
static void damage_header(uint32_t height)
{
    struct btc_header h;
    uint8_t raw[BTC_HEADER_BYTES], *at, *content;
    struct stat st;
    int fd = open(path, O_RDWR);

    chain_header(&chain, &h, chain_at(&chain, height));
    btc_header_store(raw, &h);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &st), 0);
    content = malloc((size_t)st.st_size);
    ck_assert_int_eq(pread(fd, content, (size_t)st.st_size, 0), st.st_size);
    at = memmem(content, (size_t)st.st_size, raw, sizeof raw);
    ck_assert_ptr_nonnull(at);
    at[70] ^= 1;
    ck_assert_int_eq(pwrite(fd, content, (size_t)st.st_size, 0), st.st_size);
    free(content);
    close(fd);
}

START_TEST(a_header_with_a_flipped_bit_is_left_out_with_what_follows_it)
{
    start(200);
    save();
    damage_header(150);
    ck_assert_uint_eq(load(), 51);
    ck_assert_uint_eq(chain_height(&again), 149);
    chain_free(&again);
    ck_assert_uint_eq(load(), 0); /* the rows are gone */
    ck_assert_uint_eq(chain_height(&again), 149);
    chain_free(&again);
    save(); /* and come again with the chain */
    ck_assert_uint_eq(load(), 0);
    expect_same();
    chain_free(&again);
    stop();
}
END_TEST

START_TEST(the_file_of_another_network_is_set_aside)
{
    char damaged_path[160];
    struct btc_params other;

    start(20);
    save();
    other = params;
    params.magic[0] ^= 1; /* another signet, say: the genesis is the same */
    ck_assert_uint_eq(load(), 0);
    ck_assert_uint_eq(chain_count(&again), 1);
    snprintf(damaged_path, sizeof damaged_path, "%s.damaged", path);
    ck_assert_int_eq(access(damaged_path, F_OK), 0);
    chain_free(&again);
    params = other;
    stop();
}
END_TEST

START_TEST(branches_that_the_chain_dropped_go_from_the_file_too)
{
    struct headerdb *db;
    uint32_t damaged, dropped;

    start(100);
    while (chain_count(&chain) + 20 <= CAPACITY)
        lab_extend(&chain, chain_at(&chain, 5), 20, SPACING_S);
    ck_assert_int_eq(headerdb_open(&db, path, &params), 0);
    ck_assert_int_gt(headerdb_save(db, &chain), 0);
    ck_assert_int_eq(chain_drop_stale(&chain, &dropped), 0);
    ck_assert_uint_gt(dropped, 0);
    lab_extend(&chain, chain_tip(&chain), 10, SPACING_S);
    ck_assert_int_gt(headerdb_save(db, &chain), 0);
    ck_assert_int_eq(headerdb_save(db, &chain), 0);
    headerdb_close(db);
    ck_assert_int_eq(headerdb_open(&db, path, &params), 0);
    ck_assert_int_eq(chain_init(&again, &params, CAPACITY), 0);
    ck_assert_int_eq(headerdb_load(db, &damaged, &again), 0);
    ck_assert_uint_eq(damaged, 0);
    expect_same();
    headerdb_close(db);
    chain_free(&again);
    stop();
}
END_TEST

START_TEST(a_reopened_file_is_written_on_and_a_lost_one_again)
{
    struct headerdb *db;

    start(50);
    ck_assert_int_eq(headerdb_open(&db, path, &params), 0);
    ck_assert_int_eq(headerdb_save(db, &chain), 50);
    ck_assert_int_eq(headerdb_reopen(db), 0);
    ck_assert_int_eq(headerdb_save(db, &chain), 0);
    lab_extend(&chain, chain_tip(&chain), 5, SPACING_S);
    ck_assert_int_eq(headerdb_save(db, &chain), 5);
    unlink(path);
    ck_assert_int_eq(headerdb_reopen(db), 0);
    ck_assert_int_eq(headerdb_save(db, &chain), 55);
    headerdb_close(db);
    ck_assert_uint_eq(load(), 0);
    expect_same();
    chain_free(&again);
    stop();
}
END_TEST

START_TEST(a_file_that_cannot_be_made_is_an_error)
{
    struct headerdb *db;

    lab_params(&params, "regtest", LAB_EASY_BITS);
    ck_assert_int_eq(headerdb_open(&db, "/nonexistent/headers.mdb", &params), PN_ENOENT);
}
END_TEST

START_TEST(without_memory_nothing_is_saved_and_nothing_lost)
{
    struct headerdb *db;

    start(50);
    for (unsigned long nth = 1; nth <= 3; nth++) {
        mem_fail_at(nth, 0);
        ck_assert_int_eq(headerdb_open(&db, path, &params), PN_ENOMEM);
        mem_fail_at(0, 0);
    }
    ck_assert_int_eq(headerdb_open(&db, path, &params), 0);
    for (unsigned long nth = 1; nth <= 2; nth++) {
        mem_fail_at(nth, 0);
        ck_assert_int_eq(headerdb_save(db, &chain), PN_ENOMEM);
        mem_fail_at(0, 0);
    }
    ck_assert_int_eq(headerdb_save(db, &chain), 50);
    headerdb_close(db);
    stop();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bitcoin/headerdb");
    TCase *t = tcase_create("headerdb");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_saved_chain_comes_back_with_its_branches);
    tcase_add_test(t, of_two_branches_with_equal_work_the_same_one_is_active_again);
    tcase_add_test(t, what_comes_later_is_added_to_what_is_there);
    tcase_add_test(t, a_header_with_a_flipped_bit_is_left_out_with_what_follows_it);
    tcase_add_test(t, the_file_of_another_network_is_set_aside);
    tcase_add_test(t, branches_that_the_chain_dropped_go_from_the_file_too);
    tcase_add_test(t, a_reopened_file_is_written_on_and_a_lost_one_again);
    tcase_add_test(t, a_file_that_cannot_be_made_is_an_error);
    tcase_add_test(t, without_memory_nothing_is_saved_and_nothing_lost);
    suite_add_tcase(s, tcase_saver());
    return harness_run(s);
}
