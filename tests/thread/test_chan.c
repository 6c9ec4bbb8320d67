/* Promises of the channel operations that never wait, of the life of a channel and of its class's
 * metrics. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "metrics/metrics.h"
#include "thread/chan.h"
#include "thread/thread.h"

static size_t weight_of_int(const void *elem)
{
    int v;

    memcpy(&v, elem, sizeof v);
    return (size_t)v;
}

static struct chan_class ints = {
    .name = "test_ints", .elem_size = sizeof(int), .capacity = 4, .block_roles = ROLE_ANY};
static struct chan_class heavy = {.name = "test_heavy",
                                  .elem_size = sizeof(int),
                                  .capacity = 8,
                                  .max_weight = 100,
                                  .weight = weight_of_int,
                                  .block_roles = ROLE_ANY};
static struct chan_class pointers = {
    .name = "test_pointers", .elem_size = sizeof(char *), .capacity = 2, .block_roles = ROLE_ANY};
static struct chan c;

static void set_up(void)
{
    thread_set_role(ROLE_TEST);
    ck_assert_int_eq(chan_class_register(&ints), 0);
    ck_assert_int_eq(chan_class_register(&heavy), 0);
    ck_assert_int_eq(chan_class_register(&pointers), 0);
    ck_assert_int_eq(chan_init(&c, &ints), 0);
}

static void tear_down(void)
{
    chan_destroy(&c, NULL);
}

/* The test works on a channel of another class than the fixture's. */
static void use_class(const struct chan_class *cls)
{
    chan_destroy(&c, NULL);
    ck_assert_int_eq(chan_init(&c, cls), 0);
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

START_TEST(elements_come_out_in_the_order_they_went_in)
{
    int next_in = 1, next_out = 1;

    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(put(next_in++), 0);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(take(), next_out++);
    }
    ck_assert_uint_eq(chan_depth(&c), 0);
}
END_TEST

START_TEST(a_full_channel_refuses_and_keeps_what_it_has)
{
    for (int i = 1; i <= 4; i++)
        ck_assert_int_eq(put(i), 0);
    ck_assert_int_eq(put(5), PN_EAGAIN);
    ck_assert_uint_eq(chan_depth(&c), 4);
    for (int i = 1; i <= 4; i++)
        ck_assert_int_eq(take(), i);
    ck_assert_int_eq(take(), PN_EAGAIN);
}
END_TEST

START_TEST(a_closed_channel_refuses_at_once_and_drains_before_it_ends)
{
    int v = 9, many[4];

    put(1);
    put(2);
    put(3);
    ck_assert(!chan_is_closed(&c));
    chan_close(&c);
    ck_assert(chan_is_closed(&c));
    ck_assert_int_eq(put(4), PN_ECLOSED);
    ck_assert_int_eq(chan_try_send_many(&c, &v, 1), PN_ECLOSED);
    ck_assert_int_eq(chan_try_send_many(&c, &v, 0), PN_ECLOSED);
    ck_assert_int_eq(chan_send(&c, &v, CLOCK_NEVER), PN_ECLOSED);
    ck_assert_int_eq(take(), 1);
    ck_assert_int_eq(chan_recv(&c, &v, CLOCK_NEVER), 0);
    ck_assert_int_eq(v, 2);
    ck_assert_int_eq(chan_try_recv_many(&c, many, 4), 1);
    ck_assert_int_eq(many[0], 3);
    ck_assert_int_eq(take(), PN_ECLOSED);
    ck_assert_int_eq(chan_try_recv_many(&c, many, 4), PN_ECLOSED);
    ck_assert_int_eq(chan_recv(&c, &v, CLOCK_NEVER), PN_ECLOSED);
    ck_assert_int_eq(chan_recv_many(&c, many, 4, CLOCK_NEVER), PN_ECLOSED);
}
END_TEST

