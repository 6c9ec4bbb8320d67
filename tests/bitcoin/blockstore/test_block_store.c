/* The store of blocks: what is added is held at once and after a restart, what is too old goes, and
 * a full disk costs no more than the blocks that did not fit. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "bitcoin/block/build.h"
#include "bitcoin/blockstore/block_store.h"
#include "bitcoin/blockstore/strip.h"
#include "harness.h"
#include "thread/thread.h"

enum { KEEP = 10, BLOCK_BYTES = 50000 };

static char dir[64], path[96];
static struct block_store *store;
static atomic_uint n_lost;

static void on_lost(void *arg, const uint8_t hash[32], uint32_t height)
{
    ck_assert_ptr_eq(arg, &n_lost);
    ck_assert_uint_eq(hash[0], (uint8_t)height);
    atomic_fetch_add(&n_lost, 1);
}

static void open_store(const char *at)
{
    const struct block_store_config config = {
        .path = at, .keep = KEEP, .max_readers = 4, .lost = on_lost, .arg = &n_lost};

    ck_assert_int_eq(block_store_open(&store, &config), 0);
    ck_assert_int_eq(block_store_start(store), 0);
}

static void close_store(void)
{
    block_store_stop(store);
    block_store_close(store);
    store = NULL;
}

static void setup(void)
{
    thread_set_role(ROLE_TEST);
    snprintf(dir, sizeof dir, "/tmp/p2pnode-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/blocks.mdb", dir);
    atomic_store(&n_lost, 0);
}

static void teardown(void)
{
    char command[128];

    if (store)
        close_store();
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static void hash_of(uint8_t hash[32], uint32_t height)
{
    memset(hash, 0xcc, 32);
    memcpy(hash, &height, sizeof height);
}

/* No real block, but one that tells its height. */
static void add(uint32_t height)
{
    static uint8_t data[BLOCK_BYTES];
    uint8_t hash[32];

    hash_of(hash, height);
    memset(data, (int)height, sizeof data);
    ck_assert_int_eq(
        block_store_add(store, hash, height, frame_new(BTC_CMD_BLOCK, data, sizeof data), NULL), 0);
}

static bool has(uint32_t height)
{
    uint8_t hash[32];

    hash_of(hash, height);
    return block_store_has(store, hash);
}

static void check_held(uint32_t height)
{
    uint8_t hash[32];
    uint32_t told = 0;
    struct frame *f;

    hash_of(hash, height);
    ck_assert_msg(block_store_has(store, hash), "block %u is not held", height);
    f = block_store_get(store, &told, hash);
    ck_assert_uint_eq(told, height);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->cmd, BTC_CMD_BLOCK);
    ck_assert_uint_eq(f->len, BLOCK_BYTES);
    ck_assert_uint_eq(f->data[0], (uint8_t)height);
    ck_assert_uint_eq(f->data[BLOCK_BYTES - 1], (uint8_t)height);
    frame_unref(f);
}

START_TEST(what_is_added_is_held_at_once_and_after_a_restart)
{
    open_store(path);
    for (uint32_t h = 1; h <= 100; h++) {
        add(h);
        check_held(h);
    }
    ck_assert(!has(101));
    close_store();
    open_store(path);
    ck_assert_uint_eq(block_store_count(store), 100);
    for (uint32_t h = 1; h <= 100; h++)
        check_held(h);
    ck_assert_uint_eq(atomic_load(&n_lost), 0);
}
END_TEST

START_TEST(blocks_below_the_height_that_is_kept_go)
{
    open_store(path);
    for (uint32_t h = 1; h <= 100; h++) {
        block_store_keep_from(store, h > KEEP ? h - KEEP + 1 : 0);
        add(h);
    }
    close_store();
    open_store(path);
    for (uint32_t h = 1; h <= 100; h++)
        ck_assert_msg(has(h) == (h > 100 - KEEP), "block %u is %sheld", h, has(h) ? "" : "not ");
    ck_assert_uint_eq(block_store_count(store), KEEP);
}
END_TEST

START_TEST(a_block_is_kept_once)
{
    open_store(path);
    add(1);
    add(1);
    close_store();
    open_store(path);
    add(1);
    close_store();
    open_store(path);
    ck_assert_uint_eq(block_store_count(store), 1);
}
END_TEST

START_TEST(without_a_path_the_last_288_are_in_memory)
{
    open_store(NULL);
    for (uint32_t h = 1; h <= 300; h++)
        add(h);
    for (uint32_t h = 1; h <= 300; h++)
        ck_assert_msg(has(h) == (h > 300 - BLOCK_STORE_MEMORY_MAX), "block %u", h);
    ck_assert_uint_eq(block_store_count(store), BLOCK_STORE_MEMORY_MAX);
}
END_TEST

START_TEST(a_damaged_file_is_begun_anew)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs("this is no database", file);
    fclose(file);
    open_store(path);
    ck_assert_uint_eq(block_store_count(store), 0);
    add(1);
    check_held(1);
}
END_TEST

/* The file's size is limited as a full disk would limit it. */
START_TEST(a_full_disk_costs_the_blocks_that_did_not_fit)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit before, small = {.rlim_cur = 40 * BLOCK_BYTES};
    uint32_t h = 1;

    sigaction(SIGXFSZ, &ignore, NULL);
    open_store(path);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    while (atomic_load(&n_lost) == 0 && h < 250)
        add(h++);
    close_store(); /* what waits is tried, and lost */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_uint_gt(atomic_load(&n_lost), 0);
    open_store(path);
    ck_assert_uint_eq(block_store_count(store), h - 1 - atomic_load(&n_lost));
    add(240);
    close_store();
    open_store(path);
    check_held(240);
}
END_TEST

START_TEST(a_block_without_witness_is_not_copied_and_one_with_is_stripped)
{
    static const uint8_t magic[BTC_MAGIC_BYTES] = {0xfa, 0xbf, 0xb5, 0xda};
    const struct btc_block_plan plan = {.version = 1, .height = 5, .halving_interval = 150};
    struct frame *full, *stripped, *again;
    struct buf raw;

    buf_init(&raw, 10000);
    ck_assert_int_eq(btc_block_build(&raw, &plan), 0);
    full = block_frame_wrap(magic, raw.data, raw.len);
    ck_assert_ptr_nonnull(full);
    ck_assert_uint_eq(block_frame_payload(full).len, raw.len);
    stripped = block_frame_strip(frame_ref(full), magic);
    ck_assert_ptr_nonnull(stripped);
    ck_assert_uint_eq(stripped->len, full->len - 2 - 1 - 33); /* marker, flag; the reserved value */
    again = block_frame_strip(frame_ref(stripped), magic);
    ck_assert_ptr_eq(again, stripped);
    frame_unref(full);
    frame_unref(stripped);
    frame_unref(again);
    buf_free(&raw);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("block store");
    TCase *t = tcase_create("store");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_is_added_is_held_at_once_and_after_a_restart);
    tcase_add_test(t, blocks_below_the_height_that_is_kept_go);
    tcase_add_test(t, a_block_is_kept_once);
    tcase_add_test(t, without_a_path_the_last_288_are_in_memory);
    tcase_add_test(t, a_damaged_file_is_begun_anew);
    tcase_add_test(t, a_full_disk_costs_the_blocks_that_did_not_fit);
    tcase_add_test(t, a_block_without_witness_is_not_copied_and_one_with_is_stripped);
    suite_add_tcase(s, t);
    return harness_run(s);
}
