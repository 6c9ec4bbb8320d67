/* Which addresses are worth keeping, and how readily each is drawn. Pure. Source: IsTerrible and
 * GetChance in addrman.cpp of the reference implementation. */
#include "addrbook/addrbook.h"

enum {
    MINUTE_S = 60,
    DAY_S = 24 * 60 * 60,
    GRACE_S = MINUTE_S,       /* after a try its outcome is awaited */
    FUTURE_S = 10 * MINUTE_S, /* clocks differ */
    HORIZON_S = 30 * DAY_S,
    RETRIES = 3,
    MAX_FAILURES = 10,
    MIN_FAIL_S = 7 * DAY_S,
    RECENT_TRY_S = 10 * MINUTE_S,
};

const char *addrbook_terrible(const struct addrbook_record *r, int64_t now_s)
{
    if (r->last_try_s > 0 && r->last_try_s >= now_s - GRACE_S)
        return NULL;
    if (r->last_seen_s > now_s + FUTURE_S)
        return "seen in the future";
    if (now_s - r->last_seen_s > HORIZON_S)
        return "not seen for 30 days";
    if (r->last_success_s == 0 && r->attempts >= RETRIES)
        return "failed 3 times and never succeeded";
    if (now_s - r->last_success_s > MIN_FAIL_S && r->attempts >= MAX_FAILURES)
        return "failed 10 times and not succeeded for 7 days";
    return NULL;
}

double addrbook_chance(const struct addrbook_record *r, int64_t now_s)
{
    /* 0.66 to the power of the failures, of which at most 8 count: an outage of ours must not make
     * everybody undesirable. */
    static const double by_failures[] = {1,          0.66,       0.4356,     0.287496,  0.18974736,
                                         0.12523326, 0.08265395, 0.05455161, 0.03600406};
    unsigned last = sizeof by_failures / sizeof by_failures[0] - 1;
    double chance = by_failures[r->attempts < last ? r->attempts : last];

    /* A clock set back must not make it recent for ever, nor a new one old. */
    if (now_s - r->last_try_s < RECENT_TRY_S)
        chance *= 0.01;
    return chance;
}
