/* Each rule of tx_check broken by itself, and kept at its limit. */
#include <string.h>

#include "bitcoin/mempool/tx_check.h"
#include "test_mempool.h"
#include "txs.h"

static uint8_t space[500000];

static void nothing(struct made_tx *m)
{
    (void)m;
}

static void no_inputs(struct made_tx *m)
{
    m->tx.in_count = 0;
}

static void no_outputs(struct made_tx *m)
{
    m->tx.out_count = 0;
}

static void negative_value(struct made_tx *m)
{
    m->out[0].value_sat = -1;
}

static void too_much(struct made_tx *m)
{
    m->out[0].value_sat = TX_MAX_MONEY_SAT + 1;
}

static void all_the_money(struct made_tx *m)
{
    m->out[0].value_sat = TX_MAX_MONEY_SAT;
}

static void too_much_together(struct made_tx *m)
{
    m->tx.out_count = 2;
    m->out[0].value_sat = TX_MAX_MONEY_SAT;
}

static void same_input_twice(struct made_tx *m)
{
    m->tx.in_count = 3;
    m->in[2] = m->in[0];
}

static void same_transaction_twice(struct made_tx *m)
{
    m->tx.in_count = 2;
    m->in[1] = m->in[0];
    m->in[1].prev_index = 1;
}

static void coinbase(struct made_tx *m)
{
    memset(m->in[0].prev_hash, 0, BTC_HASH_BYTES);
    m->in[0].prev_index = UINT32_MAX;
}

static void null_input(struct made_tx *m)
{
    m->tx.in_count = 2;
    memset(m->in[1].prev_hash, 0, BTC_HASH_BYTES);
    m->in[1].prev_index = UINT32_MAX;
}

static void version_0(struct made_tx *m)
{
    m->tx.version = 0;
}

static void version_3(struct made_tx *m)
{
    m->tx.version = 3;
}

static void version_4(struct made_tx *m)
{
    m->tx.version = 4;
}

static void witness_of(struct made_tx *m, size_t len)
{
    m->in[0].witness = (struct bytes){space, len};
    m->in[0].witness_count = 1;
}

/* The transaction without its witness weighs 4 * 82; marker, flag and the count 3 more. */
static void heaviest(struct made_tx *m)
{
    witness_of(m, TX_STANDARD_WEIGHT_MAX - 4 * 82 - 3);
}

static void too_heavy(struct made_tx *m)
{
    witness_of(m, TX_STANDARD_WEIGHT_MAX - 4 * 82 - 2);
}

static void stripped_64(struct made_tx *m)
{
    m->out[0].script = (struct bytes){(const uint8_t *)"\x51\x02\x4e\x73", 4};
}

static void stripped_65(struct made_tx *m)
{
    m->out[0].script = (struct bytes){(const uint8_t *)"\x51\x03\x4e\x73\x01", 5};
}

static void scriptsig(struct made_tx *m, size_t len)
{
    memset(space, 0x51, sizeof space);
    m->in[0].script = (struct bytes){space, len};
}

static void scriptsig_1650(struct made_tx *m)
{
    scriptsig(m, 1650);
}

static void scriptsig_1651(struct made_tx *m)
{
    scriptsig(m, 1651);
}

static void scriptsig_runs(struct made_tx *m)
{
    m->in[0].script = (struct bytes){(const uint8_t *)"\xac", 1};
}

static void bare_true(struct made_tx *m)
{
    m->out[0].script = (struct bytes){(const uint8_t *)"\x51\x51\x51\x51\x51\x51", 6};
}

static void one_dust(struct made_tx *m)
{
    m->out[0].value_sat = 293;
}

static void two_dust(struct made_tx *m)
{
    m->tx.out_count = 2;
    m->out[0].value_sat = m->out[1].value_sat = 293;
}

static void two_at_the_limit(struct made_tx *m)
{
    m->tx.out_count = 2;
    m->out[0].value_sat = m->out[1].value_sat = 294;
}

static void data_output(struct made_tx *m, unsigned i, size_t len)
{
    memset(space, 0x51, sizeof space);
    space[0] = 0x6a;
    m->out[i] = (struct btc_txout){.value_sat = 0, .script = {space, len}};
}

static void data_in_two_outputs(struct made_tx *m)
{
    m->tx.out_count = 2;
    data_output(m, 0, 40000);
    data_output(m, 1, 40000);
}

