/* Everything that blocks: one routine, chan_wait, under the blocking send, the blocking receive
 * and select.
 *
 * It stands in line at one channel after the other, taking each channel's lock once and holding
 * one at a time. A channel found ready on the way is used at once. Then it sleeps on its own
 * condition variable until whoever served one of its cases says so, or the deadline comes. Last it
 * leaves the lines it still stands in. It never touches the channel of the case that was served,
 * which may be gone by then. */
#include <assert.h>

#include "base/err.h"
#include "base/random.h"
#include "thread/chan_internal.h"
#include "thread/pulse.h"
#include "thread/thread.h"

enum { SPINS = 1000, SKIP_MAX = 256 };

/* The edge from this thread to that channel is in the waits-for graph of doc/architecture.md. */
static inline bool may_block_sending(const struct chan *c)
{
    return c->cls->block_roles & ROLE_BIT(thread_role());
}

/* Stand in line for one case, or proceed with it if it is ready and nobody was faster with another.
 * Returns: whether the call's fate is decided, so that the remaining cases need not be tried. */
static bool enrol(struct chan_waiter *w, struct chan_case *k)
{
    struct chan_woken woken = {NULL};
    struct chan *c = k->chan;
    bool ready;

    k->waiter = w;
    k->queued = false;
    if (!c)
        return false;
    assert(k->op == CHAN_RECV || may_block_sending(c));
    mutex_lock(&c->mu);
    ready = chan_can_proceed(c, k);
    if (!ready) {
        chan_enqueue(c, k);
    } else if (!atomic_exchange(&w->claimed, true)) {
        chan_serve(&woken, k,
                   k->op == CHAN_SEND ? chan_put(c, &woken, k->elem)
                                      : chan_take(c, k->elem, &woken));
    }
    mutex_unlock(&c->mu);
    chan_wake(&woken);
    return ready;
}

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Look for a short while whether somebody serves us before paying for sleep: waking a thread on
 * another core takes about as long as SPINS looks. A thread for which it was in vain leaves it out
 * the next 1, 2, 4 ... times, so that spinning costs an idle or crowded machine next to nothing. */
static void spin(struct chan_waiter *w)
{
    static _Thread_local unsigned skip, backoff;

    if (skip > 0) {
        skip--;
        return;
    }
    for (unsigned i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&w->done, memory_order_relaxed)) {
            backoff = 0;
            return;
        }
        cpu_relax();
    }
    backoff = backoff == 0 ? 1 : backoff < SKIP_MAX ? backoff * 2 : SKIP_MAX;
    skip = backoff;
}

/* Returns: whether the waiter was served before the deadline. */
static bool sleep_until(struct chan_waiter *w, int64_t deadline_us)
{
    bool done;

    mutex_lock(&w->mu);
    while (!(done = atomic_load(&w->done)) && clock_cond_wait(&w->wake, &w->mu, deadline_us) == 0)
        ;
    mutex_unlock(&w->mu);
    return done;
}

static void withdraw(struct chan_case *k)
{
    struct chan_woken woken = {NULL};

    mutex_lock(&k->chan->mu);
    chan_dequeue(k->chan, &woken, k);
    mutex_unlock(&k->chan->mu);
    chan_wake(&woken);
}

int chan_wait(struct chan_case *cases, unsigned n, unsigned start, int64_t deadline_us)
{
    struct chan_waiter w = {.taken = NULL};
    unsigned enrolled;

    mutex_init(&w.mu);
    clock_cond_init(&w.wake);
    for (enrolled = 0; enrolled < n; enrolled++)
        if (enrol(&w, &cases[(start + enrolled) % n]))
            break;
    if (enrolled == n && deadline_us > clock_mono_us())
        spin(&w);
    /* At the deadline the call claims itself. Where somebody was faster, the case is as good as
     * served and the last wait is short. */
    if (!sleep_until(&w, deadline_us) && atomic_exchange(&w.claimed, true))
        sleep_until(&w, CLOCK_NEVER);
    for (unsigned i = 0; i < enrolled; i++) {
        struct chan_case *k = &cases[(start + i) % n];

        if (k->chan && k != w.taken)
            withdraw(k);
    }
    pthread_cond_destroy(&w.wake);
    mutex_destroy(&w.mu);
    return w.taken ? (int)(w.taken - cases) : PN_ETIMEDOUT;
}

static int send_now(struct chan *c, const void *elem)
{
    struct chan_woken woken = {NULL};
    int rc;

    mutex_lock(&c->mu);
    rc = chan_put(c, &woken, elem);
    mutex_unlock(&c->mu);
    chan_wake(&woken);
    return rc;
}

int chan_send(struct chan *c, const void *elem, int64_t deadline_us)
{
    struct chan_case k = {.chan = c, .op = CHAN_SEND, .elem = (void *)elem};
    int rc;

    assert(may_block_sending(c));
    rc = send_now(c, elem);
    if (rc != PN_EAGAIN)
        return rc;
    rc = chan_wait(&k, 1, 0, deadline_us);
    return rc < 0 ? rc : k.result;
}

int chan_send_or_quit(struct chan *c, const void *elem, struct chan *quit, int64_t deadline_us)
{
    struct chan_case k[] = {
        {.chan = c, .op = CHAN_SEND, .elem = (void *)elem},
        {.chan = quit, .op = CHAN_RECV},
    };
    int rc;

    assert(may_block_sending(c));
    rc = send_now(c, elem);
    if (rc != PN_EAGAIN)
        return rc;
    rc = chan_wait(k, 2, 0, deadline_us);
    if (rc == 1)
        return PN_EQUIT;
    return rc < 0 ? rc : k[0].result;
}

int chan_recv(struct chan *c, void *elem, int64_t deadline_us)
{
    struct chan_case k = {.chan = c, .op = CHAN_RECV, .elem = elem};
    int rc = chan_try_recv(c, elem);

    if (rc == PN_EAGAIN) {
        pulse_rest();
        rc = chan_wait(&k, 1, 0, deadline_us);
        rc = rc < 0 ? rc : k.result;
    }
    pulse_turn();
    return rc;
}

int chan_recv_many(struct chan *c, void *elems, unsigned n, int64_t deadline_us)
{
    int rc, more;

    assert(n > 0);
    rc = chan_try_recv_many(c, elems, n);
    if (rc != 0) {
        pulse_turn();
        return rc;
    }
    rc = chan_recv(c, elems, deadline_us);
    if (rc < 0)
        return rc;
    more = chan_try_recv_many(c, (uint8_t *)elems + c->cls->elem_size, n - 1);
    return more > 0 ? 1 + more : 1;
}

/* Where a select begins to look. The kernel seeds each thread once: fairness needs no secrets. */
static unsigned random_start(unsigned n)
{
    static _Thread_local uint64_t state;

    while (state == 0)
        state = random_u64();
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 32) * n >> 32);
}

int chan_select(struct chan_case *cases, unsigned n, int64_t deadline_us)
{
    int which;

    pulse_rest();
    which = chan_wait(cases, n, random_start(n), deadline_us);
    pulse_turn();
    return which;
}
