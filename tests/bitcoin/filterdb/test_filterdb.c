/* The database of filters: a chain of blocks that spend each other's outputs gets the filters that
 * BIP158 says, also after a way back and forth; a block that spends what is not known gets none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "bitcoin/filter/basic.h"
#include "bitcoin/filterdb/filterdb.h"
#include "bitcoin/wire/limits.h"
#include "harness.h"

static char dir[64], path[96];
static struct filterdb *db;

static void open_db(const char *network)
{
    ck_assert_int_eq(filterdb_open(&db, path, btc_params_find(network), 2), 0);
}

static void setup(void)
{
    snprintf(dir, sizeof dir, "/tmp/p2pnode-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/filters.mdb", dir);
    open_db("regtest");
}

static void teardown(void)
{
    char command[128];

    filterdb_close(db);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

/* A block of a coinbase and a transaction that spends `spends` and creates two outputs, the second
 * of which a third transaction of the same block spends. Scripts and hash are made of the number.
 */
struct sample {
    uint8_t hash[BTC_HASH_BYTES], scripts[4][3], spent_script[3];
    uint8_t spend_id[BTC_HASH_BYTES];
    struct btc_txin in[3];
    struct btc_txout coinbase_out, outs[2], last_out;
    struct btc_tx txs[3];
    struct btc_block block;
};

static struct bytes script(struct sample *s, int i, uint8_t number)
{
    memcpy(s->scripts[i], (uint8_t[]){0x51, (uint8_t)i, number}, 3);
    return (struct bytes){s->scripts[i], 3};
}

static void make(struct sample *s, uint8_t number, const struct sample *spends)
{
    *s = (struct sample){.hash = {number, 7}};
    s->in[0] = (struct btc_txin){.prev_index = UINT32_MAX, .sequence = number};
    s->coinbase_out.script = script(s, 0, number);
    s->txs[0] = (struct btc_tx){
        .version = number, .in = &s->in[0], .in_count = 1, .out = &s->coinbase_out, .out_count = 1};
    s->block = (struct btc_block){.txs = s->txs, .tx_count = spends ? 3 : 1};
    if (!spends)
        return;
    ck_assert_int_eq(btc_tx_id(&spends->txs[0], s->in[1].prev_hash), 0);
    memcpy(s->spent_script, spends->scripts[0], 3);
    s->outs[0].script = script(s, 1, number);
    s->outs[1].script = script(s, 2, number);
    s->txs[1] = (struct btc_tx){
        .version = number, .in = &s->in[1], .in_count = 1, .out = s->outs, .out_count = 2};
    ck_assert_int_eq(btc_tx_id(&s->txs[1], s->spend_id), 0);
    memcpy(s->in[2].prev_hash, s->spend_id, BTC_HASH_BYTES);
    s->in[2].prev_index = 1;
    s->last_out.script = script(s, 3, number);
    s->txs[2] = (struct btc_tx){
        .version = number, .in = &s->in[2], .in_count = 1, .out = &s->last_out, .out_count = 1};
}

static void want_filter(struct buf *out, struct sample *s)
{
    const struct bytes spent[] = {{s->spent_script, 3}, s->outs[1].script};

    buf_init(out, BTC_CFILTER_MAX_BYTES);
    ck_assert_int_eq(
        basic_filter_build(out, s->hash, &s->block, spent, s->block.tx_count > 1 ? 2 : 0), 0);
}

static void check_row(struct sample *s, uint32_t height)
{
    uint8_t filter_hash[BTC_HASH_BYTES], header[BTC_HASH_BYTES];
    struct filter_row row, below = {0};
    struct buf want, got;

    want_filter(&want, s);
    buf_init(&got, BTC_CFILTER_MAX_BYTES);
    ck_assert_int_eq(filterdb_row(db, FILTERDB_BUILT, &row, &got, height), 0);
    ck_assert_uint_eq(row.height, height);
    ck_assert_mem_eq(row.block, s->hash, BTC_HASH_BYTES);
    ck_assert_uint_eq(got.len, want.len);
    ck_assert_mem_eq(got.data, want.data, want.len);
    basic_filter_hash(filter_hash, (struct bytes){want.data, want.len});
    ck_assert_mem_eq(row.filter_hash, filter_hash, BTC_HASH_BYTES);
    if (height > 0)
        ck_assert_int_eq(filterdb_row(db, FILTERDB_BUILT, &below, NULL, height - 1), 0);
    basic_filter_header(header, filter_hash, below.header);
    ck_assert_mem_eq(row.header, header, BTC_HASH_BYTES);
    buf_free(&want);
    buf_free(&got);
}

