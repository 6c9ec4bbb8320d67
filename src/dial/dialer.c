/* The dialer thread waits in one poll(2) for its inbox, its dials, the next retry and the next look
 * for automatic connections; it blocks elsewhere only when it hands a connection to the server, and
 * then also waits for its quit token. attempt.c has the life of one request; who is dialled without
 * being named is decided in outbound.c. */
#include "dial/dialer.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "dial/dialer_internal.h"
#include "log/log.h"
#include "thread/pulse.h"

/* Each request has at most one message under way, that its connection has ended or its name was
 * looked up, so a message always finds room. */
static struct chan_class inbox_class = {
    .name = "dialer_inbox",
    .elem_size = sizeof(struct dialer_msg),
    .capacity = DIALER_MAX_REQUESTS,
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
        chan_class_register(&dialer_orders_class) < 0 || chan_class_register(&quit_class) < 0 ||
        chan_init(&d->inbox, &inbox_class) < 0)
        goto fail;
    if (chan_init(&d->orders, &dialer_orders_class) < 0) {
        chan_destroy(&d->inbox, NULL);
        goto fail;
    }
    if (chan_init(&d->quit, &quit_class) < 0) {
        chan_destroy(&d->inbox, NULL);
        chan_destroy(&d->orders, NULL);
        goto fail;
    }
    mutex_init(&d->mu);
    chan_set_notify(&d->inbox, wake, d);
    chan_set_notify(&d->orders, wake, d);
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

int dialer_add(struct dialer *d, unsigned network, const struct net_addr *addr)
{
    struct net_target to;
    int rc = net_target_from_addr(&to, addr);

    return rc < 0 ? rc : dialer_add_target(d, network, &to);
}

int dialer_add_target(struct dialer *d, unsigned network, const struct net_target *to)
{
    int rc = request_place_target(d, network, to, true);

    if (rc == 0)
        orders_remember(d, network, to);
    return rc;
}

static void take_inbox(struct dialer *d)
{
    struct dialer_msg m;

    while (chan_try_recv(&d->inbox, &m) == 0) {
        struct request *r = &d->requests[(m.request_id & 0xffff) - 1];
        enum request_state state =
            m.event == REQUEST_CLOSED ? REQUEST_ESTABLISHED : REQUEST_RESOLVING;

        if (BUG(r->id != m.request_id || r->state != state))
            continue;
        if (m.event == REQUEST_CLOSED)
            request_closed(d, r, m.was_ready);
        else
            request_answered(d, r);
    }
}

/* While the network is switched off nothing begins; the loop looks again after this time. */
enum { PAUSED_MS = 500 };

static void start_due(struct dialer *d)
{
    for (unsigned i = 0; i < d->n && d->under_way < DIALER_MAX_UNDER_WAY; i++) {
        struct request *r = &d->requests[i];

        if (r->state == REQUEST_PENDING && clock_mono_us() >= r->when_us)
            request_begin(d, r);
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
    return gate_is_paused(d->config.gate) ? clock_deadline_ms(PAUSED_MS) : at;
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
    if (pulse_poll(fds, n, next_deadline(d)) < 0)
        return; /* interrupted: the loop looks again */
    if (fds[0].revents && read(d->wake_fd, &drained, sizeof drained) < 0 && errno != EAGAIN)
        log_error("dial", "cannot read the wake-up counter: %s", pn_strerror(PN_ESYS));
    for (nfds_t i = 1; i < n; i++)
        request_step(d, of[i], fds[i].revents);
}

static void run(void *arg)
{
    struct dialer *d = arg;

    while (!quit_requested(&d->quit)) {
        take_inbox(d);
        orders_take(d);
        if (!gate_is_paused(d->config.gate)) {
            if (has_sources(d) && clock_mono_us() >= d->next_automatic_us)
                outbound_fill(d);
            start_due(d);
        }
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
    const struct dialer_msg m = {
        .event = REQUEST_CLOSED, .request_id = request_id, .was_ready = was_ready};

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
    for (unsigned i = 0; i < d->n; i++)
        request_release(&d->requests[i]);
    chan_destroy(&d->inbox, NULL);
    chan_destroy(&d->orders, NULL);
    chan_destroy(&d->quit, NULL);
    mutex_destroy(&d->mu);
    close(d->wake_fd);
    mem_free(d);
}