START_TEST(closing_twice_changes_nothing)
{
    put(1);
    chan_close(&c);
    chan_close(&c);
    ck_assert_int_eq(take(), 1);
    chan_close(&c);
    ck_assert_int_eq(take(), PN_ECLOSED);
}
END_TEST

START_TEST(send_many_moves_what_fits_in_order)
{
    const int in[] = {1, 2, 3, 4, 5, 6};
    int out[6] = {0};

    ck_assert_int_eq(chan_try_send_many(&c, in, 0), 0);
    ck_assert_int_eq(chan_try_send_many(&c, in, 6), 4);
    ck_assert_int_eq(chan_try_send_many(&c, in, 6), 0);
    ck_assert_int_eq(chan_try_recv_many(&c, out, 3), 3);
    ck_assert_int_eq(chan_try_send_many(&c, in + 4, 2), 2);
    ck_assert_int_eq(chan_try_recv_many(&c, out + 3, 6), 3);
    ck_assert_mem_eq(in, out, sizeof in);
    ck_assert_int_eq(chan_try_recv_many(&c, out, 6), 0);
    ck_assert_int_eq(chan_try_recv_many(&c, out, 0), 0);
}
END_TEST

START_TEST(weight_bounds_a_channel_before_its_slots_do)
{
    use_class(&heavy);
    ck_assert_int_eq(put(60), 0);
    ck_assert_int_eq(put(41), PN_EAGAIN);
    ck_assert_int_eq(put(40), 0);
    ck_assert_int_eq(put(1), PN_EAGAIN);
    ck_assert_int_eq(put(0), PN_EAGAIN);
    ck_assert_int_eq(take(), 60);
    ck_assert_int_eq(put(60), 0);
    ck_assert_int_eq(take(), 40);
    ck_assert_int_eq(take(), 60);
    ck_assert_uint_eq(chan_depth(&c), 0);
}
END_TEST

START_TEST(slots_bound_a_weighted_channel_too)
{
    use_class(&heavy);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(put(1), 0);
    ck_assert_int_eq(put(1), PN_EAGAIN);
}
END_TEST

START_TEST(an_element_heavier_than_the_limit_enters_an_empty_channel_only)
{
    use_class(&heavy);
    ck_assert_int_eq(put(1), 0);
    ck_assert_int_eq(put(5000), PN_EAGAIN);
    ck_assert_int_eq(take(), 1);
    ck_assert_int_eq(put(5000), 0);
    ck_assert_int_eq(put(1), PN_EAGAIN);
    ck_assert_int_eq(take(), 5000);
    ck_assert_int_eq(put(100), 0);
}
END_TEST

START_TEST(send_many_stops_at_the_weight_limit)
{
    const int in[] = {50, 30, 30, 1};

    use_class(&heavy);
    ck_assert_int_eq(chan_try_send_many(&c, in, 4), 2);
    ck_assert_uint_eq(chan_depth(&c), 2);
}
END_TEST

START_TEST(a_failed_send_leaves_the_element_with_its_owner)
{
    char *text = mem_strdup("a"), *out = NULL;

    use_class(&pointers);
    ck_assert_int_eq(chan_try_send(&c, &text), 0);
    text = mem_strdup("b");
    ck_assert_int_eq(chan_try_send(&c, &text), 0);
    text = mem_strdup("c");
    ck_assert_int_eq(chan_try_send(&c, &text), PN_EAGAIN);
    ck_assert_int_eq(chan_send(&c, &text, clock_mono_us()), PN_ETIMEDOUT);
    chan_close(&c);
    ck_assert_int_eq(chan_try_send(&c, &text), PN_ECLOSED);
    ck_assert_int_eq(chan_send(&c, &text, CLOCK_NEVER), PN_ECLOSED);
    ck_assert_str_eq(text, "c");
    mem_free(text);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(chan_try_recv(&c, &out), 0);
        ck_assert_str_eq(out, i == 0 ? "a" : "b");
        mem_free(out);
    }
}
END_TEST

static unsigned dropped;

