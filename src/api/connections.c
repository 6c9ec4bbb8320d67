/* evhttp says when it makes a connection, by asking for a bufferevent, but not when it ends one. So
 * each is remembered by its descriptor and the identity of the socket behind it: while both belong
 * together the connection is open. Where it has ended the number may by now be that of any thread's
 * file, which the question neither changes nor mistakes for the old one. The table is looked
 * through when it is full, and then again every SWEEP_MS until there is room, and when its size is
 * asked. */
#include "api/connections.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "config.h"

#ifdef PN_SANITIZER
/* ThreadSanitizer asks for it: to it a descriptor is memory, and one that another thread closes may
 * not even be looked at. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:src/api/connections.c";
}
#endif

enum { SWEEP_MS = 50 };

struct entry {
    struct bufferevent *young; /* a reference, until its descriptor is known; or NULL */
    int fd;
    ino_t inode;
};

struct connections {
    struct evconnlistener *listener;
    struct event *grown, *sweep;
    unsigned n, max;
    struct entry entries[];
};

/* evhttp sets the descriptor after it was given the bufferevent, within the same callback. */
static void on_grown(evutil_socket_t fd, short events, void *arg)
{
    struct connections *c = arg;

    (void)fd;
    (void)events;
    for (unsigned i = 0; i < c->n; i++) {
        struct entry *e = &c->entries[i];
        struct stat st;

        if (!e->young)
            continue;
        e->fd = bufferevent_getfd(e->young);
        e->inode = fstat(e->fd, &st) == 0 ? st.st_ino : 0;
        bufferevent_decref(e->young);
        e->young = NULL;
    }
}

static bool is_open(const struct entry *e)
{
    struct stat st;

    return e->young || (fstat(e->fd, &st) == 0 && st.st_ino == e->inode);
}

static void forget_closed(struct connections *c)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < c->n; i++)
        if (is_open(&c->entries[i]))
            c->entries[kept++] = c->entries[i];
    c->n = kept;
}

static void on_sweep(evutil_socket_t fd, short events, void *arg)
{
    const struct timeval soon = {.tv_usec = SWEEP_MS * 1000};
    struct connections *c = arg;

    (void)fd;
    (void)events;
    forget_closed(c);
    if (c->n < c->max)
        evconnlistener_enable(c->listener);
    else
        event_add(c->sweep, &soon);
}

static struct bufferevent *make(struct event_base *base, void *arg)
{
    struct connections *c = arg;
    struct bufferevent *b = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

    if (!b)
        return NULL;
    if (c->n < c->max) {
        bufferevent_incref(b);
        c->entries[c->n++] = (struct entry){.young = b};
        event_active(c->grown, EV_READ, 0);
    }
    if (c->n == c->max) {
        evconnlistener_disable(c->listener);
        event_active(c->sweep, EV_TIMEOUT, 0);
    }
    return b;
}

struct connections *connections_new(struct evhttp *http, struct evhttp_bound_socket *socket,
                                    struct event_base *base, unsigned max)
{
    struct connections *c = mem_zalloc(sizeof *c + max * sizeof *c->entries);

    if (!c)
        return NULL;
    c->listener = evhttp_bound_socket_get_listener(socket);
    c->max = max;
    c->grown = event_new(base, -1, EV_PERSIST, on_grown, c);
    c->sweep = evtimer_new(base, on_sweep, c);
    if (!c->grown || !c->sweep) {
        connections_free(c);
        return NULL;
    }
    evhttp_set_bevcb(http, make, c);
    return c;
}

void connections_free(struct connections *c)
{
    if (!c)
        return;
    if (c->grown)
        on_grown(-1, 0, c);
    if (c->grown)
        event_free(c->grown);
    if (c->sweep)
        event_free(c->sweep);
    mem_free(c);
}

unsigned connections_count(struct connections *c)
{
    forget_closed(c);
    return c->n;
}
