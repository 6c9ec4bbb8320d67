/* The promise of the token bucket: in any time t no more than capacity + t / window requests of one
 * client pass, whoever asks, however often, whatever the wall clock does. */
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "electrum/limits/rate_limiter.h"
#include "metrics/metrics.h"
#include "test_electrum.h"

enum { WALL_S = 1700000000 };

static const struct net_addr alice = {.kind = NET_IPV4, .bytes = {192, 0, 2, 1}};
static const struct net_addr bob = {.kind = NET_IPV4, .bytes = {192, 0, 2, 2}};

static struct rate_limiter *limiter(uint32_t capacity, int64_t window_ms, unsigned delay_after,
                                    unsigned max_clients)
{
    const struct rate_limit_config config = {.capacity = capacity,
                                             .window_ms = window_ms,
                                             .delay_after = delay_after,
                                             .delay_ms = 300,
                                             .max_clients = max_clients};
    struct rate_limiter *r = rate_limiter_new(&config);

    ck_assert_ptr_nonnull(r);
    return r;
}

static enum rate_verdict take(struct rate_limiter *r, const struct net_addr *who)
{
    return rate_limiter_take(r, who).verdict;
}

/* The case that empties the original's bucket for good: one request a second, a token each 3 s. */
START_TEST(requests_more_often_than_the_window_lose_no_fraction)
{
    struct rate_limiter *r;
    unsigned allowed = 0;

    clock_test_start(WALL_S);
    r = limiter(100, 3000, 0, 10);
    for (int s = 0; s < 3600; s++) {
        allowed += take(r, &alice) == RATE_ALLOWED;
        clock_test_advance_ms(1000);
    }
    /* 100 at once, and one each 3 s of the hour but its last second. */
    ck_assert_uint_eq(allowed, 100 + 3599 / 3);
    rate_limiter_free(r);
    clock_test_stop();
    metrics_reset();
}
END_TEST

START_TEST(no_more_than_capacity_and_rate_allow_in_any_rhythm)
{
    static const int steps_ms[] = {1, 7, 10, 333, 999, 1000, 1001, 5000};

    clock_test_start(WALL_S);
    for (size_t i = 0; i < sizeof steps_ms / sizeof steps_ms[0]; i++) {
        struct rate_limiter *r = limiter(20, 1000, 3, 10);
        int64_t t_ms = 0, allowed = 0;

        for (; t_ms < 100000; t_ms += steps_ms[i]) {
            for (int burst = 0; burst < 3; burst++) {
                struct rate_answer a = rate_limiter_take(r, &alice);

                if (a.verdict == RATE_DELAYED)
                    a = rate_limiter_resume(r, &alice); /* at once: sooner than one should */
                allowed += a.verdict == RATE_ALLOWED;
            }
            ck_assert_int_le(allowed, 20 + t_ms / 1000);
            clock_test_advance_ms(steps_ms[i]);
        }
        if (steps_ms[i] <= 1000) /* enough was asked for */
            ck_assert_int_ge(allowed, 20 + t_ms / 1000 - 1);
        rate_limiter_free(r);
    }
    clock_test_stop();
    metrics_reset();
}
END_TEST

START_TEST(over_the_limit_a_few_wait_and_the_rest_learn_when_to_retry)
{
    struct rate_limiter *r;
    struct rate_answer a;

    clock_test_start(WALL_S);
    r = limiter(1, 1000, 2, 10);
    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    a = rate_limiter_take(r, &alice);
    ck_assert_int_eq(a.verdict, RATE_DELAYED);
    ck_assert_int_eq(a.wait_ms, 300);
    a = rate_limiter_take(r, &alice);
    ck_assert_int_eq(a.verdict, RATE_DELAYED);
    ck_assert_int_eq(a.wait_ms, 600);
    clock_test_advance_ms(200);
    a = rate_limiter_take(r, &alice);
    ck_assert_int_eq(a.verdict, RATE_REFUSED);
    ck_assert_int_eq(a.wait_ms, 800);
    a = rate_limiter_resume(r, &alice); /* no token yet */
    ck_assert_int_eq(a.verdict, RATE_REFUSED);
    clock_test_advance_ms(800);
    ck_assert_int_eq(rate_limiter_resume(r, &alice).verdict, RATE_ALLOWED);
    /* One of the two was served; a token that is found at once begins anew. */
    a = rate_limiter_take(r, &alice);
    ck_assert_int_eq(a.wait_ms, 600);
    ck_assert_int_eq(take(r, &alice), RATE_REFUSED);
    rate_limiter_leave(r, &alice);
    clock_test_advance_ms(1000);
    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    a = rate_limiter_take(r, &alice);
    ck_assert_int_eq(a.verdict, RATE_DELAYED);
    ck_assert_int_eq(a.wait_ms, 300);
    rate_limiter_leave(r, &alice);
    rate_limiter_free(r);
    clock_test_stop();
    metrics_reset();
}
END_TEST

