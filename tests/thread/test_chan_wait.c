/* Promises of the blocking send and receive: who waits is served in turn, exactly once, and is let
 * go by close, by its deadline and by its quit token. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "calls.h"
#include "harness.h"
#include "metrics/metrics.h"

static size_t weight_of_int(const void *elem)
{
    int v;

    memcpy(&v, elem, sizeof v);
    return (size_t)v;
}

static struct chan_class pair_class = {.name = "wait_pair",
                                       .elem_size = sizeof(int),
                                       .capacity = 2,
                                       .block_roles = ROLE_BIT(ROLE_TEST)};
static struct chan_class heavy_class = {.name = "wait_heavy",
                                        .elem_size = sizeof(int),
                                        .capacity = 8,
                                        .max_weight = 100,
                                        .weight = weight_of_int,
                                        .block_roles = ROLE_BIT(ROLE_TEST)};
static struct chan c, quit;
static struct call calls[3];

static void set_up(void)
{
    thread_set_role(ROLE_TEST);
    ck_assert_int_eq(chan_class_register(&pair_class), 0);
    ck_assert_int_eq(chan_class_register(&heavy_class), 0);
    ck_assert_int_eq(chan_init(&c, &pair_class), 0);
    ck_assert_int_eq(chan_init(&quit, &quit_class), 0);
}

static void tear_down(void)
{
    chan_destroy(&c, NULL);
    chan_destroy(&quit, NULL);
    clock_test_stop();
}

static int put(int v)
{
    return chan_try_send(&c, &v);
}

static int take(void)
{
    int v = 0, rc = chan_try_recv(&c, &v);

    return rc < 0 ? rc : v;
}

static void fill(void)
{
    ck_assert_int_eq(put(1), 0);
    ck_assert_int_eq(put(2), 0);
}

/* Senders of 11, 12, 13, in line in this order. */
static void block_senders(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        call_send(&calls[i], &c, 11 + (int)i, CLOCK_NEVER);
        await_blocked(&c, i + 1, 0);
    }
}

static void block_receivers(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        call_recv(&calls[i], &c, CLOCK_NEVER);
        await_blocked(&c, 0, i + 1);
    }
}

START_TEST(a_blocked_sender_goes_on_when_there_is_room)
{
    fill();
    block_senders(1);
    ck_assert_int_eq(take(), 1);
    ck_assert_int_eq(call_end(&calls[0]), 0);
    ck_assert_int_eq(take(), 2);
    ck_assert_int_eq(take(), 11);
}
END_TEST

START_TEST(a_blocked_receiver_gets_the_next_element)
{
    block_receivers(1);
    ck_assert_int_eq(put(7), 0);
    ck_assert_int_eq(call_end(&calls[0]), 0);
    ck_assert_int_eq(calls[0].elems[0], 7);
    ck_assert_uint_eq(chan_depth(&c), 0);
}
END_TEST

START_TEST(blocked_senders_are_let_in_in_the_order_they_came)
{
    fill();
    block_senders(3);
    ck_assert_int_eq(take(), 1);
    ck_assert_int_eq(take(), 2);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(take(), 11 + i);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(call_end(&calls[i]), 0);
}
END_TEST

START_TEST(blocked_receivers_are_served_in_the_order_they_came)
{
    block_receivers(3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(put(21 + i), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(call_end(&calls[i]), 0);
        ck_assert_int_eq(calls[i].elems[0], 21 + i);
    }
}
END_TEST

START_TEST(send_many_serves_blocked_receivers_and_then_fills_the_ring)
{
    const int in[] = {1, 2, 3, 4, 5, 6};

    block_receivers(2);
    ck_assert_int_eq(chan_try_send_many(&c, in, 6), 4);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(call_end(&calls[i]), 0);
        ck_assert_int_eq(calls[i].elems[0], 1 + i);
    }
    ck_assert_int_eq(take(), 3);
    ck_assert_int_eq(take(), 4);
    ck_assert_int_eq(take(), PN_EAGAIN);
}
END_TEST

START_TEST(recv_many_takes_what_blocked_senders_bring_up_to_its_bound)
{
    int out[5] = {0};

    fill();
    block_senders(3);
    ck_assert_int_eq(chan_recv_many(&c, out, 5, CLOCK_NEVER), 5);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(call_end(&calls[i]), 0);
    ck_assert_int_eq(out[0], 1);
    ck_assert_int_eq(out[1], 2);
    ck_assert_int_eq(out[2], 11);
    ck_assert_int_eq(out[3], 12);
    ck_assert_int_eq(out[4], 13);
}
END_TEST

