/* Costs rise, slow a session down, end it, and wear off. */
#include "base/clock.h"
#include "electrum/limits/address_count.h"
#include "electrum/limits/session_cost.h"
#include "test_electrum.h"

static const struct net_addr public_a = {.kind = NET_IPV4, .bytes = {8, 8, 8, 1}};
static const struct net_addr public_b = {.kind = NET_IPV4, .bytes = {8, 8, 8, 2}};
static const struct net_addr elsewhere = {.kind = NET_IPV4, .bytes = {8, 8, 9, 1}};
static const struct net_addr local = {.kind = NET_IPV4, .bytes = {127, 0, 0, 1}};

static struct cost_table *table;

static void set_up(void)
{
    clock_test_start(1700000000);
    table = cost_table_new(1000, 10000, NULL);
    ck_assert_ptr_nonnull(table);
}

static void tear_down(void)
{
    cost_table_free(table);
    clock_test_stop();
}

START_TEST(a_session_is_slowed_down_and_then_refused)
{
    struct session_cost s;

    session_cost_begin(&s, table, &local);
    ck_assert_int_eq(session_cost_rest_ms(&s), 0);
    session_cost_add(&s, 1000 - COST_START);
    ck_assert_int_eq(session_cost_rest_ms(&s), 0);
    session_cost_add(&s, 4500); /* half of the way */
    ck_assert_int_eq(session_cost_rest_ms(&s), COST_REST_MS / 2);
    session_cost_add(&s, 4499);
    ck_assert_int_lt(session_cost_rest_ms(&s), COST_REST_MS);
    ck_assert_int_ge(session_cost_rest_ms(&s), COST_REST_MS - 1);
    session_cost_add(&s, 1);
    ck_assert_int_eq(session_cost_rest_ms(&s), -1);
    session_cost_end(&s);
}
END_TEST

START_TEST(other_limits_apply_to_what_sessions_have_cost_already)
{
    struct session_cost s;

    session_cost_begin(&s, table, &local);
    session_cost_add(&s, 100);
    ck_assert_int_eq(session_cost_rest_ms(&s), 0);
    cost_table_set_limits(table, 10, 50);
    ck_assert_int_eq(session_cost_rest_ms(&s), -1);
    cost_table_set_limits(table, 10, 0);
    ck_assert_int_eq(session_cost_rest_ms(&s), 0);
    session_cost_end(&s);
}
END_TEST

START_TEST(cost_wears_off_by_one_a_second)
{
    struct session_cost s;

    session_cost_begin(&s, table, &local);
    session_cost_add(&s, 10000);
    clock_test_advance_ms(9000 * 1000);
    ck_assert_double_eq_tol(session_cost_now(&s), 10000 + COST_START - 9000, 0.01);
    ck_assert_int_eq(session_cost_rest_ms(&s), 1); /* 5 above the soft limit, of 9,000 */
    clock_test_advance_ms(2000 * 1000);
    ck_assert_double_eq_tol(session_cost_now(&s), 0, 0.01);
    session_cost_end(&s);
}
END_TEST

START_TEST(sessions_of_one_subnet_pay_for_each_other)
{
    struct session_cost a, b, c, d;

    session_cost_begin(&a, table, &public_a);
    session_cost_begin(&b, table, &public_b);
    session_cost_begin(&c, table, &elsewhere);
    session_cost_begin(&d, table, &local);
    session_cost_add(&a, 20000);
    ck_assert_int_eq(session_cost_rest_ms(&b), -1);
    ck_assert_int_eq(session_cost_rest_ms(&c), 0);
    ck_assert_int_eq(session_cost_rest_ms(&d), 0);
    session_cost_end(&a); /* the debt stays, and wears off by 2 a second */
    ck_assert_int_eq(session_cost_rest_ms(&b), -1);
    clock_test_advance_ms(4000 * 1000);
    ck_assert_int_eq(session_cost_rest_ms(&b), -1);
    clock_test_advance_ms(6100 * 1000);
    ck_assert_int_eq(session_cost_rest_ms(&b), 0);
    session_cost_end(&b);
    session_cost_end(&c);
    session_cost_end(&d);
}
END_TEST

START_TEST(local_sessions_have_no_group)
{
    struct session_cost a, b;

    session_cost_begin(&a, table, &local);
    session_cost_begin(&b, table, &local);
    session_cost_add(&a, 20000);
    ck_assert_int_eq(session_cost_rest_ms(&b), 0);
    session_cost_end(&a);
    session_cost_end(&b);
}
END_TEST

START_TEST(groups_are_bounded)
{
    struct session_cost s;

    for (unsigned i = 0; i < 3 * COST_MAX_GROUPS; i++) {
        struct net_addr a = {.kind = NET_IPV4, .bytes = {8, (uint8_t)(i >> 8), (uint8_t)i, 1}};

        session_cost_begin(&s, table, &a);
        session_cost_add(&s, 50);
        session_cost_end(&s);
    }
    session_cost_begin(&s, table, &public_a);
    ck_assert_int_eq(session_cost_rest_ms(&s), 0);
    session_cost_end(&s);
}
END_TEST

START_TEST(an_address_has_its_share_of_sessions)
{
    struct address_count *a = address_count_new(3, 2);

    ck_assert(address_count_take(a, &public_a));
    ck_assert(address_count_take(a, &public_a));
    ck_assert(!address_count_take(a, &public_a));
    ck_assert(address_count_take(a, &public_b));
    ck_assert(address_count_take(a, &elsewhere));
    ck_assert(!address_count_take(a, &local)); /* no place left */
    address_count_give(a, &elsewhere);
    ck_assert(address_count_take(a, &local));
    address_count_give(a, &public_a);
    ck_assert(address_count_take(a, &public_a));
    address_count_free(a);
}
END_TEST

TCase *tcase_session_cost(void)
{
    TCase *t = tcase_create("session_cost");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_session_is_slowed_down_and_then_refused);
    tcase_add_test(t, other_limits_apply_to_what_sessions_have_cost_already);
    tcase_add_test(t, cost_wears_off_by_one_a_second);
    tcase_add_test(t, sessions_of_one_subnet_pay_for_each_other);
    tcase_add_test(t, local_sessions_have_no_group);
    tcase_add_test(t, groups_are_bounded);
    tcase_add_test(t, an_address_has_its_share_of_sessions);
    return t;
}
