/* Random numbers from the kernel; a test replaces the source by a seeded one. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fill with bytes fit for keys and nonces. Thread: any. Never fails: a kernel without a random
 * source ends the process. */
void random_bytes(void *out, size_t len);

uint64_t random_u64(void);

/* Uniform in [0, limit); limit must not be 0. */
uint64_t random_below(uint64_t limit);

/* Exponentially distributed with this mean, at most 100 times it: the waiting times of a Poisson
 * process. The unit is the caller's. */
int64_t random_exponential(int64_t mean);

/* Test seam: a reproducible sequence from `seed` until random_test_stop. Thread: the test's. */
void random_test_start(uint64_t seed);
void random_test_stop(void);

#endif