static void drop_text(void *elem)
{
    char *text;

    memcpy(&text, elem, sizeof text);
    ck_assert_str_eq(text, dropped == 0 ? "second" : "third");
    mem_free(text);
    dropped++;
}

START_TEST(destroy_hands_over_what_is_still_inside_oldest_first)
{
    char *text = mem_strdup("first");

    use_class(&pointers);
    ck_assert_int_eq(chan_try_send(&c, &text), 0);
    text = mem_strdup("second");
    ck_assert_int_eq(chan_try_send(&c, &text), 0);
    ck_assert_int_eq(chan_try_recv(&c, &text), 0);
    ck_assert_str_eq(text, "first");
    mem_free(text);
    text = mem_strdup("third");
    ck_assert_int_eq(chan_try_send(&c, &text), 0);
    dropped = 0;
    chan_destroy(&c, drop_text);
    ck_assert_uint_eq(dropped, 2);
    ck_assert_int_eq(chan_init(&c, &ints), 0);
}
END_TEST

static void count_call(void *arg)
{
    ++*(unsigned *)arg;
}

START_TEST(notify_is_called_on_the_first_element_and_on_close)
{
    const int two[] = {1, 2};
    unsigned calls = 0;

    chan_set_notify(&c, count_call, &calls);
    put(1);
    ck_assert_uint_eq(calls, 1);
    put(2);
    take();
    put(3);
    ck_assert_uint_eq(calls, 1);
    take();
    take();
    put(4);
    ck_assert_uint_eq(calls, 2);
    take();
    ck_assert_int_eq(chan_try_send_many(&c, two, 2), 2);
    ck_assert_uint_eq(calls, 3);
    chan_close(&c);
    ck_assert_uint_eq(calls, 4);
    chan_close(&c);
    ck_assert_uint_eq(calls, 4);
}
END_TEST

START_TEST(a_quit_token_carries_nothing_and_is_only_closed)
{
    struct chan quit;

    ck_assert_int_eq(chan_init(&quit, &quit_class), 0);
    ck_assert(!quit_requested(&quit));
    ck_assert_int_eq(chan_try_recv(&quit, NULL), PN_EAGAIN);
    ck_assert_int_eq(chan_recv(&quit, NULL, clock_mono_us()), PN_ETIMEDOUT);
    quit_request(&quit);
    quit_request(&quit);
    ck_assert(quit_requested(&quit));
    ck_assert_int_eq(chan_recv(&quit, NULL, CLOCK_NEVER), PN_ECLOSED);
    chan_destroy(&quit, NULL);
}
END_TEST

START_TEST(no_memory_is_an_error_and_leaves_nothing_behind)
{
    static struct chan_class late = {.name = "test_late", .elem_size = 8, .capacity = 2};
    struct chan d;

    mem_fail_at(1, 0);
    ck_assert_int_eq(chan_class_register(&late), PN_ENOMEM);
    ck_assert(mem_fail_happened());
    ck_assert_ptr_null(late.state);
    ck_assert_int_eq(chan_class_register(&late), 0);
    mem_fail_at(1, 0);
    ck_assert_int_eq(chan_init(&d, &late), PN_ENOMEM);
    ck_assert(mem_fail_happened());
    ck_assert_int_eq(chan_init(&d, &late), 0);
    chan_destroy(&d, NULL);
}
END_TEST

START_TEST(a_class_that_overflows_is_refused)
{
    static struct chan_class vast = {.name = "test_vast", .elem_size = SIZE_MAX / 2, .capacity = 3};
    struct chan d;

    ck_assert_int_eq(chan_class_register(&vast), 0);
    ck_assert_int_eq(chan_init(&d, &vast), PN_ENOMEM);
}
END_TEST

START_TEST(a_channel_stays_small)
{
    ck_assert_uint_le(sizeof(struct chan), 160);
}
END_TEST

static void expect_sample(const char *text, const char *sample)
{
    char line[128];

    snprintf(line, sizeof line, "\n%s\n", sample);
    ck_assert_msg(strstr(text, line), "expected the line\n%s\namong\n%s", sample, text);
}

