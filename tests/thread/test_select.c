/* Promises of chan_select: one case is taken, once, fairly, and the others are left as if never
 * tried; and of the check of who may block on whom. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/random.h"
#include "calls.h"
#include "harness.h"

static struct chan_class one = {.name = "select_one",
                                .elem_size = sizeof(int),
                                .capacity = 1,
                                .block_roles = ROLE_BIT(ROLE_TEST)};
static struct chan a, b;
static struct call calls[2];

static void set_up(void)
{
    random_test_start(1);
    thread_set_role(ROLE_TEST);
    ck_assert_int_eq(chan_class_register(&one), 0);
    ck_assert_int_eq(chan_init(&a, &one), 0);
    ck_assert_int_eq(chan_init(&b, &one), 0);
}

static void tear_down(void)
{
    chan_destroy(&a, NULL);
    chan_destroy(&b, NULL);
    clock_test_stop();
    random_test_stop();
}

static void put(struct chan *c, int v)
{
    ck_assert_int_eq(chan_try_send(c, &v), 0);
}

static int take(struct chan *c)
{
    int v = 0, rc = chan_try_recv(c, &v);

    return rc < 0 ? rc : v;
}

/* One select over a receive from a and a receive from b that does not wait. */
static int select_recv(int *elem, int *result)
{
    struct chan_case cases[] = {
        {.chan = &a, .op = CHAN_RECV, .elem = elem},
        {.chan = &b, .op = CHAN_RECV, .elem = elem},
    };
    int i = chan_select(cases, 2, clock_mono_us());

    *result = i < 0 ? i : cases[i].result;
    return i;
}

START_TEST(the_ready_case_is_taken_wherever_the_search_begins)
{
    int elem = 0, result;

    for (int i = 1; i <= 20; i++) {
        put(i % 2 ? &a : &b, i);
        ck_assert_int_eq(select_recv(&elem, &result), i % 2 ? 0 : 1);
        ck_assert_int_eq(result, 0);
        ck_assert_int_eq(elem, i);
    }
    ck_assert_int_eq(select_recv(&elem, &result), PN_ETIMEDOUT);
    await_blocked(&a, 0, 0);
    await_blocked(&b, 0, 0);
}
END_TEST

START_TEST(a_send_case_is_taken_when_there_is_room)
{
    int x = 5, y = 6;
    struct chan_case cases[] = {
        {.chan = &a, .op = CHAN_SEND, .elem = &x},
        {.chan = &b, .op = CHAN_SEND, .elem = &y},
    };

    put(&a, 1);
    ck_assert_int_eq(chan_select(cases, 2, CLOCK_NEVER), 1);
    ck_assert_int_eq(cases[1].result, 0);
    ck_assert_int_eq(chan_select(cases, 2, clock_mono_us()), PN_ETIMEDOUT);
    ck_assert_int_eq(take(&a), 1);
    ck_assert_int_eq(take(&a), PN_EAGAIN);
    ck_assert_int_eq(take(&b), 6);
}
END_TEST

START_TEST(a_closed_channel_is_a_ready_case)
{
    int elem = 0, result, x = 5;
    struct chan_case send = {.chan = &b, .op = CHAN_SEND, .elem = &x};

    put(&b, 7);
    chan_close(&b);
    ck_assert_int_eq(chan_select(&send, 1, CLOCK_NEVER), 0);
    ck_assert_int_eq(send.result, PN_ECLOSED);
    ck_assert_int_eq(select_recv(&elem, &result), 1);
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(elem, 7);
    ck_assert_int_eq(select_recv(&elem, &result), 1);
    ck_assert_int_eq(result, PN_ECLOSED);
}
END_TEST

START_TEST(a_case_without_a_channel_is_never_ready)
{
    int elem = 0;
    struct chan_case cases[] = {
        {.chan = NULL, .op = CHAN_RECV, .elem = &elem},
        {.chan = &a, .op = CHAN_RECV, .elem = &elem},
        {.chan = NULL, .op = CHAN_SEND, .elem = &elem},
    };

    for (int i = 0; i < 10; i++) {
        put(&a, i);
        ck_assert_int_eq(chan_select(cases, 3, CLOCK_NEVER), 1);
    }
    ck_assert_int_eq(chan_select(cases, 3, clock_mono_us()), PN_ETIMEDOUT);
    ck_assert_int_eq(chan_select(cases, 1, clock_mono_us()), PN_ETIMEDOUT);
    ck_assert_int_eq(chan_select(cases, 0, clock_mono_us()), PN_ETIMEDOUT);
}
END_TEST

