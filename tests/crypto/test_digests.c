/* SHA3-256 and SHA-256 in pieces give the published values. */
#include <stdio.h>
#include <string.h>

#include "crypto/sha256_stream.h"
#include "crypto/sha3.h"
#include "harness.h"

static const char *hex32(const uint8_t h[32])
{
    static char text[65];

    for (size_t i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", h[i]);
    return text;
}

/* NIST, examples of FIPS 202. */
START_TEST(sha3_256_gives_the_fips_202_values)
{
    uint8_t h[SHA3_256_BYTES];

    ck_assert_int_eq(sha3_256(h, "", 0), 0);
    ck_assert_str_eq(hex32(h), "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    ck_assert_int_eq(sha3_256(h, "abc", 3), 0);
    ck_assert_str_eq(hex32(h), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
}
END_TEST

START_TEST(sha256_in_pieces_equals_sha256_of_the_whole_at_every_cut)
{
    const char text[] = "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks";
    uint8_t whole[SHA256_BYTES], pieces[SHA256_BYTES];
    struct sha256_stream s;

    sha256(whole, text, sizeof text);
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        sha256_stream_init(&s);
        sha256_stream_add(&s, text, cut);
        sha256_stream_add(&s, text + cut, sizeof text - cut);
        sha256_stream_final(pieces, &s);
        ck_assert_mem_eq(whole, pieces, sizeof whole);
    }
}
END_TEST

START_TEST(a_copied_stream_goes_its_own_way)
{
    struct sha256_stream s, copy;
    uint8_t h[SHA256_BYTES];

    sha256_stream_init(&s);
    sha256_stream_add(&s, "ab", 2);
    copy = s;
    sha256_stream_add(&s, "xyz", 3);
    sha256_stream_add(&copy, "c", 1);
    sha256_stream_final(h, &copy);
    ck_assert_str_eq(hex32(h), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("digests");
    TCase *t = tcase_create("digests");

    suite_add_tcase(s, t);
    tcase_add_test(t, sha3_256_gives_the_fips_202_values);
    tcase_add_test(t, sha256_in_pieces_equals_sha256_of_the_whole_at_every_cut);
    tcase_add_test(t, a_copied_stream_goes_its_own_way);
    return harness_run(s);
}
