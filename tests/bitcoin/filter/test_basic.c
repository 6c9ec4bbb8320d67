/* Basic filters: the vectors that BIP158 publishes, and what can be told of a filter by its block.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "bitcoin/filter/basic.h"
#include "bitcoin/wire/limits.h"
#include "codec/hex.h"
#include "harness.h"
#include "test_filter.h"

enum { SPENT_MAX = 64, VECTORS = 10 };

struct block_file {
    uint8_t *raw;
    uint8_t hash[BTC_HASH_BYTES];
    struct arena arena;
    struct btc_block block;
};

static uint8_t *bytes_of(size_t *len, const char *hex)
{
    uint8_t *data = malloc(strlen(hex) / 2 + 1);

    ck_assert_ptr_nonnull(data);
    *len = strlen(hex) / 2;
    ck_assert_int_eq(hex_decode(data, *len, hex), 0);
    return data;
}

static void block_open(struct block_file *f, const char *hex)
{
    struct reader r;
    size_t len;

    f->raw = bytes_of(&len, hex);
    arena_init(&f->arena, 1 << 26);
    r = reader_of(f->raw, len);
    btc_block_decode(&r, &f->block, &f->arena);
    ck_assert_int_eq(reader_finish(&r), 0);
    btc_header_hash(f->hash, &f->block.header);
}

static void block_close(struct block_file *f)
{
    arena_free(&f->arena);
    free(f->raw);
}

static void check_header(const uint8_t header[BTC_HASH_BYTES], const char *shown)
{
    char text[2 * BTC_HASH_BYTES + 1];

    hash_to_hex(text, header);
    ck_assert_str_eq(text, shown);
}

static struct bytes all_of(const struct buf *b)
{
    return (struct bytes){.data = b->data, .len = b->len};
}

static void check_vector(const char *block_hex, const struct bytes *spent, size_t n_spent,
                         const char *prev, const char *filter_hex, const char *header_shown)
{
    uint8_t header[BTC_HASH_BYTES], filter_hash[BTC_HASH_BYTES];
    struct block_file f;
    struct buf filter;
    char *got;

    block_open(&f, block_hex);
    buf_init(&filter, BTC_CFILTER_MAX_BYTES);
    ck_assert_int_eq(basic_filter_build(&filter, f.hash, &f.block, spent, n_spent), 0);
    got = malloc(2 * filter.len + 1);
    hex_encode(got, filter.data, filter.len);
    ck_assert_str_eq(got, filter_hex);
    ck_assert_int_eq(hash_from_hex(header, prev), 0);
    basic_filter_hash(filter_hash, all_of(&filter));
    basic_filter_header(header, filter_hash, header);
    check_header(header, header_shown);
    ck_assert_int_eq(basic_filter_fits(f.hash, &f.block, all_of(&filter)), 0);
    free(got);
    buf_free(&filter);
    block_close(&f);
}

/* bip-0158/testnet-19.json; a row is height, hash, block, scripts, header before, filter, header.
 */
START_TEST(the_published_vectors_are_met)
{
    size_t len, rows = 0;
    char *text = (char *)harness_data(&len, "bitcoin/vectors/bip158-testnet-19.json");
    cJSON *list, *row;

    if (!text)
        return;
    list = cJSON_ParseWithLength(text, len);
    ck_assert(cJSON_IsArray(list));
    cJSON_ArrayForEach(row, list)
    {
        struct bytes spent[SPENT_MAX];
        size_t n = 0;
        cJSON *script;

        if (!cJSON_IsNumber(cJSON_GetArrayItem(row, 0)))
            continue; /* the names of the columns */
        cJSON_ArrayForEach(script, cJSON_GetArrayItem(row, 3))
        {
            ck_assert_uint_lt(n, SPENT_MAX);
            spent[n].data = bytes_of(&spent[n].len, script->valuestring);
            n++;
        }
        check_vector(cJSON_GetArrayItem(row, 2)->valuestring, spent, n,
                     cJSON_GetArrayItem(row, 4)->valuestring,
                     cJSON_GetArrayItem(row, 5)->valuestring,
                     cJSON_GetArrayItem(row, 6)->valuestring);
        for (size_t i = 0; i < n; i++)
            free((void *)spent[i].data);
        rows++;
    }
    ck_assert_uint_eq(rows, VECTORS);
    cJSON_Delete(list);
    free(text);
}
END_TEST

