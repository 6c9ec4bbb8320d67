/* Numbers of 256 bits, their compact form, and work. */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/random.h"
#include "bitcoin/chain/work.h"
#include "lab.h"

enum { ROUNDS = 2000, SEED = 1 };

static struct u256 number(uint64_t l3, uint64_t l2, uint64_t l1, uint64_t l0)
{
    return (struct u256){{l0, l1, l2, l3}};
}

static const struct u256 zero, one = {{1}};

/* Random numbers of every length, so that carries and empty limbs both occur. */
static struct u256 random_number(void)
{
    struct u256 r;
    unsigned keep = (unsigned)random_below(257);

    random_bytes(&r, sizeof r);
    for (unsigned bit = keep; bit < 256; bit++)
        r.limb[bit / 64] &= ~(UINT64_C(1) << bit % 64);
    return r;
}

#define assert_u256_eq(a, b)                                                                    \
    ck_assert_msg(u256_compare(&(a), &(b)) == 0,                                                \
                  "%016lx%016lx%016lx%016lx is not "                                            \
                  "%016lx%016lx%016lx%016lx",                                                   \
                  (a).limb[3], (a).limb[2], (a).limb[1], (a).limb[0], (b).limb[3], (b).limb[2], \
                  (b).limb[1], (b).limb[0])

/* Rows of Bitcoin Core's arith_uint256_tests.cpp, bignum_SetCompact, and the edges of overflow. */
static const struct {
    uint32_t bits;
    int rc;
    unsigned shift;    /* the value is mantissa × 2^shift */
    uint32_t mantissa; /* */
    uint32_t back;     /* to_compact of the value */
} compact_rows[] = {
    {0x00000000, PN_EINVAL, 0, 0, 0},           {0x00123456, PN_EINVAL, 0, 0, 0},
    {0x01003456, PN_EINVAL, 0, 0, 0},           {0x02000056, PN_EINVAL, 0, 0, 0},
    {0x03000000, PN_EINVAL, 0, 0, 0},           {0x04000000, PN_EINVAL, 0, 0, 0},
    {0x00923456, PN_EINVAL, 0, 0, 0},           {0x01803456, PN_EINVAL, 0, 0, 0},
    {0x02800056, PN_EINVAL, 0, 0, 0},           {0x03800000, PN_EINVAL, 0, 0, 0},
    {0x04800000, PN_EINVAL, 0, 0, 0},           {0x01123456, 0, 0, 0x12, 0x01120000},
    {0x01fedcba, PN_EFORMAT, 0, 0, 0},          {0x02123456, 0, 0, 0x1234, 0x02123400},
    {0x03123456, 0, 0, 0x123456, 0x03123456},   {0x04123456, 0, 8, 0x123456, 0x04123456},
    {0x04923456, PN_EFORMAT, 0, 0, 0},          {0x05009234, 0, 16, 0x009234, 0x05009234},
    {0x20123456, 0, 232, 0x123456, 0x20123456}, {0xff123456, PN_ETOOLARGE, 0, 0, 0},
    {0x1d00ffff, 0, 208, 0x00ffff, 0x1d00ffff}, {0x2100ffff, 0, 240, 0x00ffff, 0x2100ffff},
    {0x21010000, PN_ETOOLARGE, 0, 0, 0},        {0x220000ff, 0, 248, 0x0000ff, 0x2100ff00},
    {0x22000100, PN_ETOOLARGE, 0, 0, 0},        {0x23000001, PN_ETOOLARGE, 0, 0, 0},
};

START_TEST(compact_targets_expand_as_in_bitcoin_core)
{
    uint32_t bits = compact_rows[_i].bits;
    struct u256 value = one, mantissa = {{compact_rows[_i].mantissa}};
    struct u256 expected = u256_shift_left(&mantissa, compact_rows[_i].shift);
    int rc = u256_from_compact(&value, bits);

    ck_assert_msg(rc == compact_rows[_i].rc, "%08x: expected %s, got %s", bits,
                  pn_errname(compact_rows[_i].rc), pn_errname(rc));
    assert_u256_eq(value, expected);
    ck_assert_uint_eq(u256_to_compact(&value), compact_rows[_i].back);
}
END_TEST

