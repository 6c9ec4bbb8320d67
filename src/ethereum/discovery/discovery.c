/* The discovery thread: one poll(2) over the UDP sockets, the inbox's eventfd and, while the clock
 * is being checked, the time server's socket; then what time brings. It blocks nowhere else, save
 * for the database's sync to disk every 30 s.
 *
 * The engine (ethereum/discv4) is the state machine; this file moves packets, inbox.c messages. A
 * datagram is given to it as it came. A second wire on the same port would be asked in on_datagram,
 * before or after it. */
#include "ethereum/discovery/discovery.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/discovery/internal.h"
#include "ethereum/enr/relay.h"
#include "log/log.h"
#include "thread/pulse.h"

enum {
    BATCHES_A_TURN = 4, /* then the timers and the inbox have theirs */
    PUBLISH_US = 1000000,
    ENOUGH_NODES = 128, /* in the table: node lists are left alone */
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
    struct udp *udp = d->udp[eth_family_of(to)];
    int rc = udp ? udp_send(udp, to, data, len) : PN_EINVAL;

    if (rc < 0) /* as good as lost on the way */
        log_debug("discovery", "cannot send to %s: %s", net_addr_format(text, to), pn_strerror(rc));
}

/* --- construction --- */

static int open_sockets(struct eth_discovery *d, const struct eth_discovery_config *c)
{
    int rc = PN_EINVAL; /* with no family at all */

    for (unsigned family = 0; family < ETH_FAMILIES; family++)
        if (c->listen[family].udp.kind != NET_NONE) {
            rc = udp_open(&d->udp[family], &c->listen[family].udp);
            if (rc < 0)
                return rc;
        }
    return rc;
}

/* What is known at the start of where others reach us. */
static struct discv4_reach reach_of(const struct eth_discovery *d,
                                    const struct eth_discovery_config *c, enum eth_family family)
{
    struct discv4_reach reach = {.at.udp.kind = NET_NONE};

    if (c->external[family].udp.kind != NET_NONE)
        return (struct discv4_reach){.at = c->external[family], .fixed = true};
    if (!d->udp[family])
        return reach;
    if (!eth_addr_is_special(udp_addr(d->udp[family])))
        reach.at.udp = *udp_addr(d->udp[family]);
    reach.at.udp.port = udp_addr(d->udp[family])->port;
    reach.at.tcp_port = c->listen[family].tcp_port;
    return reach;
}

static enum net_kind only_family(const struct eth_discovery *d)
{
    if (d->udp[ETH_IPV4] && d->udp[ETH_IPV6])
        return NET_NONE;
    return d->udp[ETH_IPV4] ? NET_IPV4 : NET_IPV6;
}

static int make_engine(struct eth_discovery *d, const struct eth_discovery_config *c)
{
    struct discv4_config config = {
        .reach = {reach_of(d, c, ETH_IPV4), reach_of(d, c, ETH_IPV6)},
        .db = d->db,
        .family = only_family(d),
        .permitted = c->permitted,
        .limits = LIMITS_CONFIG_DEFAULT,
        .limit_local = c->limit_local,
        .send = on_send,
        .arg = d,
    };
    int rc;

    config.limits.limit_local = c->limit_local;
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
    if (chan_class_register(&quit_class) < 0 || discovery_inbox_init(d) < 0)
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
    discovery_inbox_destroy(d);
fail:
    close(d->wake_fd);
    d->wake_fd = -1;
    return PN_ENOMEM;
}

static void on_dns_query(void *arg, uint64_t number, const char *name)
{
    const struct eth_discovery *d = arg;

    d->dns_query(d->dns_arg, number, name);
}

static void on_dns_node(void *arg, const struct enr *node)
{
    struct eth_discovery *d = arg;
    struct eth_node at = node->node;

    if (!discv4_reaches(d->engine, &at.udp)) {
        at.udp = node->endpoints[ETH_IPV6].udp;
        at.tcp_port = node->endpoints[ETH_IPV6].tcp_port;
    }
    discv4_seed(d->engine, &at);
}

static int make_dns(struct eth_discovery *d, const struct eth_discovery_config *c)
{
    const struct dnsdisc_ops ops = {.query = on_dns_query, .found = on_dns_node, .arg = d};
    int rc = 0;

    if (!c->dns_query || !c->dns_trees)
        return 0;
    d->dns = dnsdisc_new(&ops);
    if (!d->dns)
        return PN_ENOMEM;
    for (const char *const *tree = c->dns_trees; *tree && rc == 0; tree++)
        rc = dnsdisc_add(d->dns, *tree);
    return rc;
}

