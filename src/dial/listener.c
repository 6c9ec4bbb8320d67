/* Accepting on the loop thread.
 *
 * When descriptors run out the listening socket would stay readable and the loop would spin, so the
 * listener takes itself out of the loop for a moment. */
#include "dial/listener.h"

#include <event2/event.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "dial/intake.h"
#include "log/log.h"
#include "net/sock.h"

enum {
    ACCEPTS_PER_TURN = 64, /* then other events have their turn */
    REST_US = 200000
};

struct listener {
    struct listener_config config;
    int fd;
    struct event *readable, *rested;
};

static void rest(struct listener *l, int reason)
{
    const struct timeval pause = {.tv_usec = REST_US};

    log_warn("dial", "cannot accept: %s; trying again shortly", pn_strerror(reason));
    gate_note(l->config.gate, JOURNAL_WARNED, &l->config.addr, l->config.network,
              pn_errname(reason), "cannot accept connections");
    event_del(l->readable);
    event_add(l->rested, &pause);
}

static void on_readable(evutil_socket_t fd, short events, void *arg)
{
    struct listener *l = arg;

    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct net_addr from;
        int accepted;
        int rc = sock_accept(&accepted, &from, fd);

        if (rc == PN_ELIMIT || rc == PN_ENOMEM)
            rest(l, rc);
        if (rc < 0)
            return;
        intake_take(&l->config, accepted, &from);
    }
}

static void on_rested(evutil_socket_t fd, short events, void *arg)
{
    struct listener *l = arg;

    (void)fd;
    (void)events;
    event_add(l->readable, NULL);
}

int listener_new(struct listener **out, struct event_base *base,
                 const struct listener_config *config)
{
    struct listener *l = mem_zalloc(sizeof *l);
    char text[NET_ADDR_TEXT_BYTES];
    int rc;

    if (!l)
        return PN_ENOMEM;
    l->config = *config;
    rc = sock_listen(&l->fd, &config->addr);
    if (rc < 0) {
        mem_free(l);
        return rc;
    }
    l->readable = event_new(base, l->fd, EV_READ | EV_PERSIST, on_readable, l);
    l->rested = evtimer_new(base, on_rested, l);
    if (!l->readable || !l->rested || event_add(l->readable, NULL) < 0) {
        listener_free(l);
        return PN_ENOMEM;
    }
    sock_local_addr(&l->config.addr, l->fd); /* port 0 has become a real one */
    log_info("dial", "%s listening on %s", config->network, net_addr_format(text, &l->config.addr));
    *out = l;
    return 0;
}

const struct net_addr *listener_addr(const struct listener *l)
{
    return &l->config.addr;
}

void listener_free(struct listener *l)
{
    if (!l)
        return;
    if (l->readable)
        event_free(l->readable);
    if (l->rested)
        event_free(l->rested);
    close(l->fd);
    mem_free(l);
}