#define GENESIS_BLOCK                                                                              \
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac7" \
    "2c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff001d1aa4ae18010100000001000000000000" \
    "0000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d" \
    "65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e642062" \
    "61696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130" \
    "b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b" \
    "6bf11d5fac00000000"

/* The first of them, so that one is met where the file is not to be had. */
START_TEST(the_genesis_block_of_testnet3_has_its_filter)
{
    check_vector(GENESIS_BLOCK, NULL, 0,
                 "0000000000000000000000000000000000000000000000000000000000000000", "019dfca8",
                 "21584579b7eb08997773e5aeff3a7f932700042d0ed2a6129012b7d7ae81b750");
}
END_TEST

/* Two transactions with an output each, and one input that is not the coinbase's. */
static const uint8_t script_a[] = {0x51, 0x01}, script_b[] = {0x52, 0x02, 0x03};
static const uint8_t script_spent[] = {0x53}, op_return[] = {0x6a, 0x01, 0x01};
static const struct btc_txin one_input = {.prev_index = 0};
static const struct btc_txin coinbase_input = {.prev_index = UINT32_MAX};
static const struct btc_txout outs_1[] = {{.script = {script_a, sizeof script_a}},
                                          {.script = {op_return, sizeof op_return}}};
static const struct btc_txout outs_2[] = {{.script = {script_b, sizeof script_b}},
                                          {.value_sat = 1}};
static const struct btc_tx two_txs[] = {
    {.in = &coinbase_input, .in_count = 1, .out = outs_1, .out_count = 2},
    {.in = &one_input, .in_count = 1, .out = outs_2, .out_count = 2},
};
static const struct btc_block two = {.txs = two_txs, .tx_count = 2};
static const uint8_t hash[BTC_HASH_BYTES] = {1, 2, 3};

static void set_of(struct buf *set, const struct bytes *scripts, size_t n)
{
    const struct siphash_key key = basic_filter_key(hash);

    buf_init(set, BTC_CFILTER_MAX_BYTES);
    ck_assert_int_eq(gcs_build(set, &key, scripts, n), 0);
}

START_TEST(empty_scripts_and_op_return_are_left_out_and_spent_scripts_are_in)
{
    const struct bytes spent = {script_spent, sizeof script_spent};
    const struct bytes want[] = {outs_1[0].script, outs_2[0].script, spent};
    struct buf filter, set;

    buf_init(&filter, BTC_CFILTER_MAX_BYTES);
    ck_assert_int_eq(basic_filter_build(&filter, hash, &two, &spent, 1), 0);
    set_of(&set, want, 3);
    ck_assert_uint_eq(filter.len, set.len);
    ck_assert_mem_eq(filter.data, set.data, set.len);
    buf_free(&filter);
    buf_free(&set);
}
END_TEST

START_TEST(a_filter_that_lacks_an_output_cannot_be_the_blocks)
{
    struct buf set;

    set_of(&set, &outs_1[0].script, 1);
    ck_assert_int_eq(basic_filter_fits(hash, &two, all_of(&set)), PN_EFILTER);
    buf_free(&set);
}
END_TEST

START_TEST(a_filter_with_more_elements_than_the_block_has_cannot_be_its)
{
    static const uint8_t more[] = {1, 2};
    struct bytes scripts[4] = {outs_1[0].script, outs_2[0].script};
    struct buf set;

    for (size_t i = 0; i < sizeof more; i++)
        scripts[2 + i] = (struct bytes){&more[i], 1};
    set_of(&set, scripts, 3);
    ck_assert_int_eq(basic_filter_fits(hash, &two, all_of(&set)), 0); /* two outputs, one input */
    buf_free(&set);
    set_of(&set, scripts, 4);
    ck_assert_int_eq(basic_filter_fits(hash, &two, all_of(&set)), PN_EFILTER);
    buf_free(&set);
}
END_TEST

TCase *basic_case(void)
{
    TCase *tc = tcase_create("basic");

    tcase_add_test(tc, the_published_vectors_are_met);
    tcase_add_test(tc, the_genesis_block_of_testnet3_has_its_filter);
    tcase_add_test(tc, empty_scripts_and_op_return_are_left_out_and_spent_scripts_are_in);
    tcase_add_test(tc, a_filter_that_lacks_an_output_cannot_be_the_blocks);
    tcase_add_test(tc, a_filter_with_more_elements_than_the_block_has_cannot_be_its);
    return tc;
}
