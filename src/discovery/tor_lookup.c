/* Whoever asks puts a lookup into the list of new ones and wakes the loop; all else happens on the
 * loop's thread. There each lookup is a path of net/dial_path.h, driven by one event on the path's
 * descriptor. The deadline is for the whole of it, since Tor answers late rather than in pieces. */
#include "discovery/tor_lookup.h"

#include <event2/event.h>
#include <poll.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "net/dial_path.h"

struct query {
    struct query *prev, *next;
    struct tor_lookup *owner;
    struct net_target name;
    resolve_done *done;
    void *arg;
    struct dial_path *path; /* NULL until the loop has begun */
    struct event *event;
    int64_t deadline_us;
};

struct tor_lookup {
    struct event_base *base;
    struct dial_paths *paths; /* of its own: the loop's thread uses it alone */
    struct event *work;
    struct query *under_way; /* the loop's */
    struct mutex mu;         /* held to link and unlink only */
    struct query *fresh GUARDED_BY(mu);
    unsigned count GUARDED_BY(mu); /* fresh and under way */
};

static void finish(struct query *q, int rc, const struct net_addr *addr)
{
    struct tor_lookup *t = q->owner;

    q->done(q->arg, rc, addr, addr ? 1 : 0);
    if (q->event)
        event_free(q->event);
    dial_path_free(q->path);
    mem_free(q);
    mutex_lock(&t->mu);
    t->count--;
    mutex_unlock(&t->mu);
}

static void finish_under_way(struct query *q, int rc)
{
    struct net_addr addr;

    DL_DELETE(q->owner->under_way, q);
    if (rc < 0) {
        finish(q, rc, NULL);
        return;
    }
    addr = *dial_path_answer(q->path);
    addr.port = q->name.port;
    finish(q, 0, &addr);
}

static void on_ready(evutil_socket_t fd, short what, void *arg);

/* Wait for what the path wants next. The descriptor may have changed since the last time. */
static int await(struct query *q)
{
    int64_t left_us = q->deadline_us - clock_mono_us();
    short wanted = dial_path_events(q->path), what = 0;
    struct timeval left;

    if (left_us <= 0)
        return PN_ETIMEDOUT;
    if (wanted & POLLIN)
        what |= EV_READ;
    if (wanted & POLLOUT)
        what |= EV_WRITE;
    left = (struct timeval){.tv_sec = left_us / 1000000, .tv_usec = left_us % 1000000};
    if (q->event)
        event_free(q->event);
    q->event = event_new(q->owner->base, dial_path_fd(q->path), what, on_ready, q);
    return q->event && event_add(q->event, &left) == 0 ? PN_EAGAIN : PN_ENOMEM;
}

static void go_on(struct query *q, short revents)
{
    int rc = dial_path_step(q->path, revents);

    if (rc == PN_EAGAIN)
        rc = await(q);
    if (rc != PN_EAGAIN)
        finish_under_way(q, rc);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    short revents = 0;

    (void)fd;
    if (what & EV_READ)
        revents |= POLLIN;
    if (what & EV_WRITE)
        revents |= POLLOUT;
    go_on(arg, revents);
}

static struct query *take_fresh(struct tor_lookup *t)
{
    struct query *q;

    mutex_lock(&t->mu);
    q = t->fresh;
    if (q)
        DL_DELETE(t->fresh, q);
    mutex_unlock(&t->mu);
    return q;
}

static void on_work(evutil_socket_t fd, short what, void *arg)
{
    struct tor_lookup *t = arg;

    (void)fd;
    (void)what;
    for (struct query *q; (q = take_fresh(t));) {
        int rc = dial_path_start_lookup(&q->path, t->paths, &q->name);

        if (rc < 0) {
            finish(q, rc, NULL);
            continue;
        }
        q->deadline_us = clock_deadline_ms(DIAL_PATH_SOCKS5_TIMEOUT_MS);
        DL_APPEND(t->under_way, q);
        go_on(q, 0);
    }
}

struct tor_lookup *tor_lookup_new(struct event_base *base, const struct proxy_config *config)
{
    struct tor_lookup *t = mem_zalloc(sizeof *t);

    if (!t)
        return NULL;
    t->base = base;
    mutex_init(&t->mu);
    t->paths = dial_paths_new(config, "");
    t->work = event_new(base, -1, 0, on_work, t);
    if (t->paths && t->work)
        return t;
    tor_lookup_free(t);
    return NULL;
}

static bool enlist(struct tor_lookup *t, struct query *q)
{
    bool room;

    mutex_lock(&t->mu);
    room = t->count < TOR_LOOKUP_MAX;
    if (room) {
        DL_APPEND(t->fresh, q);
        t->count++;
    }
    mutex_unlock(&t->mu);
    return room;
}

int tor_lookup_begin(struct tor_lookup *t, const struct net_target *name, resolve_done *done,
                     void *arg)
{
    struct query *q;

    if (name->kind != TARGET_NAME)
        return PN_EINVAL;
    q = mem_zalloc(sizeof *q);
    if (!q)
        return PN_ENOMEM;
    q->owner = t;
    q->name = *name;
    q->done = done;
    q->arg = arg;
    if (!enlist(t, q)) {
        mem_free(q);
        return PN_ELIMIT;
    }
    event_active(t->work, EV_TIMEOUT, 0);
    return 0;
}

void tor_lookup_free(struct tor_lookup *t)
{
    if (!t)
        return;
    for (struct query *q; (q = take_fresh(t));)
        finish(q, PN_EQUIT, NULL);
    while (t->under_way)
        finish_under_way(t->under_way, PN_EQUIT);
    if (t->work)
        event_free(t->work);
    dial_paths_free(t->paths);
    mutex_destroy(&t->mu);
    mem_free(t);
}