static int connect_block(struct sample *s)
{
    return filterdb_connect(db, s->hash, &s->block);
}

/* The genesis block, and four blocks of which each spends the one before it. */
static struct sample samples[5];

static void connect_samples(void)
{
    ck_assert_int_eq(filterdb_begin(db), 0);
    for (uint8_t i = 0; i < 5; i++) {
        make(&samples[i], i, i > 1 ? &samples[i - 1] : NULL);
        ck_assert_int_eq(connect_block(&samples[i]), 0);
    }
    ck_assert_int_eq(filterdb_commit(db), 0);
}

START_TEST(filters_hold_what_blocks_spend_of_others_and_of_themselves)
{
    connect_samples();
    for (uint32_t i = 0; i < 5; i++)
        check_row(&samples[i], i);
}
END_TEST

START_TEST(they_are_there_after_a_restart)
{
    struct sample next;

    connect_samples();
    filterdb_close(db);
    open_db("regtest");
    check_row(&samples[4], 4);
    make(&next, 9, &samples[4]);
    ck_assert_int_eq(filterdb_begin(db), 0);
    ck_assert_int_eq(connect_block(&next), 0);
    ck_assert_int_eq(filterdb_commit(db), 0);
    check_row(&next, 5);
}
END_TEST

START_TEST(a_block_that_spends_unknown_outputs_changes_nothing)
{
    struct sample twice, good;
    struct filter_row tip;

    connect_samples();
    make(&twice, 9, &samples[2]); /* the third block has spent it */
    make(&good, 10, &samples[4]);
    ck_assert_int_eq(filterdb_begin(db), 0);
    ck_assert_int_eq(connect_block(&twice), PN_ENOENT);
    ck_assert_int_eq(connect_block(&good), 0);
    ck_assert_int_eq(filterdb_commit(db), 0);
    ck_assert_int_eq(filterdb_tip(db, FILTERDB_BUILT, &tip), 0);
    ck_assert_uint_eq(tip.height, 5);
    check_row(&good, 5);
}
END_TEST

START_TEST(an_output_of_the_genesis_block_cannot_be_spent)
{
    struct sample thief;

    ck_assert_int_eq(filterdb_begin(db), 0);
    make(&samples[0], 0, NULL);
    ck_assert_int_eq(connect_block(&samples[0]), 0);
    make(&thief, 1, &samples[0]);
    ck_assert_int_eq(connect_block(&thief), PN_ENOENT);
    filterdb_give_up(db);
}
END_TEST