START_TEST(a_mantissa_that_would_read_as_negative_gives_up_its_last_byte)
{
    struct u256 v = number(0, 0, 0, 0x80);

    ck_assert_uint_eq(u256_to_compact(&v), 0x02008000);
    v = number(0, 0, 0, 0x923456);
    ck_assert_uint_eq(u256_to_compact(&v), 0x04009234);
    v = number(UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    ck_assert_uint_eq(u256_to_compact(&v), 0x2100ffff);
}
END_TEST

START_TEST(a_round_trip_through_compact_keeps_the_leading_bytes_and_settles)
{
    random_test_start(SEED);
    for (int i = 0; i < ROUNDS; i++) {
        struct u256 v = random_number(), back, rest;
        uint32_t bits = u256_to_compact(&v);

        if (u256_bit_length(&v) == 0)
            continue;
        ck_assert_int_eq(u256_from_compact(&back, bits), 0);
        ck_assert_uint_eq(u256_to_compact(&back), bits);
        ck_assert_int_le(u256_compare(&back, &v), 0);
        rest = u256_sub(&v, &back); /* what was cut: at most all but 16 bits */
        ck_assert_uint_lt(u256_bit_length(&rest) + 15,
                          u256_bit_length(&v) < 16 ? 16 : u256_bit_length(&v));
    }
    random_test_stop();
}
END_TEST

START_TEST(bytes_are_read_least_significant_first)
{
    uint8_t bytes[32];
    struct u256 v, expected = number(UINT64_C(0x1f1e1d1c1b1a1918), UINT64_C(0x1716151413121110),
                                     UINT64_C(0x0f0e0d0c0b0a0908), UINT64_C(0x0706050403020100));

    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    v = u256_from_le(bytes);
    assert_u256_eq(v, expected);
}
END_TEST

START_TEST(bit_length_and_comparison_follow_every_single_bit)
{
    ck_assert_uint_eq(u256_bit_length(&zero), 0);
    for (unsigned n = 0; n < 256; n++) {
        struct u256 bit = u256_shift_left(&one, n), below = u256_sub(&bit, &one);

        ck_assert_uint_eq(u256_bit_length(&bit), n + 1);
        ck_assert_uint_eq(u256_bit_length(&below), n);
        ck_assert_int_lt(u256_compare(&below, &bit), 0);
        ck_assert_int_gt(u256_compare(&bit, &below), 0);
        ck_assert_int_eq(u256_compare(&bit, &bit), 0);
    }
}
END_TEST

START_TEST(subtraction_undoes_addition)
{
    random_test_start(SEED);
    for (int i = 0; i < ROUNDS; i++) {
        struct u256 a = random_number(), b = random_number();
        struct u256 sum = u256_add(&a, &b), back = u256_sub(&sum, &b);

        assert_u256_eq(back, a);
    }
    random_test_stop();
}
END_TEST

START_TEST(addition_carries_and_wraps)
{
    struct u256 most = u256_sub(&zero, &one), sum = u256_add(&most, &one);
    struct u256 low = number(0, 0, 0, UINT64_MAX), carried = number(0, 0, 1, 0);

    assert_u256_eq(sum, zero);
    sum = u256_add(&low, &one);
    assert_u256_eq(sum, carried);
}
END_TEST

START_TEST(a_shift_equals_doubling)
{
    random_test_start(SEED);
    for (int i = 0; i < ROUNDS / 10; i++) {
        struct u256 v = random_number(), doubled = v;

        for (unsigned n = 0; n < 256; n++) {
            struct u256 shifted = u256_shift_left(&v, n);

            assert_u256_eq(shifted, doubled);
            doubled = u256_add(&doubled, &doubled);
        }
    }
    random_test_stop();
}
END_TEST

START_TEST(division_undoes_multiplication_with_its_overflow)
{
    random_test_start(SEED);
    for (int i = 0; i < ROUNDS; i++) {
        struct u256 v = random_number(), product = v;
        uint32_t factor = (uint32_t)random_below(UINT32_MAX) + 1;
        uint32_t high = u256_mul_u32(&product, factor);

        ck_assert_uint_lt(high, factor);
        ck_assert_uint_eq(u256_div_u32(&product, high, factor), 0);
        assert_u256_eq(product, v);
    }
    random_test_stop();
}
END_TEST

START_TEST(division_leaves_the_remainder)
{
    random_test_start(SEED);
    for (int i = 0; i < ROUNDS; i++) {
        struct u256 v = random_number(), back = v, rest = zero;
        uint32_t divisor = (uint32_t)random_below(UINT32_MAX) + 1;

        rest.limb[0] = u256_div_u32(&back, 0, divisor);
        ck_assert_uint_lt(rest.limb[0], divisor);
        ck_assert_uint_eq(u256_mul_u32(&back, divisor), 0);
        back = u256_add(&back, &rest);
        assert_u256_eq(back, v);
    }
    random_test_stop();
}
END_TEST

static void assert_work(btc_work got, btc_work expected)
{
    char got_hex[65], expected_hex[65];

    work_to_hex(got_hex, got);
    work_to_hex(expected_hex, expected);
    ck_assert_str_eq(got_hex, expected_hex);
}

START_TEST(work_of_known_targets)
{
    struct u256 most = u256_sub(&zero, &one);

    assert_work(work_of_bits(0x1d00ffff), BTC_WORK(0, 0x100010001));
    assert_work(work_of_bits(0x207fffff), 2);
    assert_work(work_of_bits(0x1e0377ae), BTC_WORK(0, 0x49d414));
    assert_work(work_of_target(&most), 1);
    assert_work(work_of_bits(0), 0);
    assert_work(work_of_bits(0x04923456), 0);
    assert_work(work_of_bits(0xff123456), 0);
}
END_TEST

START_TEST(work_of_every_power_of_two_is_exact_and_saturates_at_128_bits)
{
    for (unsigned n = 0; n < 256; n++) {
        struct u256 power = u256_shift_left(&one, n), target = u256_sub(&power, &one);
        btc_work expected = n > 128 ? (btc_work)1 << (256 - n) : BTC_WORK_MAX;

        assert_work(work_of_target(&target), expected);
    }
}
END_TEST

START_TEST(work_beyond_128_bits_saturates_whatever_its_digits)
{
    struct u256 three = {{3}};

    for (unsigned n = 1; n < 254; n++) {
        struct u256 target = u256_shift_left(&three, n);
        btc_work work = work_of_target(&target);

        if (n <= 126) /* 2^256 / (3 × 2^126) is 4/3 of 2^128 */
            assert_work(work, BTC_WORK_MAX);
        else
            ck_assert(work <= BTC_WORK_MAX / 3 * 2);
    }
}
END_TEST

/* work × (target + 1) <= 2^256 < (work + 1) × (target + 1), where the work fits in 32 bits. */
START_TEST(work_is_the_quotient_rounded_down)
{
    random_test_start(SEED);
    for (int i = 0; i < ROUNDS; i++) {
        struct u256 target = random_number(), product;
        uint32_t work, high;

        if (u256_bit_length(&target) <= 225)
            continue;
        work = (uint32_t)work_of_target(&target);
        product = u256_add(&target, &one);
        high = u256_mul_u32(&product, work);
        ck_assert(high == 0 || (high == 1 && u256_compare(&product, &zero) == 0));
        product = u256_add(&target, &one);
        ck_assert_uint_ge(u256_mul_u32(&product, work + 1), 1);
    }
    random_test_stop();
}
END_TEST

START_TEST(sums_of_work_saturate)
{
    assert_work(work_add(1, 2), 3);
    assert_work(work_add(BTC_WORK_MAX, 0), BTC_WORK_MAX);
    assert_work(work_add(BTC_WORK_MAX - 1, 1), BTC_WORK_MAX);
    assert_work(work_add(BTC_WORK_MAX, 1), BTC_WORK_MAX);
    assert_work(work_add(BTC_WORK_MAX, BTC_WORK_MAX), BTC_WORK_MAX);
}
END_TEST

START_TEST(work_is_shown_as_64_digits_and_read_back)
{
    btc_work back;
    char hex[65];

    work_to_hex(hex, BTC_WORK(0x0123456789abcdef, 0xfedcba9876543210));
    ck_assert_str_eq(hex, "00000000000000000000000000000000"
                          "0123456789abcdeffedcba9876543210");
    ck_assert_int_eq(work_from_hex(&back, hex), 0);
    ck_assert(back == BTC_WORK(0x0123456789abcdef, 0xfedcba9876543210));
    ck_assert_int_eq(work_from_hex(&back, "0a0b"), 0);
    ck_assert(back == 0x0a0b);
    ck_assert_int_eq(work_from_hex(&back, "0100000000000000000000000000000000"), 0);
    ck_assert(back == BTC_WORK_MAX);
    ck_assert_int_eq(work_from_hex(&back, ""), PN_EFORMAT);
    ck_assert_int_eq(work_from_hex(&back, "0xff"), PN_EFORMAT);
    ck_assert_int_eq(work_from_hex(&back, "abc"), PN_EFORMAT);
    work_to_hex(hex, 0);
    ck_assert_str_eq(hex, "00000000000000000000000000000000"
                          "00000000000000000000000000000000");
}
END_TEST

TCase *tcase_u256(void)
{
    TCase *t = tcase_create("u256");

    tcase_add_loop_test(t, compact_targets_expand_as_in_bitcoin_core, 0,
                        sizeof compact_rows / sizeof compact_rows[0]);
    tcase_add_test(t, a_mantissa_that_would_read_as_negative_gives_up_its_last_byte);
    tcase_add_test(t, a_round_trip_through_compact_keeps_the_leading_bytes_and_settles);
    tcase_add_test(t, bytes_are_read_least_significant_first);
    tcase_add_test(t, bit_length_and_comparison_follow_every_single_bit);
    tcase_add_test(t, subtraction_undoes_addition);
    tcase_add_test(t, addition_carries_and_wraps);
    tcase_add_test(t, a_shift_equals_doubling);
    tcase_add_test(t, division_undoes_multiplication_with_its_overflow);
    tcase_add_test(t, division_leaves_the_remainder);
    tcase_add_test(t, work_of_known_targets);
    tcase_add_test(t, work_of_every_power_of_two_is_exact_and_saturates_at_128_bits);
    tcase_add_test(t, work_beyond_128_bits_saturates_whatever_its_digits);
    tcase_add_test(t, work_is_the_quotient_rounded_down);
    tcase_add_test(t, sums_of_work_saturate);
    tcase_add_test(t, work_is_shown_as_64_digits_and_read_back);
    return t;
}