START_TEST(no_ready_case_starves)
{
    unsigned taken[3] = {0};
    int elem = 0, sent = 3;
    struct chan quit;
    struct chan_case cases[] = {
        {.chan = &a, .op = CHAN_RECV, .elem = &elem},
        {.chan = &b, .op = CHAN_SEND, .elem = &sent},
        {.chan = &quit, .op = CHAN_RECV},
    };

    ck_assert_int_eq(chan_init(&quit, &quit_class), 0);
    quit_request(&quit);
    put(&a, 1);
    for (int i = 0; i < 3000; i++) {
        int k = chan_select(cases, 3, CLOCK_NEVER);

        ck_assert_int_ge(k, 0);
        taken[k]++;
        if (k == 0)
            put(&a, 1);
        if (k == 1)
            ck_assert_int_eq(take(&b), 3);
    }
    for (int k = 0; k < 3; k++)
        ck_assert_msg(taken[k] > 800, "case %d: expected about 1000 of 3000, got %u", k, taken[k]);
    chan_destroy(&quit, NULL);
}
END_TEST

START_TEST(a_blocked_select_is_served_by_either_channel_and_leaves_both)
{
    for (int i = 0; i < 2; i++) {
        call_select(&calls[0], CHAN_RECV, &a, &b, CLOCK_NEVER);
        await_blocked(&a, 0, 1);
        await_blocked(&b, 0, 1);
        put(i == 0 ? &a : &b, 9);
        ck_assert_int_eq(call_end(&calls[0]), i);
        ck_assert_int_eq(calls[0].cases[i].result, 0);
        ck_assert_int_eq(calls[0].elems[i], 9);
        ck_assert_int_eq(calls[0].elems[1 - i], 2 - i);
        await_blocked(&a, 0, 0);
        await_blocked(&b, 0, 0);
    }
}
END_TEST

START_TEST(a_blocked_select_takes_one_of_two_elements_and_leaves_the_other)
{
    int i;

    call_select(&calls[0], CHAN_RECV, &a, &b, CLOCK_NEVER);
    await_blocked(&a, 0, 1);
    await_blocked(&b, 0, 1);
    put(&a, 10);
    put(&b, 11);
    i = call_end(&calls[0]);
    ck_assert_int_eq(i, 0);
    ck_assert_int_eq(calls[0].elems[0], 10);
    ck_assert_int_eq(take(&a), PN_EAGAIN);
    ck_assert_int_eq(take(&b), 11);
}
END_TEST

START_TEST(a_blocked_send_case_is_let_in_once)
{
    put(&a, 1);
    put(&b, 2);
    call_select(&calls[0], CHAN_SEND, &a, &b, CLOCK_NEVER);
    await_blocked(&a, 1, 0);
    await_blocked(&b, 1, 0);
    ck_assert_int_eq(take(&b), 2);
    ck_assert_int_eq(take(&a), 1);
    ck_assert_int_eq(call_end(&calls[0]), 1);
    ck_assert_int_eq(take(&a), PN_EAGAIN);
    ck_assert_int_eq(take(&b), 2); /* the select's elems[1] */
    await_blocked(&a, 0, 0);
}
END_TEST

START_TEST(a_select_that_gives_up_lets_the_sender_behind_it_in)
{
    put(&a, 1);
    put(&b, 2);
    call_select(&calls[0], CHAN_SEND, &a, &b, CLOCK_NEVER);
    await_blocked(&a, 1, 0);
    await_blocked(&b, 1, 0);
    call_send(&calls[1], &a, 30, CLOCK_NEVER);
    await_blocked(&a, 2, 0);
    ck_assert_int_eq(take(&b), 2);
    ck_assert_int_eq(call_end(&calls[0]), 1);
    ck_assert_int_eq(take(&a), 1);
    ck_assert_int_eq(call_end(&calls[1]), 0);
    ck_assert_int_eq(take(&a), 30);
}
END_TEST

START_TEST(one_element_goes_to_one_of_two_selects)
{
    for (unsigned i = 0; i < 2; i++) {
        call_select(&calls[i], CHAN_RECV, &a, &b, CLOCK_NEVER);
        await_blocked(&b, 0, i + 1);
        await_blocked(&a, 0, i + 1);
    }
    put(&a, 10);
    ck_assert_int_eq(call_end(&calls[0]), 0);
    ck_assert_int_eq(calls[0].elems[0], 10);
    await_blocked(&a, 0, 1);
    put(&b, 11);
    ck_assert_int_eq(call_end(&calls[1]), 1);
    ck_assert_int_eq(calls[1].elems[1], 11);
}
END_TEST

