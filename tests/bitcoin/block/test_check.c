/* The rules of btc_block_check, one broken at a time, on small blocks made here. */
#include <stdlib.h>

#include "base/mem.h"
#include "bitcoin/block/check.h"
#include "bitcoin/block/coinbase.h"
#include "bitcoin/block/merkle.h"
#include "bitcoin/block/place.h"
#include "bitcoin/wire/limits.h"
#include "codec/hex.h"
#include "harness.h"

enum { TXS = 5 };

/* A block of a coinbase and a few transactions, all of which a test may change before seal(). */
struct made {
    struct btc_block block;
    struct btc_tx txs[TXS];
    struct btc_txin in[TXS];
    struct btc_txout out[TXS];
    uint8_t script[BTC_COINBASE_SCRIPT_MAX + 1];
    uint8_t commitment[BTC_COMMITMENT_SCRIPT_BYTES];
    uint8_t reserved[1 + BTC_HASH_BYTES];
    uint8_t item[2];
    struct arena scratch;
};

static void make(struct made *m)
{
    static const uint8_t prefix[] = BTC_COMMITMENT_PREFIX;

    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < TXS; i++) {
        m->in[i].prev_hash[0] = (uint8_t)i;
        m->out[i].value_sat = (int64_t)i;
        m->txs[i] = (struct btc_tx){
            .version = 2, .in = &m->in[i], .in_count = 1, .out = &m->out[i], .out_count = 1};
    }
    m->in[0].prev_index = UINT32_MAX;
    m->in[0].script = (struct bytes){m->script, BTC_COINBASE_SCRIPT_MIN};
    m->reserved[0] = BTC_HASH_BYTES;
    m->in[0].witness = (struct bytes){m->reserved, sizeof m->reserved};
    m->in[0].witness_count = 1;
    memcpy(m->commitment, prefix, sizeof prefix);
    m->out[0].script = (struct bytes){m->commitment, sizeof m->commitment};
    m->item[0] = 1;
    m->in[2].witness = (struct bytes){m->item, sizeof m->item};
    m->in[2].witness_count = 1;
    m->block.txs = m->txs;
    m->block.tx_count = TXS;
    arena_init(&m->scratch, 1 << 20);
}

static void seal_merkle(struct made *m)
{
    int rc = btc_block_merkle_root(&m->block, m->block.header.merkle_root, &m->scratch);

    ck_assert(rc == 0 || rc == PN_EMUTATED);
}

/* Commit to what the block is now. */
static void seal(struct made *m)
{
    uint8_t root[BTC_HASH_BYTES];

    ck_assert_int_eq(btc_block_witness_root(&m->block, root, &m->scratch), 0);
    btc_commitment_hash(m->commitment + BTC_COMMITMENT_PREFIX_BYTES, root, m->reserved + 1);
    seal_merkle(m);
}

static int check(struct made *m, unsigned rules)
{
    int rc = btc_block_check(&m->block, &m->scratch, rules);

    arena_free(&m->scratch);
    return rc;
}

START_TEST(a_block_that_keeps_all_rules_passes)
{
    struct made m;

    make(&m);
    seal(&m);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), 0);
}
END_TEST

START_TEST(a_block_has_one_coinbase_and_that_first)
{
    struct made m;

    make(&m);
    m.block.tx_count = 0; /* and a merkle root of zero */
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_ECOINBASE);
    make(&m);
    m.in[0].prev_index = 0;
    seal(&m);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_ECOINBASE);
    make(&m);
    m.in[3].prev_index = UINT32_MAX;
    m.in[3].prev_hash[0] = 0;
    seal(&m);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_ECOINBASE);
}
END_TEST

START_TEST(a_coinbase_script_has_2_to_100_bytes)
{
    static const struct {
        size_t len;
        int rc;
    } rows[] = {{0, PN_ECOINBASE}, {1, PN_ECOINBASE}, {2, 0}, {100, 0}, {101, PN_ECOINBASE}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;

        make(&m);
        m.in[0].script.len = rows[i].len;
        seal(&m);
        ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), rows[i].rc);
    }
}
END_TEST

