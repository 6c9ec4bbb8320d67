/* Transactions: Core's reading of the witness flag, sizes, and ids. */
#include <stdlib.h>

#include "base/mem.h"
#include "bitcoin/wire/msg.h"
#include "codec/hex.h"
#include "harness.h"

/* btcd, wire/msgtx_test.go, TestWTxSha: a transaction of block 23157 of segnet. */
#define TX_BODY                      \
    "01a53352d5135766f030765974182"  \
    "63da2d9c958315968fea8235294674" \
    "81ff9cd1300000000ffffffff"      \
    "010b07060000000000160014"       \
    "9ddac6f39d51e0398e532a22c41ba189406a8523"
#define TX_WITNESS                   \
    "0246304"                        \
    "3021f4d2381dc97f182abd8185f51"  \
    "753018523212f5ddc07cc4e63a8dc0" \
    "3658da190220608b5c4d92b86b6de7" \
    "d78ef23a2fa735bcb59b914a48b0e1" \
    "87c5e7569a18197001"             \
    "210307ead084807eb76346df697700" \
    "0c89392f45c76425b26181f521d7f3" \
    "70066a8f"
#define TX     \
    "01000000" \
    "0001" TX_BODY TX_WITNESS "00000000"
#define TXID  "0f167d1385a84d1518cfee208b653fc9163b605ccf1b75347e2850b3e2eb19f3"
#define WTXID "0858eab78e77b6b033da30f46699996396cf48fcf625a783c85a51403e175e74"

struct decoded {
    struct btc_tx tx;
    struct arena a;
    uint8_t *raw;
    size_t len;
};

static int decode_hex(struct decoded *d, const char *hex)
{
    struct btc_msg m;
    int rc;

    d->len = strlen(hex) / 2;
    d->raw = malloc(d->len + 1);
    ck_assert_int_eq(hex_decode(d->raw, d->len, hex), 0);
    arena_init(&d->a, BTC_MSG_MEMORY(d->len));
    rc = btc_msg_decode(&m, &d->a, BTC_CMD_TX, d->raw, d->len);
    d->tx = m.u.tx;
    return rc;
}

static void decoded_free(struct decoded *d)
{
    arena_free(&d->a);
    free(d->raw);
}

static void check_ids(const struct btc_tx *tx)
{
    uint8_t id[BTC_HASH_BYTES];
    char text[65];

    ck_assert_int_eq(btc_tx_id(tx, id), 0);
    hash_to_hex(text, id);
    ck_assert_str_eq(text, TXID);
    ck_assert_int_eq(btc_tx_wtxid(tx, id), 0);
    hash_to_hex(text, id);
    ck_assert_str_eq(text, WTXID);
}

START_TEST(ids_are_those_of_btcds_tests)
{
    struct decoded d;

    ck_assert_int_eq(decode_hex(&d, TX), 0);
    check_ids(&d.tx);
    d.tx.raw = (struct bytes){0}; /* as if built in memory */
    check_ids(&d.tx);
    decoded_free(&d);
}
END_TEST

START_TEST(an_id_of_a_large_transaction_needs_memory_and_says_so)
{
    struct decoded d;
    static const uint8_t script[5000];
    struct btc_txout out[2];
    uint8_t id[BTC_HASH_BYTES];

    ck_assert_int_eq(decode_hex(&d, TX), 0);
    out[0] = d.tx.out[0];
    out[1] = (struct btc_txout){.script = {script, sizeof script}};
    d.tx.out = out;
    d.tx.out_count = 2;
    d.tx.raw = (struct bytes){0};
    ck_assert_int_eq(btc_tx_id(&d.tx, id), 0);
    mem_fail_at(1, 1);
    ck_assert_int_eq(btc_tx_id(&d.tx, id), PN_ENOMEM);
    ck_assert_int_eq(btc_tx_wtxid(&d.tx, id), PN_ENOMEM);
    mem_fail_at(0, 0);
    decoded_free(&d);
}
END_TEST

START_TEST(sizes_and_weight_follow_bip141)
{
    struct decoded d;
    size_t witness = 2 + strlen(TX_WITNESS) / 2;

    ck_assert_int_eq(decode_hex(&d, TX), 0);
    ck_assert_uint_eq(btc_tx_size(&d.tx), d.len);
    ck_assert_uint_eq(btc_tx_stripped_size(&d.tx), d.len - witness);
    ck_assert_uint_eq(btc_tx_weight(&d.tx), 4 * (d.len - witness) + witness);
    decoded_free(&d);
}
END_TEST

