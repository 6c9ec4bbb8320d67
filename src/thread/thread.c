/* Threads with a name and a role, counted by role.
 *
 * A new thread inherits a signal mask in which everything is blocked that can be meant for the
 * process, so that signals reach only the thread that asks for them. */
#include "config.h"

#include "thread/thread.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/err.h"
#include "metrics/metrics.h"
#include "thread/pulse.h"

#ifdef PN_SANITIZER
enum { STACK_BYTES = 512 * 1024 };
#else
enum { STACK_BYTES = 128 * 1024 };
#endif

static_assert(ROLE_COUNT <= 32, "chan_class.block_roles has a bit for every role");

static const char *const role_names[] = {
#define THREAD_ROLE_NAME_(id, name) name,
    THREAD_ROLE_LIST(THREAD_ROLE_NAME_)
#undef THREAD_ROLE_NAME_
};

/* How long a thread may stay away from its wait before it counts as stuck (thread/pulse.h): what
 * only computes and sends, what commits to its own database now and then, what is on the disk or on
 * the line to a gateway most of its time. Roles that are not listed are not watched. */
enum { BRISK_MS = 30 * 1000, COMMITTING_MS = 120 * 1000, SLOW_MS = 300 * 1000 };

static const int patience_ms[ROLE_COUNT] = {
    [ROLE_SERVER] = BRISK_MS,   [ROLE_DIALER] = BRISK_MS, [ROLE_DISCOVERY] = BRISK_MS,
    [ROLE_TX_RELAY] = BRISK_MS, [ROLE_RPC] = BRISK_MS,    [ROLE_MANAGER] = COMMITTING_MS,
    [ROLE_DUMP] = SLOW_MS,      [ROLE_STORE] = SLOW_MS,   [ROLE_FILTERS] = SLOW_MS,
    [ROLE_NAT] = SLOW_MS,       [ROLE_WEB] = SLOW_MS,     [ROLE_PUBLISHER] = SLOW_MS,
};

static _Thread_local enum thread_role own_role = ROLE_LOOP;
static atomic_uint running[ROLE_COUNT];
static atomic_ulong fail_countdown;

static struct metric_family threads_family = {
    .name = "p2pnode_threads",
    .help = "Threads running now.",
    .type = METRIC_GAUGE,
    .labels = {"role"},
};

static void collect_threads(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < ROLE_COUNT; i++)
        metric_set(metric_get(&threads_family, role_names[i], NULL), atomic_load(&running[i]));
}

/* The gauges appear with the first thread. */
static void add_collector(void)
{
    (void)metrics_add_collector(collect_threads, NULL);
}

static bool injected_failure(void)
{
    unsigned long left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);

    while (left > 0)
        if (atomic_compare_exchange_weak(&fail_countdown, &left, left - 1))
            return left == 1;
    return false;
}

static void *run_thread(void *arg)
{
    struct thread *t = arg;
    enum thread_role role = t->role;
    struct pulse pulse;

    own_role = role;
    pthread_setname_np(pthread_self(), t->name);
    if (patience_ms[role] > 0)
        pulse_begin(&pulse, t->name, patience_ms[role]);
    t->run(t->arg);
    if (patience_ms[role] > 0)
        pulse_end(&pulse);
    atomic_fetch_sub(&running[role], 1);
    return NULL;
}

/* All but what a fault of the thread itself raises: blocking those is undefined (POSIX,
 * pthread_sigmask), and a crash would go unreported. */
static void fill_blocked_signals(sigset_t *set)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

    sigfillset(set);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(set, faults[i]);
}

static int create(struct thread *t)
{
    sigset_t blocked, before;
    pthread_attr_t attr;
    int rc;

    if (pthread_attr_init(&attr) != 0)
        return PN_ENOMEM;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    fill_blocked_signals(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    rc = pthread_create(&t->id, &attr, run_thread, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (rc == ENOMEM)
        return PN_ENOMEM;
    return rc == 0 ? 0 : PN_EAGAIN;
}

int thread_start(struct thread *t, const char *name, enum thread_role role, void (*run)(void *),
                 void *arg)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int rc;

    assert(role < ROLE_COUNT);
    pthread_once(&once, add_collector);
    *t = (struct thread){.role = role, .run = run, .arg = arg};
    snprintf(t->name, sizeof t->name, "%s", name);
    if (injected_failure())
        return PN_EAGAIN;
    atomic_fetch_add(&running[role], 1);
    rc = create(t);
    if (rc < 0)
        atomic_fetch_sub(&running[role], 1);
    t->started = rc == 0;
    return rc;
}

void thread_join(struct thread *t)
{
    if (!t->started)
        return;
    pthread_join(t->id, NULL);
    t->started = false;
}

enum thread_role thread_role(void)
{
    return own_role;
}

void thread_set_role(enum thread_role role)
{
    own_role = role;
}

const char *thread_role_name(enum thread_role role)
{
    return role < ROLE_COUNT ? role_names[role] : "unknown";
}

unsigned thread_count(enum thread_role role)
{
    return role < ROLE_COUNT ? atomic_load(&running[role]) : 0;
}

void thread_fail_at(unsigned long n)
{
    atomic_store(&fail_countdown, n);
}