START_TEST(another_merkle_root_is_refused)
{
    struct made m;

    make(&m);
    seal(&m);
    m.block.header.merkle_root[31] ^= 0x80;
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EMERKLE);
}
END_TEST

/* CVE-2012-2459: of three transactions, the third twice has the same root. */
START_TEST(a_duplicated_transaction_under_the_same_root_is_refused_as_mutated)
{
    struct made m;
    uint8_t root[BTC_HASH_BYTES];

    make(&m);
    m.block.tx_count = 3;
    seal(&m);
    memcpy(root, m.block.header.merkle_root, sizeof root);
    m.block.tx_count = 4;
    m.txs[3] = m.txs[2];
    seal_merkle(&m);
    ck_assert_mem_eq(m.block.header.merkle_root, root, sizeof root);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EMUTATED);
    /* Under another root it is simply wrong. */
    m.block.header.merkle_root[0] ^= 1;
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EMERKLE);
}
END_TEST

/* Whatever else is wrong with it, a block under another root does not condemn its header. */
START_TEST(what_the_header_does_not_commit_to_is_judged_by_the_merkle_root_alone)
{
    static uint8_t filler[BTC_BLOCK_MAX_BYTES];
    struct made m;

    make(&m);
    m.in[0].prev_index = 0; /* no coinbase */
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EMERKLE);
    make(&m);
    m.block.header.merkle_root[0] = 1;
    m.block.tx_count = 0;
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EMERKLE);
    make(&m);
    m.out[1].script = (struct bytes){filler, sizeof filler}; /* too large */
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EMERKLE);
}
END_TEST

/* "Weaknesses in Bitcoin's Merkle Root Construction", 3.1: two ids of the upper level, read as one
 * transaction of 64 bytes. */
START_TEST(a_block_of_64_byte_transactions_without_coinbase_may_be_mutated)
{
    static const uint8_t script[4];
    struct made m;

    make(&m);
    m.in[0].prev_index = 0;
    m.in[1].script = (struct bytes){script, sizeof script};
    ck_assert_uint_eq(btc_tx_stripped_size(&m.txs[1]), 64);
    seal(&m);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EMUTATED);
    make(&m);
    m.in[1].script = (struct bytes){script, sizeof script};
    seal(&m);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), 0); /* legal where a coinbase is */
}
END_TEST

START_TEST(a_witness_is_refused_where_it_is_not_committed_to)
{
    struct made m;

    make(&m);
    seal(&m);
    m.item[1] ^= 1;
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EWITNESS);

    make(&m);
    m.out[0].script.len = 0; /* no commitment at all */
    seal_merkle(&m);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EWITNESS);

    make(&m);
    seal(&m);
    ck_assert_int_eq(check(&m, 0), PN_EWITNESS); /* before BIP141 */
}
END_TEST

START_TEST(a_commitment_wants_a_reserved_value_of_32_bytes)
{
    struct made m;

    make(&m);
    seal(&m);
    m.in[0].witness_count = 0;
    m.in[0].witness.len = 0;
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EWITNESS);

    make(&m);
    m.reserved[0] = 31;
    m.in[0].witness.len = 32;
    seal(&m);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_EWITNESS);
}
END_TEST

START_TEST(without_commitment_and_without_witness_a_block_passes_under_either_rule)
{
    struct made m;

    for (unsigned rules = 0; rules <= BTC_RULE_WITNESS; rules++) {
        make(&m);
        m.out[0].script.len = 0;
        m.in[0].witness_count = m.in[2].witness_count = 0;
        m.in[0].witness.len = m.in[2].witness.len = 0;
        seal_merkle(&m);
        ck_assert_int_eq(check(&m, rules), 0);
    }
}
END_TEST

START_TEST(the_last_of_several_commitments_counts)
{
    struct made m;
    struct btc_txout out[3];
    uint8_t decoy[BTC_COMMITMENT_SCRIPT_BYTES + 5] = BTC_COMMITMENT_PREFIX;

    make(&m);
    out[0].script = (struct bytes){decoy, sizeof decoy};
    out[1] = m.out[0];
    out[2].script = (struct bytes){decoy, BTC_COMMITMENT_SCRIPT_BYTES - 1}; /* too short to count */
    out[0].value_sat = out[2].value_sat = 0;
    m.txs[0].out = out;
    m.txs[0].out_count = 3;
    seal(&m);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), 0);
}
END_TEST

