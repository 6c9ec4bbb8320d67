/* One outbound connection per network group. */
#include "base/bug.h"
#include "base/err.h"
#include "dial/groups.h"
#include "test_policy.h"

static struct groups groups;

static void setup(void)
{
    groups_init(&groups);
}

static void teardown(void)
{
    groups_destroy(&groups);
}

static struct net_group group_of(const char *text)
{
    struct net_addr addr = addr_of(text);

    return net_group_of(NULL, &addr);
}

static int take(const char *text)
{
    struct net_group g = group_of(text);

    return groups_take(&groups, &g);
}

static int share(const char *text)
{
    struct net_group g = group_of(text);

    return groups_share(&groups, &g);
}

static void give(const char *text)
{
    struct net_group g = group_of(text);

    groups_give(&groups, &g);
}

static bool occupied(const char *text)
{
    struct net_group g = group_of(text);

    return groups_occupied(&groups, &g);
}

START_TEST(a_group_takes_one_connection_at_a_time)
{
    ck_assert_int_eq(take("8.8.1.1"), 0);
    ck_assert(occupied("8.8.200.200"));
    ck_assert_int_eq(take("8.8.2.2"), PN_EGROUP);
    ck_assert_int_eq(take("8.9.2.2"), 0);
    give("8.8.1.1");
    ck_assert(!occupied("8.8.1.1"));
    ck_assert(occupied("8.9.1.1"));
    ck_assert_int_eq(take("8.8.2.2"), 0);
}
END_TEST

START_TEST(a_manual_connection_shares_and_still_counts)
{
    ck_assert_int_eq(take("8.8.1.1"), 0);
    ck_assert_int_eq(share("8.8.2.2"), 0);
    give("8.8.1.1");
    ck_assert_int_eq(take("8.8.3.3"), PN_EGROUP);
    give("8.8.2.2");
    ck_assert_int_eq(take("8.8.3.3"), 0);
}
END_TEST

START_TEST(tor_i2p_and_cjdns_occupy_nothing)
{
    static const enum net_kind kinds[] = {NET_TORV3, NET_I2P, NET_CJDNS};

    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct net_addr addr = {.kind = kinds[i], .bytes = {0xfc, 1, 2, 3}};
        struct net_group g = net_group_of(NULL, &addr);

        ck_assert_int_eq(groups_take(&groups, &g), 0);
        ck_assert_int_eq(groups_take(&groups, &g), 0);
        ck_assert(!groups_occupied(&groups, &g));
        groups_give(&groups, &g);
        groups_give(&groups, &g);
    }
}
END_TEST

static struct net_group numbered(unsigned i)
{
    struct net_addr a = {.kind = NET_IPV4, .bytes = {(uint8_t)(20 + i / 256), (uint8_t)i, 1, 1}};

    return net_group_of(NULL, &a);
}

START_TEST(the_table_is_bounded_and_each_place_comes_back)
{
    struct net_group g;

    for (unsigned i = 0; i < GROUPS_MAX; i++) {
        g = numbered(i);
        ck_assert_int_eq(groups_take(&groups, &g), 0);
    }
    g = numbered(GROUPS_MAX);
    ck_assert_int_eq(groups_take(&groups, &g), PN_ELIMIT);
    ck_assert_int_eq(groups_share(&groups, &g), PN_ELIMIT);
    for (unsigned i = 0; i < GROUPS_MAX; i++) {
        g = numbered(i);
        groups_give(&groups, &g);
        ck_assert(!groups_occupied(&groups, &g));
    }
    g = numbered(GROUPS_MAX);
    ck_assert_int_eq(groups_take(&groups, &g), 0);
}
END_TEST

static void quiet(const char *cond, const char *file, int line)
{
    (void)cond;
    (void)file;
    (void)line;
}

START_TEST(giving_back_what_was_not_taken_is_reported_and_harmless)
{
    uint64_t before = bug_count();

    bug_set_handler(quiet);
    take("8.8.1.1");
    give("9.9.1.1");
    ck_assert_uint_eq(bug_count(), before + 1);
    ck_assert(occupied("8.8.1.1"));
}
END_TEST

void add_groups_tests(Suite *s)
{
    TCase *t = tcase_create("groups");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_group_takes_one_connection_at_a_time);
    tcase_add_test(t, a_manual_connection_shares_and_still_counts);
    tcase_add_test(t, tor_i2p_and_cjdns_occupy_nothing);
    tcase_add_test(t, the_table_is_bounded_and_each_place_comes_back);
    tcase_add_test(t, giving_back_what_was_not_taken_is_reported_and_harmless);
}
