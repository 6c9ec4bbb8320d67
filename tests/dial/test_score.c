/* The score: two parts, decay against the closed form, levels. */
#include <limits.h>
#include <math.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/random.h"
#include "dial/score.h"
#include "test_policy.h"

static struct score score;

static void setup(void)
{
    clock_test_start(1700000000);
    random_test_start(3);
    score_init(&score, SCORE_BAN_THRESHOLD);
}

static void teardown(void)
{
    score_destroy(&score);
    random_test_stop();
    clock_test_stop();
}

static unsigned add(unsigned persistent, unsigned transient)
{
    unsigned value;

    score_add(&score, &value, persistent, transient);
    ck_assert_uint_eq(value, score_value(&score));
    return value;
}

START_TEST(a_persistent_fault_is_never_forgotten)
{
    ck_assert_uint_eq(score_value(&score), 0);
    ck_assert_uint_eq(add(40, 0), 40);
    clock_test_advance_ms(30LL * 24 * 3600 * 1000);
    ck_assert_uint_eq(score_value(&score), 40);
    ck_assert_uint_eq(add(2, 0), 42);
}
END_TEST

START_TEST(a_transient_fault_halves_each_minute)
{
    add(0, 64);
    for (unsigned want = 64; want > 0; want /= 2) {
        ck_assert_uint_eq(score_value(&score), want);
        clock_test_advance_ms(SCORE_HALF_LIFE_S * 1000);
    }
    ck_assert_uint_eq(score_value(&score), 0);
}
END_TEST

START_TEST(each_age_within_the_lifetime_reads_as_the_closed_form)
{
    enum { AMOUNT = 1000000000 };

    add(7, AMOUNT);
    for (int s = 0; s <= SCORE_LIFETIME_S; s++) {
        double want = 7 + floor(AMOUNT * pow(0.5, s / 60.0));

        ck_assert_msg(fabs(score_value(&score) - want) <= 1, "after %d s: expected %f, got %u", s,
                      want, score_value(&score));
        clock_test_advance_ms(1000);
    }
}
END_TEST

START_TEST(behind_the_lifetime_nothing_is_left)
{
    add(0, UINT_MAX);
    clock_test_advance_ms(SCORE_LIFETIME_S * 1000LL);
    ck_assert_uint_eq(score_value(&score), 3); /* 2^32 halved 30 times, rounded down */
    clock_test_advance_ms(1000);
    ck_assert_uint_eq(score_value(&score), 0);
    ck_assert_uint_eq(add(0, 5), 5);
}
END_TEST

/* A thousand random faults at random times, and the sum of all their decays. */
START_TEST(any_sequence_of_faults_is_the_sum_of_their_decays)
{
    double transient = 0;
    unsigned persistent = 0;

    for (int i = 0; i < 1000; i++) {
        unsigned p = (unsigned)random_below(3), t = (unsigned)random_below(50);
        int64_t pause_ms = (int64_t)random_below(400) * 1000;
        double want;

        persistent += p;
        transient += t;
        add(p, t);
        clock_test_advance_ms(pause_ms);
        transient *= exp2(-(double)pause_ms / 60000);
        want = persistent + transient;
        ck_assert_msg(score_value(&score) <= want + 1e-6 && score_value(&score) > want - 1 - 1e-6,
                      "step %d: expected %f rounded down, got %u", i, want, score_value(&score));
    }
}
END_TEST

/* Times are read in whole seconds; what each reading cuts off must not add up. */
START_TEST(many_small_pauses_decay_like_one_long_one)
{
    add(0, 1000000);
    for (int i = 0; i < 600; i++) {
        clock_test_advance_ms(100);
        add(0, i % 10 == 0 ? 1 : 0);
    }
    /* 60 points are added in the 60 s that halve the million; none of them has grown. */
    ck_assert_uint_ge(score_value(&score), 500030);
    ck_assert_uint_le(score_value(&score), 500060);
}
END_TEST