START_TEST(a_chain_that_was_taken_back_can_go_another_way_and_the_same)
{
    struct sample other;

    connect_samples();
    ck_assert_int_eq(filterdb_begin(db), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(filterdb_disconnect(db), 0);
    make(&other, 20, &samples[1]);
    ck_assert_int_eq(connect_block(&samples[3]), PN_ENOENT); /* its parent is gone */
    ck_assert_int_eq(connect_block(&other), 0);
    ck_assert_int_eq(filterdb_commit(db), 0);
    check_row(&other, 2);
    ck_assert_int_eq(filterdb_begin(db), 0);
    ck_assert_int_eq(filterdb_disconnect(db), 0);
    for (int i = 2; i < 5; i++)
        ck_assert_int_eq(connect_block(&samples[i]), 0);
    ck_assert_int_eq(filterdb_commit(db), 0);
    for (uint32_t i = 0; i < 5; i++)
        check_row(&samples[i], i);
}
END_TEST

START_TEST(what_was_given_up_has_not_happened)
{
    struct filter_row tip;
    struct sample next;

    connect_samples();
    make(&next, 9, &samples[4]);
    ck_assert_int_eq(filterdb_begin(db), 0);
    ck_assert_int_eq(connect_block(&next), 0);
    filterdb_give_up(db);
    ck_assert_int_eq(filterdb_tip(db, FILTERDB_BUILT, &tip), 0);
    ck_assert_uint_eq(tip.height, 4);
    ck_assert_int_eq(filterdb_begin(db), 0);
    ck_assert_int_eq(connect_block(&next), 0);
    ck_assert_int_eq(filterdb_commit(db), 0);
}
END_TEST

START_TEST(a_filter_is_built_without_keeping_it)
{
    struct filter_row tip;
    struct sample next;
    struct buf want, got;

    connect_samples();
    make(&next, 9, &samples[4]);
    want_filter(&want, &next);
    buf_init(&got, BTC_CFILTER_MAX_BYTES);
    ck_assert_int_eq(filterdb_build(db, &got, next.hash, &next.block), 0);
    ck_assert_uint_eq(got.len, want.len);
    ck_assert_mem_eq(got.data, want.data, want.len);
    ck_assert_int_eq(filterdb_tip(db, FILTERDB_BUILT, &tip), 0);
    ck_assert_uint_eq(tip.height, 4);
    buf_free(&want);
    buf_free(&got);
}
END_TEST

START_TEST(only_the_last_288_blocks_can_be_taken_back)
{
    int rc = 0, n = 0;

    ck_assert_int_eq(filterdb_begin(db), 0);
    for (unsigned i = 0; i < FILTERDB_UNDO + 10; i++) {
        struct sample s;

        make(&s, (uint8_t)i, NULL);
        s.txs[0].lock_time = i;
        ck_assert_int_eq(connect_block(&s), 0);
    }
    while ((rc = filterdb_disconnect(db)) == 0)
        n++;
    ck_assert_int_eq(rc, PN_ENOENT);
    ck_assert_int_eq(n, FILTERDB_UNDO);
    ck_assert_int_eq(filterdb_clear_built(db), 0);
    ck_assert_int_eq(filterdb_commit(db), 0);
    ck_assert_int_eq(filterdb_tip(db, FILTERDB_BUILT, &(struct filter_row){0}), PN_ENOENT);
}
END_TEST

START_TEST(rows_are_read_in_steps_up_to_the_first_that_is_missing)
{
    struct filter_row rows[8];

    connect_samples();
    ck_assert_int_eq(filterdb_rows(db, FILTERDB_BUILT, rows, 0, 2, 8), 3);
    ck_assert_uint_eq(rows[2].height, 4);
    ck_assert_mem_eq(rows[2].block, samples[4].hash, BTC_HASH_BYTES);
    ck_assert_int_eq(filterdb_rows(db, FILTERDB_BUILT, rows, 1, 1, 2), 2);
    ck_assert_int_eq(filterdb_rows(db, FILTERDB_TOLD, rows, 0, 1, 8), 0);
}
END_TEST

START_TEST(another_networks_file_is_set_aside)
{
    struct filter_row tip;

    connect_samples();
    filterdb_close(db);
    open_db("signet");
    ck_assert_int_eq(filterdb_tip(db, FILTERDB_BUILT, &tip), PN_ENOENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("filterdb");
    TCase *tc = tcase_create("filterdb");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, filters_hold_what_blocks_spend_of_others_and_of_themselves);
    tcase_add_test(tc, they_are_there_after_a_restart);
    tcase_add_test(tc, a_block_that_spends_unknown_outputs_changes_nothing);
    tcase_add_test(tc, an_output_of_the_genesis_block_cannot_be_spent);
    tcase_add_test(tc, a_chain_that_was_taken_back_can_go_another_way_and_the_same);
    tcase_add_test(tc, what_was_given_up_has_not_happened);
    tcase_add_test(tc, a_filter_is_built_without_keeping_it);
    tcase_add_test(tc, only_the_last_288_blocks_can_be_taken_back);
    tcase_add_test(tc, rows_are_read_in_steps_up_to_the_first_that_is_missing);
    tcase_add_test(tc, another_networks_file_is_set_aside);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
