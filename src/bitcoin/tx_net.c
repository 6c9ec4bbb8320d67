/* The thread of the relay: it waits on its inbox and on the relay's next time, and only try-sends
 * to peers, so it waits for nobody. Once a second at least it looks at the header chain's tip. */
#include "bitcoin/tx_net.h"

#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/view.h"
#include "bitcoin/tx_net_internal.h"
#include "metrics/metrics.h"

enum {
    INBOX_MESSAGES = 512,
    INBOX_BYTES = 8 << 20,
    TURN_MESSAGES = 64, /* taken before what is due is done */
    HEARTBEAT_MS = 1000,
    POOL_COUNT = 50000,
    POOL_BYTES = 64 << 20,
    POOL_AGE_MS = 336 * 3600 * 1000, /* Core, DEFAULT_MEMPOOL_EXPIRY_HOURS */
};

static size_t msg_weight(const void *elem)
{
    const struct tx_net_msg *m = elem;

    return m->n * sizeof *m->items + (m->body ? m->body->bytes : 0);
}

struct chan_class tx_net_inbox_class = {
    .name = "bitcoin_tx_inbox",
    .elem_size = sizeof(struct tx_net_msg),
    .capacity = INBOX_MESSAGES,
    .max_weight = INBOX_BYTES,
    .weight = msg_weight,
    .block_roles = ROLE_BIT(ROLE_PEER_IN) | ROLE_BIT(ROLE_PEER_QUEUE) | ROLE_BIT(ROLE_PEER_OUT) |
                   ROLE_BIT(ROLE_PEER_STALL) | ROLE_BIT(ROLE_PEER_PING),
};

/* --- the turn --- */

static void peer_ready(struct tx_net *t, struct peer *p)
{
    const struct txrelay_peer_info info = tx_net_describe(p);
    int place = txrelay_peer_ready(t->relay, &info);

    btc_peer_of(p)->tx_place = place;
    if (BUG(place < 0))
        peer_unref(p);
}

static void peer_gone(struct tx_net *t, struct peer *p)
{
    int place = btc_peer_of(p)->tx_place;

    if (place < 0)
        return;
    txrelay_peer_gone(t->relay, (unsigned)place);
    peer_unref(p);
}

static void take_of_peer(struct tx_net *t, struct tx_net_msg *m)
{
    int place = btc_peer_of(m->peer)->tx_place;

    if (m->event == TX_NET_LIST)
        peer_release(m->peer);
    if (place < 0)
        return;
    switch (m->event) {
    case TX_NET_INV:
        txrelay_inv(t->relay, (unsigned)place, m->items, m->n);
        break;
    case TX_NET_NOTFOUND:
        txrelay_notfound(t->relay, (unsigned)place, m->items, m->n);
        break;
    case TX_NET_TX:
        txrelay_tx(t->relay, (unsigned)place, m->body, m->checked);
        m->body = NULL;
        break;
    case TX_NET_LIST:
        txrelay_list(t->relay, (unsigned)place);
        break;
    default:
        break;
    }
}

static void take(struct tx_net *t, struct tx_net_msg *m)
{
    switch (m->event) {
    case TX_NET_READY:
        peer_ready(t, m->peer);
        break;
    case TX_NET_GONE:
        peer_gone(t, m->peer);
        break;
    case TX_NET_ASKED:
        txrelay_asked(t->relay, m->body->wtxid);
        break;
    case TX_NET_SUBMITTED:
        txrelay_submitted(t->relay, m->body);
        m->body = NULL;
        break;
    case TX_NET_WAKE:
        break;
    default:
        take_of_peer(t, m);
        break;
    }
    tx_body_unref(m->body);
    mem_free(m->items);
}

static void look_at_tip(struct tx_net *t)
{
    struct chain_point tip;

    /* Once in sync, always: a peer that claims a longer chain cannot silence us (Core's initial
     * block download ends for good too). */
    t->in_sync |= atomic_load(&t->net->in_sync);
    if (!t->in_sync)
        return;
    chain_view_tip(&t->net->chain, &tip);
    if (memcmp(t->tip, tip.hash, sizeof t->tip) == 0)
        return;
    memcpy(t->tip, tip.hash, sizeof t->tip);
    txrelay_tip(t->relay, tip.height + 1, tip.median_time);
}

