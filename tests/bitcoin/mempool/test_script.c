/* The forms of scripts. Values of the dust limit are those that Core's documentation of
 * DUST_RELAY_TX_FEE names: 546 for pay to pubkey hash, 294 for pay to witness pubkey hash. */
#include <string.h>

#include "bitcoin/mempool/script.h"
#include "codec/hex.h"
#include "test_mempool.h"

#define KEY33  "02" HASH32
#define KEY65  "04" HASH32 HASH32
#define HASH20 "1111111111111111111111111111111111111111"
#define HASH32 "2222222222222222222222222222222222222222222222222222222222222222"

static struct bytes from_hex(const char *hex)
{
    static uint8_t out[20000];
    struct bytes s = {.data = out, .len = strlen(hex) / 2};

    ck_assert_int_eq(hex_decode(out, s.len, hex), 0);
    return s;
}

static const struct {
    const char *hex;
    enum script_type type;
    int64_t dust_sat;
} forms[] = {
    {"76a914" HASH20 "88ac", SCRIPT_PUBKEY_HASH, 546},
    {"76a914" HASH20 "88ad", SCRIPT_NONSTANDARD, 546},
    {"a914" HASH20 "87", SCRIPT_SCRIPT_HASH, 540},
    {"0014" HASH20, SCRIPT_WITNESS_KEY_HASH, 294},
    {"0020" HASH32, SCRIPT_WITNESS_SCRIPT_HASH, 330},
    {"0015" HASH20 "11", SCRIPT_NONSTANDARD, 297},
    {"5120" HASH32, SCRIPT_TAPROOT, 330},
    {"51024e73", SCRIPT_ANCHOR, 240},
    {"51024e74", SCRIPT_WITNESS_UNKNOWN, 240},
    {"6020" HASH32, SCRIPT_WITNESS_UNKNOWN, 330},
    {"21" KEY33 "ac", SCRIPT_PUBKEY, 576},
    {"41" KEY65 "ac", SCRIPT_PUBKEY, 672},
    {"2105" HASH32 "ac", SCRIPT_NONSTANDARD, 576}, /* no such key */
    {"5121" KEY33 "51ae", SCRIPT_MULTISIG, 582},
    {"5221" KEY33 "41" KEY65 "21" KEY33 "53ae", SCRIPT_MULTISIG, 882},
    {"5321" KEY33 "21" KEY33 "52ae", SCRIPT_NONSTANDARD, 684}, /* three of two */
    {"5121" KEY33 "52ae", SCRIPT_NONSTANDARD, 582},            /* says two, has one */
    {"5121" KEY33 "51ae51", SCRIPT_NONSTANDARD, 585},          /* something behind it */
    {"0021" KEY33 "51ae", SCRIPT_NONSTANDARD, 582},            /* none of one */
    {"5121" KEY33 "21" KEY33 "21" KEY33 "21" KEY33 "54ae", SCRIPT_NONSTANDARD, 888}, /* of four */
    {"6a", SCRIPT_NULL_DATA, 0},
    {"6a0401020304", SCRIPT_NULL_DATA, 0},
    {"6a04010203", SCRIPT_NONSTANDARD, 0}, /* the push is cut short */
    {"6a61", SCRIPT_NONSTANDARD, 0},       /* not a push */
    {"", SCRIPT_NONSTANDARD, 471},
    {"51", SCRIPT_NONSTANDARD, 474},
};

START_TEST(each_form_is_told_and_has_its_dust_limit)
{
    struct bytes s = from_hex(forms[_i].hex);

    ck_assert_msg(script_type(s) == forms[_i].type, "%s: expected type %d, got %d", forms[_i].hex,
                  forms[_i].type, script_type(s));
    ck_assert_msg(script_dust_limit_sat(s) == forms[_i].dust_sat, "%s: expected %ld sat, got %ld",
                  forms[_i].hex, (long)forms[_i].dust_sat, (long)script_dust_limit_sat(s));
}
END_TEST

static const struct {
    const char *hex;
    bool push_only;
    unsigned sigops;
} contents[] = {
    {"", true, 0},
    {"00", true, 0},
    {"60", true, 0},
    {"61", false, 0},
    {"03010203", true, 0},
    {"030102", false, 0},
    {"4c02acac", true, 0},  /* what is pushed is not run */
    {"4c03acac", false, 0}, /* one byte is missing */
    {"4d0100ac", true, 0},
    {"4d01", false, 0},
    {"4e01000000ac", true, 0},
    {"4effffffffac", false, 0},
    {"acad", false, 2},
    {"ae", false, 20},
    {"51afac", false, 21},
    {"ac05ac", false, 1}, /* counts up to where it breaks */
};

START_TEST(pushes_and_signature_checks_are_told_apart)
{
    struct bytes s = from_hex(contents[_i].hex);

    ck_assert_msg(script_is_push_only(s) == contents[_i].push_only, "%s: push only",
                  contents[_i].hex);
    ck_assert_msg(script_sigops(s) == contents[_i].sigops, "%s: expected %u sigops, got %u",
                  contents[_i].hex, contents[_i].sigops, script_sigops(s));
}
END_TEST

START_TEST(a_script_too_long_to_be_run_is_never_dust)
{
    static uint8_t script[10001];

    ck_assert_int_gt(script_dust_limit_sat((struct bytes){script, 10000}), 0);
    ck_assert_int_eq(script_dust_limit_sat((struct bytes){script, 10001}), 0);
}
END_TEST

void add_script_tests(Suite *s)
{
    TCase *t = tcase_create("script");

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, each_form_is_told_and_has_its_dust_limit, 0,
                        sizeof forms / sizeof forms[0]);
    tcase_add_loop_test(t, pushes_and_signature_checks_are_told_apart, 0,
                        sizeof contents / sizeof contents[0]);
    tcase_add_test(t, a_script_too_long_to_be_run_is_never_dust);
}