START_TEST(recv_many_waits_for_one_and_never_takes_more_than_asked)
{
    const int in[] = {1, 2};
    int rc;

    call_recv_many(&calls[0], &c, 2, CLOCK_NEVER);
    await_blocked(&c, 0, 1);
    ck_assert_int_eq(chan_try_send_many(&c, in, 2), 2);
    rc = call_end(&calls[0]);
    ck_assert_int_ge(rc, 1);
    ck_assert_int_le(rc, 2);
    ck_assert_int_eq(calls[0].elems[0], 1);
    ck_assert_int_eq(rc == 2 ? calls[0].elems[1] : take(), 2);

    fill();
    ck_assert_int_eq(chan_recv_many(&c, calls[0].elems, 1, CLOCK_NEVER), 1);
    ck_assert_uint_eq(chan_depth(&c), 1);
}
END_TEST

START_TEST(close_lets_blocked_senders_go_with_their_elements)
{
    fill();
    block_senders(3);
    chan_close(&c);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(call_end(&calls[i]), PN_ECLOSED);
    ck_assert_int_eq(take(), 1);
    ck_assert_int_eq(take(), 2);
    ck_assert_int_eq(take(), PN_ECLOSED);
}
END_TEST

START_TEST(close_lets_every_blocked_receiver_go)
{
    block_receivers(2);
    call_recv_many(&calls[2], &c, 4, CLOCK_NEVER);
    await_blocked(&c, 0, 3);
    chan_close(&c);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(call_end(&calls[i]), PN_ECLOSED);
}
END_TEST

START_TEST(a_send_ends_at_its_deadline_and_leaves_nothing_behind)
{
    clock_test_start(0);
    fill();
    call_send(&calls[0], &c, 11, clock_deadline_ms(600000));
    await_blocked(&c, 1, 0);
    clock_test_advance_ms(599999);
    ck_assert_int_eq(take(), 1); /* not yet timed out: the room is for it */
    ck_assert_int_eq(call_end(&calls[0]), 0);

    call_send(&calls[0], &c, 12, clock_deadline_ms(600000));
    await_blocked(&c, 1, 0);
    clock_test_advance_ms(600000);
    ck_assert_int_eq(call_end(&calls[0]), PN_ETIMEDOUT);
    ck_assert_int_eq(take(), 2);
    ck_assert_int_eq(take(), 11);
    ck_assert_int_eq(take(), PN_EAGAIN);
}
END_TEST

START_TEST(a_receive_ends_at_its_deadline_and_takes_nothing_later)
{
    clock_test_start(0);
    call_recv(&calls[0], &c, clock_deadline_ms(5000));
    call_recv_many(&calls[1], &c, 4, clock_deadline_ms(5000));
    await_blocked(&c, 0, 2);
    clock_test_advance_ms(5000);
    ck_assert_int_eq(call_end(&calls[0]), PN_ETIMEDOUT);
    ck_assert_int_eq(call_end(&calls[1]), PN_ETIMEDOUT);
    ck_assert_int_eq(put(1), 0);
    ck_assert_int_eq(take(), 1);
}
END_TEST

START_TEST(a_deadline_in_the_past_still_takes_what_is_ready)
{
    const int64_t past_us = clock_mono_us() - 1;
    int v = 5, out[2];

    ck_assert_int_eq(chan_recv(&c, &v, past_us), PN_ETIMEDOUT);
    ck_assert_int_eq(chan_recv_many(&c, out, 2, past_us), PN_ETIMEDOUT);
    ck_assert_int_eq(chan_send(&c, &v, past_us), 0);
    ck_assert_int_eq(chan_send(&c, &v, past_us), 0);
    ck_assert_int_eq(chan_send(&c, &v, past_us), PN_ETIMEDOUT);
    ck_assert_int_eq(chan_send_or_quit(&c, &v, &quit, past_us), PN_ETIMEDOUT);
    ck_assert_int_eq(chan_recv(&c, &v, past_us), 0);
    ck_assert_int_eq(chan_recv_many(&c, out, 2, past_us), 1);
}
END_TEST

START_TEST(send_or_quit_sends_while_there_is_room)
{
    int v = 5;

    ck_assert_int_eq(chan_send_or_quit(&c, &v, &quit, CLOCK_NEVER), 0);
    ck_assert_int_eq(take(), 5);
    fill();
    call_send_or_quit(&calls[0], &c, 11, &quit);
    await_blocked(&c, 1, 0);
    ck_assert_int_eq(take(), 1);
    ck_assert_int_eq(call_end(&calls[0]), 0);
    await_blocked(&quit, 0, 0);
    ck_assert_int_eq(take(), 2);
    ck_assert_int_eq(take(), 11);
}
END_TEST

