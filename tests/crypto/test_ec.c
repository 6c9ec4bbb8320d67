/* Keccak-256 and secp256k1 give the published values; nothing that is no key or signature passes.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/ec.h"
#include "crypto/keccak.h"
#include "harness.h"

/* The key of go-ethereum's and EIP-8's test vectors. */
static const uint8_t secret[EC_SECRET_BYTES] = {
    0xb7, 0x1c, 0x71, 0xa6, 0x7e, 0x11, 0x77, 0xad, 0x4e, 0x90, 0x16, 0x95, 0xe1, 0xb4, 0xb9, 0xee,
    0x17, 0xae, 0x16, 0xc6, 0x66, 0x8d, 0x31, 0x3e, 0xac, 0x2f, 0x96, 0xdb, 0xcd, 0xa3, 0xf2, 0x91};

static const char *hex(const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    static char text[2 * EC_PUBKEY_BYTES + 1];

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[2 * len] = '\0';
    return text;
}

START_TEST(keccak256_gives_the_known_values)
{
    uint8_t h[KECCAK256_BYTES], zeros[300] = {0};

    keccak256(h, "", 0);
    ck_assert_str_eq(hex(h, sizeof h),
                     "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    keccak256(h, "abc", 3);
    ck_assert_str_eq(hex(h, sizeof h),
                     "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    /* A whole block: the padding then fills one of its own. */
    keccak256(h, zeros, 136);
    ck_assert_str_eq(hex(h, sizeof h),
                     "3a5912a7c5faa06ee4fe906253e339467a9ce87d533c65be3c15cb231cdb25f9");
}
END_TEST

START_TEST(keccak256_in_pieces_equals_keccak256_at_once)
{
    uint8_t data[300], whole[KECCAK256_BYTES], pieces[KECCAK256_BYTES];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(7 * i);
    keccak256(whole, data, sizeof data);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        struct keccak256 k;

        keccak256_init(&k);
        keccak256_update(&k, data, cut);
        keccak256_update(&k, data + cut, sizeof data - cut);
        keccak256_final(&k, pieces);
        ck_assert_mem_eq(whole, pieces, sizeof whole);
    }
}
END_TEST

START_TEST(a_signature_tells_its_key)
{
    uint8_t pubkey[EC_PUBKEY_BYTES], found[EC_PUBKEY_BYTES], hash[EC_HASH_BYTES];
    uint8_t sig[EC_RECOVERABLE_BYTES];

    ck_assert_int_eq(ec_pubkey(pubkey, secret), 0);
    ck_assert_str_eq(hex(pubkey, sizeof pubkey),
                     "ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd31387574077f301b4"
                     "21bc84df7266c44e9e6d569fc56be00812904767bf5ccd1fc7f");
    keccak256(hash, "message", 7);
    ck_assert_int_eq(ec_sign(sig, secret, hash), 0);
    ck_assert_int_eq(ec_recover(found, sig, hash), 0);
    ck_assert_mem_eq(found, pubkey, sizeof pubkey);
    ck_assert_int_eq(ec_verify(sig, pubkey, hash), 0);
    hash[0] ^= 1;
    ck_assert_int_eq(ec_verify(sig, pubkey, hash), PN_ESIGNATURE);
    if (ec_recover(found, sig, hash) == 0)
        ck_assert_mem_ne(found, pubkey, sizeof pubkey);
}
END_TEST

START_TEST(what_is_no_signature_is_refused)
{
    uint8_t found[EC_PUBKEY_BYTES], hash[EC_HASH_BYTES] = {1}, sig[EC_RECOVERABLE_BYTES];

    ck_assert_int_eq(ec_sign(sig, secret, hash), 0);
    for (unsigned id = 4; id < 256; id++) {
        sig[EC_SIG_BYTES] = (uint8_t)id;
        ck_assert_int_eq(ec_recover(found, sig, hash), PN_ESIGNATURE);
    }
    memset(sig, 0, sizeof sig);
    ck_assert_int_eq(ec_recover(found, sig, hash), PN_ESIGNATURE);
    memset(sig, 0xff, EC_SIG_BYTES);
    ck_assert_int_eq(ec_recover(found, sig, hash), PN_ESIGNATURE);
}
END_TEST

START_TEST(keys_survive_compression_and_points_off_the_curve_are_refused)
{
    uint8_t pubkey[EC_PUBKEY_BYTES], again[EC_PUBKEY_BYTES], small[EC_COMPRESSED_BYTES];
    uint8_t zeros[EC_SECRET_BYTES] = {0}, out[EC_HASH_BYTES];

    ck_assert_int_eq(ec_pubkey(pubkey, secret), 0);
    ck_assert_int_eq(ec_compress(small, pubkey), 0);
    ck_assert_str_eq(hex(small, sizeof small),
                     "03ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138");
    ck_assert_int_eq(ec_decompress(again, small), 0);
    ck_assert_mem_eq(pubkey, again, sizeof pubkey);
    small[0] = 4;
    ck_assert_int_eq(ec_decompress(again, small), PN_EFORMAT);
    pubkey[63] ^= 1;
    ck_assert_int_eq(ec_pubkey_check(pubkey), PN_EFORMAT);
    ck_assert_int_eq(ec_compress(small, pubkey), PN_EFORMAT);
    ck_assert_int_eq(ec_ecdh_x(out, pubkey, secret), PN_EFORMAT);
    ck_assert_int_eq(ec_pubkey(pubkey, zeros), PN_EINVAL);
    ck_assert_int_eq(ec_sign((uint8_t[EC_RECOVERABLE_BYTES]){0}, zeros, out), PN_EINVAL);
}
END_TEST

START_TEST(both_sides_of_a_key_agreement_get_the_same_x)
{
    uint8_t other[EC_SECRET_BYTES], a[EC_PUBKEY_BYTES], b[EC_PUBKEY_BYTES];
    uint8_t x[EC_HASH_BYTES], y[EC_HASH_BYTES];

    ec_secret_generate(other);
    ck_assert_int_eq(ec_pubkey(a, secret), 0);
    ck_assert_int_eq(ec_pubkey(b, other), 0);
    ck_assert_int_eq(ec_ecdh_x(x, b, secret), 0);
    ck_assert_int_eq(ec_ecdh_x(y, a, other), 0);
    ck_assert_mem_eq(x, y, sizeof x);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ec");
    TCase *t = tcase_create("ec");

    suite_add_tcase(s, t);
    tcase_add_test(t, keccak256_gives_the_known_values);
    tcase_add_test(t, keccak256_in_pieces_equals_keccak256_at_once);
    tcase_add_test(t, a_signature_tells_its_key);
    tcase_add_test(t, what_is_no_signature_is_refused);
    tcase_add_test(t, keys_survive_compression_and_points_off_the_curve_are_refused);
    tcase_add_test(t, both_sides_of_a_key_agreement_get_the_same_x);
    return harness_run(s);
}
