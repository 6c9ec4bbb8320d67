/* The life of one request: due -> (its name looked up) -> dialled -> handed over, and back.
 *
 * A name goes to the proxy as it is, if there is one, so that nobody here asks the DNS for it. Else
 * it is looked up for every attempt anew, and its addresses take turns. Where only some networks
 * are permitted a name is looked up in any case: what a proxy makes of it, nobody could check. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "dial/dialer_internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

static struct metric_family dials = {
    .name = "p2pnode_dials_total",
    .help = "Outbound connection attempts by network, kind and result.",
    .type = METRIC_COUNTER,
    .labels = {"network", "kind", "result"},
};

/* --- places --- */

static struct request *free_place(struct dialer *d)
{
    for (unsigned i = 0; i < d->n; i++)
        if (d->requests[i].state == REQUEST_FREE)
            return &d->requests[i];
    return d->n < DIALER_MAX_REQUESTS ? &d->requests[d->n++] : NULL;
}

int request_place(struct request **out, struct dialer *d, unsigned network, enum conn_kind kind,
                  const struct net_addr *addr, const struct net_target *name)
{
    struct request *r = free_place(d);
    struct named *named = NULL;
    uint64_t id;

    if (!r)
        return PN_ELIMIT;
    id = ((r->id >> 16) + 1) << 16 | ((uint64_t)(r - d->requests) + 1);
    if (name) {
        named = mem_zalloc(sizeof *named);
        if (!named)
            return PN_ENOMEM;
        *named = (struct named){.owner = d, .request_id = id, .to = *name};
    }
    *r = (struct request){
        .id = id,
        .network = network,
        .kind = kind,
        .addr = *addr,
        .named = named,
        .state = REQUEST_PENDING,
    };
    *out = r;
    return 0;
}

int request_place_target(struct dialer *d, unsigned network, const struct net_target *to,
                         bool permanent)
{
    bool by_name = to->addr.kind == NET_NONE;
    struct net_addr addr = to->addr;
    struct request *r;
    int rc;

    if (by_name)
        net_target_stand_in(&addr, to);
    rc = request_place(&r, d, network, CONN_MANUAL, &addr, by_name ? to : NULL);
    if (rc == 0)
        r->permanent = permanent;
    return rc;
}

void request_release(struct request *r)
{
    MEM_FREE(r->named);
    r->state = REQUEST_FREE;
}

static const char *request_text(char out[NET_TARGET_TEXT_BYTES], const struct request *r)
{
    return r->named ? net_target_format(out, &r->named->to) : net_addr_format(out, &r->addr);
}

void request_note(const struct dialer *d, const struct request *r, enum journal_event event,
                  const char *reason, const char *detail)
{
    char text[NET_TARGET_TEXT_BYTES];
    const struct journal_note note = {
        .event = event,
        .kind = JOURNAL_ADDRESS,
        .subject = request_text(text, r),
        .network = d->networks[r->network].config.name,
        .reason = reason,
        .detail = detail,
    };

    if (d->config.gate->journal)
        journal_add(d->config.gate->journal, &note);
}

/* --- how it comes out --- */

/* A permanent request waits for its next turn; another has had its only one. */
static void retire(struct dialer *d, struct request *r, int reason)
{
    int64_t wait_ms = d->config.retry_ms * r->failures;
    char detail[JOURNAL_DETAIL_BYTES];

    if (!r->permanent) {
        request_release(r);
        if (d->networks[r->network].failed_in_row < OUTBOUND_FAILURES_SLOW)
            d->next_automatic_us = 0; /* the place is filled again at once */
        return;
    }
    if (wait_ms > d->config.retry_max_ms)
        wait_ms = d->config.retry_max_ms;
    r->state = REQUEST_PENDING;
    r->when_us = clock_deadline_ms(wait_ms);
    snprintf(detail, sizeof detail, "attempt %u, in %lld ms", r->failures + 1, (long long)wait_ms);
    request_note(d, r, JOURNAL_RETRIED, pn_errname(reason), detail);
}

static void fail(struct dialer *d, struct request *r, int rc)
{
    char text[NET_TARGET_TEXT_BYTES], detail[JOURNAL_DETAIL_BYTES];

    r->failures++;
    log_info("dial", "cannot connect to %s (%s): %s; attempt %u", request_text(text, r),
             conn_kind_name(r->kind), pn_strerror(rc), r->failures);
    snprintf(detail, sizeof detail, "%s, attempt %u", conn_kind_name(r->kind), r->failures);
    request_note(d, r, JOURNAL_FAILED, pn_errname(rc), detail);
    retire(d, r, rc);
}

/* The dial, or the hand-over, came out with rc. */
static void conclude(struct dialer *d, struct request *r, int rc)
{
    const char *network = d->networks[r->network].config.name;

    metric_add(metric_get(&dials, network, conn_kind_name(r->kind), pn_errname(rc), NULL), 1);
    if (!r->permanent)
        outbound_tried(d, r, rc);
    if (rc < 0) {
        fail(d, r, rc);
        return;
    }
    r->state = REQUEST_ESTABLISHED;
    if (r->permanent)
        orders_reached(d, r);
    else
        d->next_automatic_us = 0; /* others may have waited for this one */
}

void request_closed(struct dialer *d, struct request *r, bool was_ready)
{
    r->failures = was_ready ? 1 : r->failures + 1;
    retire(d, r, PN_ECLOSED);
}

