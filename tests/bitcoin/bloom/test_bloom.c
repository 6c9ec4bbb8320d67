/* Bloom filters and merkle blocks: the vectors of Bitcoin Core's tests, and real blocks. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "bitcoin/bloom/bloom.h"
#include "bitcoin/bloom/merkle_block.h"
#include "bitcoin/bloom/murmur3.h"
#include "bitcoin/wire/msg.h"
#include "codec/hex.h"
#include "harness.h"

/* Core, test/hash_tests.cpp, murmurhash3. */
START_TEST(murmur3_gives_the_published_values)
{
    static const struct {
        uint32_t want, seed;
        const char *data;
    } rows[] = {
        {0x00000000, 0x00000000, ""},
        {0x6a396f08, 0xfba4c795, ""},
        {0x81f16f39, 0xffffffff, ""},
        {0x514e28b7, 0x00000000, "00"},
        {0xea3f0b17, 0xfba4c795, "00"},
        {0xfd6cf10d, 0x00000000, "ff"},
        {0x16c6b7ab, 0x00000000, "0011"},
        {0x8eb51c3d, 0x00000000, "001122"},
        {0xb4471bf8, 0x00000000, "00112233"},
        {0xe2301fa8, 0x00000000, "0011223344"},
        {0xfc2e4a15, 0x00000000, "001122334455"},
        {0xb074502c, 0x00000000, "00112233445566"},
        {0x8034d2a0, 0x00000000, "0011223344556677"},
        {0xb4698def, 0x00000000, "001122334455667788"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t data[16];
        size_t len = strlen(rows[i].data) / 2;

        ck_assert_int_eq(hex_decode(data, len, rows[i].data), 0);
        ck_assert_uint_eq(murmur3(rows[i].seed, data, len), rows[i].want);
    }
}
END_TEST

static struct bloom *make_filter(size_t bytes, uint32_t funcs, uint32_t tweak, uint8_t flags)
{
    static const uint8_t zeros[BTC_FILTER_MAX_BYTES];
    const struct btc_filterload m = {
        .filter = {zeros, bytes}, .hash_funcs = funcs, .tweak = tweak, .flags = flags};
    struct bloom *b = bloom_new(&m);

    ck_assert_ptr_nonnull(b);
    return b;
}

static struct bytes from_hex(uint8_t *out, const char *hex)
{
    size_t len = strlen(hex) / 2;

    ck_assert_int_eq(hex_decode(out, len, hex), 0);
    return (struct bytes){out, len};
}

/* Core, test/bloom_tests.cpp, bloom_create_insert_serialize and ..._with_tweak: three elements at a
 * rate of 0.01 make three bytes and five functions. */
START_TEST(elements_set_the_bits_that_core_sets)
{
    static const struct {
        uint32_t tweak;
        uint8_t bits[3];
    } rows[] = {{0, {0x61, 0x4e, 0x9b}}, {2147483649, {0xce, 0x42, 0x99}}};

    for (size_t i = 0; i < 2; i++) {
        struct bloom *b = make_filter(3, 5, rows[i].tweak, BLOOM_UPDATE_ALL);
        uint8_t item[20];

        bloom_add(b, from_hex(item, "99108ad8ed9bb6274d3980bab5a85c048f0950c8"));
        ck_assert(bloom_has(b, from_hex(item, "99108ad8ed9bb6274d3980bab5a85c048f0950c8")));
        ck_assert(!bloom_has(b, from_hex(item, "19108ad8ed9bb6274d3980bab5a85c048f0950c8")));
        bloom_add(b, from_hex(item, "b5a2c786d9ef4658287ced5914b37a1b4aa32eee"));
        bloom_add(b, from_hex(item, "b9300670b4c5366e95b2699e8b18bc75e5f729c5"));
        ck_assert_mem_eq(bloom_bits(b).data, rows[i].bits, 3);
        bloom_free(b);
    }
}
END_TEST

START_TEST(a_filter_without_bytes_matches_everything_and_one_without_functions_too)
{
    static const struct btc_tx tx = {.version = 1};
    const uint8_t txid[BTC_HASH_BYTES] = {1};
    struct bloom *b = make_filter(0, 5, 0, BLOOM_UPDATE_ALL);

    bloom_add(b, (struct bytes){txid, 1});
    ck_assert(bloom_match(b, &tx, txid));
    bloom_free(b);
    b = make_filter(10, 0, 0, BLOOM_UPDATE_ALL);
    ck_assert(bloom_match(b, &tx, txid));
    bloom_free(b);
}
END_TEST

/* --- transactions --- */

enum { BITS = 1000, FUNCS = 20 };

static const uint8_t id[BTC_HASH_BYTES] = {0xaa, 1};
static const uint8_t key_hash_script[25] = {0x76, 0xa9, 20, 5, 5, 5, [23] = 0x88, [24] = 0xac};
static const uint8_t key_script[35] = {33, 2, 9, 9, [34] = 0xac};
static const uint8_t multisig_script[71] = {
    0x51, 33, 2, 7, 7, [35] = 33, [36] = 3, [69] = 0x52, [70] = 0xae};

static bool has_outpoint(const struct bloom *b, uint32_t index)
{
    uint8_t outpoint[BTC_HASH_BYTES + 4];

    memcpy(outpoint, id, BTC_HASH_BYTES);
    store_le32(outpoint + BTC_HASH_BYTES, index);
    return bloom_has(b, (struct bytes){outpoint, sizeof outpoint});
}

/* Three outputs, of which each matches; which are added depends on the flags. */
START_TEST(outputs_that_match_are_added_as_the_flags_say)
{
    static const struct {
        uint8_t flags;
        bool added[3];
    } rows[] = {
        {BLOOM_UPDATE_NONE, {false, false, false}},
        {BLOOM_UPDATE_ALL, {true, true, true}},
        {BLOOM_UPDATE_P2PUBKEY_ONLY, {false, true, true}},
        {0xfc | BLOOM_UPDATE_ALL, {true, true, true}},
        {3, {false, false, false}},
    };
    const struct btc_txout outs[] = {{.script = {key_hash_script, sizeof key_hash_script}},
                                     {.script = {key_script, sizeof key_script}},
                                     {.script = {multisig_script, sizeof multisig_script}}};
    const struct btc_tx tx = {.out = outs, .out_count = 3};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bloom *b = make_filter(BITS, FUNCS, 0, rows[i].flags);

        ck_assert(!bloom_match(b, &tx, id));
        bloom_add(b, (struct bytes){key_hash_script + 3, 20});
        bloom_add(b, (struct bytes){key_script + 1, 33});
        bloom_add(b, (struct bytes){multisig_script + 2, 33});
        ck_assert(bloom_match(b, &tx, id));
        for (uint32_t k = 0; k < 3; k++)
            ck_assert_int_eq(has_outpoint(b, k), rows[i].added[k]);
        bloom_free(b);
    }
}
END_TEST

