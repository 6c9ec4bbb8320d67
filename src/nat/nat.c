/* The state machine (port_map.c) on the event loop: a timer, and while a question is under way a
 * UDP socket that is connected to the gateway, so that nobody else can answer. For each question
 * the socket is made anew: between two of them the machine may have moved to another network. */
#include "nat/nat.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "nat/gateway.h"
#include "net/sock.h"

static struct metric_family questions = {
    .name = "p2pnode_nat_packets_total",
    .help = "Packets of NAT-PMP and PCP by direction.",
    .type = METRIC_COUNTER,
    .labels = {"direction"},
};

struct nat {
    struct nat_config config;
    struct event_base *base;
    struct event *timer, *readable; /* `readable` only while the socket is open */
    int fd;
    int error; /* logged last */
    struct port_map map;
    struct metric *packets_in, *packets_out;
};

static void on_close(void *arg)
{
    struct nat *n = arg;

    if (n->readable)
        event_free(n->readable);
    n->readable = NULL;
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

static void note_failure(struct nat *n)
{
    log_warn("nat", "the gateway maps no ports by PCP or NAT-PMP: %s", pn_strerror(n->map.error));
    for (unsigned i = 0; i < n->map.n; i++)
        if (n->map.mappings[i].outside.kind != NET_NONE)
            return; /* it did before, and may again */
    if (n->config.failed)
        n->config.failed(n->config.arg);
}

static void run(struct nat *n)
{
    int64_t now_us = clock_mono_us(), at_us = port_map_tick(&n->map, now_us);
    int64_t wait_us = at_us > now_us ? at_us - now_us : 0;
    struct timeval wait = {.tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000};

    if (n->map.error != n->error && n->map.error < 0)
        note_failure(n);
    n->error = n->map.error;
    if (at_us != CLOCK_NEVER)
        event_add(n->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    run(arg);
}

static void on_readable(evutil_socket_t fd, short events, void *arg)
{
    struct nat *n = arg;
    uint8_t reply[NAT_REPLY_BYTES];
    ssize_t len = recv(fd, reply, sizeof reply, MSG_DONTWAIT);

    (void)events;
    if (len < 0) /* nobody is there (ICMP): the same as no answer */
        return;
    metric_add(n->packets_in, 1);
    port_map_input(&n->map, reply, (size_t)len, clock_mono_us());
    run(n);
}

static int connect_socket(struct nat *n, const struct net_addr *gateway)
{
    struct sockaddr_storage sa;
    socklen_t len;
    int rc = net_addr_to_sockaddr(&sa, &len, gateway);

    if (rc < 0)
        return rc;
    n->fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (n->fd < 0 || connect(n->fd, (struct sockaddr *)&sa, len) < 0)
        return pn_err_from_errno(errno);
    n->readable = event_new(n->base, n->fd, EV_READ | EV_PERSIST, on_readable, n);
    if (!n->readable || event_add(n->readable, NULL) < 0)
        return PN_ENOMEM;
    return 0;
}

static int on_open(void *arg, struct net_addr *client)
{
    struct nat *n = arg;
    struct net_addr gateway = n->config.gateway;
    int rc = gateway.kind == NET_NONE ? gateway_find(&gateway) : 0;

    if (rc == 0 && gateway.port == 0)
        gateway.port = NAT_SERVER_PORT;
    if (rc == 0)
        rc = connect_socket(n, &gateway);
    if (rc == 0)
        rc = sock_local_addr(client, n->fd);
    if (rc < 0)
        on_close(n);
    return rc;
}

static void on_send(void *arg, const void *data, size_t len)
{
    struct nat *n = arg;

    metric_add(n->packets_out, 1);
    /* An error shows as a missing answer. */
    (void)!send(n->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_changed(void *arg, unsigned i, const struct net_addr *outside)
{
    struct nat *n = arg;
    const struct nat_port *inside = &n->map.mappings[i].inside;
    const char *transport = inside->transport == NAT_UDP ? "UDP" : "TCP";
    char text[NET_ADDR_TEXT_BYTES];

    if (outside)
        log_info("nat", "%s port %u is reached at %s", transport, inside->port,
                 net_addr_format(text, outside));
    else
        log_warn("nat", "%s port %u is not reached from outside any more", transport, inside->port);
    n->config.changed(n->config.arg, i, outside);
}

int nat_new(struct nat **out, struct event_base *base, const struct nat_config *config,
            const struct nat_port *ports, unsigned count)
{
    struct nat *n = mem_zalloc(sizeof *n);
    const struct port_map_ops ops = {
        .open = on_open, .send = on_send, .close = on_close, .changed = on_changed, .arg = n};
    int rc = 0;

    if (!n)
        return PN_ENOMEM;
    n->config = *config;
    n->base = base;
    n->fd = -1;
    n->packets_in = metric_get(&questions, "in", NULL);
    n->packets_out = metric_get(&questions, "out", NULL);
    port_map_init(&n->map, &ops, config->pcp, config->pmp);
    for (unsigned i = 0; i < count && rc == 0; i++)
        rc = port_map_add(&n->map, &ports[i]);
    n->timer = rc == 0 ? evtimer_new(base, on_timer, n) : NULL;
    if (rc == 0 && !n->timer)
        rc = PN_ENOMEM;
    if (rc < 0) {
        nat_free(n);
        return rc;
    }
    event_active(n->timer, EV_TIMEOUT, 0);
    *out = n;
    return 0;
}

void nat_free(struct nat *n)
{
    if (!n)
        return;
    port_map_end(&n->map);
    on_close(n);
    if (n->timer)
        event_free(n->timer);
    mem_free(n);
}
