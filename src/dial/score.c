/* The transient part is kept as it was when it last changed, and decays when it is looked at: a
 * score costs nothing while nothing happens. Times are whole seconds of the monotonic clock; what
 * is lost by rounding in one step is made good in the next, since both read the same clock. */
#include "dial/score.h"

#include <assert.h>
#include <limits.h>
#include <math.h>

#include "base/clock.h"

enum { PRECOMPUTED_S = 64, US_PER_S = 1000000 };

/* What is left of 1 after so many seconds. Scores that are looked at are mostly young. */
static double left_after[PRECOMPUTED_S];
static pthread_once_t left_after_filled = PTHREAD_ONCE_INIT;

static double decay(int64_t age_s)
{
    return exp2(-(double)age_s / SCORE_HALF_LIFE_S);
}

static void fill_left_after(void)
{
    for (int s = 0; s < PRECOMPUTED_S; s++)
        left_after[s] = decay(s);
}

static double factor(int64_t age_s)
{
    if (age_s < PRECOMPUTED_S)
        return left_after[age_s];
    return age_s > SCORE_LIFETIME_S ? 0 : decay(age_s);
}

static int64_t now_s(void)
{
    return clock_mono_us() / US_PER_S;
}

static unsigned add_capped(unsigned a, unsigned b)
{
    return a > UINT_MAX - b ? UINT_MAX : a + b;
}

/* The score at the moment to which the transient part was decayed. */
static unsigned total(unsigned persistent, double transient)
{
    return transient < (double)UINT_MAX ? add_capped(persistent, (unsigned)transient) : UINT_MAX;
}

void score_init(struct score *s, unsigned threshold)
{
    assert(threshold > 0);
    pthread_once(&left_after_filled, fill_left_after);
    *s = (struct score){.threshold = threshold};
    mutex_init(&s->mu);
}

void score_destroy(struct score *s)
{
    mutex_destroy(&s->mu);
}

static unsigned value_at(const struct score *s, int64_t at_s) REQUIRES(s->mu)
{
    /* Two threads may have read the clock in one order and taken the lock in the other. */
    int64_t age_s = at_s > s->changed_s ? at_s - s->changed_s : 0;

    return total(s->persistent, s->transient * factor(age_s));
}

static void add(struct score *s, unsigned persistent, unsigned transient, int64_t at_s)
    REQUIRES(s->mu)
{
    s->persistent = add_capped(s->persistent, persistent);
    if (transient == 0)
        return;
    if (at_s > s->changed_s) {
        s->transient *= factor(at_s - s->changed_s);
        s->changed_s = at_s;
    }
    s->transient += transient;
}

enum score_level score_add(struct score *s, unsigned *value, unsigned persistent,
                           unsigned transient)
{
    int64_t at_s = now_s();
    unsigned now;

    mutex_lock(&s->mu);
    add(s, persistent, transient, at_s);
    now = value_at(s, at_s);
    mutex_unlock(&s->mu);
    if (value)
        *value = now;
    if (now >= s->threshold)
        return SCORE_BAN;
    return now >= s->threshold / 2 + s->threshold % 2 ? SCORE_WARN : SCORE_FINE;
}

unsigned score_value(struct score *s)
{
    int64_t at_s = now_s();
    unsigned now;

    mutex_lock(&s->mu);
    now = value_at(s, at_s);
    mutex_unlock(&s->mu);
    return now;
}
