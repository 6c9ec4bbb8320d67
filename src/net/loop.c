#include "net/loop.h"

#include <event2/event.h>
#include <event2/thread.h>

#include "base/mem.h"

struct loop {
    struct event_base *base;
};

struct loop *loop_new(void)
{
    struct loop *l = mem_zalloc(sizeof *l);

    if (!l || evthread_use_pthreads() < 0)
        goto fail;
    l->base = event_base_new();
    if (!l->base)
        goto fail;
    return l;
fail:
    loop_free(l);
    return NULL;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->base)
        event_base_free(l->base);
    mem_free(l);
    libevent_global_shutdown();
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

void loop_run(struct loop *l)
{
    event_base_dispatch(l->base);
}

void loop_stop(struct loop *l)
{
    event_base_loopbreak(l->base);
}
