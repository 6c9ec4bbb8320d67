/* The heart of the channel: the ring, the two queues of blocked calls, and what happens to them
 * under the channel's lock. Nothing here waits; waiting is in chan_wait.c.
 *
 * Two invariants hold whenever the lock is free, counting only cases that are not claimed:
 *
 *     a receiver stands in line      only while the ring is empty and the channel open
 *     a sender stands first in line  only while its element does not fit and the channel is open
 *
 * Each operation restores them before it unlocks: a send serves a blocked receiver directly, a
 * receive moves the elements of blocked senders into the room it made, close ends all of them, and
 * a sender that gives up lets those behind it in. There is no wake-up to lose, because nobody is
 * woken to try again: who is woken has been served. */
#include "thread/chan_internal.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

#include "base/bug.h"
#include "base/err.h"

uint8_t *chan_slot(struct chan *c, unsigned at)
{
    unsigned capacity = c->cls->capacity;

    at += c->head;
    if (at >= capacity)
        at -= capacity;
    return c->ring + (size_t)at * c->cls->elem_size;
}

static size_t weigh(const struct chan_class *cls, const void *elem)
{
    return cls->max_weight ? cls->weight(elem) : 0;
}

static bool fits(struct chan *c, size_t weight) REQUIRES(c->mu)
{
    size_t max = c->cls->max_weight;

    if (c->count >= c->cls->capacity)
        return false;
    return !max || c->count == 0 || (c->weight < max && weight <= max - c->weight);
}

static void ring_push(struct chan *c, const void *elem, size_t weight) REQUIRES(c->mu)
{
    if (c->cls->elem_size > 0)
        memcpy(chan_slot(c, c->count), elem, c->cls->elem_size);
    c->weight += weight;
    c->sent++;
    if (++c->count > c->high_water)
        c->high_water = c->count;
    if (c->count == 1 && c->notify)
        c->notify(c->notify_arg);
}

static void ring_pop(struct chan *c, void *elem) REQUIRES(c->mu)
{
    size_t weight;

    if (c->cls->elem_size > 0)
        memcpy(elem, chan_slot(c, 0), c->cls->elem_size);
    weight = weigh(c->cls, elem);
    if (BUG(weight > c->weight))
        weight = c->weight;
    c->weight -= weight;
    if (++c->head == c->cls->capacity)
        c->head = 0;
    c->count--;
}

/* Take a case out of its queue. The time a sender stood there counts from here on. */
static void unlink_case(struct chan *c, struct chan_case *k) REQUIRES(c->mu)
{
    if (k->op == CHAN_SEND) {
        int64_t blocked_us = clock_mono_us() - k->since_us;

        DL_DELETE(c->senders, k);
        c->blocked_us += blocked_us > 0 ? (uint64_t)blocked_us : 0; /* a test sets the clock back */
    } else {
        DL_DELETE(c->receivers, k);
    }
    k->queued = false;
}

/* The first in line that nobody has claimed. Claimed ones, which a select has left behind while it
 * was served elsewhere, go. */
static struct chan_case *first_blocked(struct chan *c, enum chan_op op) REQUIRES(c->mu)
{
    struct chan_case **queue = op == CHAN_SEND ? &c->senders : &c->receivers;

    while (*queue && atomic_load(&(*queue)->waiter->claimed))
        unlink_case(c, *queue);
    return *queue;
}

static bool claim(struct chan_case *k)
{
    return !atomic_exchange(&k->waiter->claimed, true);
}

void chan_serve(struct chan_woken *woken, struct chan_case *k, int result)
{
    k->result = result;
    k->waiter->taken = k;
    DL_APPEND(woken->cases, k);
}

/* Move the elements of blocked senders into the ring while they fit, first come first served. */
static void admit(struct chan *c, struct chan_woken *woken) REQUIRES(c->mu)
{
    struct chan_case *k;

    while ((k = first_blocked(c, CHAN_SEND)) && fits(c, k->weight)) {
        if (!claim(k))
            continue;
        unlink_case(c, k);
        ring_push(c, k->elem, k->weight);
        chan_serve(woken, k, 0);
    }
}

int chan_put(struct chan *c, struct chan_woken *woken, const void *elem)
{
    struct chan_case *k;
    size_t weight;

    assert(c->cls->capacity > 0);
    if (c->closed)
        return PN_ECLOSED;
    while ((k = first_blocked(c, CHAN_RECV))) {
        if (!claim(k))
            continue;
        unlink_case(c, k);
        if (c->cls->elem_size > 0)
            memcpy(k->elem, elem, c->cls->elem_size);
        c->sent++;
        chan_serve(woken, k, 0);
        return 0;
    }
    weight = weigh(c->cls, elem);
    if (first_blocked(c, CHAN_SEND) || !fits(c, weight))
        return PN_EAGAIN;
    ring_push(c, elem, weight);
    return 0;
}

int chan_take(struct chan *c, void *elem, struct chan_woken *woken)
{
    if (c->count == 0)
        return c->closed ? PN_ECLOSED : PN_EAGAIN;
    ring_pop(c, elem);
    admit(c, woken);
    return 0;
}

bool chan_can_proceed(struct chan *c, const struct chan_case *k)
{
    if (c->closed)
        return true;
    if (k->op == CHAN_RECV)
        return c->count > 0;
    return !first_blocked(c, CHAN_SEND) && fits(c, weigh(c->cls, k->elem));
}

void chan_enqueue(struct chan *c, struct chan_case *k)
{
    k->queued = true;
    if (k->op == CHAN_RECV) {
        DL_APPEND(c->receivers, k);
        return;
    }
    k->weight = weigh(c->cls, k->elem);
    k->since_us = clock_mono_us();
    DL_APPEND(c->senders, k);
}

void chan_dequeue(struct chan *c, struct chan_woken *woken, struct chan_case *k)
{
    if (!k->queued)
        return;
    unlink_case(c, k);
    admit(c, woken);
}

void chan_wake(struct chan_woken *woken)
{
    struct chan_case *k, *next;

    DL_FOREACH_SAFE (woken->cases, k, next) {
        struct chan_waiter *w = k->waiter;

        /* From `done` on, the case and the waiter may be gone from their stack. */
        mutex_lock(&w->mu);
        atomic_store(&w->done, true);
        pthread_cond_signal(&w->wake);
        mutex_unlock(&w->mu);
    }
}

static void refuse(struct chan *c, struct chan_woken *woken, enum chan_op op) REQUIRES(c->mu)
{
    struct chan_case *k;

    while ((k = first_blocked(c, op))) {
        if (!claim(k))
            continue;
        unlink_case(c, k);
        chan_serve(woken, k, PN_ECLOSED);
    }
}

void chan_refuse_blocked(struct chan *c, struct chan_woken *woken)
{
    refuse(c, woken, CHAN_SEND);
    refuse(c, woken, CHAN_RECV);
}