/* Weight is 3 × stripped + whole: exactly 4,000,000 passes, one more does not. */
START_TEST(weight_counts_to_four_million)
{
    static uint8_t filler[BTC_BLOCK_MAX_BYTES];

    for (int beyond = 0; beyond <= 1; beyond++) {
        struct made m;
        size_t weight, room;

        make(&m);
        filler[0] = 0xfe;
        m.in[2].witness = (struct bytes){filler, 5};
        weight = btc_block_weight(&m.block);
        room = BTC_BLOCK_MAX_WEIGHT - weight + (size_t)beyond;
        store_le32(filler + 1, (uint32_t)room);
        m.in[2].witness.len += room;
        seal(&m);
        ck_assert_uint_eq(btc_block_weight(&m.block), BTC_BLOCK_MAX_WEIGHT + (size_t)beyond);
        ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), beyond ? PN_EWEIGHT : 0);
    }
}
END_TEST

START_TEST(a_stripped_size_of_one_million_is_the_limit)
{
    static uint8_t filler[BTC_BLOCK_MAX_BYTES];

    for (int beyond = 0; beyond <= 1; beyond++) {
        struct made m;

        make(&m);
        m.in[0].witness_count = m.in[2].witness_count = 0;
        m.in[0].witness.len = m.in[2].witness.len = 0;
        m.out[0].script.len = 0;
        m.out[1].script = (struct bytes){filler, 0x10000};
        m.out[1].script.len +=
            BTC_BLOCK_MAX_WEIGHT / 4 - btc_block_stripped_size(&m.block) + (size_t)beyond;
        seal_merkle(&m);
        ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), beyond ? PN_EWEIGHT : 0);
        /* With a witness that is too heavy besides, the size without it is judged first. */
        m.in[0].witness_count = 1;
        ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), beyond ? PN_EWEIGHT : PN_EWITNESS);
    }
}
END_TEST

START_TEST(without_memory_a_check_says_so)
{
    struct made m;

    make(&m);
    seal(&m);
    arena_free(&m.scratch);
    arena_init(&m.scratch, TXS * BTC_HASH_BYTES); /* enough for one of the two trees */
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_ENOMEM);
    mem_fail_at(1, 1);
    arena_init(&m.scratch, 1 << 20);
    ck_assert_int_eq(check(&m, BTC_RULE_WITNESS), PN_ENOMEM);
    mem_fail_at(0, 0);
}
END_TEST

START_TEST(a_merkle_root_of_none_is_zero_and_of_one_is_itself)
{
    uint8_t hashes[1][BTC_HASH_BYTES] = {{1, 2, 3}}, root[BTC_HASH_BYTES];
    static const uint8_t zero[BTC_HASH_BYTES];

    ck_assert_int_eq(btc_merkle_root(root, hashes, 0), 0);
    ck_assert_mem_eq(root, zero, sizeof root);
    ck_assert_int_eq(btc_merkle_root(root, hashes, 1), 0);
    ck_assert_mem_eq(root, hashes[0], sizeof root);
}
END_TEST

/* Mainnet block 100000: four transactions, as published everywhere; btcd has them in
 * blockchain/merkle_test.go. */
START_TEST(the_merkle_root_of_block_100000_is_the_known_one)
{
    static const char *const ids[] = {
        "8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87",
        "fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4",
        "6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4",
        "e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d",
    };
    uint8_t hashes[4][BTC_HASH_BYTES], root[BTC_HASH_BYTES];
    char text[65];

    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(hash_from_hex(hashes[i], ids[i]), 0);
    ck_assert_int_eq(btc_merkle_root(root, hashes, 4), 0);
    hash_to_hex(text, root);
    ck_assert_str_eq(text, "f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766");
}
END_TEST

/* --- the place in the chain --- */

static int check_at(struct made *m, uint32_t height, int64_t cutoff)
{
    struct btc_block_place place = {
        .height = height, .rules = BTC_RULE_WITNESS | BTC_RULE_HEIGHT, .lock_time_cutoff = cutoff};
    int rc;

    seal(m);
    rc = btc_block_check_at(&m->block, &m->scratch, &place);
    arena_free(&m->scratch);
    return rc;
}

