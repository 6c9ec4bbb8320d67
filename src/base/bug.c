#include "base/bug.h"

#include <stdatomic.h>
#include <stdio.h>

static atomic_uint_fast64_t reports;
static bug_handler *_Atomic handler_set;

void bug_set_handler(bug_handler *handler)
{
    atomic_store(&handler_set, handler);
}

bool bug_report(const char *cond, const char *file, int line)
{
    bug_handler *handler = atomic_load(&handler_set);

    atomic_fetch_add(&reports, 1);
    if (handler)
        handler(cond, file, line);
    else
        fprintf(stderr, "BUG: %s at %s:%d\n", cond, file, line);
    return true;
}

uint64_t bug_count(void)
{
    return atomic_load(&reports);
}
