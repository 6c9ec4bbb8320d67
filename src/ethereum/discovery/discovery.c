/* The discovery thread: one poll(2) over the UDP socket, the inbox's eventfd and, while the clock
 * is being checked, the time server's socket; then what time brings. It blocks nowhere else, save
 * for the database's sync to disk every 30 s.
 *
 * The engine (ethereum/discv4) is the state machine; this file only moves packets and messages. A
 * datagram is given to it as it came. A second wire on the same port would be asked in on_datagram,
 * before or after it. */
#include "ethereum/discovery/discovery.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/discovery/clock_check.h"
#include "ethereum/discovery/metrics.h"
#include "ethereum/discovery/udp.h"
#include "ethereum/enr/relay.h"
#include "ethereum/nodedb/nodedb.h"
#include "log/log.h"
#include "thread/thread.h"

enum {
    INBOX_CAPACITY = 64,
    BATCHES_A_TURN = 4, /* then the timers and the inbox have theirs */
    PUBLISH_US = 1000000,
};

enum message_kind { MSG_NODE, MSG_EXTERNAL, MSG_FORK_ID, MSG_RESOLVE };

struct message {
    enum message_kind kind;
    union {
        struct eth_node node; /* MSG_RESOLVE: its key */
        struct net_addr external;
        struct eth_fork_id fork_id;
    } u;
    struct chan *reply; /* MSG_RESOLVE */
};

struct eth_discovery {
    struct discv4 *engine;
    struct udp *udp;
    struct nodedb *db;
    struct candidates candidates;
    struct clock_check clock_check;
    struct discovery_metrics metrics;
    struct chan inbox, quit;
    int wake_fd;
    struct thread thread;
    int64_t now_us, next_publish_us;
    struct mutex mu; /* of `view` */
    struct eth_discovery_view view GUARDED_BY(mu);
};

static struct chan_class inbox_class = {
    .name = "discovery_inbox",
    .elem_size = sizeof(struct message),
    .capacity = INBOX_CAPACITY,
};

static void wake(void *arg)
{
    const uint64_t one = 1;
    const struct eth_discovery *d = arg;

    /* A full counter is readable already, which is all that is wanted. */
    if (write(d->wake_fd, &one, sizeof one) < 0)
        return;
}

static void on_send(void *arg, const struct net_addr *to, const void *data, size_t len)
{
    struct eth_discovery *d = arg;
    char text[NET_ADDR_TEXT_BYTES];
    int rc = udp_send(d->udp, to, data, len);

    if (rc < 0) /* as good as lost on the way */
        log_debug("discovery", "cannot send to %s: %s", net_addr_format(text, to), pn_strerror(rc));
}

/* --- construction --- */

static bool is_specific(const struct net_addr *a)
{
    return a->kind != NET_NONE && !eth_addr_is_special(a);
}

static int make_engine(struct eth_discovery *d, const struct eth_discovery_config *c)
{
    struct discv4_config config = {
        .endpoint = {.kind = NET_NONE, .port = udp_addr(d->udp)->port},
        .tcp_port = c->tcp_port,
        .db = d->db,
        .permitted = c->permitted,
        .limits = LIMITS_CONFIG_DEFAULT,
        .limit_local = c->limit_local,
        .send = on_send,
        .arg = d,
    };
    int rc;

    config.limits.limit_local = c->limit_local;
    if (c->external.kind != NET_NONE) {
        config.endpoint = c->external;
        config.endpoint_fixed = true;
    } else if (is_specific(udp_addr(d->udp))) {
        config.endpoint = *udp_addr(d->udp);
    }
    memcpy(config.secret, c->secret, sizeof config.secret);
    rc = discv4_new(&d->engine, &config, clock_mono_us());
    explicit_bzero(config.secret, sizeof config.secret);
    return rc;
}

