/* The life of a channel, and the operations that never wait. */
#include "thread/chan_internal.h"

#include <assert.h>
#include <limits.h>

#include "base/err.h"
#include "base/mem.h"

struct chan_class quit_class = {.name = "quit"};

int chan_init(struct chan *c, const struct chan_class *cls)
{
    uint8_t *ring = NULL;

    assert(cls->state || cls->elem_size == 0);
    assert(cls->capacity > 0 || cls->elem_size == 0);
    assert(!cls->max_weight || cls->weight);
    if (cls->elem_size > 0) {
        ring = mem_alloc_array(cls->capacity, cls->elem_size);
        if (!ring)
            return PN_ENOMEM;
    }
    *c = (struct chan){.cls = cls, .ring = ring};
    mutex_init(&c->mu);
    chan_class_add(c);
    return 0;
}

/* The lock is for the analysis, since nobody else is there; drop runs without it, because it may
 * use other channels. */
void chan_destroy(struct chan *c, void (*drop)(void *elem))
{
    unsigned depth = chan_depth(c);
    void *elem;

    chan_class_remove(c);
    for (unsigned i = 0; drop && i < depth; i++) {
        mutex_lock(&c->mu);
        elem = chan_slot(c, i);
        mutex_unlock(&c->mu);
        drop(elem);
    }
    mutex_lock(&c->mu);
    assert(!c->senders && !c->receivers);
    MEM_FREE(c->ring);
    mutex_unlock(&c->mu);
    mutex_destroy(&c->mu);
}

void chan_close(struct chan *c)
{
    struct chan_woken woken = {NULL};

    mutex_lock(&c->mu);
    if (!c->closed) {
        c->closed = true;
        chan_refuse_blocked(c, &woken);
        if (c->notify)
            c->notify(c->notify_arg);
    }
    mutex_unlock(&c->mu);
    chan_wake(&woken);
}

int chan_try_send(struct chan *c, const void *elem)
{
    struct chan_woken woken = {NULL};
    int rc;

    mutex_lock(&c->mu);
    rc = chan_put(c, &woken, elem);
    if (rc == PN_EAGAIN)
        c->drops++;
    mutex_unlock(&c->mu);
    chan_wake(&woken);
    return rc;
}

int chan_try_send_many(struct chan *c, const void *elems, unsigned n)
{
    const uint8_t *elem = elems;
    struct chan_woken woken = {NULL};
    unsigned done;
    int rc = 0;

    assert(n <= INT_MAX);
    mutex_lock(&c->mu);
    if (c->closed)
        rc = PN_ECLOSED;
    for (done = 0; done < n && rc == 0; elem += c->cls->elem_size) {
        rc = chan_put(c, &woken, elem);
        if (rc == 0)
            done++;
    }
    mutex_unlock(&c->mu);
    chan_wake(&woken);
    return rc == PN_ECLOSED ? rc : (int)done;
}

int chan_try_recv(struct chan *c, void *elem)
{
    struct chan_woken woken = {NULL};
    int rc;

    mutex_lock(&c->mu);
    rc = chan_take(c, elem, &woken);
    mutex_unlock(&c->mu);
    chan_wake(&woken);
    return rc;
}

int chan_try_recv_many(struct chan *c, void *elems, unsigned n)
{
    uint8_t *elem = elems;
    struct chan_woken woken = {NULL};
    unsigned done;
    int rc = 0;

    assert(n <= INT_MAX);
    mutex_lock(&c->mu);
    for (done = 0; done < n && rc == 0; elem += c->cls->elem_size) {
        rc = chan_take(c, elem, &woken);
        if (rc == 0)
            done++;
    }
    mutex_unlock(&c->mu);
    chan_wake(&woken);
    return rc == PN_ECLOSED && done == 0 ? rc : (int)done;
}

bool chan_is_closed(struct chan *c)
{
    bool closed;

    mutex_lock(&c->mu);
    closed = c->closed;
    mutex_unlock(&c->mu);
    return closed;
}

unsigned chan_depth(struct chan *c)
{
    unsigned depth;

    mutex_lock(&c->mu);
    depth = c->count;
    mutex_unlock(&c->mu);
    return depth;
}

void chan_set_notify(struct chan *c, void (*notify)(void *arg), void *arg)
{
    mutex_lock(&c->mu);
    c->notify = notify;
    c->notify_arg = arg;
    mutex_unlock(&c->mu);
}
