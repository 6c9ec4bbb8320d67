#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static atomic_bool test_active;
static atomic_uint_fast64_t test_state;

/* splitmix64 (public domain, Sebastiano Vigna): good enough to make tests repeatable. */
static uint64_t test_next(void)
{
    uint64_t z = atomic_fetch_add(&test_state, UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void test_fill(uint8_t *out, size_t len)
{
    while (len > 0) {
        uint64_t v = test_next();
        size_t n = len < sizeof v ? len : sizeof v;

        memcpy(out, &v, n);
        out += n;
        len -= n;
    }
}

void random_bytes(void *out, size_t len)
{
    uint8_t *p = out;

    if (atomic_load_explicit(&test_active, memory_order_relaxed)) {
        test_fill(p, len);
        return;
    }
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort(); /* no key, nonce or salt may ever be guessable */
        p += n;
        len -= (size_t)n;
    }
}

uint64_t random_u64(void)
{
    uint64_t v;

    random_bytes(&v, sizeof v);
    return v;
}

uint64_t random_below(uint64_t limit)
{
    uint64_t floor, v;

    assert(limit > 0);
    floor = -limit % limit; /* values below it would make the remainder uneven */
    do
        v = random_u64();
    while (v < floor);
    return v % limit;
}

int64_t random_exponential(int64_t mean)
{
    /* 53 random bits in (0, 1]: the logarithm is finite and never positive. */
    double u = ((double)(random_u64() >> 11) + 1) / 9007199254740992.0;
    double factor = -log(u);

    return (int64_t)((factor < 100 ? factor : 100) * (double)mean);
}

void random_test_start(uint64_t seed)
{
    atomic_store(&test_state, seed);
    atomic_store(&test_active, true);
}

void random_test_stop(void)
{
    atomic_store(&test_active, false);
}
