/* The filter that forgets. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/mempool/rolling_filter.h"
#include "test_mempool.h"

enum { LIMIT = 1000 };

static const uint8_t *nth(uint64_t n)
{
    static uint8_t hash[32];

    memcpy(hash, &n, sizeof n);
    return hash;
}

START_TEST(the_last_ones_are_always_found)
{
    struct rolling_filter f;

    random_test_start(1);
    ck_assert_int_eq(rolling_filter_init(&f, LIMIT), 0);
    for (uint64_t n = 0; n < 10 * LIMIT; n++) {
        rolling_filter_add(&f, nth(n));
        ck_assert(rolling_filter_has(&f, nth(n)));
        if (n >= LIMIT)
            ck_assert(rolling_filter_has(&f, nth(n - LIMIT + 1)));
    }
    rolling_filter_free(&f);
    random_test_stop();
}
END_TEST

START_TEST(what_was_added_long_ago_is_forgotten)
{
    struct rolling_filter f;
    int found = 0;

    random_test_start(2);
    ck_assert_int_eq(rolling_filter_init(&f, LIMIT), 0);
    for (uint64_t n = 0; n < 5 * LIMIT; n++)
        rolling_filter_add(&f, nth(n));
    for (uint64_t n = 0; n < LIMIT; n++)
        found += rolling_filter_has(&f, nth(n));
    ck_assert_int_le(found, 1);
    rolling_filter_free(&f);
    random_test_stop();
}
END_TEST

START_TEST(of_a_million_others_few_are_found)
{
    struct rolling_filter f;
    int found = 0;

    random_test_start(3);
    ck_assert_int_eq(rolling_filter_init(&f, LIMIT), 0);
    for (uint64_t n = 0; n < 2 * LIMIT; n++)
        rolling_filter_add(&f, nth(n));
    for (uint64_t n = 0; n < 1000000; n++)
        found += rolling_filter_has(&f, nth(n + (UINT64_C(1) << 40)));
    ck_assert_int_le(found, 10);
    rolling_filter_free(&f);
    random_test_stop();
}
END_TEST

START_TEST(a_reset_forgets_all)
{
    struct rolling_filter f;

    ck_assert_int_eq(rolling_filter_init(&f, LIMIT), 0);
    rolling_filter_add(&f, nth(1));
    rolling_filter_reset(&f);
    ck_assert(!rolling_filter_has(&f, nth(1)));
    rolling_filter_add(&f, nth(2));
    ck_assert(rolling_filter_has(&f, nth(2)));
    rolling_filter_free(&f);
}
END_TEST

START_TEST(without_memory_there_is_no_filter)
{
    struct rolling_filter f;

    mem_fail_at(2, 0);
    ck_assert_int_eq(rolling_filter_init(&f, LIMIT), PN_ENOMEM);
    mem_fail_at(0, 0);
    rolling_filter_free(&f);
}
END_TEST

void add_filter_tests(Suite *s)
{
    TCase *t = tcase_create("filter");

    suite_add_tcase(s, t);
    tcase_add_test(t, the_last_ones_are_always_found);
    tcase_add_test(t, what_was_added_long_ago_is_forgotten);
    tcase_add_test(t, of_a_million_others_few_are_found);
    tcase_add_test(t, a_reset_forgets_all);
    tcase_add_test(t, without_memory_there_is_no_filter);
}
