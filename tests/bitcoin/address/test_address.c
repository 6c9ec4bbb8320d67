/* Addresses by the vectors of BIP173 and BIP350 and those of Bitcoin Core (src/test/data,
 * key_io_valid.json), and what must be refused. */
#include <string.h>

#include "base/err.h"
#include "bitcoin/address/address.h"
#include "codec/base58.h"
#include "codec/bech32.h"
#include "codec/hex.h"
#include "harness.h"

static const struct {
    const char *network, *address, *script;
} valid[] = {
    /* BIP350, "Test vectors for v0-v16 native segregated witness addresses" */
    {"mainnet", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
     "0014751e76e8199196d454941c45d1b3a323f1433bd6"},
    {"testnet3", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
     "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"},
    {"mainnet", "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
     "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6"},
    {"mainnet", "BC1SW50QGDZ25J", "6002751e"},
    {"mainnet", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323"},
    {"signet", "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
     "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
    {"testnet4", "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
     "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
    {"mainnet", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
     "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"},
    /* Bitcoin Core */
    {"mainnet", "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i",
     "76a91465a16059864a2fdbc7c99a4723a8395bc6f188eb88ac"},
    {"mainnet", "3CMNFxN1oHBc4R1EpboAL5yzHGgE611Xou",
     "a91474f209f6ea907e2ea48f74fae05782ae8a66525787"},
    {"regtest", "mo9ncXisMeAoXwqcV5EWuyncbmCcQN4rVs",
     "76a91453c0307d6851aa0ce7825ba883c6bd9ad242b48688ac"},
    {"regtest", "2N2JD6wb56AfK4tfmM6PwdVmoYk2dCKf4Br",
     "a9146349a418fc4578d10a372b54b45c280cc8c4382f87"},
    /* the hash of zeros, which begins like its first byte */
    {"mainnet", "1111111111111111111114oLvT2",
     "76a914000000000000000000000000000000000000000088ac"},
};

START_TEST(an_address_gives_its_script)
{
    const struct btc_params *params = btc_params_find(valid[_i].network);
    uint8_t script[BTC_ADDRESS_SCRIPT_MAX];
    char hex[2 * BTC_ADDRESS_SCRIPT_MAX + 1];
    int len = btc_address_script(script, params, valid[_i].address);

    ck_assert_msg(len > 0, "%s: %s", valid[_i].address, pn_strerror(len));
    hex_encode(hex, script, (size_t)len);
    ck_assert_str_eq(hex, valid[_i].script);
}
END_TEST

START_TEST(an_address_of_another_network_is_refused)
{
    const struct btc_params *other =
        btc_params_find(strcmp(valid[_i].network, "mainnet") == 0 ? "regtest" : "mainnet");
    uint8_t script[BTC_ADDRESS_SCRIPT_MAX];

    ck_assert_int_eq(btc_address_script(script, other, valid[_i].address), PN_EFORMAT);
}
END_TEST

/* Any one character changed to any other. */
START_TEST(a_slip_of_the_pen_is_noticed)
{
    static const char letters[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0IOl";
    const struct btc_params *params = btc_params_find(valid[_i].network);
    uint8_t script[BTC_ADDRESS_SCRIPT_MAX];
    char text[BECH32_MAX_CHARS + 1];
    size_t len = strlen(valid[_i].address);

    for (size_t at = 0; at < len; at++)
        for (const char *c = letters; *c; c++) {
            memcpy(text, valid[_i].address, len + 1);
            if (text[at] == *c)
                continue;
            text[at] = *c;
            ck_assert_int_lt(btc_address_script(script, params, text), 0);
        }
}
END_TEST

static const struct {
    const char *address;
    int rc;
} invalid[] = {
    /* BIP350 */
    {"tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", PN_EFORMAT},
    {"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", PN_ECHECKSUM},
    {"BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", PN_ECHECKSUM},
    {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", PN_ECHECKSUM},
    {"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", PN_EFORMAT},
    {"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", PN_EFORMAT},
    {"bc1pw5dgrnzv", PN_EFORMAT},
    {"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav", PN_EFORMAT},
    {"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", PN_EFORMAT},
    {"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", PN_EFORMAT},
    {"bc1gmk9yu", PN_EFORMAT},
    /* our own: case, length, characters, checksum */
    {"Bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", PN_EFORMAT},
    {"bc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
     PN_EFORMAT},
    {"", PN_EFORMAT},
    {"1", PN_EFORMAT},
    {"bc1", PN_EFORMAT},
    {"1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62j", PN_ECHECKSUM},
    {"11AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i", PN_EFORMAT},
    {" 1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i", PN_EFORMAT},
    {"1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i ", PN_EFORMAT},
    {"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", PN_EFORMAT},
};

START_TEST(what_is_no_address_is_refused)
{
    uint8_t script[BTC_ADDRESS_SCRIPT_MAX];

    ck_assert_msg(btc_address_script(script, btc_params_find("mainnet"), invalid[_i].address) ==
                      invalid[_i].rc,
                  "%s", invalid[_i].address);
}
END_TEST

/* BIP173 and BIP350, valid strings. */
static const struct {
    enum bech32_kind kind;
    const char *text;
    size_t values;
} strings[] = {
    {BECH32, "A12UEL5L", 0},
    {BECH32, "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", 32},
    {BECH32, "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", 48},
    {BECH32, "?1ezyfcl", 0},
    {BECH32M, "A1LQFN3A", 0},
    {BECH32M, "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx", 32},
    {BECH32M, "split1checkupstagehandshakeupstreamerranterredcaperredlc445v", 48},
    {BECH32M, "?1v759aa", 0},
};

START_TEST(bech32_texts_say_of_which_kind_they_are)
{
    struct bech32 b;

    ck_assert_msg(bech32_decode(&b, strings[_i].text) == 0, "%s", strings[_i].text);
    ck_assert_int_eq(b.kind, strings[_i].kind);
    ck_assert_uint_eq(b.n, strings[_i].values);
}
END_TEST

START_TEST(base58_keeps_zeros_and_its_bound)
{
    uint8_t out[8];
    size_t len;

    ck_assert_int_eq(base58_decode(out, &len, 8, "11"), 0);
    ck_assert_uint_eq(len, 2);
    ck_assert_mem_eq(out, "\0\0", 2);
    ck_assert_int_eq(base58_decode(out, &len, 8, "1112"), 0);
    ck_assert_uint_eq(len, 4);
    ck_assert_mem_eq(out, "\0\0\0\1", 4);
    ck_assert_int_eq(base58_decode(out, &len, 2, "5Q"), 0); /* 4 * 58 + 23 = 255 */
    ck_assert_uint_eq(len, 1);
    ck_assert_uint_eq(out[0], 0xff);
    ck_assert_int_eq(base58_decode(out, &len, 1, "5R"), PN_ETOOLARGE);
    ck_assert_int_eq(base58_decode(out, &len, 8, "111111111"), PN_ETOOLARGE);
    ck_assert_int_eq(base58_decode(out, &len, 0, ""), 0);
    ck_assert_uint_eq(len, 0);
    ck_assert_int_eq(base58_decode(out, &len, 8, "0"), PN_EFORMAT);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

int main(void)
{
    Suite *s = suite_create("address");
    TCase *t = tcase_create("address");

    tcase_add_loop_test(t, an_address_gives_its_script, 0, COUNT(valid));
    tcase_add_loop_test(t, an_address_of_another_network_is_refused, 0, COUNT(valid));
    tcase_add_loop_test(t, a_slip_of_the_pen_is_noticed, 0, COUNT(valid));
    tcase_add_loop_test(t, what_is_no_address_is_refused, 0, COUNT(invalid));
    tcase_add_loop_test(t, bech32_texts_say_of_which_kind_they_are, 0, COUNT(strings));
    tcase_add_test(t, base58_keeps_zeros_and_its_bound);
    suite_add_tcase(s, t);
    return harness_run(s);
}
