/* What the files of the channel share; nobody else includes it.
 *
 * A blocked call is a chan_waiter on its own stack, with one chan_case in the queue of every
 * channel it waits for. Whoever can serve one of these cases first claims the waiter, which only
 * one can, then does the case's work under that channel's lock, and after releasing the lock marks
 * the waiter done. A waiter that runs into its deadline claims itself.
 *
 * Locks: a channel's mutex, then nothing; a waiter's mutex, then nothing; the class state's mutex,
 * then a channel's. */
#ifndef THREAD_CHAN_INTERNAL_H
#define THREAD_CHAN_INTERNAL_H

#include <stdatomic.h>

#include "thread/chan.h"

struct chan_waiter {
    atomic_bool claimed;     /* set once, by whoever decides how the call ends */
    struct chan_case *taken; /* written by the claimer before `done`; NULL: the deadline came */
    atomic_bool done; /* set once, under mu, by the claimer when it needs the waiter no more */
    struct mutex mu;
    pthread_cond_t wake;
};

/* Cases served under a channel's lock; their waiters are woken after it is released. */
struct chan_woken {
    struct chan_case *cases;
};

/* One element in or out. Returns: 0, PN_EAGAIN or PN_ECLOSED. */
int chan_put(struct chan *c, struct chan_woken *woken, const void *elem) REQUIRES(c->mu);
int chan_take(struct chan *c, void *elem, struct chan_woken *woken) REQUIRES(c->mu);

/* The at-th element inside, counted from the oldest; count gives the slot behind the newest. */
uint8_t *chan_slot(struct chan *c, unsigned at) REQUIRES(c->mu);

/* Whether the case would not have to wait. */
bool chan_can_proceed(struct chan *c, const struct chan_case *k) REQUIRES(c->mu);

/* Stand in line, or leave it: a sender that leaves may have been in the way of the next. */
void chan_enqueue(struct chan *c, struct chan_case *k) REQUIRES(c->mu);
void chan_dequeue(struct chan *c, struct chan_woken *woken, struct chan_case *k) REQUIRES(c->mu);

/* The end of a claimed case that stands in no line any more: its work is done, and chan_wake tells
 * its thread. */
void chan_serve(struct chan_woken *woken, struct chan_case *k, int result);

/* End every blocked call with PN_ECLOSED. */
void chan_refuse_blocked(struct chan *c, struct chan_woken *woken) REQUIRES(c->mu);

/* Wake what was served. Touches no channel. Thread: the server of these cases, without a lock. */
void chan_wake(struct chan_woken *woken);

/* Block until one of the cases has been served, whatever the roles.
 * Returns: its index, or PN_ETIMEDOUT. */
int chan_wait(struct chan_case *cases, unsigned n, unsigned start, int64_t deadline_us);

/* Enter a channel into the books of its class, and fold its counters in when it goes. */
void chan_class_add(struct chan *c);
void chan_class_remove(struct chan *c);

#endif
