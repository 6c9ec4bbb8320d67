/* The dialer thread waits in one poll(2) for its inbox, its dials, the next retry and the next look
 * for automatic connections; it blocks elsewhere only when it hands a connection to the server, and
 * then also waits for its quit token. Who is dialled is decided in outbound.c. */
#include "dial/dialer.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "dial/dialer_internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

struct closed_msg {
    uint64_t request_id;
    bool was_ready;
};

/* Each request has at most one closing under way, so a closing always finds room. */
static struct chan_class inbox_class = {
    .name = "dialer_inbox",
    .elem_size = sizeof(struct closed_msg),
    .capacity = DIALER_MAX_REQUESTS,
};

static struct metric_family dials = {
    .name = "p2pnode_dials_total",
    .help = "Outbound connection attempts by network, kind and result.",
    .type = METRIC_COUNTER,
    .labels = {"network", "kind", "result"},
};

static void wake(void *arg)
{
    const uint64_t one = 1;
    const struct dialer *d = arg;

    /* A full counter is readable already, which is all that is wanted. */
    if (write(d->wake_fd, &one, sizeof one) < 0)
        return;
}

struct dialer *dialer_new(const struct dialer_config *config)
{
    struct dialer *d = mem_zalloc(sizeof *d);

    if (!d)
        return NULL;
    d->config = *config;
    d->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (d->wake_fd < 0 || chan_class_register(&inbox_class) < 0 ||
        chan_class_register(&quit_class) < 0 || chan_init(&d->inbox, &inbox_class) < 0)
        goto fail;
    if (chan_init(&d->quit, &quit_class) < 0) {
        chan_destroy(&d->inbox, NULL);
        goto fail;
    }
    chan_set_notify(&d->inbox, wake, d);
    chan_set_notify(&d->quit, wake, d);
    return d;
fail:
    if (d->wake_fd >= 0)
        close(d->wake_fd);
    mem_free(d);
    return NULL;
}

int dialer_add_network(struct dialer *d, unsigned number, const struct dialer_network *network)
{
    struct dialer_network_state *n = &d->networks[number];

    if (number >= DIALER_MAX_NETWORKS)
        return PN_ELIMIT;
    n->config = *network;
    n->known = true;
    return 0;
}

static struct request *free_place(struct dialer *d)
{
    for (unsigned i = 0; i < d->n; i++)
        if (d->requests[i].state == REQUEST_FREE)
            return &d->requests[i];
    return d->n < DIALER_MAX_REQUESTS ? &d->requests[d->n++] : NULL;
}

struct request *dialer_place(struct dialer *d, unsigned network, enum conn_kind kind,
                             const struct net_addr *addr)
{
    struct request *r = free_place(d);
    uint64_t used;

    if (!r)
        return NULL;
    used = (r->id >> 16) + 1;
    *r = (struct request){
        .id = used << 16 | ((uint64_t)(r - d->requests) + 1),
        .network = network,
        .kind = kind,
        .addr = *addr,
        .state = REQUEST_PENDING,
    };
    return r;
}

int dialer_add(struct dialer *d, unsigned network, const struct net_addr *addr)
{
    struct request *r = dialer_place(d, network, CONN_MANUAL, addr);

    if (!r)
        return PN_ELIMIT;
    r->permanent = true;
    return 0;
}

/* A permanent request waits for its next turn; another has had its only one. */
static void retire(struct dialer *d, struct request *r)
{
    int64_t wait_ms = d->config.retry_ms * r->failures;

    if (!r->permanent) {
        r->state = REQUEST_FREE;
        if (d->networks[r->network].failed_in_row < OUTBOUND_FAILURES_SLOW)
            d->next_automatic_us = 0; /* the place is filled again at once */
        return;
    }
    if (wait_ms > d->config.retry_max_ms)
        wait_ms = d->config.retry_max_ms;
    r->state = REQUEST_PENDING;
    r->when_us = clock_deadline_ms(wait_ms);
}

/* The dial, or the hand-over, came out with rc. */
static void conclude(struct dialer *d, struct request *r, int rc)
{
    const char *network = d->networks[r->network].config.name;
    char text[NET_ADDR_TEXT_BYTES];

    metric_add(metric_get(&dials, network, conn_kind_name(r->kind), pn_errname(rc), NULL), 1);
    if (!r->permanent)
        outbound_tried(d, r, rc);
    if (rc == 0) {
        r->state = REQUEST_ESTABLISHED;
        if (!r->permanent)
            d->next_automatic_us = 0; /* others may have waited for this one */
        return;
    }
    r->failures++;
    log_info("dial", "cannot connect to %s (%s): %s; attempt %u", net_addr_format(text, &r->addr),
             conn_kind_name(r->kind), pn_strerror(rc), r->failures);
    retire(d, r);
}

static int64_t time_allowed_ms(const struct dialer *d, const struct dial_path *path)
{
    switch (dial_path_way(path)) {
    case PROXY_WAY_PROXY:
    case PROXY_WAY_ONION:
        return d->config.connect_timeout_ms + DIAL_PATH_SOCKS5_TIMEOUT_MS;
    case PROXY_WAY_SAM:
        return DIAL_PATH_SAM_TIMEOUT_MS;
    case PROXY_WAY_DIRECT:
        break;
    }
    return d->config.connect_timeout_ms;
}

