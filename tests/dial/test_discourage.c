/* Discouragement: what is remembered, for how long, how surely, and in how much memory. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "dial/discourage.h"
#include "test_policy.h"

static struct discourage *set;

static void setup(void)
{
    set = discourage_new(DISCOURAGE_LIMIT);
    ck_assert_ptr_nonnull(set);
}

static void teardown(void)
{
    discourage_free(set);
}

/* The i-th IPv6 subscriber of an attacker with a /32, at the first host of its /64. */
static struct net_addr subscriber(uint32_t i)
{
    struct net_addr a = {.kind = NET_IPV6, .port = 8333, .bytes = {0x20, 0x01, 0x0d, 0xb8}};

    store_be32(a.bytes + 4, i);
    a.bytes[15] = 1;
    return a;
}

static bool has(const char *text)
{
    struct net_addr a = addr_of(text);

    return discourage_has(set, &a);
}

static bool add(const char *text)
{
    struct net_addr a = addr_of(text);

    return discourage_add(set, &a);
}

START_TEST(an_address_is_discouraged_on_every_port_and_its_neighbours_are_not)
{
    ck_assert(!has("127.0.0.1:8333"));
    ck_assert(add("127.0.0.1:8333"));
    ck_assert(has("127.0.0.1:8333"));
    ck_assert(has("127.0.0.1:1"));
    ck_assert(!has("127.0.0.2:8333"));
    ck_assert(!add("127.0.0.1:9"));
}
END_TEST

START_TEST(an_ipv6_address_stands_for_its_64)
{
    add("[2001:db8:1:2::5]:8333");
    ck_assert(has("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    ck_assert(has("2001:db8:1:2::"));
    ck_assert(!has("2001:db8:1:3::5"));
}
END_TEST

START_TEST(kinds_with_the_same_bytes_are_different)
{
    struct net_addr tor = {.kind = NET_TORV3, .bytes = {1, 2, 3, [31] = 4}};
    struct net_addr i2p = tor, other = tor;

    i2p.kind = NET_I2P;
    other.bytes[31] = 5;
    discourage_add(set, &tor);
    ck_assert(discourage_has(set, &tor));
    ck_assert(!discourage_has(set, &i2p));
    ck_assert(!discourage_has(set, &other));
}
END_TEST

START_TEST(the_last_limit_of_addresses_are_remembered_and_twice_as_many_at_most)
{
    enum { ADDED = 3 * DISCOURAGE_LIMIT + 77 };
    unsigned remembered = 0;

    for (uint32_t i = 0; i < ADDED; i++) {
        struct net_addr a = subscriber(i);

        discourage_add(set, &a);
    }
    for (uint32_t i = 0; i < ADDED; i++) {
        struct net_addr a = subscriber(i);
        bool known = discourage_has(set, &a);

        ck_assert_msg(known || i < ADDED - DISCOURAGE_LIMIT, "%u of %u is forgotten", i, ADDED);
        remembered += known;
    }
    ck_assert_uint_le(remembered, 2 * DISCOURAGE_LIMIT + 1);
}
END_TEST

START_TEST(who_misbehaves_again_is_remembered_from_then_on)
{
    struct net_addr first = subscriber(0);

    discourage_add(set, &first);
    for (uint32_t i = 1; i < 5 * DISCOURAGE_LIMIT; i++) {
        struct net_addr a = subscriber(i);

        discourage_add(set, &a);
        if (i % (DISCOURAGE_LIMIT / 2) == 0)
            ck_assert(!discourage_add(set, &first));
    }
    ck_assert(discourage_has(set, &first));
}
END_TEST

START_TEST(what_was_cleared_is_forgotten)
{
    add("127.0.0.1");
    discourage_clear(set);
    ck_assert(!has("127.0.0.1"));
    ck_assert(add("127.0.0.1"));
}
END_TEST

START_TEST(the_smallest_set_remembers_one)
{
    struct discourage *one = discourage_new(1);

    ck_assert_ptr_nonnull(one);
    for (uint32_t i = 0; i < 100; i++) {
        struct net_addr a = subscriber(i);

        discourage_add(one, &a);
        ck_assert(discourage_has(one, &a));
    }
    discourage_free(one);
}
END_TEST

START_TEST(without_memory_there_is_no_set)
{
    mem_fail_at(1, 0);
    ck_assert_ptr_null(discourage_new(10));
    mem_fail_at(0, 0);
    discourage_free(NULL);
}
END_TEST

/* Resident pages of this process, from /proc/self/statm. */
static size_t resident_bytes(void)
{
    unsigned long size, resident;
    FILE *f = fopen("/proc/self/statm", "r");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%lu %lu", &size, &resident), 2);
    fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

START_TEST(a_million_misbehaving_addresses_cost_less_than_5_mb_and_no_innocent_one)
{
    enum { ATTACKERS = 1000000, INNOCENTS = 1000000 };
    size_t before, grown, memory;
    unsigned mistaken = 0;

    discourage_free(set);
    before = resident_bytes();
    set = discourage_new(DISCOURAGE_LIMIT);
    ck_assert_ptr_nonnull(set);
    for (uint32_t i = 0; i < ATTACKERS; i++) {
        struct net_addr a = subscriber(i);

        discourage_add(set, &a);
    }
    grown = resident_bytes() - before;
    memory = discourage_memory(set);
    for (uint32_t i = 0; i < INNOCENTS; i++) {
        struct net_addr a = subscriber(i + 2 * ATTACKERS);

        mistaken += discourage_has(set, &a);
    }
    printf("discourage: 1000000 misbehaving /64s: %.2f MB allocated, %.2f MB resident; "
           "%u of 1000000 innocent ones mistaken\n",
           (double)memory / 1e6, (double)grown / 1e6, mistaken);
    ck_assert_uint_lt(memory, 5000000);
#ifndef PN_SANITIZER /* whose shadow memory is resident too */
    ck_assert_uint_lt(grown, 5000000);
#endif
    ck_assert_uint_le(mistaken, 1);
}
END_TEST

void add_discourage_tests(Suite *s)
{
    TCase *t = tcase_create("discourage");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, an_address_is_discouraged_on_every_port_and_its_neighbours_are_not);
    tcase_add_test(t, an_ipv6_address_stands_for_its_64);
    tcase_add_test(t, kinds_with_the_same_bytes_are_different);
    tcase_add_test(t, the_last_limit_of_addresses_are_remembered_and_twice_as_many_at_most);
    tcase_add_test(t, who_misbehaves_again_is_remembered_from_then_on);
    tcase_add_test(t, what_was_cleared_is_forgotten);
    tcase_add_test(t, the_smallest_set_remembers_one);
    tcase_add_test(t, without_memory_there_is_no_set);
    tcase_add_test(t, a_million_misbehaving_addresses_cost_less_than_5_mb_and_no_innocent_one);
}