START_TEST(a_witness_stack_is_read_item_by_item)
{
    struct decoded d;
    struct bytes rest, item;

    ck_assert_int_eq(decode_hex(&d, TX), 0);
    ck_assert(btc_tx_has_witness(&d.tx));
    ck_assert_uint_eq(d.tx.in[0].witness_count, 2);
    rest = d.tx.in[0].witness;
    item = btc_witness_next(&rest);
    ck_assert_uint_eq(item.len, 70);
    ck_assert_uint_eq(item.data[0], 0x30);
    item = btc_witness_next(&rest);
    ck_assert_uint_eq(item.len, 33);
    ck_assert_uint_eq(item.data[0], 0x03);
    ck_assert_uint_eq(rest.len, 0);
    decoded_free(&d);
}
END_TEST

START_TEST(stripping_removes_marker_flag_and_witness)
{
    struct decoded d;
    struct buf b;
    char *got;

    buf_init(&b, 10000);
    ck_assert_int_eq(decode_hex(&d, TX), 0);
    btc_tx_encode_stripped(&b, &d.tx);
    got = malloc(2 * b.len + 1);
    hex_encode(got, b.data, b.len);
    ck_assert_str_eq(got, "01000000" TX_BODY "00000000");
    free(got);
    buf_free(&b);
    decoded_free(&d);
}
END_TEST

/* Core, src/primitives/transaction.h, UnserializeTransaction. */
START_TEST(the_witness_flag_is_read_as_core_reads_it)
{
#define OUTPUT "000000000000000000"
    static const struct {
        const char *why, *hex;
        int rc;
    } rows[] = {
        {"no inputs, no outputs",
         "01000000"
         "00"
         "00"
         "00000000",
         0},
        {"no witness, though flagged",
         "01000000"
         "0001" TX_BODY "00"
         "00000000",
         PN_EFORMAT},
        {"flagged, and no input to have a witness",
         "01000000"
         "0001"
         "00"
         "00"
         "00000000",
         PN_EFORMAT},
        {"flagged, no input, one output",
         "01000000"
         "0001"
         "00"
         "01" OUTPUT "00000000",
         PN_EFORMAT},
        {"a flag that nobody knows",
         "01000000"
         "0002" TX_BODY "00000000",
         PN_EFORMAT},
        {"a known flag beside an unknown",
         "01000000"
         "0003" TX_BODY TX_WITNESS "00000000",
         PN_EFORMAT},
        {"marker without flag",
         "01000000"
         "0000" TX_BODY TX_WITNESS "00000000",
         PN_ETRAILING},
        {"no flag", "01000000" TX_BODY "00000000", 0},
        {"marker alone",
         "01000000"
         "00",
         PN_ETRUNCATED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct decoded d;
        int rc = decode_hex(&d, rows[i].hex);

        ck_assert_msg(rc == rows[i].rc, "%s: expected %s, got %s", rows[i].why,
                      pn_errname(rows[i].rc), pn_errname(rc));
        decoded_free(&d);
    }
}
END_TEST

START_TEST(a_coinbase_has_one_input_that_refers_to_nothing)
{
    struct btc_txin in[2] = {{.prev_index = UINT32_MAX}, {.prev_index = UINT32_MAX}};
    struct btc_tx tx = {.in = in, .in_count = 1};

    ck_assert(btc_tx_is_coinbase(&tx));
    tx.in_count = 2;
    ck_assert(!btc_tx_is_coinbase(&tx));
    tx.in_count = 0;
    ck_assert(!btc_tx_is_coinbase(&tx));
    tx.in_count = 1;
    in[0].prev_index = 0;
    ck_assert(!btc_tx_is_coinbase(&tx));
    in[0].prev_index = UINT32_MAX;
    in[0].prev_hash[31] = 1;
    ck_assert(!btc_tx_is_coinbase(&tx));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("wire transactions");
    TCase *t = tcase_create("tx");

    suite_add_tcase(s, t);
    tcase_add_test(t, ids_are_those_of_btcds_tests);
    tcase_add_test(t, an_id_of_a_large_transaction_needs_memory_and_says_so);
    tcase_add_test(t, sizes_and_weight_follow_bip141);
    tcase_add_test(t, a_witness_stack_is_read_item_by_item);
    tcase_add_test(t, stripping_removes_marker_flag_and_witness);
    tcase_add_test(t, the_witness_flag_is_read_as_core_reads_it);
    tcase_add_test(t, a_coinbase_has_one_input_that_refers_to_nothing);
    return harness_run(s);
}
