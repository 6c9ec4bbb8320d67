/* Golomb-coded sets: what was put in is found, what was not hardly ever, and only what gcs_build
 * can have written is taken. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "bitcoin/filter/gcs.h"
#include "test_filter.h"

enum { ITEMS = 2000, OTHERS = 200000, SET_MAX = 1 << 16 };

static const struct siphash_key key = {.k0 = 1, .k1 = 2};
static uint32_t numbers[OTHERS];
static struct bytes items[OTHERS];

static void number(uint32_t from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        numbers[i] = from + (uint32_t)i;
        items[i] = (struct bytes){.data = (const uint8_t *)&numbers[i], .len = sizeof numbers[i]};
    }
}

static void build(struct buf *set, size_t n)
{
    number(0, n);
    buf_init(set, SET_MAX);
    ck_assert_int_eq(gcs_build(set, &key, items, n), 0);
}

static struct bytes all_of(const struct buf *set)
{
    return (struct bytes){.data = set->data, .len = set->len};
}

START_TEST(every_item_is_found_and_each_counts)
{
    struct buf set;
    size_t count, matched;

    build(&set, ITEMS);
    ck_assert_int_eq(gcs_check(&count, all_of(&set)), 0);
    ck_assert_uint_eq(count, ITEMS);
    ck_assert_int_eq(gcs_match(&matched, &key, all_of(&set), items, ITEMS), 0);
    ck_assert_uint_eq(matched, ITEMS);
    buf_free(&set);
}
END_TEST

START_TEST(others_are_found_about_once_in_784931_times)
{
    struct buf set;
    size_t matched;

    build(&set, ITEMS);
    number(1000000, OTHERS);
    ck_assert_int_eq(gcs_match(&matched, &key, all_of(&set), items, OTHERS), 0);
    ck_assert_uint_le(matched, 8); /* 0.25 are expected; the numbers are always the same */
    buf_free(&set);
}
END_TEST

START_TEST(equal_items_count_once)
{
    struct buf once, twice;

    build(&once, 3);
    number(0, 3);
    items[3] = items[1];
    buf_init(&twice, SET_MAX);
    ck_assert_int_eq(gcs_build(&twice, &key, items, 4), 0);
    ck_assert_uint_eq(once.len, twice.len);
    ck_assert_mem_eq(once.data, twice.data, once.len);
    buf_free(&once);
    buf_free(&twice);
}
END_TEST

START_TEST(the_empty_set_is_one_byte_and_matches_nothing)
{
    struct buf set;
    size_t count, matched;

    build(&set, 0);
    ck_assert_uint_eq(set.len, 1);
    ck_assert_uint_eq(set.data[0], 0);
    ck_assert_int_eq(gcs_check(&count, all_of(&set)), 0);
    ck_assert_uint_eq(count, 0);
    number(0, 3);
    ck_assert_int_eq(gcs_match(&matched, &key, all_of(&set), items, 3), 0);
    ck_assert_uint_eq(matched, 0);
    buf_free(&set);
}
END_TEST

START_TEST(a_set_about_a_fiftieth_above_its_entropy)
{
    struct buf set;

    build(&set, ITEMS);
    ck_assert_uint_le(set.len * 8, ITEMS * 22); /* log2(784931) + 1.5 bits are 21.1 */
    buf_free(&set);
}
END_TEST

/* What a change of the last bytes, or of the count, makes of a set. */
START_TEST(what_is_malformed_is_refused)
{
    uint8_t copy[64];
    struct buf set;
    size_t count;

    build(&set, 5);
    ck_assert_uint_lt(set.len + 1, sizeof copy);
    memcpy(copy, set.data, set.len);
    copy[set.len] = 0;
    ck_assert_int_eq(gcs_check(&count, (struct bytes){copy, set.len + 1}), PN_ETRAILING);
    ck_assert_int_eq(gcs_check(&count, (struct bytes){copy, set.len - 1}), PN_ETRUNCATED);
    copy[0] = 200;
    ck_assert_int_eq(gcs_check(&count, (struct bytes){copy, set.len}), PN_ECOUNT);
    copy[0] = 1; /* four elements are left over */
    ck_assert_int_ne(gcs_check(&count, (struct bytes){copy, set.len}), 0);
    ck_assert_int_eq(gcs_check(&count, (struct bytes){copy, 0}), PN_ETRUNCATED);
    ck_assert_int_eq(gcs_check(&count, (struct bytes){(const uint8_t *)"\xfd\x01\x00", 3}),
                     PN_ENONCANONICAL);
    buf_free(&set);
}
END_TEST

/* One element, whose quotient of two lies beyond the range of 1 * M. */
START_TEST(an_element_beyond_the_range_is_refused)
{
    static const uint8_t set[] = {1, 0xc0, 0, 0};
    size_t count;

    ck_assert_int_eq(gcs_check(&count, (struct bytes){set, sizeof set}), PN_EFORMAT);
}
END_TEST

TCase *gcs_case(void)
{
    TCase *tc = tcase_create("gcs");

    tcase_add_test(tc, every_item_is_found_and_each_counts);
    tcase_add_test(tc, others_are_found_about_once_in_784931_times);
    tcase_add_test(tc, equal_items_count_once);
    tcase_add_test(tc, the_empty_set_is_one_byte_and_matches_nothing);
    tcase_add_test(tc, a_set_about_a_fiftieth_above_its_entropy);
    tcase_add_test(tc, what_is_malformed_is_refused);
    tcase_add_test(tc, an_element_beyond_the_range_is_refused);
    return tc;
}