/* --- dialling --- */

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

static int dial(struct dialer *d, struct request *r, const struct net_target *to)
{
    char detail[JOURNAL_DETAIL_BYTES];
    int rc = dial_path_start(&r->path, d->config.paths, to);

    if (rc < 0)
        return rc;
    r->state = REQUEST_DIALLING;
    r->when_us = clock_deadline_ms(time_allowed_ms(d, r->path));
    d->under_way++;
    snprintf(detail, sizeof detail, "%s, attempt %u", conn_kind_name(r->kind), r->failures + 1);
    request_note(d, r, JOURNAL_DIALLED, proxy_way_name(dial_path_way(r->path)), detail);
    return 0;
}

static int dial_addr(struct dialer *d, struct request *r)
{
    struct net_target target;
    int rc = subnet_list_permits(d->config.gate->permitted, &r->addr)
                 ? net_target_from_addr(&target, &r->addr)
                 : PN_EFILTERED;

    return rc < 0 ? rc : dial(d, r, &target);
}

/* --- names --- */

/* Thread: whoever looks names up. */
static void on_answer(void *arg, int rc, const struct net_addr *addrs, size_t n)
{
    struct named *named = arg;
    const struct dialer_msg m = {.event = REQUEST_ANSWERED, .request_id = named->request_id};

    named->rc = rc;
    named->n = n < NAME_ADDRESSES_MAX ? n : NAME_ADDRESSES_MAX;
    if (named->n > 0)
        memcpy(named->addrs, addrs, named->n * sizeof *addrs);
    if (BUG(chan_try_send(&named->owner->inbox, &m) < 0))
        return;
}

static int look_up(struct dialer *d, struct request *r)
{
    const struct dialer_lookup *lookup = &d->config.lookup;
    int rc;

    if (!lookup->begin)
        return PN_ENOROUTE;
    r->state = REQUEST_RESOLVING; /* before, since the answer may be quicker than the call */
    rc = lookup->begin(lookup->arg, &r->named->to, on_answer, r->named);
    if (rc < 0)
        r->state = REQUEST_PENDING;
    return rc;
}

static int dial_name(struct dialer *d, struct request *r)
{
    const struct net_target *to = &r->named->to;
    bool restricted = d->config.gate->permitted->n > 0;
    struct proxy_route route;
    int rc = proxy_route(&route, dial_paths_config(d->config.paths), to);

    if (rc == PN_EINVAL || (rc == 0 && restricted && to->kind == TARGET_NAME))
        return look_up(d, r);
    if (rc == 0 && restricted)
        return PN_EFILTERED; /* a name of Tor or I2P, which is of no subnet */
    if (rc < 0)
        return rc;
    net_target_stand_in(&r->addr, to);
    return dial(d, r, to);
}

/* Of the name's addresses the next one that is permitted. */
static int dial_answer(struct dialer *d, struct request *r)
{
    struct named *named = r->named;

    if (r->cancelled)
        return PN_EQUIT;
    if (named->rc < 0)
        return named->rc;
    for (size_t i = 0; i < named->n; i++) {
        r->addr = named->addrs[named->turn++ % named->n];
        if (subnet_list_permits(d->config.gate->permitted, &r->addr))
            return dial_addr(d, r);
    }
    return PN_EFILTERED;
}

void request_answered(struct dialer *d, struct request *r)
{
    int rc = dial_answer(d, r);

    if (rc < 0)
        conclude(d, r, rc);
}

void request_cancel(struct dialer *d, struct request *r)
{
    r->permanent = false;
    switch (r->state) {
    case REQUEST_DIALLING:
        dial_path_free(r->path);
        r->path = NULL;
        d->under_way--;
        request_release(r);
        break;
    case REQUEST_PENDING:
        request_release(r);
        break;
    case REQUEST_RESOLVING:
        r->cancelled = true;
        break;
    case REQUEST_ESTABLISHED:
    case REQUEST_FREE:
        break;
    }
}

void request_begin(struct dialer *d, struct request *r)
{
    int rc = r->named ? dial_name(d, r) : dial_addr(d, r);

    if (rc < 0)
        conclude(d, r, rc);
}

/* --- handing over --- */

/* Owns: takes fd. Returns: 0 when the server has the connection. */
static int hand_over(struct dialer *d, struct request *r, int fd)
{
    struct conn *c = gate_is_paused(d->config.gate) ? NULL : conn_from_fd(fd);
    int rc;

    if (!c) {
        close(fd);
        return gate_is_paused(d->config.gate) ? PN_EPAUSED : PN_ENOMEM;
    }
    rc = d->config.connected(d->config.arg, r->network, c, &r->addr, r->kind, r->id, &d->quit);
    if (rc < 0)
        conn_close(c);
    return rc;
}

void request_step(struct dialer *d, struct request *r, short revents)
{
    int rc = dial_path_step(r->path, revents);
    int fd;

    if (rc == PN_EAGAIN && clock_mono_us() >= r->when_us)
        rc = PN_ETIMEDOUT;
    if (rc == PN_EAGAIN)
        return;
    fd = rc == 0 ? dial_path_take(r->path) : -1;
    dial_path_free(r->path);
    r->path = NULL;
    d->under_way--;
    conclude(d, r, rc == 0 ? hand_over(d, r, fd) : rc);
}
