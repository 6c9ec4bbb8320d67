#include "net/loop.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"

struct loop {
    struct event_base *base;
    struct event *beat;
    atomic_int_fast64_t beat_us;
};

static void on_beat(evutil_socket_t fd, short events, void *arg)
{
    struct loop *l = arg;

    (void)fd;
    (void)events;
    atomic_store(&l->beat_us, clock_mono_us());
}

struct loop *loop_new(void)
{
    const struct timeval second = {.tv_sec = 1};
    struct loop *l = mem_zalloc(sizeof *l);

    if (!l || evthread_use_pthreads() < 0)
        goto fail;
    l->base = event_base_new();
    if (!l->base)
        goto fail;
    l->beat = event_new(l->base, -1, EV_PERSIST, on_beat, l);
    if (!l->beat || event_add(l->beat, &second) < 0)
        goto fail;
    atomic_store(&l->beat_us, clock_mono_us());
    return l;
fail:
    loop_free(l);
    return NULL;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->beat)
        event_free(l->beat);
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

int64_t loop_heartbeat_us(const struct loop *l)
{
    return atomic_load(&l->beat_us);
}