static void publish(struct eth_discovery *d)
{
    mutex_lock(&d->mu);
    d->view.nodes = discv4_table_size(d->engine);
    discv4_bucket_sizes(d->engine, d->view.buckets);
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
    clock_check_init(&d->clock_check, config->time_query, config->time_arg);
    discovery_metrics_init(&d->metrics);
    d->dns_query = config->dns_query;
    d->dns_arg = config->dns_arg;
    rc = make_channels(d, config);
    if (rc == 0)
        rc = open_sockets(d, config);
    if (rc == 0 && config->db_path)
        rc = nodedb_open(&d->db, config->db_path);
    if (rc == 0)
        rc = make_engine(d, config);
    if (rc == 0)
        rc = make_dns(d, config);
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
    for (unsigned family = 0; family < ETH_FAMILIES; family++)
        udp_free(d->udp[family]);
    clock_check_close(&d->clock_check);
    if (d->wake_fd >= 0) {
        candidates_destroy(&d->candidates);
        chan_destroy(&d->quit, NULL);
        discovery_inbox_destroy(d);
        close(d->wake_fd);
    }
    dnsdisc_free(d->dns);
    mutex_destroy(&d->mu);
    mem_free(d);
}

/* --- the thread --- */

static void on_datagram(void *arg, const struct net_addr *from, const void *data, size_t len)
{
    struct eth_discovery *d = arg;

    discv4_input(d->engine, from, data, len, d->now_us);
}

static void read_socket(struct eth_discovery *d, struct udp *udp)
{
    for (unsigned i = 0; i < BATCHES_A_TURN; i++) {
        int n;

        d->now_us = clock_mono_us();
        n = udp_receive(udp, on_datagram, d);
        if (n < 0) /* an earlier send was refused, for example */
            log_debug("discovery", "cannot receive: %s", pn_strerror(n));
        if (n < UDP_BATCH)
            return;
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Do what is due. Returns: when there is more, whatever comes meanwhile. */
static int64_t run_timers(struct eth_discovery *d)
{
    int64_t at_us;

    d->now_us = clock_mono_us();
    candidates_tick(&d->candidates, d->engine, d->now_us);
    at_us = discv4_tick(d->engine, d->now_us);
    clock_check_tick(&d->clock_check, discv4_timeouts_in_row(d->engine), d->now_us);
    if (d->now_us >= d->next_publish_us) {
        d->next_publish_us = d->now_us + PUBLISH_US;
        publish(d);
    }
    if (d->dns) {
        bool wanted = discv4_table_size(d->engine) < ENOUGH_NODES;

        at_us = earlier(at_us, dnsdisc_tick(d->dns, wanted, d->now_us));
    }
    return earlier(earlier(at_us, d->next_publish_us), clock_check_deadline(&d->clock_check));
}

static void run(void *arg)
{
    struct eth_discovery *d = arg;

    while (!quit_requested(&d->quit)) {
        int64_t at_us = run_timers(d);
        struct pollfd fds[] = {{.fd = d->wake_fd, .events = POLLIN},
                               {.fd = d->clock_check.fd, .events = POLLIN},
                               {.fd = udp_fd(d->udp[ETH_IPV4]), .events = POLLIN},
                               {.fd = udp_fd(d->udp[ETH_IPV6]), .events = POLLIN}};
        uint64_t drained;

        if (pulse_poll(fds, sizeof fds / sizeof fds[0], at_us) < 0)
            continue; /* interrupted: the loop looks again */
        if (fds[0].revents && read(d->wake_fd, &drained, sizeof drained) < 0 && errno != EAGAIN)
            log_error("discovery", "cannot read the wake-up counter: %s", pn_strerror(PN_ESYS));
        if (fds[1].revents)
            clock_check_readable(&d->clock_check, d->now_us);
        for (unsigned family = 0; family < ETH_FAMILIES; family++)
            if (fds[2 + family].revents)
                read_socket(d, d->udp[family]);
        discovery_inbox_read(d);
    }
    chan_close(&d->candidates.chan);
    publish(d);
}

int eth_discovery_start(struct eth_discovery *d)
{
    char text[NET_ADDR_TEXT_BYTES];

    for (unsigned family = 0; family < ETH_FAMILIES; family++)
        if (d->udp[family])
            log_info("discovery", "discv4 at %s", net_addr_format(text, udp_addr(d->udp[family])));
    return thread_start(&d->thread, "discv4", ROLE_DISCOVERY, run, d);
}

void eth_discovery_stop(struct eth_discovery *d)
{
    quit_request(&d->quit);
}

void eth_discovery_join(struct eth_discovery *d)
{
    thread_join(&d->thread);
}