START_TEST(a_transaction_matches_by_its_id_what_it_spends_and_what_its_inputs_push)
{
    static const uint8_t pushes[] = {0, 3, 1, 2, 3, 0x4c, 2, 8, 9, 0x4d, 1, 0, 6, 5 /* cut short */,
                                     1};
    const struct btc_txin in = {
        .prev_hash = {3}, .prev_index = 7, .script = {pushes, sizeof pushes}};
    const struct btc_tx tx = {.in = &in, .in_count = 1};
    uint8_t outpoint[BTC_HASH_BYTES + 4] = {3, [BTC_HASH_BYTES] = 7};
    const struct bytes matching[] = {{id, sizeof id},
                                     {outpoint, sizeof outpoint},
                                     {pushes + 2, 3},
                                     {pushes + 7, 2},
                                     {pushes + 12, 1}};

    for (size_t i = 0; i < sizeof matching / sizeof matching[0]; i++) {
        struct bloom *b = make_filter(BITS, FUNCS, 5, BLOOM_UPDATE_ALL);

        ck_assert(!bloom_match(b, &tx, id));
        bloom_add(b, matching[i]);
        ck_assert(bloom_match(b, &tx, id));
        bloom_free(b);
    }
}
END_TEST

/* --- merkle blocks --- */

struct block_file {
    uint8_t *raw;
    struct arena arena;
    struct btc_msg m;
    uint8_t (*txids)[BTC_HASH_BYTES];
    bool *chosen;
    size_t n;
};

