/* Allocation. Every allocation of the program can fail, and a test can make the n-th one fail. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* Thread: any. Owns: the caller frees with mem_free. Returns: NULL when there is no memory or the
 * product of count and size overflows. A zero size gives a unique pointer. */
void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *mem_zalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *mem_alloc_array(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
void *mem_zalloc_array(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));

/* Resize to count × size bytes. Returns: NULL on failure, and then `ptr` is still valid. */
void *mem_realloc_array(void *ptr, size_t count, size_t size) __attribute__((alloc_size(2, 3)));

/* Copy of a string or of bytes. Returns: NULL when there is no memory. */
char *mem_strdup(const char *s) __attribute__((malloc));
void *mem_dup(const void *data, size_t size) __attribute__((malloc));

/* Free; accepts NULL. */
void mem_free(void *ptr);

/* Free and forget: the pointer variable becomes NULL. */
#define MEM_FREE(ptr)  \
    do {               \
        mem_free(ptr); \
        (ptr) = NULL;  \
    } while (0)

/* Test seam: let the n-th allocation from now on fail (1 is the next), and all after it when
 * `persistent`; 0 switches the seam off. Thread: the test's, before others start. */
void mem_fail_at(unsigned long n, int persistent);

/* Whether an allocation has been failed by mem_fail_at since it was last called. */
int mem_fail_happened(void);

#endif
