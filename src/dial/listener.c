/* Accepting on the loop thread.
 *
 * When descriptors run out the listening socket would stay readable and the loop would spin, so the
 * listener takes itself out of the loop for a moment. */
#include "dial/listener.h"

#include <event2/event.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "metrics/metrics.h"
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

static struct metric_family refused = {
    .name = "p2pnode_connections_refused_total",
    .help = "Inbound connections closed at once, by network and reason.",
    .type = METRIC_COUNTER,
    .labels = {"network", "reason"},
};

static void count_refusal(struct listener *l, const struct net_addr *from, int reason)
{
    char text[NET_ADDR_TEXT_BYTES];

    metric_add(metric_get(&refused, l->config.network, pn_errname(reason), NULL), 1);
    gate_note(l->config.gate, JOURNAL_REFUSED, from, l->config.network, pn_errname(reason), NULL);
    log_debug("dial", "%s refused: %s", net_addr_format(text, from), pn_strerror(reason));
}

/* Returns: 0 when the connection was handed over; the descriptor is closed in every other case. */
static int hand_over(struct listener *l, int fd, const struct net_addr *from, bool has_slot)
{
    struct conn *c = conn_from_fd(fd);
    int rc;

    if (!c) {
        close(fd);
        return PN_ENOMEM;
    }
    rc = l->config.accepted(l->config.arg, c, from, has_slot);
    if (rc < 0)
        conn_close(c);
    return rc;
}

static void take(struct listener *l, int fd, const struct net_addr *from)
{
    int rc = gate_admit(l->config.gate, from, slots_nearly_taken(l->config.slots));
    bool has_slot;

    if (rc < 0) {
        close(fd);
        count_refusal(l, from, rc);
        return;
    }
    has_slot = slots_take_inbound(l->config.slots);
    rc = hand_over(l, fd, from, has_slot);
    if (rc == 0)
        return;
    if (has_slot)
        slots_give_inbound(l->config.slots);
    count_refusal(l, from, rc);
}

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
        take(l, accepted, &from);
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