START_TEST(half_of_the_threshold_warns_and_the_threshold_bans)
{
    ck_assert_int_eq(score_add(&score, NULL, 49, 0), SCORE_FINE);
    ck_assert_int_eq(score_add(&score, NULL, 1, 0), SCORE_WARN);
    ck_assert_int_eq(score_add(&score, NULL, 0, 49), SCORE_WARN);
    ck_assert_int_eq(score_add(&score, NULL, 0, 1), SCORE_BAN);
    ck_assert_int_eq(score_add(&score, NULL, 0, 0), SCORE_BAN);
    clock_test_advance_ms(60 * 1000);
    ck_assert_int_eq(score_add(&score, NULL, 0, 0), SCORE_WARN);
}
END_TEST

/* btcd's scores for a mempool request and for a full getdata (server.go). */
START_TEST(what_is_harmless_now_and_then_is_a_fault_in_bulk)
{
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(score_add(&score, NULL, 0, 33), SCORE_FINE);
        clock_test_advance_ms(10 * 60 * 1000);
    }
    ck_assert_int_eq(score_add(&score, NULL, 0, 33), SCORE_FINE);
    ck_assert_int_eq(score_add(&score, NULL, 0, 33), SCORE_WARN);
    ck_assert_int_eq(score_add(&score, NULL, 0, 33), SCORE_WARN);
    ck_assert_int_eq(score_add(&score, NULL, 0, 33), SCORE_BAN);
}
END_TEST

START_TEST(an_odd_threshold_warns_at_half_and_not_before)
{
    struct score odd;

    score_init(&odd, 5);
    ck_assert_int_eq(score_add(&odd, NULL, 2, 0), SCORE_FINE);
    ck_assert_int_eq(score_add(&odd, NULL, 1, 0), SCORE_WARN);
    score_destroy(&odd);
    score_init(&odd, 1);
    ck_assert_int_eq(score_add(&odd, NULL, 0, 0), SCORE_FINE);
    ck_assert_int_eq(score_add(&odd, NULL, 1, 0), SCORE_BAN);
    score_destroy(&odd);
}
END_TEST

START_TEST(scores_stop_at_the_largest_number)
{
    ck_assert_uint_eq(add(UINT_MAX, 0), UINT_MAX);
    ck_assert_uint_eq(add(UINT_MAX, UINT_MAX), UINT_MAX);
    ck_assert_uint_eq(add(1, 1), UINT_MAX);
    ck_assert_int_eq(score_add(&score, NULL, 0, 0), SCORE_BAN);
}
END_TEST

enum { THREADS = 4, FAULTS_EACH = 10000 };

static void *add_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < FAULTS_EACH; i++)
        score_add(&score, NULL, 1, 1);
    return NULL;
}

START_TEST(faults_of_several_threads_all_count)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(score_value(&score), 2 * THREADS * FAULTS_EACH);
}
END_TEST

void add_score_tests(Suite *s)
{
    TCase *t = tcase_create("score");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_persistent_fault_is_never_forgotten);
    tcase_add_test(t, a_transient_fault_halves_each_minute);
    tcase_add_test(t, each_age_within_the_lifetime_reads_as_the_closed_form);
    tcase_add_test(t, behind_the_lifetime_nothing_is_left);
    tcase_add_test(t, any_sequence_of_faults_is_the_sum_of_their_decays);
    tcase_add_test(t, many_small_pauses_decay_like_one_long_one);
    tcase_add_test(t, half_of_the_threshold_warns_and_the_threshold_bans);
    tcase_add_test(t, what_is_harmless_now_and_then_is_a_fault_in_bulk);
    tcase_add_test(t, an_odd_threshold_warns_at_half_and_not_before);
    tcase_add_test(t, scores_stop_at_the_largest_number);
    tcase_add_test(t, faults_of_several_threads_all_count);
}