static const struct {
    const char *what;
    void (*change)(struct made_tx *m);
    enum tx_refusal expected;
} rules[] = {
    {"nothing", nothing, TX_OK},
    {"no inputs", no_inputs, TX_EMPTY},
    {"no outputs", no_outputs, TX_EMPTY},
    {"negative value", negative_value, TX_BAD_VALUE},
    {"more than there is", too_much, TX_BAD_VALUE},
    {"all there is", all_the_money, TX_OK},
    {"more than there is, together", too_much_together, TX_BAD_VALUE},
    {"the same input twice", same_input_twice, TX_DUPLICATE_INPUT},
    {"two outputs of one transaction", same_transaction_twice, TX_OK},
    {"coinbase", coinbase, TX_COINBASE},
    {"an input that spends nothing", null_input, TX_NULL_INPUT},
    {"version 0", version_0, TX_VERSION},
    {"version 3", version_3, TX_OK},
    {"version 4", version_4, TX_VERSION},
    {"the greatest weight", heaviest, TX_OK},
    {"one unit more", too_heavy, TX_WEIGHT},
    {"64 bytes", stripped_64, TX_SMALL},
    {"65 bytes", stripped_65, TX_OK},
    {"scriptSig of 1,650 bytes", scriptsig_1650, TX_OK},
    {"scriptSig of 1,651 bytes", scriptsig_1651, TX_SCRIPTSIG_SIZE},
    {"scriptSig that does more than push", scriptsig_runs, TX_SCRIPTSIG_PUSH},
    {"an output anyone can spend", bare_true, TX_OUTPUT_TYPE},
    {"one dust output", one_dust, TX_OK},
    {"two dust outputs", two_dust, TX_DUST},
    {"two outputs at the limit", two_at_the_limit, TX_OK},
    {"80,000 bytes of data in two outputs", data_in_two_outputs, TX_OK},
};

START_TEST(each_rule_is_kept_and_broken_as_the_table_says)
{
    struct made_tx m;
    enum tx_refusal got;

    txs_init(&m, 1);
    rules[_i].change(&m);
    got = tx_check(&m.tx);
    ck_assert_msg(got == rules[_i].expected, "%s: expected %s, got %s", rules[_i].what,
                  tx_refusal_name(rules[_i].expected), tx_refusal_name(got));
}
END_TEST

START_TEST(more_than_16000_of_signature_checks_are_refused)
{
    static const uint8_t one_of_one[37] = {0x51, 0x21, 0x02, [35] = 0x51, [36] = 0xae};
    static struct btc_txout outs[201];
    struct made_tx m;

    txs_init(&m, 1);
    m.tx.out = outs;
    for (unsigned i = 0; i < 201; i++)
        outs[i] = (struct btc_txout){.value_sat = 1000, .script = {one_of_one, sizeof one_of_one}};
    m.tx.out_count = 200;
    ck_assert_int_eq(tx_check(&m.tx), TX_OK);
    m.tx.out_count = 201;
    ck_assert_int_eq(tx_check(&m.tx), TX_SIGOPS);
}
END_TEST

START_TEST(a_stripped_size_beyond_a_block_is_refused_before_anything_is_read)
{
    static uint8_t big[1000001];
    struct made_tx m;

    txs_init(&m, 1);
    m.out[0].script = (struct bytes){big, sizeof big};
    ck_assert_int_eq(tx_check(&m.tx), TX_OVERSIZE);
}
END_TEST

START_TEST(a_lock_time_holds_until_its_height_or_its_time_has_passed)
{
    struct made_tx m;

    txs_init(&m, 1);
    m.in[0].sequence = 0;
    ck_assert_int_eq(tx_check_final(&m.tx, 100, 0), TX_OK);
    m.tx.lock_time = 99;
    ck_assert_int_eq(tx_check_final(&m.tx, 100, 0), TX_OK);
    m.tx.lock_time = 100;
    ck_assert_int_eq(tx_check_final(&m.tx, 100, INT64_MAX), TX_NOT_FINAL);
    m.in[0].sequence = UINT32_MAX;
    ck_assert_int_eq(tx_check_final(&m.tx, 100, 0), TX_OK);
    m.in[0].sequence = UINT32_MAX - 1;
    m.tx.lock_time = 1700000000;
    ck_assert_int_eq(tx_check_final(&m.tx, 900000, 1700000000), TX_NOT_FINAL);
    ck_assert_int_eq(tx_check_final(&m.tx, 900000, 1700000001), TX_OK);
}
END_TEST

START_TEST(every_refusal_has_a_name_of_its_own)
{
    for (enum tx_refusal i = 0; i < TX_REFUSALS; i++)
        for (enum tx_refusal j = 0; j < i; j++)
            ck_assert_str_ne(tx_refusal_name(i), tx_refusal_name(j));
    ck_assert(tx_refusal_is_by_txid(TX_DUST));
    ck_assert(!tx_refusal_is_by_txid(TX_WEIGHT));
}
END_TEST

void add_check_tests(Suite *s)
{
    TCase *t = tcase_create("check");

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, each_rule_is_kept_and_broken_as_the_table_says, 0,
                        sizeof rules / sizeof rules[0]);
    tcase_add_test(t, more_than_16000_of_signature_checks_are_refused);
    tcase_add_test(t, a_stripped_size_beyond_a_block_is_refused_before_anything_is_read);
    tcase_add_test(t, a_lock_time_holds_until_its_height_or_its_time_has_passed);
    tcase_add_test(t, every_refusal_has_a_name_of_its_own);
}
