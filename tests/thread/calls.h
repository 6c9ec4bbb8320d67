/* Blocking calls on threads of their own, so that a test can watch them block and end. */
#ifndef TESTS_THREAD_CALLS_H
#define TESTS_THREAD_CALLS_H

#include "thread/chan.h"
#include "thread/thread.h"

enum { CALL_ELEMS = 8, CALL_CASES = 3 };

struct call {
    struct thread thread;
    struct chan *chan, *quit;
    int64_t deadline_us;
    int elems[CALL_ELEMS]; /* sent from, or received into */
    unsigned n;
    struct chan_case cases[CALL_CASES];
    unsigned n_cases;
    int rc;
};

/* Start the call of that name. Owns: the caller keeps `call` until call_end. */
void call_send(struct call *call, struct chan *c, int elem, int64_t deadline_us);
void call_send_or_quit(struct call *call, struct chan *c, int elem, struct chan *quit);
void call_recv(struct call *call, struct chan *c, int64_t deadline_us);
void call_recv_many(struct call *call, struct chan *c, unsigned n, int64_t deadline_us);
/* A select with one case per channel, all of one kind; the i-th case uses elems[i]. */
void call_select(struct call *call, enum chan_op op, struct chan *a, struct chan *b,
                 int64_t deadline_us);

/* Wait until the call returns. Returns: what it returned. */
int call_end(struct call *call);

/* Wait until exactly so many calls stand in line at the channel. */
void await_blocked(struct chan *c, unsigned senders, unsigned receivers);

#endif
