#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/* Zero in production: one relaxed load on the allocation path is the seam's whole cost. */
static atomic_ulong fail_countdown;
static atomic_int fail_persistent;
static atomic_int fail_happened;

static int injected_failure(void)
{
    unsigned long left = atomic_load_explicit(&fail_countdown, memory_order_relaxed), next;

    do {
        if (__builtin_expect(left == 0, 1))
            return 0;
        next = left == 1 && atomic_load(&fail_persistent) ? 1 : left - 1;
    } while (!atomic_compare_exchange_weak(&fail_countdown, &left, next));
    if (left > 1)
        return 0;
    atomic_store(&fail_happened, 1);
    return 1;
}

void mem_fail_at(unsigned long n, int persistent)
{
    atomic_store(&fail_happened, 0);
    atomic_store(&fail_persistent, persistent);
    atomic_store(&fail_countdown, n);
}

int mem_fail_happened(void)
{
    return atomic_load(&fail_happened);
}

void *mem_alloc(size_t size)
{
    return injected_failure() ? NULL : malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
    return injected_failure() ? NULL : calloc(1, size ? size : 1);
}

void *mem_alloc_array(size_t count, size_t size)
{
    size_t bytes;

    return __builtin_mul_overflow(count, size, &bytes) ? NULL : mem_alloc(bytes);
}

void *mem_zalloc_array(size_t count, size_t size)
{
    size_t bytes;

    return __builtin_mul_overflow(count, size, &bytes) ? NULL : mem_zalloc(bytes);
}

void *mem_realloc_array(void *ptr, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes) || injected_failure())
        return NULL;
    return realloc(ptr, bytes ? bytes : 1);
}

char *mem_strdup(const char *s)
{
    return mem_dup(s, strlen(s) + 1);
}

void *mem_dup(const void *data, size_t size)
{
    void *copy = mem_alloc(size);

    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

void mem_free(void *ptr)
{
    free(ptr);
}