START_TEST(metrics_sum_a_class_and_remember_channels_that_are_gone)
{
    static struct chan_class cls = {
        .name = "books", .elem_size = sizeof(int), .capacity = 3, .block_roles = ROLE_ANY};
    struct buf out;
    struct chan a, b;
    const int v[] = {1, 2, 3};
    int w;

    ck_assert_int_eq(chan_class_register(&cls), 0);
    ck_assert_int_eq(chan_class_register(&cls), 0);
    chan_init(&a, &cls);
    chan_init(&b, &cls);
    ck_assert_int_eq(chan_try_send_many(&a, v, 3), 3);
    ck_assert_int_eq(chan_try_send(&a, v), PN_EAGAIN);
    ck_assert_int_eq(chan_try_send_many(&a, v, 1), 0);
    ck_assert_int_eq(chan_try_recv(&a, &w), 0);
    ck_assert_int_eq(chan_try_send(&b, v), 0);
    buf_init(&out, 1 << 20);
    ck_assert_int_eq(metrics_render(&out, METRICS_TEXT_004), 0);
    expect_sample(buf_cstr(&out), "p2pnode_channel_depth{channel=\"books\"} 3");
    expect_sample(buf_cstr(&out), "p2pnode_channel_capacity{channel=\"books\"} 6");
    expect_sample(buf_cstr(&out), "p2pnode_channel_high_water{channel=\"books\"} 3");
    expect_sample(buf_cstr(&out), "p2pnode_channel_sent_total{channel=\"books\"} 4");
    expect_sample(buf_cstr(&out), "p2pnode_channel_dropped_total{channel=\"books\"} 1");
    chan_destroy(&a, NULL);
    buf_reset(&out);
    ck_assert_int_eq(metrics_render(&out, METRICS_TEXT_004), 0);
    expect_sample(buf_cstr(&out), "p2pnode_channel_depth{channel=\"books\"} 1");
    expect_sample(buf_cstr(&out), "p2pnode_channel_capacity{channel=\"books\"} 3");
    expect_sample(buf_cstr(&out), "p2pnode_channel_high_water{channel=\"books\"} 3");
    expect_sample(buf_cstr(&out), "p2pnode_channel_sent_total{channel=\"books\"} 4");
    expect_sample(buf_cstr(&out), "p2pnode_channel_dropped_total{channel=\"books\"} 1");
    chan_destroy(&b, NULL);
    buf_free(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chan");
    TCase *tc = tcase_create("without waiting");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, elements_come_out_in_the_order_they_went_in);
    tcase_add_test(tc, a_full_channel_refuses_and_keeps_what_it_has);
    tcase_add_test(tc, a_closed_channel_refuses_at_once_and_drains_before_it_ends);
    tcase_add_test(tc, closing_twice_changes_nothing);
    tcase_add_test(tc, send_many_moves_what_fits_in_order);
    tcase_add_test(tc, weight_bounds_a_channel_before_its_slots_do);
    tcase_add_test(tc, slots_bound_a_weighted_channel_too);
    tcase_add_test(tc, an_element_heavier_than_the_limit_enters_an_empty_channel_only);
    tcase_add_test(tc, send_many_stops_at_the_weight_limit);
    tcase_add_test(tc, a_failed_send_leaves_the_element_with_its_owner);
    tcase_add_test(tc, destroy_hands_over_what_is_still_inside_oldest_first);
    tcase_add_test(tc, notify_is_called_on_the_first_element_and_on_close);
    tcase_add_test(tc, a_quit_token_carries_nothing_and_is_only_closed);
    tcase_add_test(tc, no_memory_is_an_error_and_leaves_nothing_behind);
    tcase_add_test(tc, a_class_that_overflows_is_refused);
    tcase_add_test(tc, a_channel_stays_small);
    tcase_add_test(tc, metrics_sum_a_class_and_remember_channels_that_are_gone);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