START_TEST(send_or_quit_ends_when_asked_to_quit)
{
    int v = 5;

    fill();
    call_send_or_quit(&calls[0], &c, 11, &quit);
    await_blocked(&c, 1, 0);
    await_blocked(&quit, 0, 1);
    quit_request(&quit);
    ck_assert_int_eq(call_end(&calls[0]), PN_EQUIT);
    ck_assert_int_eq(chan_send_or_quit(&c, &v, &quit, CLOCK_NEVER), PN_EQUIT);
    await_blocked(&c, 0, 0);
    ck_assert_int_eq(take(), 1);
    ck_assert_int_eq(take(), 2);
    ck_assert_int_eq(take(), PN_EAGAIN);
}
END_TEST

START_TEST(send_or_quit_tells_closed_from_quit)
{
    int v = 5;

    fill();
    call_send_or_quit(&calls[0], &c, 11, &quit);
    await_blocked(&c, 1, 0);
    chan_close(&c);
    ck_assert_int_eq(call_end(&calls[0]), PN_ECLOSED);
    quit_request(&quit);
    ck_assert_int_eq(chan_send_or_quit(&c, &v, &quit, CLOCK_NEVER), PN_ECLOSED);
}
END_TEST

START_TEST(one_quit_token_ends_many_senders)
{
    fill();
    for (unsigned i = 0; i < 3; i++) {
        call_send_or_quit(&calls[i], &c, 11, &quit);
        await_blocked(&quit, 0, i + 1);
    }
    quit_request(&quit);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(call_end(&calls[i]), PN_EQUIT);
}
END_TEST

static void use_heavy(void)
{
    chan_destroy(&c, NULL);
    ck_assert_int_eq(chan_init(&c, &heavy_class), 0);
}

START_TEST(a_heavy_element_waits_until_its_weight_fits)
{
    use_heavy();
    put(50);
    put(40);
    call_send(&calls[0], &c, 60, CLOCK_NEVER);
    await_blocked(&c, 1, 0);
    ck_assert_int_eq(take(), 50);
    ck_assert_int_eq(call_end(&calls[0]), 0);
    call_send(&calls[0], &c, 61, CLOCK_NEVER);
    await_blocked(&c, 1, 0);
    ck_assert_int_eq(take(), 40); /* 60 are left: 61 more are too many */
    await_blocked(&c, 1, 0);
    ck_assert_int_eq(take(), 60);
    ck_assert_int_eq(call_end(&calls[0]), 0);
    ck_assert_int_eq(take(), 61);
}
END_TEST

START_TEST(a_light_element_does_not_overtake_a_blocked_heavy_one)
{
    use_heavy();
    put(90);
    call_send(&calls[0], &c, 5000, CLOCK_NEVER);
    await_blocked(&c, 1, 0);
    ck_assert_int_eq(put(1), PN_EAGAIN);
    call_send(&calls[1], &c, 2, CLOCK_NEVER);
    await_blocked(&c, 2, 0);
    ck_assert_int_eq(take(), 90);
    ck_assert_int_eq(call_end(&calls[0]), 0);
    ck_assert_int_eq(take(), 5000);
    ck_assert_int_eq(call_end(&calls[1]), 0);
    ck_assert_int_eq(take(), 2);
}
END_TEST

START_TEST(a_heavy_sender_that_gives_up_lets_those_behind_it_in)
{
    clock_test_start(0);
    use_heavy();
    put(90);
    call_send(&calls[0], &c, 50, clock_deadline_ms(1000));
    await_blocked(&c, 1, 0);
    call_send(&calls[1], &c, 5, CLOCK_NEVER);
    await_blocked(&c, 2, 0);
    call_send(&calls[2], &c, 4, CLOCK_NEVER);
    await_blocked(&c, 3, 0);
    clock_test_advance_ms(1000);
    ck_assert_int_eq(call_end(&calls[0]), PN_ETIMEDOUT);
    ck_assert_int_eq(call_end(&calls[1]), 0);
    ck_assert_int_eq(call_end(&calls[2]), 0);
    ck_assert_int_eq(take(), 90);
    ck_assert_int_eq(take(), 5);
    ck_assert_int_eq(take(), 4);
}
END_TEST

static void expect_sample(const char *sample)
{
    char line[128];
    struct buf out;

    snprintf(line, sizeof line, "\n%s\n", sample);
    buf_init(&out, 1 << 20);
    ck_assert_int_eq(metrics_render(&out, METRICS_TEXT_004), 0);
    ck_assert_msg(strstr(buf_cstr(&out), line), "expected the line\n%s\namong\n%s", sample,
                  buf_cstr(&out));
    buf_free(&out);
}

START_TEST(blocked_time_is_counted_for_those_who_get_in_and_those_who_do_not)
{
    clock_test_start(0);
    fill();
    call_send(&calls[0], &c, 11, CLOCK_NEVER);
    await_blocked(&c, 1, 0);
    call_send(&calls[1], &c, 12, clock_deadline_ms(6000));
    await_blocked(&c, 2, 0);
    clock_test_advance_ms(4000);
    take();
    ck_assert_int_eq(call_end(&calls[0]), 0);
    clock_test_advance_ms(2000);
    ck_assert_int_eq(call_end(&calls[1]), PN_ETIMEDOUT);
    expect_sample("p2pnode_channel_send_blocked_seconds_total{channel=\"wait_pair\"} 10");
}
END_TEST

