/* The known-inventory cache remembers what it promises and stays small. */
#include <string.h>

#include "base/mem.h"
#include "peer/known.h"
#include "test_peer.h"

static void hash_of(uint8_t out[32], unsigned i)
{
    memset(out, 0, 32);
    memcpy(out, &i, sizeof i);
}

START_TEST(the_last_added_are_known_and_strangers_are_not)
{
    struct known k;
    uint8_t h[32];

    known_init(&k, 1000);
    for (unsigned i = 0; i < 5000; i++) {
        hash_of(h, i);
        ck_assert(!known_has(&k, h, 32));
        known_add(&k, h, 32);
        ck_assert(known_has(&k, h, 32));
    }
    for (unsigned i = 4000; i < 5000; i++) {
        hash_of(h, i);
        ck_assert_msg(known_has(&k, h, 32), "forgot %u of the last 1000", i);
    }
    for (unsigned i = 0; i < 3000; i++) {
        hash_of(h, i);
        ck_assert_msg(!known_has(&k, h, 32), "still knows %u, two generations old", i);
    }
    known_free(&k);
}
END_TEST

START_TEST(memory_grows_with_use_and_is_bounded)
{
    struct known k;
    uint8_t h[32];

    known_init(&k, 1000);
    ck_assert_uint_eq(known_memory(&k), 0);
    hash_of(h, 1);
    known_add(&k, h, 32);
    ck_assert_uint_le(known_memory(&k), 256);
    for (unsigned i = 0; i < 100000; i++) {
        hash_of(h, i);
        known_add(&k, h, 32);
    }
    ck_assert_uint_le(known_memory(&k), 2 * 2048 * sizeof(uint64_t));
    known_free(&k);
}
END_TEST

START_TEST(without_memory_it_forgets_but_does_not_fail)
{
    struct known k;
    uint8_t h[32];

    known_init(&k, 1000);
    hash_of(h, 1);
    mem_fail_at(1, 1);
    known_add(&k, h, 32);
    mem_fail_at(0, 0);
    ck_assert(!known_has(&k, h, 32));
    known_add(&k, h, 32);
    ck_assert(known_has(&k, h, 32));
    known_free(&k);
}
END_TEST

void add_known_tests(Suite *s)
{
    TCase *t = tcase_create("known inventory");

    suite_add_tcase(s, t);
    tcase_add_test(t, the_last_added_are_known_and_strangers_are_not);
    tcase_add_test(t, memory_grows_with_use_and_is_bounded);
    tcase_add_test(t, without_memory_it_forgets_but_does_not_fail);
}