static int make_channels(struct eth_discovery *d, const struct eth_discovery_config *c)
{
    d->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (d->wake_fd < 0)
        return PN_ELIMIT;
    if (chan_class_register(&inbox_class) < 0 || chan_class_register(&quit_class) < 0 ||
        chan_init(&d->inbox, &inbox_class) < 0)
        goto fail;
    if (chan_init(&d->quit, &quit_class) < 0)
        goto fail_inbox;
    if (candidates_init(&d->candidates, c->fork_filter, c->fork_filter_arg) < 0)
        goto fail_quit;
    chan_set_notify(&d->inbox, wake, d);
    chan_set_notify(&d->quit, wake, d);
    return 0;
fail_quit:
    chan_destroy(&d->quit, NULL);
fail_inbox:
    chan_destroy(&d->inbox, NULL);
fail:
    close(d->wake_fd);
    d->wake_fd = -1;
    return PN_ENOMEM;
}

static void publish(struct eth_discovery *d)
{
    mutex_lock(&d->mu);
    d->view.nodes = discv4_table_size(d->engine);
    d->view.record = *discv4_record(d->engine);
    d->view.stats = *discv4_stats(d->engine);
    mutex_unlock(&d->mu);
    discovery_metrics_publish(&d->metrics, d->engine);
}

int eth_discovery_new(struct eth_discovery **out, const struct eth_discovery_config *config)
{
    struct eth_discovery *d = mem_zalloc(sizeof *d);
    int rc;

    if (!d)
        return PN_ENOMEM;
    mutex_init(&d->mu);
    clock_check_init(&d->clock_check, &config->sntp_server);
    discovery_metrics_init(&d->metrics);
    rc = make_channels(d, config);
    if (rc == 0)
        rc = udp_open(&d->udp, &config->listen);
    if (rc == 0 && config->db_path)
        rc = nodedb_open(&d->db, config->db_path);
    if (rc == 0)
        rc = make_engine(d, config);
    if (rc < 0) {
        eth_discovery_free(d);
        return rc;
    }
    publish(d);
    *out = d;
    return 0;
}

int eth_discovery_add_bootnode(struct eth_discovery *d, const struct eth_node *node)
{
    return discv4_add_bootnode(d->engine, node);
}

void eth_discovery_free(struct eth_discovery *d)
{
    if (!d)
        return;
    discv4_free(d->engine, clock_mono_us());
    nodedb_close(d->db);
    udp_free(d->udp);
    clock_check_close(&d->clock_check);
    if (d->wake_fd >= 0) {
        candidates_destroy(&d->candidates);
        chan_destroy(&d->quit, NULL);
        chan_destroy(&d->inbox, NULL);
        close(d->wake_fd);
    }
    mutex_destroy(&d->mu);
    mem_free(d);
}

/* --- the thread --- */

static void on_datagram(void *arg, const struct net_addr *from, const void *data, size_t len)
{
    struct eth_discovery *d = arg;

    discv4_input(d->engine, from, data, len, d->now_us);
}

static void read_socket(struct eth_discovery *d)
{
    for (unsigned i = 0; i < BATCHES_A_TURN; i++) {
        int n;

        d->now_us = clock_mono_us();
        n = udp_receive(d->udp, on_datagram, d);
        if (n < 0) /* an earlier send was refused, for example */
            log_debug("discovery", "cannot receive: %s", pn_strerror(n));
        if (n < UDP_BATCH)
            return;
    }
}

static void on_resolved(void *arg, const struct eth_node *nodes, unsigned n)
{
    struct eth_resolved answer = {.found = n > 0};

    if (n > 0)
        answer.node = nodes[0];
    chan_try_send(arg, &answer);
}

static void handle(struct eth_discovery *d, const struct message *m)
{
    switch (m->kind) {
    case MSG_NODE:
        discv4_seed(d->engine, &m->u.node);
        break;
    case MSG_EXTERNAL:
        discv4_set_endpoint(d->engine, &m->u.external, true);
        break;
    case MSG_FORK_ID:
        discv4_set_fork_id(d->engine, &m->u.fork_id);
        break;
    case MSG_RESOLVE:
        if (discv4_resolve(d->engine, m->u.node.pubkey, on_resolved, m->reply, d->now_us) < 0)
            on_resolved(m->reply, NULL, 0);
        break;
    }
}

static void read_inbox(struct eth_discovery *d)
{
    struct message m;

    while (chan_try_recv(&d->inbox, &m) == 0)
        handle(d, &m);
}