static void dial(struct dialer *d, struct request *r)
{
    struct net_target target;
    int rc = subnet_list_permits(d->config.gate->permitted, &r->addr)
                 ? net_target_from_addr(&target, &r->addr)
                 : PN_EFILTERED;

    if (rc == 0)
        rc = dial_path_start(&r->path, d->config.paths, &target);
    if (rc < 0) {
        conclude(d, r, rc);
        return;
    }
    r->state = REQUEST_DIALLING;
    r->when_us = clock_deadline_ms(time_allowed_ms(d, r->path));
    d->under_way++;
}

/* Owns: takes fd. Returns: 0 when the server has the connection. */
static int hand_over(struct dialer *d, struct request *r, int fd)
{
    struct conn *c = conn_from_fd(fd);
    int rc;

    if (!c) {
        close(fd);
        return PN_ENOMEM;
    }
    rc = d->config.connected(d->config.arg, r->network, c, &r->addr, r->kind, r->id, &d->quit);
    if (rc < 0)
        conn_close(c);
    return rc;
}

/* The dial is decided: rc is 0 when the stream begins. */
static void finish_dial(struct dialer *d, struct request *r, int rc)
{
    int fd = rc == 0 ? dial_path_take(r->path) : -1;

    dial_path_free(r->path);
    r->path = NULL;
    d->under_way--;
    conclude(d, r, rc == 0 ? hand_over(d, r, fd) : rc);
}

/* Bring requests back whose connections have ended. */
static void take_inbox(struct dialer *d)
{
    struct closed_msg m;

    while (chan_try_recv(&d->inbox, &m) == 0) {
        struct request *r = &d->requests[(m.request_id & 0xffff) - 1];

        if (BUG(r->id != m.request_id || r->state != REQUEST_ESTABLISHED))
            continue;
        r->failures = m.was_ready ? 1 : r->failures + 1;
        retire(d, r);
    }
}

static void start_due(struct dialer *d)
{
    for (unsigned i = 0; i < d->n && d->under_way < DIALER_MAX_UNDER_WAY; i++) {
        struct request *r = &d->requests[i];

        if (r->state == REQUEST_PENDING && clock_mono_us() >= r->when_us)
            dial(d, r);
    }
}

static bool has_sources(const struct dialer *d)
{
    bool any = false;

    for (unsigned i = 0; i < DIALER_MAX_NETWORKS; i++)
        any = any || (d->networks[i].known && d->networks[i].config.source.choose);
    return any;
}

/* When something is to be done without any event. */
static int64_t next_deadline(const struct dialer *d)
{
    int64_t at = has_sources(d) ? d->next_automatic_us : CLOCK_NEVER;

    for (unsigned i = 0; i < d->n; i++) {
        const struct request *r = &d->requests[i];
        bool timed = r->state == REQUEST_DIALLING ||
                     (r->state == REQUEST_PENDING && d->under_way < DIALER_MAX_UNDER_WAY);

        if (timed && r->when_us < at)
            at = r->when_us;
    }
    return at;
}

static void wait_and_finish(struct dialer *d)
{
    struct pollfd fds[1 + DIALER_MAX_UNDER_WAY] = {{.fd = d->wake_fd, .events = POLLIN}};
    struct request *of[1 + DIALER_MAX_UNDER_WAY];
    nfds_t n = 1;
    uint64_t drained;

    for (unsigned i = 0; i < d->n; i++)
        if (d->requests[i].state == REQUEST_DIALLING) {
            fds[n] = (struct pollfd){.fd = dial_path_fd(d->requests[i].path),
                                     .events = dial_path_events(d->requests[i].path)};
            of[n++] = &d->requests[i];
        }
    if (poll(fds, n, clock_poll_ms(next_deadline(d))) < 0)
        return; /* interrupted: the loop looks again */
    if (fds[0].revents && read(d->wake_fd, &drained, sizeof drained) < 0 && errno != EAGAIN)
        log_error("dial", "cannot read the wake-up counter: %s", pn_strerror(PN_ESYS));
    for (nfds_t i = 1; i < n; i++) {
        int rc = dial_path_step(of[i]->path, fds[i].revents);

        if (rc == PN_EAGAIN && clock_mono_us() >= of[i]->when_us)
            rc = PN_ETIMEDOUT;
        if (rc != PN_EAGAIN)
            finish_dial(d, of[i], rc);
    }
}

static void run(void *arg)
{
    struct dialer *d = arg;

    while (!quit_requested(&d->quit)) {
        take_inbox(d);
        if (has_sources(d) && clock_mono_us() >= d->next_automatic_us)
            outbound_fill(d);
        start_due(d);
        wait_and_finish(d);
    }
    for (unsigned i = 0; i < d->n; i++)
        dial_path_free(d->requests[i].path);
}

int dialer_start(struct dialer *d)
{
    return thread_start(&d->thread, "dialer", ROLE_DIALER, run, d);
}

void dialer_closed(struct dialer *d, uint64_t request_id, bool was_ready)
{
    struct closed_msg m = {.request_id = request_id, .was_ready = was_ready};

    chan_try_send(&d->inbox, &m);
}

void dialer_set_extra(struct dialer *d, unsigned network, unsigned extra)
{
    atomic_store(&d->networks[network].extra, extra);
}

void dialer_stop(struct dialer *d)
{
    quit_request(&d->quit);
}

void dialer_join(struct dialer *d)
{
    thread_join(&d->thread);
}

void dialer_free(struct dialer *d)
{
    if (!d)
        return;
    chan_destroy(&d->inbox, NULL);
    chan_destroy(&d->quit, NULL);
    close(d->wake_fd);
    mem_free(d);
}
