/* Channels under random load: several senders, receivers and selects, timeouts, quit and close at
 * any moment, on channels small enough to be full or empty most of the time.
 *
 * Checked: each element is received exactly once or is still with its sender; elements of one
 * sender arrive in order where a channel has one receiver; every thread ends. The choices follow
 * CHAN_STRESS_SEED (printed), the interleaving does not; CHAN_STRESS_ITEMS sets the size. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/random.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum {
    CHANNELS = 3,
    THREADS_MAX = 4, /* of each kind */
    ROUND_ITEMS = 2000,
    BATCH_MAX = 5,
    DEFAULT_ITEMS = 200000,
    WATCHDOG_S = 300,
};

#define MIX UINT64_C(0x9e3779b97f4a7c15) /* spreads a small seed over 64 bits (splitmix64) */

struct item {
    uint32_t id; /* index into the round's books */
    uint16_t sender, weight;
};

static size_t item_weight(const void *elem)
{
    struct item item;

    memcpy(&item, elem, sizeof item);
    return item.weight;
}

#define STRESS_CLASS(slots, ...)                                                         \
    {                                                                                    \
        .name = "stress_" #slots, .elem_size = sizeof(struct item), .capacity = (slots), \
        .block_roles = ROLE_BIT(ROLE_TEST), __VA_ARGS__                                  \
    }

static struct chan_class classes[] = {
    STRESS_CLASS(1),
    STRESS_CLASS(2),
    STRESS_CLASS(7),
    STRESS_CLASS(64),
    STRESS_CLASS(16, .max_weight = 40, .weight = item_weight),
};

/* One round: fresh channels and threads, and the books of its elements. */
static struct {
    struct chan chans[CHANNELS];
    struct chan quit;
    unsigned n_senders, n_receivers;
    atomic_uint next_id, received;
    unsigned close_at[CHANNELS], quit_at; /* after so many elements */
    atomic_bool sent[ROUND_ITEMS];
    atomic_uchar arrivals[ROUND_ITEMS];
} round_;

struct worker {
    struct thread thread;
    unsigned index;
    uint64_t random;
    uint32_t last_id[CHANNELS][THREADS_MAX]; /* a sole receiver: newest from each sender, plus 1 */
};

static atomic_uint failures;

static void fail(const char *what, uint32_t id)
{
    printf("FAILED: element %" PRIu32 " %s\n", id, what);
    atomic_fetch_add(&failures, 1);
}

static unsigned pick(struct worker *w, unsigned limit)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (unsigned)((w->random >> 32) * limit >> 32);
}

static int64_t pick_deadline(struct worker *w)
{
    unsigned kind = pick(w, 8);

    if (kind == 0)
        return 0;
    return kind < 5 ? clock_mono_us() + pick(w, 300) : CLOCK_NEVER;
}

/* One attempt to send items[0..n), by a random operation. Returns: how many went. */
static unsigned try_some_send(struct worker *w, struct item *items, unsigned n)
{
    unsigned at = pick(w, CHANNELS), other = pick(w, CHANNELS);
    struct chan *c = &round_.chans[at];
    struct chan_case cases[] = {
        {.chan = c, .op = CHAN_SEND, .elem = &items[0]},
        {.chan = &round_.chans[other], .op = CHAN_SEND, .elem = &items[0]},
        {.chan = pick(w, 2) ? &round_.quit : NULL, .op = CHAN_RECV},
    };
    int rc;

    switch (pick(w, 5)) {
    case 0:
        return chan_try_send(c, &items[0]) == 0;
    case 1:
        rc = chan_try_send_many(c, items, n);
        return rc > 0 ? (unsigned)rc : 0;
    case 2:
        return chan_send_or_quit(c, &items[0], &round_.quit, pick_deadline(w)) == 0;
    case 3:
        rc = chan_select(cases, 3, pick_deadline(w));
        return rc >= 0 && rc < 2 && cases[rc].result == 0;
    default:
        return chan_send(c, &items[0], pick_deadline(w)) == 0;
    }
}

static bool all_closed(void)
{
    for (unsigned i = 0; i < CHANNELS; i++)
        if (!chan_is_closed(&round_.chans[i]))
            return false;
    return true;
}

/* Returns: how many, fewer than n only when the round has no more. */
static unsigned new_items(struct worker *w, struct item *items, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t id = atomic_fetch_add(&round_.next_id, 1);

        if (id >= ROUND_ITEMS)
            return i;
        items[i] =
            (struct item){.id = id, .sender = (uint16_t)w->index, .weight = (uint16_t)pick(w, 60)};
    }
    return n;
}

static void run_sender(void *arg)
{
    struct worker *w = arg;
    struct item items[BATCH_MAX];
    unsigned n = 0, went;

    do {
        n += new_items(w, items + n, BATCH_MAX - n);
        went = n > 0 ? try_some_send(w, items, n) : 0;
        for (unsigned i = 0; i < went; i++)
            atomic_store(&round_.sent[items[i].id], true);
        n -= went;
        memmove(items, items + went, n * sizeof items[0]);
    } while ((n > 0 || went > 0) && !all_closed());
}

/* Book what came out of channel `at`; the element that reaches a mark closes what it stands for. */
static void book(struct worker *w, unsigned at, const struct item *items, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct item *item = &items[i];
        uint32_t *last = &w->last_id[at][item->sender];
        unsigned count = atomic_fetch_add(&round_.received, 1) + 1;

        atomic_fetch_add(&round_.arrivals[item->id], 1);
        if (round_.n_receivers == 1 && item->id < *last)
            fail("overtook an earlier one of its sender", item->id);
        *last = item->id + 1;
        for (unsigned c = 0; c < CHANNELS; c++)
            if (count == round_.close_at[c])
                chan_close(&round_.chans[c]);
        if (count == round_.quit_at)
            quit_request(&round_.quit);
    }
}