static void open_raw(struct block_file *f, uint8_t *raw, size_t len)
{
    f->raw = raw;
    arena_init(&f->arena, BTC_MSG_MEMORY(len));
    ck_assert_int_eq(btc_msg_decode(&f->m, &f->arena, BTC_CMD_BLOCK, raw, len), 0);
    f->n = f->m.u.block.tx_count;
    f->txids = calloc(f->n, sizeof *f->txids);
    f->chosen = calloc(f->n, sizeof *f->chosen);
    ck_assert(f->txids && f->chosen);
    for (size_t i = 0; i < f->n; i++)
        ck_assert_int_eq(btc_tx_id(&f->m.u.block.txs[i], f->txids[i]), 0);
}

static void close_file(struct block_file *f)
{
    arena_free(&f->arena);
    free(f->raw);
    free(f->txids);
    free(f->chosen);
}

static void check_encoding(const struct block_file *f, const uint8_t *want, size_t len)
{
    struct btc_msg m = {.cmd = BTC_CMD_MERKLEBLOCK};
    struct merkle_block tree;
    struct buf got;

    ck_assert_int_eq(merkle_block_make(&tree, &f->m.u.block.header,
                                       (const uint8_t(*)[BTC_HASH_BYTES])f->txids, f->chosen, f->n),
                     0);
    m.u.merkleblock = tree.m;
    buf_init(&got, BTC_MERKLEBLOCK_MAX_BYTES);
    ck_assert_int_eq(btc_msg_encode(&got, &m), 0);
    ck_assert_uint_eq(got.len, len);
    ck_assert_mem_eq(got.data, want, len);
    buf_free(&got);
    merkle_block_free(&tree);
}

/* Whether a tree that proves a transaction and the one behind it is that of the message. */
static bool proves(struct block_file *f, size_t place, const struct btc_merkleblock *want)
{
    struct merkle_block tree;
    bool same;

    f->chosen[place] = f->chosen[place + 1] = true;
    ck_assert_int_eq(merkle_block_make(&tree, &f->m.u.block.header,
                                       (const uint8_t(*)[BTC_HASH_BYTES])f->txids, f->chosen, f->n),
                     0);
    f->chosen[place] = f->chosen[place + 1] = false;
    same = tree.m.hash_count == want->hash_count &&
           memcmp(tree.m.hashes, want->hashes, want->hash_count * BTC_HASH_BYTES) == 0 &&
           tree.m.flags.len == want->flags.len &&
           memcmp(tree.m.flags.data, want->flags.data, want->flags.len) == 0;
    merkle_block_free(&tree);
    return same;
}

/* One that a real node has sent about two neighbours, which are searched. */
START_TEST(a_real_merkle_block_is_made_from_its_block)
{
    size_t len, block_len, found = 0, place = 0;
    uint8_t *want = harness_data(&len, "bitcoin/blocks/bcoin-merkle300025.raw");
    uint8_t *raw = harness_data(&block_len, "bitcoin/blocks/mainnet-0300025.blk");
    struct block_file f;
    struct btc_msg m;

    if (!want || !raw)
        return;
    open_raw(&f, raw, block_len);
    ck_assert_int_eq(btc_msg_decode(&m, &f.arena, BTC_CMD_MERKLEBLOCK, want, len), 0);
    ck_assert_uint_eq(m.u.merkleblock.tx_count, f.n);
    for (size_t i = 0; i + 1 < f.n; i++)
        if (proves(&f, i, &m.u.merkleblock)) {
            place = i;
            found++;
        }
    ck_assert_uint_eq(found, 1);
    f.chosen[place] = f.chosen[place + 1] = true;
    check_encoding(&f, want, len);
    close_file(&f);
    free(want);
}
END_TEST

/* Core, test/bloom_tests.cpp: the literals of one case. */
static cJSON *literals_of(cJSON *list, const char *name)
{
    cJSON *row;

    cJSON_ArrayForEach(row, cJSON_GetObjectItem(list, "cases"))
    {
        if (strcmp(cJSON_GetObjectItem(row, "case")->valuestring, name) == 0)
            return cJSON_GetObjectItem(row, "hex_literals");
    }
    ck_abort_msg("no case %s", name);
}

static const char *literal(cJSON *list, int i)
{
    return cJSON_GetArrayItem(list, i)->valuestring;
}

