/* AES in counter mode and HMAC-SHA256 give the published values. */
#include <string.h>

#include "codec/hex.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"
#include "harness.h"

static void assert_hex(const uint8_t *got, size_t len, const char *want)
{
    char text[2 * 64 + 1];

    hex_encode(text, got, len);
    ck_assert_str_eq(text, want);
}

/* NIST SP 800-38A, F.5.1. */
START_TEST(aes128_ctr_gives_the_published_ciphertext)
{
    uint8_t key[AES128_BYTES], iv[AES_BLOCK_BYTES], text[32], out[32];

    ck_assert_int_eq(hex_decode(key, 16, "2b7e151628aed2a6abf7158809cf4f3c"), 0);
    ck_assert_int_eq(hex_decode(iv, 16, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), 0);
    ck_assert_int_eq(
        hex_decode(text, 32, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"),
        0);
    aes128_ctr(out, key, iv, text, sizeof text);
    assert_hex(out, 32, "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff");
    aes128_ctr(out, key, iv, out, 19); /* in place, and not a whole block */
    ck_assert_mem_eq(out, text, 19);
}
END_TEST

/* FIPS 197, C.3. */
START_TEST(one_block_of_aes256_gives_the_published_ciphertext)
{
    uint8_t key[AES256_BYTES], text[AES_BLOCK_BYTES], out[AES_BLOCK_BYTES];
    struct aes256_block block;

    for (uint8_t i = 0; i < AES256_BYTES; i++)
        key[i] = i;
    ck_assert_int_eq(hex_decode(text, 16, "00112233445566778899aabbccddeeff"), 0);
    aes256_block_init(&block, key);
    aes256_block_encrypt(&block, out, text);
    assert_hex(out, 16, "8ea2b7ca516745bfeafc49904b496089");
}
END_TEST

START_TEST(a_key_stream_runs_on_from_call_to_call)
{
    uint8_t key[AES256_BYTES] = {7}, whole[96] = {1, 2, 3}, pieces[96] = {1, 2, 3};
    struct aes256_ctr a, b;

    aes256_ctr_init(&a, key);
    aes256_ctr_init(&b, key);
    aes256_ctr_crypt(&a, whole, whole, 96);
    aes256_ctr_crypt(&b, pieces, pieces, 16);
    aes256_ctr_crypt(&b, pieces + 16, pieces + 16, 64);
    aes256_ctr_crypt(&b, pieces + 80, pieces + 80, 16);
    ck_assert_mem_eq(whole, pieces, sizeof whole);
}
END_TEST

/* RFC 4231, test case 2, in two pieces. */
START_TEST(hmac_sha256_gives_the_published_value)
{
    const struct bytes pieces[] = {{(const uint8_t *)"what do ya want ", 16},
                                   {(const uint8_t *)"for nothing?", 12}};
    uint8_t mac[HMAC_SHA256_BYTES];

    hmac_sha256(mac, "Jefe", 4, pieces, 2);
    assert_hex(mac, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("aes");
    TCase *t = tcase_create("aes");

    suite_add_tcase(s, t);
    tcase_add_test(t, aes128_ctr_gives_the_published_ciphertext);
    tcase_add_test(t, one_block_of_aes256_gives_the_published_ciphertext);
    tcase_add_test(t, a_key_stream_runs_on_from_call_to_call);
    tcase_add_test(t, hmac_sha256_gives_the_published_value);
    return harness_run(s);
}