/* One receive by a random operation. Returns: false once all channels are closed and drained. */
static bool receive_some(struct worker *w, bool ended[CHANNELS])
{
    unsigned at = pick(w, CHANNELS), other = pick(w, CHANNELS);
    struct item items[BATCH_MAX];
    struct chan_case cases[] = {
        {.chan = ended[at] ? NULL : &round_.chans[at], .op = CHAN_RECV, .elem = &items[0]},
        {.chan = ended[other] ? NULL : &round_.chans[other], .op = CHAN_RECV, .elem = &items[1]},
    };
    /* Never without end: senders may be blocked on another channel. */
    int64_t deadline_us = clock_mono_us() + pick(w, 500);
    int rc, i;

    switch (pick(w, 5)) {
    case 0:
        rc = chan_try_recv(&round_.chans[at], items);
        break;
    case 1:
        rc = chan_try_recv_many(&round_.chans[at], items, BATCH_MAX);
        rc = rc == 0 ? PN_EAGAIN : rc;
        break;
    case 2:
        rc = chan_recv_many(&round_.chans[at], items, BATCH_MAX, deadline_us);
        break;
    case 3:
        i = chan_select(cases, 2, deadline_us);
        rc = i < 0 ? i : cases[i].result;
        at = i == 1 ? other : at;
        items[0] = items[i == 1];
        break;
    default:
        rc = chan_recv(&round_.chans[at], items, deadline_us);
    }
    if (rc >= 0)
        book(w, at, items, rc == 0 ? 1 : (unsigned)rc);
    ended[at] = ended[at] || rc == PN_ECLOSED;
    return !(ended[0] && ended[1] && ended[2]);
}

static void run_receiver(void *arg)
{
    bool ended[CHANNELS] = {false};

    while (receive_some(arg, ended))
        ;
}

static void round_init(struct worker *dice)
{
    memset(&round_, 0, sizeof round_);
    for (unsigned i = 0; i < CHANNELS; i++) {
        const struct chan_class *cls = &classes[pick(dice, sizeof classes / sizeof classes[0])];

        if (chan_init(&round_.chans[i], cls) < 0)
            abort();
        if (pick(dice, 3) == 0)
            round_.close_at[i] = 1 + pick(dice, ROUND_ITEMS);
    }
    if (chan_init(&round_.quit, &quit_class) < 0)
        abort();
    round_.quit_at = 1 + pick(dice, ROUND_ITEMS);
    round_.n_senders = 1 + pick(dice, THREADS_MAX);
    round_.n_receivers = 1 + pick(dice, THREADS_MAX);
}

static void start_workers(struct worker *workers, unsigned n, void (*run)(void *),
                          struct worker *dice)
{
    for (unsigned i = 0; i < n; i++) {
        pick(dice, 2);
        workers[i] = (struct worker){.index = i, .random = dice->random * MIX | 1};
        if (thread_start(&workers[i].thread, "stress", ROLE_TEST, run, &workers[i]) < 0)
            abort();
    }
}

static void check_books(void)
{
    for (uint32_t id = 0; id < ROUND_ITEMS; id++) {
        unsigned arrivals = atomic_load(&round_.arrivals[id]);

        if (atomic_load(&round_.sent[id]) && arrivals == 0)
            fail("was sent and is lost", id);
        if (!atomic_load(&round_.sent[id]) && arrivals > 0)
            fail("arrived although its sender still has it", id);
        if (arrivals > 1)
            fail("arrived more than once", id);
    }
}

static void run_round(struct worker *dice)
{
    struct worker senders[THREADS_MAX], receivers[THREADS_MAX];

    round_init(dice);
    start_workers(senders, round_.n_senders, run_sender, dice);
    start_workers(receivers, round_.n_receivers, run_receiver, dice);
    for (unsigned i = 0; i < round_.n_senders; i++)
        thread_join(&senders[i].thread);
    for (unsigned i = 0; i < CHANNELS; i++)
        chan_close(&round_.chans[i]);
    for (unsigned i = 0; i < round_.n_receivers; i++)
        thread_join(&receivers[i].thread);
    check_books();
    for (unsigned i = 0; i < CHANNELS; i++)
        chan_destroy(&round_.chans[i], NULL);
    chan_destroy(&round_.quit, NULL);
}

static uint64_t number_from_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
    uint64_t seed = number_from_env("CHAN_STRESS_SEED", random_below(1000000000) + 1);
    uint64_t items = number_from_env("CHAN_STRESS_ITEMS", DEFAULT_ITEMS);
    struct worker dice = {.random = seed * MIX | 1};
    uint64_t moved = 0, done = 0;

    printf("CHAN_STRESS_SEED=%" PRIu64 " CHAN_STRESS_ITEMS=%" PRIu64 "\n", seed, items);
    fflush(stdout);
    alarm(WATCHDOG_S); /* a thread that never ends is a failure, not a hang */
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (chan_class_register(&classes[i]) < 0)
            abort();
    for (; done < items; done += ROUND_ITEMS) {
        run_round(&dice);
        moved += atomic_load(&round_.received);
    }
    printf("%" PRIu64 " elements in %" PRIu64 " rounds, %" PRIu64 " received, %u failures\n", done,
           done / ROUND_ITEMS, moved, atomic_load(&failures));
    return atomic_load(&failures) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