START_TEST(no_delay_is_longer_than_its_bound)
{
    struct rate_limiter *r = limiter(1, RATE_LIMIT_MAX_WINDOW_MS, 100, 10);
    int64_t last_ms = 0;

    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    for (int i = 0; i < 100; i++) {
        struct rate_answer a = rate_limiter_take(r, &alice);

        ck_assert_int_eq(a.verdict, RATE_DELAYED);
        ck_assert_int_ge(a.wait_ms, last_ms);
        last_ms = a.wait_ms;
    }
    ck_assert_int_eq(last_ms, RATE_LIMIT_MAX_DELAY_MS);
    ck_assert_int_eq(take(r, &alice), RATE_REFUSED);
    rate_limiter_free(r);
    metrics_reset();
}
END_TEST

START_TEST(clients_do_not_feel_each_other)
{
    static const struct net_addr near_a = {.kind = NET_IPV6,
                                           .bytes = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5}};
    static const struct net_addr near_b = {.kind = NET_IPV6,
                                           .bytes = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 6}};
    static const struct net_addr far = {.kind = NET_IPV6,
                                        .bytes = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 5}};
    struct rate_limiter *r = limiter(1, 100000, 0, 10);

    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    ck_assert_int_eq(take(r, &alice), RATE_REFUSED);
    ck_assert_int_eq(take(r, &bob), RATE_ALLOWED);
    ck_assert_int_eq(take(r, &near_a), RATE_ALLOWED);
    ck_assert_int_eq(take(r, &near_b), RATE_REFUSED); /* one /64 is one client */
    ck_assert_int_eq(take(r, &far), RATE_ALLOWED);
    rate_limiter_free(r);
    metrics_reset();
}
END_TEST

START_TEST(the_wall_clock_moves_nothing)
{
    struct rate_limiter *r;

    clock_test_start(WALL_S);
    r = limiter(2, 1000, 0, 10);
    take(r, &alice);
    take(r, &alice);
    clock_test_set_wall(WALL_S + 86400);
    ck_assert_int_eq(take(r, &alice), RATE_REFUSED);
    clock_test_set_wall(WALL_S - 86400);
    ck_assert_int_eq(take(r, &alice), RATE_REFUSED);
    clock_test_advance_ms(1000);
    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    rate_limiter_free(r);
    clock_test_stop();
    metrics_reset();
}
END_TEST

START_TEST(the_table_is_bounded_and_forgets_the_least_recent)
{
    struct rate_limiter *r = limiter(1, 1000000, 1, 8);

    for (unsigned i = 0; i < 1000; i++) {
        struct net_addr a = {.kind = NET_IPV4, .bytes = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};

        ck_assert_int_eq(take(r, &a), RATE_ALLOWED);
        ck_assert_uint_le(rate_limiter_clients(r), 8);
    }
    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    ck_assert_int_eq(take(r, &alice), RATE_DELAYED); /* who waits is not forgotten */
    for (unsigned i = 0; i < 100; i++) {
        struct net_addr a = {.kind = NET_IPV4, .bytes = {10, 1, 0, (uint8_t)i}};

        take(r, &a);
    }
    ck_assert_int_eq(rate_limiter_resume(r, &alice).verdict, RATE_REFUSED);
    rate_limiter_free(r);
    metrics_reset();
}
END_TEST

enum { THREADS = 16, TRIES = 5000, CAPACITY = 1000 };

static void *hammer(void *arg)
{
    uintptr_t allowed = 0;

    for (int i = 0; i < TRIES; i++) {
        struct rate_answer a = rate_limiter_take(arg, &alice);

        if (a.verdict == RATE_DELAYED)
            a = rate_limiter_resume(arg, &alice);
        allowed += a.verdict == RATE_ALLOWED;
    }
    return (void *)allowed;
}

