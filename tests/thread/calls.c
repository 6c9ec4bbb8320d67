#include "calls.h"

#include <check.h>
#include <sched.h>
#include <utlist.h>

static void start(struct call *call, void (*run)(void *))
{
    ck_assert_int_eq(thread_start(&call->thread, "call", ROLE_TEST, run, call), 0);
}

static void run_send(void *arg)
{
    struct call *call = arg;

    call->rc = chan_send(call->chan, &call->elems[0], call->deadline_us);
}

void call_send(struct call *call, struct chan *c, int elem, int64_t deadline_us)
{
    *call = (struct call){.chan = c, .elems = {elem}, .deadline_us = deadline_us};
    start(call, run_send);
}

static void run_send_or_quit(void *arg)
{
    struct call *call = arg;

    call->rc = chan_send_or_quit(call->chan, &call->elems[0], call->quit, call->deadline_us);
}

void call_send_or_quit(struct call *call, struct chan *c, int elem, struct chan *quit)
{
    *call = (struct call){.chan = c, .quit = quit, .elems = {elem}, .deadline_us = CLOCK_NEVER};
    start(call, run_send_or_quit);
}

static void run_recv(void *arg)
{
    struct call *call = arg;

    call->rc = chan_recv(call->chan, &call->elems[0], call->deadline_us);
}

void call_recv(struct call *call, struct chan *c, int64_t deadline_us)
{
    *call = (struct call){.chan = c, .deadline_us = deadline_us};
    start(call, run_recv);
}

static void run_recv_many(void *arg)
{
    struct call *call = arg;

    call->rc = chan_recv_many(call->chan, call->elems, call->n, call->deadline_us);
}

void call_recv_many(struct call *call, struct chan *c, unsigned n, int64_t deadline_us)
{
    *call = (struct call){.chan = c, .n = n, .deadline_us = deadline_us};
    start(call, run_recv_many);
}

static void run_select(void *arg)
{
    struct call *call = arg;

    call->rc = chan_select(call->cases, call->n_cases, call->deadline_us);
}

void call_select(struct call *call, enum chan_op op, struct chan *a, struct chan *b,
                 int64_t deadline_us)
{
    *call = (struct call){.n_cases = 2, .elems = {1, 2}, .deadline_us = deadline_us};
    call->cases[0] = (struct chan_case){.chan = a, .op = op, .elem = &call->elems[0]};
    call->cases[1] = (struct chan_case){.chan = b, .op = op, .elem = &call->elems[1]};
    start(call, run_select);
}

int call_end(struct call *call)
{
    thread_join(&call->thread);
    return call->rc;
}

void await_blocked(struct chan *c, unsigned senders, unsigned receivers)
{
    unsigned n_senders, n_receivers;
    struct chan_case *k;

    do {
        sched_yield();
        n_senders = n_receivers = 0;
        mutex_lock(&c->mu);
        for (k = c->senders; k; k = k->next)
            n_senders++;
        for (k = c->receivers; k; k = k->next)
            n_receivers++;
        mutex_unlock(&c->mu);
    } while (n_senders != senders || n_receivers != receivers);
}