static void open_literal(struct block_file *f, const char *hex)
{
    uint8_t *raw = malloc(strlen(hex) / 2);
    struct bytes all = from_hex(raw, hex);

    open_raw(f, raw, all.len);
}

static cJSON *core_cases(void)
{
    size_t len;
    char *text = (char *)harness_data(&len, "bitcoin/vectors/core-bloom_tests-hex.json");
    cJSON *list = text ? cJSON_ParseWithLength(text, len) : NULL;

    free(text);
    return list;
}

START_TEST(cores_merkle_block_of_one_transaction)
{
    cJSON *list = core_cases(), *hex;
    struct block_file f;
    uint8_t want[256];
    struct bytes all;

    if (!list)
        return;
    hex = literals_of(list, "merkle_block_3_and_serialize");
    open_literal(&f, literal(hex, 0));
    all = from_hex(want, literal(hex, 1));
    f.chosen[0] = true;
    check_encoding(&f, all.data, all.len);
    close_file(&f);
    cJSON_Delete(list);
}
END_TEST

/* The key that the coinbase pays to and the key hash of a later transaction: only the first is a
 * payment to a key. Ten elements at a rate of one in a million make 35 bytes and 19 functions. */
START_TEST(cores_block_updates_for_keys_only)
{
    cJSON *list = core_cases(), *hex;
    struct block_file f;
    struct bloom *b;
    uint8_t item[65], outpoint[BTC_HASH_BYTES + 4] = {0};
    size_t matches = 0;

    if (!list)
        return;
    hex = literals_of(list, "merkle_block_4_test_p2pubkey_only");
    open_literal(&f, literal(hex, 0));
    b = make_filter(35, 19, 0, BLOOM_UPDATE_P2PUBKEY_ONLY);
    bloom_add(b, from_hex(item, literal(hex, 1)));
    bloom_add(b, from_hex(item, literal(hex, 2)));
    for (size_t i = 0; i < f.n; i++)
        matches += f.chosen[i] = bloom_match(b, &f.m.u.block.txs[i], f.txids[i]);
    ck_assert_uint_eq(matches, 2);
    for (size_t i = 0; i < f.n; i++) {
        memcpy(outpoint, f.txids[i], BTC_HASH_BYTES);
        ck_assert_int_eq(bloom_has(b, (struct bytes){outpoint, sizeof outpoint}), i == 0);
    }
    bloom_free(b);
    close_file(&f);
    cJSON_Delete(list);
}
END_TEST

START_TEST(a_tree_has_at_least_one_transaction_and_at_most_as_many_as_a_block)
{
    static const uint8_t txids[BTC_BLOCK_TXS_MAX + 1][BTC_HASH_BYTES];
    static const bool chosen[BTC_BLOCK_TXS_MAX + 1];
    const struct btc_header header = {0};
    struct merkle_block tree;

    ck_assert_int_eq(merkle_block_make(&tree, &header, txids, chosen, 0), PN_ECOUNT);
    ck_assert_int_eq(merkle_block_make(&tree, &header, txids, chosen, BTC_BLOCK_TXS_MAX + 1),
                     PN_ECOUNT);
    ck_assert_int_eq(merkle_block_make(&tree, &header, txids, chosen, BTC_BLOCK_TXS_MAX), 0);
    ck_assert_uint_eq(tree.m.hash_count, 1); /* nothing is chosen: the root */
    merkle_block_free(&tree);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bloom");
    TCase *tc = tcase_create("bloom");

    tcase_add_test(tc, murmur3_gives_the_published_values);
    tcase_add_test(tc, elements_set_the_bits_that_core_sets);
    tcase_add_test(tc, a_filter_without_bytes_matches_everything_and_one_without_functions_too);
    tcase_add_test(tc, outputs_that_match_are_added_as_the_flags_say);
    tcase_add_test(tc, a_transaction_matches_by_its_id_what_it_spends_and_what_its_inputs_push);
    tcase_add_test(tc, a_real_merkle_block_is_made_from_its_block);
    tcase_add_test(tc, cores_merkle_block_of_one_transaction);
    tcase_add_test(tc, cores_block_updates_for_keys_only);
    tcase_add_test(tc, a_tree_has_at_least_one_transaction_and_at_most_as_many_as_a_block);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
