/* A token bucket for each client, an IPv4 address or an IPv6 /64.
 *
 *   capacity      tokens that a client who was away long enough has    MAX_TOKENS
 *   window        time in which one token comes back, by fractions     RATE_LIMIT_WINDOW_SECONDS
 *   delay_after   requests over the limit, one after the other, that   RATE_LIMIT_DELAY_AFTER
 *                 are put off; those after them are refused at once
 *   delay         how long the first of them waits; the second twice   RATE_LIMIT_DELAY_MS
 *                 that, and so on, at most RATE_LIMIT_MAX_DELAY_MS
 *
 * A request takes a token and is served. Without a token it is over the limit: it is put off, tries
 * once more when its delay is over, and is then served or refused and told when the next token
 * comes. One that is served so is not counted as over the limit any more, and the count begins anew
 * once a request finds a token without having waited. So no more than capacity + t / window
 * requests of a client are served in any time t, however they come. The limiter itself never waits:
 * the caller has the timer. Time is monotonic, so that no step of the wall clock gives or takes
 * anything.
 *
 * At most `max_clients` are remembered; the one that came least recently is forgotten first, one of
 * whom a request waits never. Thread: any; one mutex, held for a few instructions (for a walk over
 * all clients in rate_limiter_change). */
#ifndef ELECTRUM_LIMITS_RATE_LIMITER_H
#define ELECTRUM_LIMITS_RATE_LIMITER_H

#include <stdint.h>

#include "net/addr.h"

#define RATE_LIMIT_MAX_CAPACITY  10000000
#define RATE_LIMIT_MAX_WINDOW_MS (24 * 3600 * 1000)
#define RATE_LIMIT_MAX_DELAY_MS  10000

struct rate_limit_config {
    uint32_t capacity; /* at most RATE_LIMIT_MAX_CAPACITY; 0: nothing is limited */
    int64_t window_ms; /* 1 to RATE_LIMIT_MAX_WINDOW_MS */
    unsigned delay_after;
    int64_t delay_ms;
    unsigned max_clients;
};

enum rate_verdict { RATE_ALLOWED, RATE_DELAYED, RATE_REFUSED };

struct rate_answer {
    enum rate_verdict verdict;
    int64_t wait_ms; /* delayed: until rate_limiter_resume; refused: until it is worth a try */
};

struct rate_limiter;

/* Thread: the main thread. config is copied. Returns: NULL when there is no memory. */
struct rate_limiter *rate_limiter_new(const struct rate_limit_config *config);
void rate_limiter_free(struct rate_limiter *r);

/* Limit by these from now on; max_clients stays as it was made. Clients keep the tokens they have,
 * as far as the capacity goes, and those who wait do so to the end of their delay. */
void rate_limiter_change(struct rate_limiter *r, const struct rate_limit_config *config);

/* A request has come. After RATE_DELAYED exactly one of the two below must follow. */
struct rate_answer rate_limiter_take(struct rate_limiter *r, const struct net_addr *client);

/* Its delay is over. Returns: RATE_ALLOWED or RATE_REFUSED. */
struct rate_answer rate_limiter_resume(struct rate_limiter *r, const struct net_addr *client);

/* It waits no more, because the client has gone. */
void rate_limiter_leave(struct rate_limiter *r, const struct net_addr *client);

/* Clients remembered now. */
unsigned rate_limiter_clients(struct rate_limiter *r);

#endif