START_TEST(a_coinbase_begins_with_the_height)
{
    static const struct {
        uint32_t height;
        size_t len;
        uint8_t script[5];
    } rows[] = {
        {1, 1, {0x51}},
        {16, 1, {0x60}},
        {17, 2, {1, 17}},
        {127, 2, {1, 127}},
        {128, 3, {2, 128, 0}},
        {300, 3, {2, 0x2c, 0x01}},
        {227931, 4, {3, 0x5b, 0x7a, 0x03}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;

        make(&m);
        memcpy(m.script, rows[i].script, rows[i].len);
        m.in[0].script.len = rows[i].len + 2;
        ck_assert_int_eq(check_at(&m, rows[i].height, 0), 0);
        arena_init(&m.scratch, 1 << 20);
        ck_assert_int_eq(check_at(&m, rows[i].height + 1, 0), PN_EHEIGHT);
    }
}
END_TEST

START_TEST(the_height_is_looked_for_only_where_the_rule_is_in_force)
{
    struct btc_block_place place = {.height = 5, .rules = BTC_RULE_WITNESS};
    struct made m;

    make(&m);
    seal(&m);
    ck_assert_int_eq(btc_block_check_at(&m.block, &m.scratch, &place), 0);
    arena_free(&m.scratch);
}
END_TEST

START_TEST(a_transaction_that_is_locked_to_later_does_not_belong_here)
{
    static const struct {
        uint32_t lock_time, sequence;
        int rc;
    } rows[] = {
        {0, 0, 0},
        {99, 0, 0}, /* below the height */
        {100, 0, PN_ENOTFINAL},
        {100, UINT32_MAX, 0}, /* not locked at all */
        {499999999, 0, PN_ENOTFINAL},
        {500000000, 0, 0}, /* before the cutoff */
        {599999999, 0, 0},
        {600000000, 0, PN_ENOTFINAL},
        {UINT32_MAX, 0, PN_ENOTFINAL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;

        make(&m);
        memcpy(m.script, (uint8_t[]){1, 100}, 2);
        m.txs[3].lock_time = rows[i].lock_time;
        m.in[3].sequence = rows[i].sequence;
        ck_assert_msg(check_at(&m, 100, 600000000) == rows[i].rc, "row %zu: expected %s", i,
                      pn_errname(rows[i].rc));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("block rules");
    TCase *t = tcase_create("rules"), *merkle = tcase_create("merkle");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_block_that_keeps_all_rules_passes);
    tcase_add_test(t, a_block_has_one_coinbase_and_that_first);
    tcase_add_test(t, a_coinbase_script_has_2_to_100_bytes);
    tcase_add_test(t, another_merkle_root_is_refused);
    tcase_add_test(t, a_duplicated_transaction_under_the_same_root_is_refused_as_mutated);
    tcase_add_test(t, what_the_header_does_not_commit_to_is_judged_by_the_merkle_root_alone);
    tcase_add_test(t, a_block_of_64_byte_transactions_without_coinbase_may_be_mutated);
    tcase_add_test(t, a_witness_is_refused_where_it_is_not_committed_to);
    tcase_add_test(t, a_commitment_wants_a_reserved_value_of_32_bytes);
    tcase_add_test(t, without_commitment_and_without_witness_a_block_passes_under_either_rule);
    tcase_add_test(t, the_last_of_several_commitments_counts);
    tcase_add_test(t, weight_counts_to_four_million);
    tcase_add_test(t, a_stripped_size_of_one_million_is_the_limit);
    tcase_add_test(t, without_memory_a_check_says_so);
    tcase_add_test(t, a_coinbase_begins_with_the_height);
    tcase_add_test(t, the_height_is_looked_for_only_where_the_rule_is_in_force);
    tcase_add_test(t, a_transaction_that_is_locked_to_later_does_not_belong_here);
    suite_add_tcase(s, merkle);
    tcase_add_test(merkle, a_merkle_root_of_none_is_zero_and_of_one_is_itself);
    tcase_add_test(merkle, the_merkle_root_of_block_100000_is_the_known_one);
    return harness_run(s);
}
