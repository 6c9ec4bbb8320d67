/* What operators ask of a running dialer: to keep a connection to a node, to try it once, to keep
 * it no longer. Whether that makes sense is told at once, from the list of the nodes that are kept;
 * the dialer's thread then does it. */
#include "base/err.h"
#include "dial/dialer_internal.h"
#include "log/log.h"

struct chan_class dialer_orders_class = {
    .name = "dialer_orders",
    .elem_size = sizeof(struct dialer_order),
    .capacity = DIALER_ORDERS_MAX,
};

/* Returns: NULL when the node is not kept. */
static struct dialer_kept *find(struct dialer *d, unsigned network, const struct net_target *to)
    REQUIRES(d->mu)
{
    for (unsigned i = 0; i < d->n_kept; i++)
        if (d->kept[i].network == network && net_target_equal(&d->kept[i].to, to))
            return &d->kept[i];
    return NULL;
}

/* Thread: before the dialer's thread runs, or whoever has just seen that there is room. */
static void remember(struct dialer *d, unsigned network, const struct net_target *to)
    REQUIRES(d->mu)
{
    d->kept[d->n_kept++] = (struct dialer_kept){.network = network, .to = *to};
}

void orders_remember(struct dialer *d, unsigned network, const struct net_target *to)
{
    mutex_lock(&d->mu);
    if (d->n_kept < DIALER_MAX_REQUESTS)
        remember(d, network, to);
    mutex_unlock(&d->mu);
}

static int place(struct dialer *d, const struct dialer_order *o) REQUIRES(d->mu)
{
    struct dialer_kept *kept = find(d, o->network, &o->to);

    if (o->kind == DIALER_KEEP && kept)
        return PN_EEXIST;
    if (o->kind == DIALER_KEEP && d->n_kept == DIALER_MAX_REQUESTS)
        return PN_ELIMIT;
    if (o->kind == DIALER_KEEP_NO_LONGER && !kept)
        return PN_ENOENT;
    if (chan_try_send(&d->orders, o) < 0)
        return PN_EAGAIN;
    if (o->kind == DIALER_KEEP)
        remember(d, o->network, &o->to);
    else if (o->kind == DIALER_KEEP_NO_LONGER)
        *kept = d->kept[--d->n_kept];
    return 0;
}

int dialer_ask(struct dialer *d, unsigned network, enum dialer_order_kind kind,
               const struct net_target *to)
{
    const struct dialer_order o = {.kind = kind, .network = network, .to = *to};
    int rc;

    mutex_lock(&d->mu);
    rc = place(d, &o);
    mutex_unlock(&d->mu);
    return rc;
}

size_t dialer_kept(struct dialer *d, struct dialer_kept *out, size_t max, unsigned network)
{
    size_t n = 0;

    mutex_lock(&d->mu);
    for (unsigned i = 0; i < d->n_kept && n < max; i++)
        if (d->kept[i].network == network)
            out[n++] = d->kept[i];
    mutex_unlock(&d->mu);
    return n;
}

/* --- thread dialer --- */

static bool goes_to(const struct request *r, const struct net_target *to)
{
    if (r->named)
        return net_target_equal(&r->named->to, to);
    return to->addr.kind != NET_NONE && net_addr_equal(&r->addr, &to->addr);
}

void orders_reached(struct dialer *d, const struct request *r)
{
    mutex_lock(&d->mu);
    for (unsigned i = 0; i < d->n_kept; i++)
        if (d->kept[i].network == r->network && goes_to(r, &d->kept[i].to))
            d->kept[i].at = r->addr;
    mutex_unlock(&d->mu);
}

static void cancel(struct dialer *d, unsigned network, const struct net_target *to)
{
    for (unsigned i = 0; i < d->n; i++) {
        struct request *r = &d->requests[i];

        if (r->state != REQUEST_FREE && r->permanent && r->network == network && goes_to(r, to))
            request_cancel(d, r);
    }
}

static void carry_out(struct dialer *d, const struct dialer_order *o)
{
    char text[NET_TARGET_TEXT_BYTES];
    int rc = 0;

    if (o->kind == DIALER_KEEP_NO_LONGER)
        cancel(d, o->network, &o->to);
    else
        rc = request_place_target(d, o->network, &o->to, o->kind == DIALER_KEEP);
    if (rc < 0)
        log_warn("dial", "cannot dial %s: %s", net_target_format(text, &o->to), pn_strerror(rc));
}

void orders_take(struct dialer *d)
{
    struct dialer_order o;

    while (chan_try_recv(&d->orders, &o) == 0)
        carry_out(d, &o);
}