START_TEST(every_element_that_changes_hands_counts_as_sent)
{
    block_receivers(1);
    put(1); /* to the blocked receiver */
    ck_assert_int_eq(call_end(&calls[0]), 0);
    fill();
    block_senders(1);
    take(); /* lets the blocked sender in */
    ck_assert_int_eq(call_end(&calls[0]), 0);
    expect_sample("p2pnode_channel_sent_total{channel=\"wait_pair\"} 4");
}
END_TEST

static void reply_once(void *arg)
{
    struct chan *requests = arg;
    struct chan *reply;

    while (chan_recv(requests, &reply, CLOCK_NEVER) == 0) {
        int answer = 42;

        ck_assert_int_eq(chan_try_send(reply, &answer), 0);
    }
}

/* What a sanitizer would see: the replier must not touch the channel after its element left it. */
START_TEST(a_reply_channel_may_go_as_soon_as_the_reply_is_there)
{
    static struct chan_class request_class = {.name = "wait_requests",
                                              .elem_size = sizeof(struct chan *),
                                              .capacity = 1,
                                              .block_roles = ROLE_BIT(ROLE_TEST)};
    struct thread replier;
    struct chan requests;

    ck_assert_int_eq(chan_class_register(&request_class), 0);
    ck_assert_int_eq(chan_init(&requests, &request_class), 0);
    ck_assert_int_eq(thread_start(&replier, "replier", ROLE_TEST, reply_once, &requests), 0);
    for (int i = 0; i < 2000; i++) {
        struct chan *reply = mem_alloc(sizeof *reply);
        int answer = 0;

        ck_assert_ptr_nonnull(reply);
        ck_assert_int_eq(chan_init(reply, &pair_class), 0);
        ck_assert_int_eq(chan_send(&requests, &reply, CLOCK_NEVER), 0);
        ck_assert_int_eq(chan_recv(reply, &answer, CLOCK_NEVER), 0);
        ck_assert_int_eq(answer, 42);
        chan_destroy(reply, NULL);
        mem_free(reply);
    }
    chan_close(&requests);
    thread_join(&replier);
    chan_destroy(&requests, NULL);
}
END_TEST

static TCase *order_case(void)
{
    TCase *tc = tcase_create("order");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_blocked_sender_goes_on_when_there_is_room);
    tcase_add_test(tc, a_blocked_receiver_gets_the_next_element);
    tcase_add_test(tc, blocked_senders_are_let_in_in_the_order_they_came);
    tcase_add_test(tc, blocked_receivers_are_served_in_the_order_they_came);
    tcase_add_test(tc, send_many_serves_blocked_receivers_and_then_fills_the_ring);
    tcase_add_test(tc, recv_many_takes_what_blocked_senders_bring_up_to_its_bound);
    tcase_add_test(tc, recv_many_waits_for_one_and_never_takes_more_than_asked);
    tcase_add_test(tc, a_heavy_element_waits_until_its_weight_fits);
    tcase_add_test(tc, a_light_element_does_not_overtake_a_blocked_heavy_one);
    tcase_add_test(tc, a_heavy_sender_that_gives_up_lets_those_behind_it_in);
    tcase_add_test(tc, a_reply_channel_may_go_as_soon_as_the_reply_is_there);
    return tc;
}

static TCase *end_case(void)
{
    TCase *tc = tcase_create("ends");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, close_lets_blocked_senders_go_with_their_elements);
    tcase_add_test(tc, close_lets_every_blocked_receiver_go);
    tcase_add_test(tc, a_send_ends_at_its_deadline_and_leaves_nothing_behind);
    tcase_add_test(tc, a_receive_ends_at_its_deadline_and_takes_nothing_later);
    tcase_add_test(tc, a_deadline_in_the_past_still_takes_what_is_ready);
    tcase_add_test(tc, send_or_quit_sends_while_there_is_room);
    tcase_add_test(tc, send_or_quit_ends_when_asked_to_quit);
    tcase_add_test(tc, send_or_quit_tells_closed_from_quit);
    tcase_add_test(tc, one_quit_token_ends_many_senders);
    tcase_add_test(tc, blocked_time_is_counted_for_those_who_get_in_and_those_who_do_not);
    tcase_add_test(tc, every_element_that_changes_hands_counts_as_sent);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("chan_wait");

    suite_add_tcase(suite, order_case());
    suite_add_tcase(suite, end_case());
    return harness_run(suite);
}