void tx_net_left(void *arg, struct tx_body *body, bool own, enum txpool_exit exit)
{
    struct tx_net *t = arg;
    struct tx_net_msg wake = {.event = TX_NET_WAKE};

    metric_add(t->metrics.left[exit], 1);
    if (!own)
        return;
    mutex_lock(&t->mu);
    if (t->n_departures < TXRELAY_OWN_MAX) {
        memcpy(t->departures[t->n_departures].wtxid, body->wtxid, BTC_HASH_BYTES);
        t->departures[t->n_departures++].exit = exit;
    }
    mutex_unlock(&t->mu);
    chan_try_send(&t->inbox, &wake); /* full: it turns anyway */
}

static bool next_departure(struct tx_net *t, struct departure *out)
{
    bool any;

    mutex_lock(&t->mu);
    any = t->n_departures > 0;
    if (any)
        *out = t->departures[--t->n_departures];
    mutex_unlock(&t->mu);
    return any;
}

/* Everything at hand, then what is due. Returns: when to turn again. */
static int64_t turn(struct tx_net *t, struct tx_net_msg *first)
{
    int64_t beat_us = clock_deadline_ms(HEARTBEAT_MS), next_us;
    struct tx_net_msg m;
    struct departure d;

    look_at_tip(t);
    if (first)
        take(t, first);
    for (int i = 1; first && i < TURN_MESSAGES && chan_try_recv(&t->inbox, &m) == 0; i++)
        take(t, &m);
    while (next_departure(t, &d))
        txrelay_departed(t->relay, d.wtxid, d.exit);
    next_us = txrelay_tick(t->relay);
    tx_net_set_gauges(t);
    return next_us < beat_us ? next_us : beat_us;
}

static void run(void *arg)
{
    struct tx_net *t = arg;
    struct tx_net_msg m;
    struct chan_case cases[] = {
        {.chan = &t->inbox, .op = CHAN_RECV, .elem = &m},
        {.chan = &t->quit, .op = CHAN_RECV},
    };
    int64_t next_us = 0;
    int which;

    do {
        which = chan_select(cases, 2, next_us);
        next_us = turn(t, which == 0 ? &m : NULL);
    } while (which != 1);
    /* Every peer is gone: what is left in the inbox gives their references back. */
    while (chan_try_recv(&t->inbox, &m) == 0)
        take(t, &m);
}

/* --- life --- */

static int make_relay(struct tx_net *t)
{
    const struct bitcoin_config *c = &t->net->config;
    const struct txpool_config pool = {
        .max_bytes = POOL_BYTES, .max_count = POOL_COUNT, .max_age_ms = POOL_AGE_MS};
    const struct txrelay_config relay = {
        .max_peers = c->max_peers,
        .inbound_ms = c->tx_inbound_ms,
        .outbound_ms = c->tx_outbound_ms,
    };
    int rc = txpool_new(&t->pool, &pool, tx_net_left, t);

    return rc == 0 ? txrelay_new(&t->relay, t->pool, &relay, &tx_net_ops, t) : rc;
}

int tx_net_new(struct tx_net **out, struct bitcoin *b) NO_THREAD_SAFETY
{
    struct tx_net *t = mem_zalloc(sizeof *t);

    if (!t)
        return PN_ENOMEM;
    t->net = b;
    mutex_init(&t->mu);
    t->source_key = siphash_random_key();
    tx_net_make_metrics(t);
    if (chan_class_register(&tx_net_inbox_class) < 0 ||
        chan_init(&t->inbox, &tx_net_inbox_class) < 0)
        goto fail;
    if (chan_init(&t->quit, &quit_class) < 0)
        goto fail_inbox;
    if (make_relay(t) < 0)
        goto fail_relay;
    *out = t;
    return 0;
fail_relay:
    txrelay_free(t->relay);
    txpool_free(t->pool);
    chan_destroy(&t->quit, NULL);
fail_inbox:
    chan_destroy(&t->inbox, NULL);
fail:
    mutex_destroy(&t->mu);
    mem_free(t);
    return PN_ENOMEM;
}

int tx_net_start(struct tx_net *t)
{
    return thread_start(&t->thread, "tx-relay", ROLE_TX_RELAY, run, t);
}

void tx_net_stop(struct tx_net *t)
{
    quit_request(&t->quit);
    thread_join(&t->thread);
}

static void drop(void *elem)
{
    struct tx_net_msg *m = elem;

    tx_body_unref(m->body);
    mem_free(m->items);
}

void tx_net_free(struct tx_net *t)
{
    if (!t)
        return;
    tx_net_stop(t); /* it runs still when the manager could not be started */
    txrelay_free(t->relay);
    txpool_free(t->pool);
    chan_destroy(&t->inbox, drop);
    chan_destroy(&t->quit, NULL);
    mutex_destroy(&t->mu);
    mem_free(t);
}
