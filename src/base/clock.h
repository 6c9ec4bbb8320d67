/* The program's clocks. Timeouts use the monotonic clock, protocol fields the wall clock; a test
 * replaces both, so that a ten-minute rule is tested in milliseconds.
 *
 * Monotonic times are in microseconds since an arbitrary start and never zero; CLOCK_NEVER is a
 * deadline that does not come. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/mutex.h"

#define CLOCK_NEVER INT64_MAX

/* Thread: any. Returns: monotonic time in microseconds. */
int64_t clock_mono_us(void);

/* Thread: any. Returns: seconds since 1970, as the system believes. */
int64_t clock_wall_s(void);

/* Thread: any. Returns: microseconds since 1970, as the system believes; for log lines. */
int64_t clock_wall_us(void);

/* The deadline `ms` milliseconds from now; CLOCK_NEVER for a negative `ms`. */
int64_t clock_deadline_ms(int64_t ms);

/* A condition variable that waits on this clock. Thread: the owner. */
void clock_cond_init(pthread_cond_t *cond);

/* Wait on `cond` until signalled or until `deadline_us`; may wake for no reason, as condition
 * variables do. Returns: 0, or PN_ETIMEDOUT once the deadline has passed. */
int clock_cond_wait(pthread_cond_t *cond, struct mutex *mu, int64_t deadline_us) REQUIRES(mu);

/* The timeout argument for poll(2) and epoll_wait(2) so that a wait ends by `deadline_us`: -1 for
 * CLOCK_NEVER, else at least 0, rounded up. Under a test clock it is at most 1 ms, so that the
 * caller's loop notices when the test moves the time. */
int clock_poll_ms(int64_t deadline_us);

/* Test seam: from now on both clocks stand still at the given times and move only by
 * clock_test_advance_ms. Waits notice within a millisecond. Thread: the test's. */
void clock_test_start(int64_t wall_s);
void clock_test_advance_ms(int64_t ms);
void clock_test_set_wall(int64_t wall_s);
void clock_test_stop(void);

#endif
