/* Mutexes that clang's -Wthread-safety understands. State shared between threads names its lock
 * with GUARDED_BY; a function that needs it held says REQUIRES.
 *
 * In C clang cannot look up a sibling member inside a struct, so GUARDED_BY tells the reader which
 * lock it is and clang only that some lock must be held; REQUIRES is checked to the letter. */
#ifndef BASE_MUTEX_H
#define BASE_MUTEX_H

#include <pthread.h>

#if defined(__clang__)
#define PN_TSA(x) __attribute__((x))
#else
#define PN_TSA(x)
#endif

#define CAPABILITY       PN_TSA(capability("mutex"))
#define GUARDED_BY(m)    PN_TSA(guarded_var)
#define REQUIRES(...)    PN_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...)    PN_TSA(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...)     PN_TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...)     PN_TSA(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY PN_TSA(no_thread_safety_analysis)

struct CAPABILITY mutex {
    pthread_mutex_t m;
};

#define MUTEX_INITIALIZER              \
    {                                  \
        .m = PTHREAD_MUTEX_INITIALIZER \
    }

/* Thread: the owner, before and after all use. */
static inline void mutex_init(struct mutex *mu)
{
    pthread_mutex_init(&mu->m, NULL);
}

static inline void mutex_destroy(struct mutex *mu)
{
    pthread_mutex_destroy(&mu->m);
}

/* Held for a few instructions only: no call that may block is made under a mutex. */
static inline void mutex_lock(struct mutex *mu) ACQUIRE(mu) NO_THREAD_SAFETY
{
    pthread_mutex_lock(&mu->m);
}

static inline void mutex_unlock(struct mutex *mu) RELEASE(mu) NO_THREAD_SAFETY
{
    pthread_mutex_unlock(&mu->m);
}

#endif