START_TEST(close_ends_a_blocked_select)
{
    call_select(&calls[0], CHAN_RECV, &a, &b, CLOCK_NEVER);
    await_blocked(&a, 0, 1);
    await_blocked(&b, 0, 1);
    chan_close(&b);
    ck_assert_int_eq(call_end(&calls[0]), 1);
    ck_assert_int_eq(calls[0].cases[1].result, PN_ECLOSED);

    put(&a, 1);
    call_select(&calls[0], CHAN_SEND, &a, NULL, CLOCK_NEVER);
    await_blocked(&a, 1, 0);
    chan_close(&a);
    ck_assert_int_eq(call_end(&calls[0]), 0);
    ck_assert_int_eq(calls[0].cases[0].result, PN_ECLOSED);
    ck_assert_int_eq(take(&a), 1);
}
END_TEST

START_TEST(a_select_ends_at_its_deadline)
{
    clock_test_start(0);
    call_select(&calls[0], CHAN_RECV, &a, &b, clock_deadline_ms(3600000));
    await_blocked(&a, 0, 1);
    await_blocked(&b, 0, 1);
    clock_test_advance_ms(3600000);
    ck_assert_int_eq(call_end(&calls[0]), PN_ETIMEDOUT);
    await_blocked(&a, 0, 0);
    await_blocked(&b, 0, 0);
}
END_TEST

START_TEST(a_select_may_name_one_channel_twice)
{
    int in = 0, out = 5, i;
    struct chan_case cases[] = {
        {.chan = &a, .op = CHAN_RECV, .elem = &in},
        {.chan = &a, .op = CHAN_SEND, .elem = &out},
    };

    i = chan_select(cases, 2, CLOCK_NEVER);
    ck_assert_int_eq(i, 1); /* it does not receive from itself */
    i = chan_select(cases, 2, CLOCK_NEVER);
    ck_assert_int_eq(i, 0);
    ck_assert_int_eq(in, 5);

    call_select(&calls[0], CHAN_RECV, &a, &a, CLOCK_NEVER);
    await_blocked(&a, 0, 2);
    put(&a, 8);
    i = call_end(&calls[0]);
    ck_assert_int_ge(i, 0);
    ck_assert_int_eq(calls[0].elems[i], 8);
    ck_assert_uint_eq(chan_depth(&a), 0);
}
END_TEST

START_TEST(a_role_outside_the_class_may_try_but_not_block)
{
    int v = 1;

    thread_set_role(ROLE_SERVER);
    ck_assert_int_eq(chan_try_send(&a, &v), 0);
    ck_assert_int_eq(chan_try_send_many(&a, &v, 1), 0);
    ck_assert_int_eq(chan_recv(&a, &v, CLOCK_NEVER), 0);
}
END_TEST

#ifndef NDEBUG
START_TEST(a_blocking_send_by_a_role_outside_the_class_is_asserted)
{
    int v = 1;
    struct chan_case send = {.chan = &a, .op = CHAN_SEND, .elem = &v};

    thread_set_role(ROLE_SERVER);
    if (_i == 0)
        chan_send(&a, &v, CLOCK_NEVER);
    else if (_i == 1)
        chan_send_or_quit(&a, &v, NULL, CLOCK_NEVER);
    else
        chan_select(&send, 1, CLOCK_NEVER);
}
END_TEST
#endif

static TCase *roles_case(void)
{
    TCase *tc = tcase_create("roles");
    const char *fork_mode = getenv("CK_FORK");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_role_outside_the_class_may_try_but_not_block);
    if (fork_mode && strcmp(fork_mode, "no") == 0) {
        printf("SKIPPED: the assertion on roles: CK_FORK=no leaves no process to abort\n");
        return tc;
    }
#ifndef NDEBUG
    tcase_add_loop_test_raise_signal(tc, a_blocking_send_by_a_role_outside_the_class_is_asserted,
                                     SIGABRT, 0, 3);
#else
    printf("SKIPPED: the assertion on roles: built without --enable-debug\n");
#endif
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("select");
    TCase *tc = tcase_create("select");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, the_ready_case_is_taken_wherever_the_search_begins);
    tcase_add_test(tc, a_send_case_is_taken_when_there_is_room);
    tcase_add_test(tc, a_closed_channel_is_a_ready_case);
    tcase_add_test(tc, a_case_without_a_channel_is_never_ready);
    tcase_add_test(tc, no_ready_case_starves);
    tcase_add_test(tc, a_blocked_select_is_served_by_either_channel_and_leaves_both);
    tcase_add_test(tc, a_blocked_select_takes_one_of_two_elements_and_leaves_the_other);
    tcase_add_test(tc, a_blocked_send_case_is_let_in_once);
    tcase_add_test(tc, a_select_that_gives_up_lets_the_sender_behind_it_in);
    tcase_add_test(tc, one_element_goes_to_one_of_two_selects);
    tcase_add_test(tc, close_ends_a_blocked_select);
    tcase_add_test(tc, a_select_ends_at_its_deadline);
    tcase_add_test(tc, a_select_may_name_one_channel_twice);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, roles_case());
    return harness_run(suite);
}
