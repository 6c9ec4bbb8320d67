/* Bounded, lock-based channels: the only way threads of this program hand work to each other.
 *
 * A channel is a ring of fixed-size elements under one mutex, with a queue of blocked senders and
 * one of blocked receivers, on the clock of base/clock.h. It is bounded twice where its class says
 * so: in elements and in weight (bytes). A successful send moves ownership of whatever the element
 * points to; a failed one leaves it with the caller.
 *
 * Who is blocked waits in the order of arrival, and whoever makes room or brings an element serves
 * the first in line before letting go of the lock. So elements stay in order, nobody overtakes a
 * blocked sender, and one element wakes one thread.
 *
 * Closing: senders get PN_ECLOSED at once, receivers first drain what is left. A channel is closed
 * as often as anyone likes, and destroyed once, by its owner, when no thread can still reach it. A
 * sender reaches it no longer once its element has been received: the channel of a reply may live
 * on the stack of whoever waits for it.
 *
 * The algorithm (send, receive, select, close, timeout) is modelled in tests/thread/chan.pml. */
#ifndef THREAD_CHAN_H
#define THREAD_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/mutex.h"

struct chan;
struct chan_case;
struct chan_waiter;

/* What channels of one kind have in common: a static object. The metrics of all of a class's
 * channels, living and gone, appear under its name. */
struct chan_class {
    const char *name;  /* metric label, e.g. "peer_output" */
    size_t elem_size;  /* bytes */
    unsigned capacity; /* elements, at least 1 */
    size_t max_weight; /* 0: bounded in elements alone. An element heavier than this may enter an
                          empty channel, so that nothing is unsendable */
    size_t (*weight)(const void *elem); /* the same value for as long as the element is inside;
                                           called with the channel's lock held */
    uint32_t block_roles; /* 1 << enum thread_role: threads that may block sending; debug builds
                             assert it. 0: no thread may, only chan_try_send is allowed */
    struct chan_class_state *state; /* set by chan_class_register */
};

struct chan {
    const struct chan_class *cls;
    struct mutex mu;
    uint8_t *ring GUARDED_BY(mu);
    unsigned head GUARDED_BY(mu), count GUARDED_BY(mu);
    size_t weight GUARDED_BY(mu);
    struct chan_case *senders GUARDED_BY(mu); /* blocked calls, the oldest first */
    struct chan_case *receivers GUARDED_BY(mu);
    void (*notify)(void *arg) GUARDED_BY(mu);
    void *notify_arg GUARDED_BY(mu);
    bool closed GUARDED_BY(mu);
    /* statistics, folded into the class when the channel is destroyed */
    unsigned high_water GUARDED_BY(mu);
    uint64_t sent GUARDED_BY(mu), drops GUARDED_BY(mu), blocked_us GUARDED_BY(mu);
    struct chan *class_prev, *class_next; /* under the class state's lock */
};

/* Make a class known to the metrics. Idempotent; thread: any, before its first channel.
 * Returns: 0 or PN_ENOMEM. */
int chan_class_register(struct chan_class *cls);

/* An open, empty channel of a registered class (quit_class needs no registration). The ring is
 * allocated here and never grows. Thread: the owner. Returns: 0 or PN_ENOMEM. */
int chan_init(struct chan *c, const struct chan_class *cls);

/* Free the ring. Elements still inside are handed to drop (may be NULL) first.
 * Thread: the owner, when no thread can still reach the channel. */
void chan_destroy(struct chan *c, void (*drop)(void *elem));

/* Thread: any. Idempotent; wakes every waiter. */
void chan_close(struct chan *c);
bool chan_is_closed(struct chan *c);

/* Copy one element in. Blocks while full, until deadline_us (monotonic; CLOCK_NEVER waits on).
 * Thread: a role in block_roles. Returns: 0, PN_ECLOSED, PN_ETIMEDOUT. */
int chan_send(struct chan *c, const void *elem, int64_t deadline_us);

/* The same without waiting; a refusal for lack of room, or because a blocked sender comes first, is
 * counted as a drop.
 * Thread: any. Returns: 0, PN_EAGAIN, PN_ECLOSED. */
int chan_try_send(struct chan *c, const void *elem);

/* Blocking send that also ends when `quit` is closed. Thread: a role in block_roles.
 * Returns: 0, PN_ECLOSED, PN_EQUIT, PN_ETIMEDOUT. */
int chan_send_or_quit(struct chan *c, const void *elem, struct chan *quit, int64_t deadline_us);

/* As many of the n elements as fit right now, in order, under one lock and one wake-up; what does
 * not fit is not a drop. Thread: any. Returns: how many moved (0 to n), or PN_ECLOSED. */
int chan_try_send_many(struct chan *c, const void *elems, unsigned n);

/* Copy one element out. Thread: any. Returns: 0, PN_ECLOSED (and empty), PN_ETIMEDOUT. */
int chan_recv(struct chan *c, void *elem, int64_t deadline_us);

/* Returns: 0, PN_EAGAIN, PN_ECLOSED (and empty). */
int chan_try_recv(struct chan *c, void *elem);

/* Wait for at least one element, then take up to n under one lock.
 * Returns: how many (1 to n), PN_ECLOSED (and empty), PN_ETIMEDOUT. */
int chan_recv_many(struct chan *c, void *elems, unsigned n, int64_t deadline_us);

/* Returns: how many were taken (0 to n), or PN_ECLOSED (and empty). */
int chan_try_recv_many(struct chan *c, void *elems, unsigned n);

enum chan_op { CHAN_RECV, CHAN_SEND };

struct chan_case {
    struct chan *chan; /* NULL: this case is never ready */
    enum chan_op op;
    void *elem; /* received into or sent from; NULL to receive from a channel of element size 0 */
    int result; /* of the case that was taken: 0 or PN_ECLOSED */
    /* this call's place in the channel's queue while it is blocked, under the channel's lock */
    struct chan_waiter *waiter;
    struct chan_case *prev, *next;
    size_t weight;
    int64_t since_us;
    bool queued;
};

/* Wait until one of the cases can proceed, and do that one. Scanning starts at a random case, so
 * that none starves. A send case asks for the same role as chan_send.
 * Thread: any. Returns: the index of the case taken, or PN_ETIMEDOUT. */
int chan_select(struct chan_case *cases, unsigned n, int64_t deadline_us);

/* Elements inside right now. Thread: any. */
unsigned chan_depth(struct chan *c);

/* Call `notify(arg)` whenever the channel goes from empty to not empty and when it is closed, for a
 * receiver that waits on file descriptors (it writes to an eventfd there). Called with the
 * channel's lock held: it must neither block nor touch the channel. Thread: the owner, before use.
 */
void chan_set_notify(struct chan *c, void (*notify)(void *arg), void *arg);

/* A token that tells threads to leave: a channel that carries nothing and is only ever closed. */
extern struct chan_class quit_class;
#define quit_request(quit_chan)   chan_close(quit_chan)
#define quit_requested(quit_chan) chan_is_closed(quit_chan)

#endif