START_TEST(sixteen_threads_get_what_one_would)
{
    struct rate_limiter *r;
    pthread_t threads[THREADS];
    uintptr_t total = 0;

    clock_test_start(WALL_S); /* time stands still: the capacity, and not one more or less */
    r = limiter(CAPACITY, 3000, 4, 10);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, r), 0);
    for (int i = 0; i < THREADS; i++) {
        void *allowed;

        ck_assert_int_eq(pthread_join(threads[i], &allowed), 0);
        total += (uintptr_t)allowed;
    }
    ck_assert_uint_eq(total, CAPACITY);
    rate_limiter_free(r);
    clock_test_stop();
    metrics_reset();
}
END_TEST

START_TEST(without_a_capacity_nothing_is_limited)
{
    struct rate_limiter *r = limiter(0, 1000, 0, 1);

    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    rate_limiter_free(r);
    metrics_reset();
}
END_TEST

static unsigned take_all(struct rate_limiter *r, const struct net_addr *who)
{
    unsigned n = 0;

    while (n < 1000 && take(r, who) == RATE_ALLOWED)
        n++;
    return n;
}

START_TEST(a_change_leaves_clients_their_tokens_as_far_as_there_is_room)
{
    struct rate_limit_config change = {.capacity = 10, .window_ms = 1000};
    struct rate_limiter *r;

    clock_test_start(WALL_S);
    r = limiter(20, 3000, 0, 10);
    for (int i = 0; i < 13; i++)
        ck_assert_int_eq(take(r, &alice), RATE_ALLOWED); /* 7 are left */
    ck_assert_int_eq(take(r, &bob), RATE_ALLOWED);       /* 19 */
    rate_limiter_change(r, &change);
    ck_assert_uint_eq(take_all(r, &alice), 7);
    ck_assert_uint_eq(take_all(r, &bob), 10);
    clock_test_advance_ms(2000);
    ck_assert_uint_eq(take_all(r, &alice), 2);
    change.window_ms = 86400000;
    rate_limiter_change(r, &change);
    clock_test_advance_ms(3600000);
    ck_assert_uint_eq(take_all(r, &alice), 0);
    ck_assert_uint_eq(rate_limiter_clients(r), 2);
    rate_limiter_free(r);
    clock_test_stop();
    metrics_reset();
}
END_TEST

START_TEST(while_the_limit_is_lifted_nobody_loses_tokens)
{
    struct rate_limit_config config = {.capacity = 3, .window_ms = 3600 * 1000};
    struct rate_limiter *r;

    clock_test_start(WALL_S);
    r = limiter(3, config.window_ms, 0, 10);
    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    config.capacity = 0;
    rate_limiter_change(r, &config);
    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    config.capacity = 3;
    rate_limiter_change(r, &config);
    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    ck_assert_int_eq(take(r, &alice), RATE_REFUSED);
    rate_limiter_free(r);
    clock_test_stop();
    metrics_reset();
}
END_TEST

START_TEST(who_waits_when_the_limit_is_lifted_is_served)
{
    const struct rate_limit_config none = {.capacity = 0, .window_ms = 1000};
    struct rate_limiter *r;

    clock_test_start(WALL_S);
    r = limiter(1, 3000, 1, 1);
    ck_assert_int_eq(take(r, &alice), RATE_ALLOWED);
    ck_assert_int_eq(take(r, &alice), RATE_DELAYED);
    rate_limiter_change(r, &none);
    ck_assert_int_eq(rate_limiter_resume(r, &alice).verdict, RATE_ALLOWED);
    ck_assert_uint_eq(take_all(r, &bob), 1000);
    rate_limiter_free(r);
    clock_test_stop();
    metrics_reset();
}
END_TEST

TCase *tcase_rate_limiter(void)
{
    TCase *t = tcase_create("rate_limiter");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, requests_more_often_than_the_window_lose_no_fraction);
    tcase_add_test(t, no_more_than_capacity_and_rate_allow_in_any_rhythm);
    tcase_add_test(t, over_the_limit_a_few_wait_and_the_rest_learn_when_to_retry);
    tcase_add_test(t, no_delay_is_longer_than_its_bound);
    tcase_add_test(t, clients_do_not_feel_each_other);
    tcase_add_test(t, the_wall_clock_moves_nothing);
    tcase_add_test(t, the_table_is_bounded_and_forgets_the_least_recent);
    tcase_add_test(t, sixteen_threads_get_what_one_would);
    tcase_add_test(t, without_a_capacity_nothing_is_limited);
    tcase_add_test(t, a_change_leaves_clients_their_tokens_as_far_as_there_is_room);
    tcase_add_test(t, while_the_limit_is_lifted_nobody_loses_tokens);
    tcase_add_test(t, who_waits_when_the_limit_is_lifted_is_served);
    return t;
}