/* Do what is due. Returns: when there is more, whatever comes meanwhile. */
static int64_t run_timers(struct eth_discovery *d)
{
    int64_t at_us, check_us;

    d->now_us = clock_mono_us();
    candidates_tick(&d->candidates, d->engine, d->now_us);
    at_us = discv4_tick(d->engine, d->now_us);
    clock_check_tick(&d->clock_check, discv4_timeouts_in_row(d->engine), d->now_us);
    if (d->now_us >= d->next_publish_us) {
        d->next_publish_us = d->now_us + PUBLISH_US;
        publish(d);
    }
    check_us = clock_check_deadline(&d->clock_check);
    if (check_us < at_us)
        at_us = check_us;
    return d->next_publish_us < at_us ? d->next_publish_us : at_us;
}

static void run(void *arg)
{
    struct eth_discovery *d = arg;

    while (!quit_requested(&d->quit)) {
        int64_t at_us = run_timers(d);
        struct pollfd fds[] = {{.fd = d->wake_fd, .events = POLLIN},
                               {.fd = udp_fd(d->udp), .events = POLLIN},
                               {.fd = d->clock_check.fd, .events = POLLIN}};
        uint64_t drained;

        if (poll(fds, sizeof fds / sizeof fds[0], clock_poll_ms(at_us)) < 0)
            continue; /* interrupted: the loop looks again */
        if (fds[0].revents && read(d->wake_fd, &drained, sizeof drained) < 0 && errno != EAGAIN)
            log_error("discovery", "cannot read the wake-up counter: %s", pn_strerror(PN_ESYS));
        if (fds[1].revents)
            read_socket(d);
        if (fds[2].revents)
            clock_check_readable(&d->clock_check, d->now_us);
        read_inbox(d);
    }
    chan_close(&d->candidates.chan);
    publish(d);
}

int eth_discovery_start(struct eth_discovery *d)
{
    char text[NET_ADDR_TEXT_BYTES];

    log_info("discovery", "discv4 at %s", net_addr_format(text, udp_addr(d->udp)));
    return thread_start(&d->thread, "discovery", ROLE_DISCOVERY, run, d);
}

void eth_discovery_stop(struct eth_discovery *d)
{
    quit_request(&d->quit);
}

void eth_discovery_join(struct eth_discovery *d)
{
    thread_join(&d->thread);
}

/* --- other threads --- */

int eth_discovery_next(struct eth_discovery *d, struct discv4_candidate *out, int64_t deadline_us)
{
    return chan_recv(&d->candidates.chan, out, deadline_us);
}

int eth_discovery_try_next(struct eth_discovery *d, struct discv4_candidate *out)
{
    return chan_try_recv(&d->candidates.chan, out);
}

int eth_discovery_add_node(struct eth_discovery *d, const struct eth_node *node)
{
    return chan_try_send(&d->inbox, &(struct message){.kind = MSG_NODE, .u.node = *node});
}

int eth_discovery_set_external(struct eth_discovery *d, const struct net_addr *udp)
{
    return chan_try_send(&d->inbox, &(struct message){.kind = MSG_EXTERNAL, .u.external = *udp});
}

int eth_discovery_set_fork_id(struct eth_discovery *d, const struct eth_fork_id *fork_id)
{
    return chan_try_send(&d->inbox, &(struct message){.kind = MSG_FORK_ID, .u.fork_id = *fork_id});
}

int eth_discovery_resolve(struct eth_discovery *d, const uint8_t pubkey[EC_PUBKEY_BYTES],
                          struct chan *reply)
{
    struct message m = {.kind = MSG_RESOLVE, .reply = reply};

    memcpy(m.u.node.pubkey, pubkey, EC_PUBKEY_BYTES);
    return chan_try_send(&d->inbox, &m);
}

void eth_discovery_look(struct eth_discovery *d, struct eth_discovery_view *out)
{
    mutex_lock(&d->mu);
    *out = d->view;
    mutex_unlock(&d->mu);
}

const struct net_addr *eth_discovery_addr(const struct eth_discovery *d)
{
    return udp_addr(d->udp);
}
