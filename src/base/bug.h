/* Our own broken invariants. A caller's error is assert()ed, bad input is returned as an error,
 * and what only a defect of this program can cause goes through BUG(): logged, counted, recovered.
 * Nothing that arrives from a network may reach an assert. */
#ifndef BASE_BUG_H
#define BASE_BUG_H

#include <stdbool.h>
#include <stdint.h>

/* True when `cond` holds, after reporting it: use it as the condition of an if that recovers. */
#define BUG(cond) (__builtin_expect(!!(cond), 0) && bug_report(#cond, __FILE__, __LINE__))

typedef void bug_handler(const char *cond, const char *file, int line);

/* Where reports go besides the counter; standard error until set. Thread: before others start. */
void bug_set_handler(bug_handler *handler);

/* Count and report one broken invariant. Thread: any. Returns: true, for BUG(). */
bool bug_report(const char *cond, const char *file, int line);

/* How many reports so far. Thread: any. */
uint64_t bug_count(void);

#endif
