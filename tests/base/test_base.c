/* Promises of the base floor: errors, bytes, BUG(), clocks, random numbers. Memory has its own
 * program, test_memory. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "harness.h"

/* Errors */

START_TEST(error_names_are_distinct_labels)
{
    for (int e = PN_ERR_FIRST_ + 1; e < PN_ERR_END_; e++) {
        const char *name = pn_errname(e);

        ck_assert_msg(name[0] != '\0' && pn_strerror(e)[0] != '\0', "error %d has no text", e);
        for (const char *p = name; *p; p++)
            ck_assert_msg(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_',
                          "%s is no metric label", name);
        for (int other = PN_ERR_FIRST_ + 1; other < e; other++)
            ck_assert_str_ne(name, pn_errname(other));
    }
}
END_TEST

/* Dashboards and alerts of operators name these. */
START_TEST(error_names_do_not_change)
{
    static const struct {
        int err;
        const char *name;
    } rows[] = {
        {PN_OK, "ok"},
        {PN_EINVAL, "invalid_argument"},
        {PN_ENOMEM, "no_memory"},
        {PN_ETIMEDOUT, "timeout"},
        {PN_ECLOSED, "closed"},
        {PN_EQUIT, "quit"},
        {PN_EREFUSED, "refused"},
        {PN_EUNREACH, "unreachable"},
        {PN_ERESET, "reset"},
        {PN_EEOF, "eof"},
        {PN_EMAGIC, "bad_magic"},
        {PN_ECHECKSUM, "bad_checksum"},
        {PN_ECOMMAND, "bad_command"},
        {PN_EVERSION, "old_version"},
        {PN_ESELF, "self_connection"},
        {PN_EDUPLICATE, "duplicate"},
        {PN_EPROTO, "protocol_violation"},
        {PN_ESTALLED, "stalled"},
        {PN_ESLOW, "slow_reader"},
        {PN_EIDLE, "idle"},
        {PN_EPOW, "bad_pow"},
        {PN_EMERKLE, "bad_merkle_root"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_str_eq(pn_errname(rows[i].err), rows[i].name);
}
END_TEST

START_TEST(errors_are_negative_and_unknown_ones_have_a_name)
{
    ck_assert_int_eq(PN_OK, 0);
    ck_assert_int_eq(PN_EINVAL, -999);
    ck_assert_int_lt(PN_ERR_END_, 0);
    ck_assert_str_eq(pn_strerror(0), "success");
    ck_assert_str_eq(pn_errname(1), "unknown");
    ck_assert_str_eq(pn_errname(PN_ERR_FIRST_), "unknown");
    ck_assert_str_eq(pn_errname(PN_ERR_END_), "unknown");
    ck_assert_str_eq(pn_errname(INT_MIN), "unknown");
    ck_assert_str_eq(pn_strerror(INT_MAX), "unknown error");
}
END_TEST

START_TEST(errno_becomes_an_error_of_ours)
{
    ck_assert_int_eq(pn_err_from_errno(0), PN_OK);
    ck_assert_int_eq(pn_err_from_errno(EWOULDBLOCK), PN_EAGAIN);
    ck_assert_int_eq(pn_err_from_errno(ECONNREFUSED), PN_EREFUSED);
    ck_assert_int_eq(pn_err_from_errno(EPIPE), PN_ERESET);
    ck_assert_int_eq(pn_err_from_errno(ENETUNREACH), PN_EUNREACH);
    ck_assert_int_eq(pn_err_from_errno(EMFILE), PN_ELIMIT);
    for (int e = 1; e < 200; e++)
        ck_assert_int_lt(pn_err_from_errno(e), 0);
}
END_TEST

/* Bytes */

START_TEST(loads_and_stores_follow_the_named_byte_order)
{
    const uint8_t in[] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t out[9] = {0};

    /* From an odd address: no alignment is asked for. */
    ck_assert_uint_eq(load_le16(in + 1), 0x0201);
    ck_assert_uint_eq(load_le32(in + 1), 0x04030201);
    ck_assert_uint_eq(load_le64(in + 1), UINT64_C(0x0807060504030201));
    ck_assert_uint_eq(load_be16(in + 1), 0x0102);
    ck_assert_uint_eq(load_be32(in + 1), 0x01020304);
    store_le16(out + 1, 0x0201);
    ck_assert_mem_eq(out + 1, in + 1, 2);
    store_le32(out + 1, 0x04030201);
    ck_assert_mem_eq(out + 1, in + 1, 4);
    store_le64(out + 1, UINT64_C(0x0807060504030201));
    ck_assert_mem_eq(out + 1, in + 1, 8);
    store_be16(out + 1, 0x0102);
    ck_assert_mem_eq(out + 1, in + 1, 2);
    store_be32(out + 1, 0x01020304);
    ck_assert_mem_eq(out + 1, in + 1, 4);
    ck_assert_uint_eq(out[0], 0);
}
END_TEST

START_TEST(constant_time_equality_sees_every_bit)
{
    uint8_t a[33], b[33];

    for (size_t i = 0; i < sizeof a; i++)
        a[i] = b[i] = (uint8_t)(i * 7);
    ck_assert(bytes_equal_ct(a, b, sizeof a));
    ck_assert(bytes_equal_ct(a, b, 0));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_msg(!bytes_equal_ct(a, b, sizeof a), "bit %zu was not seen", bit);
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    b[32] ^= 1;
    ck_assert(bytes_equal_ct(a, b, 32));
}
END_TEST

/* BUG() */

static struct {
    unsigned calls;
    char cond[64];
    int line;
} reported;

static void remember(const char *cond, const char *file, int line)
{
    ck_assert_ptr_nonnull(strstr(file, "test_base.c"));
    snprintf(reported.cond, sizeof reported.cond, "%s", cond);
    reported.line = line;
    reported.calls++;
}

START_TEST(a_bug_is_counted_reported_and_can_be_recovered_from)
{
    uint64_t before = bug_count();
    int two = 2, line = 0;

    bug_set_handler(remember);
    if (BUG(two > 3))
        ck_abort_msg("a condition that does not hold was reported");
    ck_assert_uint_eq(bug_count(), before);
    if (BUG(two > 1))
        line = __LINE__ - 1;
    ck_assert_int_ne(line, 0);
    ck_assert_uint_eq(bug_count(), before + 1);
    ck_assert_uint_eq(reported.calls, 1);
    ck_assert_str_eq(reported.cond, "two > 1");
    ck_assert_int_eq(reported.line, line);
    bug_set_handler(NULL);
}
END_TEST

/* Clocks */

static void stop_clock(void)
{
    clock_test_stop();
}

START_TEST(a_test_clock_moves_only_when_told)
{
    int64_t start_us;

    clock_test_start(1231006505);
    start_us = clock_mono_us();
    ck_assert_int_gt(start_us, 0);
    ck_assert_int_eq(clock_wall_s(), 1231006505);
    ck_assert_int_eq(clock_mono_us(), start_us);
    clock_test_advance_ms(600000);
    ck_assert_int_eq(clock_mono_us(), start_us + 600000000);
    ck_assert_int_eq(clock_wall_s(), 1231006505 + 600);
    ck_assert_int_eq(clock_wall_us(), INT64_C(1231007105000000));
    clock_test_set_wall(1000);
    ck_assert_int_eq(clock_wall_s(), 1000);
    ck_assert_int_eq(clock_mono_us(), start_us + 600000000);
}
END_TEST

START_TEST(the_real_clocks_return_after_a_test)
{
    int64_t before_us = clock_mono_us();

    clock_test_start(0);
    clock_test_stop();
    ck_assert_int_ge(clock_mono_us(), before_us);
    ck_assert_int_gt(clock_wall_s(), 1700000000);
}
END_TEST

START_TEST(a_deadline_beyond_all_time_never_comes)
{
    clock_test_start(0);
    ck_assert_int_eq(clock_deadline_ms(0), clock_mono_us());
    ck_assert_int_eq(clock_deadline_ms(1500), clock_mono_us() + 1500000);
    ck_assert(clock_deadline_ms(-1) == CLOCK_NEVER);
    ck_assert(clock_deadline_ms(INT64_MAX) == CLOCK_NEVER);
    ck_assert(clock_deadline_ms(INT64_MAX / 1000) == CLOCK_NEVER);
}
END_TEST

START_TEST(poll_timeouts_round_up_and_stay_in_range)
{
    int64_t before_us, deadline_us, after_us;
    int ms;

    ck_assert_int_eq(clock_poll_ms(CLOCK_NEVER), -1);
    ck_assert_int_eq(clock_poll_ms(INT64_MIN), 0);
    ck_assert_int_eq(clock_poll_ms(clock_mono_us()), 0);
    ck_assert_int_eq(clock_poll_ms(CLOCK_NEVER - 1), INT_MAX);
    before_us = clock_mono_us();
    deadline_us = before_us + 3600000001;
    ms = clock_poll_ms(deadline_us);
    after_us = clock_mono_us();
    ck_assert_int_ge(after_us + ms * INT64_C(1000), deadline_us);
    ck_assert_int_lt(ms * INT64_C(1000), deadline_us - before_us + 1000);
    clock_test_start(0);
    ck_assert_int_eq(clock_poll_ms(CLOCK_NEVER), -1);
    ck_assert_int_eq(clock_poll_ms(clock_deadline_ms(3600000)), 1);
    ck_assert_int_eq(clock_poll_ms(clock_deadline_ms(0)), 0);
}
END_TEST

struct sleeper {
    struct mutex mu;
    pthread_cond_t cond;
    int64_t deadline_us;
    bool waiting GUARDED_BY(mu), go GUARDED_BY(mu);
    int rc;
};

static void *sleep_for_go(void *arg)
{
    struct sleeper *s = arg;

    mutex_lock(&s->mu);
    s->waiting = true;
    while (!s->go && s->rc == 0)
        s->rc = clock_cond_wait(&s->cond, &s->mu, s->deadline_us);
    mutex_unlock(&s->mu);
    return NULL;
}

static void sleeper_start(struct sleeper *s, pthread_t *thread, int64_t deadline_us)
{
    bool waiting;

    *s = (struct sleeper){.deadline_us = deadline_us};
    mutex_init(&s->mu);
    clock_cond_init(&s->cond);
    ck_assert_int_eq(pthread_create(thread, NULL, sleep_for_go, s), 0);
    do {
        sched_yield();
        mutex_lock(&s->mu);
        waiting = s->waiting;
        mutex_unlock(&s->mu);
    } while (!waiting);
}

static void sleeper_signal(struct sleeper *s)
{
    mutex_lock(&s->mu);
    s->go = true;
    pthread_cond_signal(&s->cond);
    mutex_unlock(&s->mu);
}

static int sleeper_end(struct sleeper *s, pthread_t thread)
{
    pthread_join(thread, NULL);
    pthread_cond_destroy(&s->cond);
    mutex_destroy(&s->mu);
    return s->rc;
}

START_TEST(a_wait_ends_when_signalled)
{
    struct sleeper s;
    pthread_t thread;

    sleeper_start(&s, &thread, CLOCK_NEVER);
    sleeper_signal(&s);
    ck_assert_int_eq(sleeper_end(&s, thread), 0);
    sleeper_start(&s, &thread, clock_deadline_ms(3600000));
    sleeper_signal(&s);
    ck_assert_int_eq(sleeper_end(&s, thread), 0);
}
END_TEST

START_TEST(a_wait_ends_at_its_deadline)
{
    struct sleeper s;
    pthread_t thread;

    sleeper_start(&s, &thread, clock_mono_us() - 1);
    ck_assert_int_eq(sleeper_end(&s, thread), PN_ETIMEDOUT);
    sleeper_start(&s, &thread, clock_deadline_ms(1));
    ck_assert_int_eq(sleeper_end(&s, thread), PN_ETIMEDOUT);
}
END_TEST

START_TEST(a_wait_of_an_hour_ends_when_the_test_clock_has_moved_an_hour)
{
    struct sleeper s;
    pthread_t thread;

    clock_test_start(0);
    sleeper_start(&s, &thread, clock_deadline_ms(3600000));
    clock_test_advance_ms(3600000);
    ck_assert_int_eq(sleeper_end(&s, thread), PN_ETIMEDOUT);
    sleeper_start(&s, &thread, clock_deadline_ms(3600000));
    clock_test_advance_ms(3599999);
    sleeper_signal(&s);
    ck_assert_int_eq(sleeper_end(&s, thread), 0);
}
END_TEST

/* Random numbers */

static void stop_random(void)
{
    random_test_stop();
}

START_TEST(random_below_stays_below_and_reaches_every_value)
{
    static const uint64_t limits[] = {
        1, 2, 3, 10, 1000, UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1, UINT64_MAX};
    bool seen[10] = {false};

    random_test_start(42);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        for (int n = 0; n < 1000; n++)
            ck_assert_uint_lt(random_below(limits[i]), limits[i]);
    for (int n = 0; n < 1000; n++)
        seen[random_below(10)] = true;
    for (int v = 0; v < 10; v++)
        ck_assert_msg(seen[v], "%d never came in 1000 draws", v);
}
END_TEST

START_TEST(random_below_is_uniform)
{
    /* Plain remainders of 64 bits by this limit would give the lower half twice as often. */
    const uint64_t limit = UINT64_C(3) << 62;
    unsigned low = 0;

    random_test_start(7);
    for (int n = 0; n < 30000; n++)
        low += random_below(limit) < limit / 3;
    ck_assert_msg(low > 9500 && low < 10500, "expected about 10000 of 30000, got %u", low);
}
END_TEST

START_TEST(a_seed_gives_the_same_sequence_again)
{
    uint8_t a[37], b[37];
    uint64_t x, y;

    random_test_start(1);
    random_bytes(a, sizeof a);
    x = random_below(1000000);
    random_test_start(1);
    random_bytes(b, sizeof b);
    y = random_below(1000000);
    ck_assert_mem_eq(a, b, sizeof a);
    ck_assert_uint_eq(x, y);
    random_test_start(2);
    random_bytes(b, sizeof b);
    ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

START_TEST(without_a_seed_nothing_repeats)
{
    uint8_t a[32], b[32];

    random_test_start(1);
    random_bytes(a, sizeof a);
    random_test_stop();
    random_bytes(b, sizeof b);
    ck_assert_mem_ne(a, b, sizeof a);
    random_bytes(a, sizeof a);
    ck_assert_mem_ne(a, b, sizeof a);
    random_bytes(a, 0);
}
END_TEST

START_TEST(exponential_delays_have_their_mean_and_a_ceiling)
{
    const int64_t mean = 5000000;
    int64_t sum = 0;

    random_test_start(3);
    for (int n = 0; n < 20000; n++) {
        int64_t v = random_exponential(mean);

        ck_assert_int_ge(v, 0);
        ck_assert_int_le(v, 100 * mean);
        sum += v;
    }
    ck_assert_int_gt(sum / 20000, mean * 97 / 100);
    ck_assert_int_lt(sum / 20000, mean * 103 / 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *plain = tcase_create("errors, bytes, bugs");
    TCase *clock = tcase_create("clocks");
    TCase *chance = tcase_create("random");

    tcase_add_test(plain, error_names_are_distinct_labels);
    tcase_add_test(plain, error_names_do_not_change);
    tcase_add_test(plain, errors_are_negative_and_unknown_ones_have_a_name);
    tcase_add_test(plain, errno_becomes_an_error_of_ours);
    tcase_add_test(plain, loads_and_stores_follow_the_named_byte_order);
    tcase_add_test(plain, constant_time_equality_sees_every_bit);
    tcase_add_test(plain, a_bug_is_counted_reported_and_can_be_recovered_from);
    tcase_add_checked_fixture(clock, NULL, stop_clock);
    tcase_add_test(clock, a_test_clock_moves_only_when_told);
    tcase_add_test(clock, the_real_clocks_return_after_a_test);
    tcase_add_test(clock, a_deadline_beyond_all_time_never_comes);
    tcase_add_test(clock, poll_timeouts_round_up_and_stay_in_range);
    tcase_add_test(clock, a_wait_ends_when_signalled);
    tcase_add_test(clock, a_wait_ends_at_its_deadline);
    tcase_add_test(clock, a_wait_of_an_hour_ends_when_the_test_clock_has_moved_an_hour);
    tcase_add_checked_fixture(chance, NULL, stop_random);
    tcase_add_test(chance, random_below_stays_below_and_reaches_every_value);
    tcase_add_test(chance, random_below_is_uniform);
    tcase_add_test(chance, a_seed_gives_the_same_sequence_again);
    tcase_add_test(chance, without_a_seed_nothing_repeats);
    tcase_add_test(chance, exponential_delays_have_their_mean_and_a_ceiling);
    suite_add_tcase(suite, plain);
    suite_add_tcase(suite, clock);
    suite_add_tcase(suite, chance);
    return harness_run(suite);
}
