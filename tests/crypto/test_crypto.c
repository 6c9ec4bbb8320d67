/* The hashes give the published values. */
#include <string.h>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "crypto/siphash.h"
#include "harness.h"

static const char *hex32(const uint8_t h[32])
{
    static const char digits[] = "0123456789abcdef";
    static char text[65];

    for (size_t i = 0; i < 32; i++) {
        text[2 * i] = digits[h[i] >> 4];
        text[2 * i + 1] = digits[h[i] & 15];
    }
    return text;
}

START_TEST(sha256_gives_the_fips_180_value_of_abc)
{
    uint8_t h[SHA256_BYTES];

    sha256(h, "abc", 3);
    ck_assert_str_eq(hex32(h), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(sha256d_of_nothing_is_the_known_value)
{
    uint8_t h[SHA256_BYTES];

    sha256d(h, "", 0);
    ck_assert_str_eq(hex32(h), "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456");
}
END_TEST

START_TEST(sha256d_pair_equals_sha256d_of_both_pieces_at_every_cut)
{
    const char text[] = "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks";
    uint8_t whole[SHA256_BYTES], pair[SHA256_BYTES];

    sha256d(whole, text, sizeof text);
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        sha256d_pair(pair, text, cut, text + cut, sizeof text - cut);
        ck_assert_mem_eq(whole, pair, sizeof whole);
    }
}
END_TEST

/* Values of the reference implementation (SipHash paper, appendix A, and its vectors file):
 * key 00..0f, input 00..len-1. */
START_TEST(siphash_gives_the_reference_values)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } rows[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},
        {1, UINT64_C(0x74f839c593dc67fd)},
        {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)},
    };
    const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint8_t in[16];

    for (uint8_t i = 0; i < sizeof in; i++)
        in[i] = i;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_uint_eq(siphash(&key, in, rows[i].len), rows[i].hash);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("crypto");
    TCase *t = tcase_create("hashes");

    suite_add_tcase(s, t);
    tcase_add_test(t, sha256_gives_the_fips_180_value_of_abc);
    tcase_add_test(t, sha256d_of_nothing_is_the_known_value);
    tcase_add_test(t, sha256d_pair_equals_sha256d_of_both_pieces_at_every_cut);
    tcase_add_test(t, siphash_gives_the_reference_values);
    return harness_run(s);
}
