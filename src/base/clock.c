#include "base/clock.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "base/err.h"

enum { US_PER_S = 1000000, NS_PER_US = 1000, US_PER_MS = 1000 };

static atomic_bool test_active;
static atomic_int_fast64_t test_mono_us;
static atomic_int_fast64_t test_wall_us;

static int64_t read_clock_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / NS_PER_US;
}

static bool is_test(void)
{
    return atomic_load_explicit(&test_active, memory_order_relaxed);
}

int64_t clock_mono_us(void)
{
    return is_test() ? atomic_load(&test_mono_us) : read_clock_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
    return is_test() ? atomic_load(&test_wall_us) : read_clock_us(CLOCK_REALTIME);
}

int64_t clock_wall_s(void)
{
    return clock_wall_us() / US_PER_S;
}

int64_t clock_deadline_ms(int64_t ms)
{
    int64_t span, at;

    if (ms < 0 || __builtin_mul_overflow(ms, US_PER_MS, &span) ||
        __builtin_add_overflow(clock_mono_us(), span, &at))
        return CLOCK_NEVER;
    return at;
}

void clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

static void wait_until_real(pthread_cond_t *cond, struct mutex *mu, int64_t at_us)
{
    struct timespec ts = {
        .tv_sec = (time_t)(at_us / US_PER_S),
        .tv_nsec = (long)(at_us % US_PER_S) * NS_PER_US,
    };

    pthread_cond_timedwait(cond, &mu->m, &ts);
}

int clock_cond_wait(pthread_cond_t *cond, struct mutex *mu, int64_t deadline_us)
{
    if (deadline_us != CLOCK_NEVER && clock_mono_us() >= deadline_us)
        return PN_ETIMEDOUT;
    if (deadline_us == CLOCK_NEVER)
        pthread_cond_wait(cond, &mu->m);
    else if (is_test())
        wait_until_real(cond, mu, read_clock_us(CLOCK_MONOTONIC) + US_PER_MS);
    else
        wait_until_real(cond, mu, deadline_us);
    if (deadline_us != CLOCK_NEVER && clock_mono_us() >= deadline_us)
        return PN_ETIMEDOUT;
    return 0;
}

int clock_poll_ms(int64_t deadline_us)
{
    int64_t now_us = clock_mono_us(), left_us, ms;

    if (deadline_us == CLOCK_NEVER)
        return -1;
    if (deadline_us <= now_us)
        return 0;
    if (is_test())
        return 1;
    left_us = deadline_us - now_us;
    ms = left_us / US_PER_MS + (left_us % US_PER_MS != 0);
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

void clock_test_start(int64_t wall_s)
{
    atomic_store(&test_mono_us, US_PER_S);
    atomic_store(&test_wall_us, wall_s * US_PER_S);
    atomic_store(&test_active, true);
}

void clock_test_advance_ms(int64_t ms)
{
    atomic_fetch_add(&test_wall_us, ms * US_PER_MS);
    atomic_fetch_add(&test_mono_us, ms * US_PER_MS);
}

void clock_test_set_wall(int64_t wall_s)
{
    atomic_store(&test_wall_us, wall_s * US_PER_S);
}

void clock_test_stop(void)
{
    atomic_store(&test_active, false);
}
