#include "relay_fixture.h"

#include <check.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"

struct relay_fixture fx;

static void log_items(struct item_log *log, const struct btc_inv_item *items, size_t n)
{
    ck_assert_uint_le(log->n + n, LOG_MAX);
    if (n)
        memcpy(&log->items[log->n], items, n * sizeof *items);
    log->n += n;
    log->messages++;
}

static void on_ask(void *arg, void *peer, const struct btc_inv_item *items, size_t n)
{
    struct fake_peer *p = peer;

    (void)arg;
    log_items(&p->asked, items, n);
}

static void on_tell(void *arg, void *peer, const struct btc_inv_item *items, size_t n)
{
    struct fake_peer *p = peer;

    (void)arg;
    log_items(&p->told_of, items, n);
}

static void on_fee_filter(void *arg, void *peer, int64_t rate)
{
    struct fake_peer *p = peer;

    (void)arg;
    p->fee_filter = rate;
}

static int64_t their_fee_filter(void *arg, void *peer)
{
    struct fake_peer *p = peer;

    (void)arg;
    return p->their_fee_filter;
}

static void on_refused(void *arg, void *peer, const struct tx_body *body, enum tx_refusal why)
{
    struct fake_peer *p = peer;

    (void)arg;
    (void)body;
    p->refused[why]++;
}

static void on_accepted(void *arg, void *peer, const struct tx_body *body)
{
    struct fake_peer *p = peer;

    (void)arg;
    (void)body;
    p->accepted++;
}

static void on_event(void *arg, const struct txrelay_event *e)
{
    (void)arg;
    fx.events[fx.n_events++] = *e;
}

void relay_begin_behind(void)
{
    static const struct txpool_config pool = {
        .max_bytes = 10 << 20, .max_count = 10000, .max_age_ms = 24 * 3600 * 1000};
    static const struct txrelay_config config = {
        .max_peers = RELAY_PEERS, .inbound_ms = 5000, .outbound_ms = 2000};
    static const struct txrelay_ops ops = {
        .ask = on_ask,
        .tell = on_tell,
        .fee_filter = on_fee_filter,
        .their_fee_filter = their_fee_filter,
        .refused = on_refused,
        .accepted = on_accepted,
        .event = on_event,
    };

    clock_test_start(1700000000);
    random_test_start(99);
    memset(&fx, 0, sizeof fx);
    ck_assert_int_eq(txpool_new(&fx.pool, &pool, NULL, NULL), 0);
    ck_assert_int_eq(txrelay_new(&fx.relay, fx.pool, &config, &ops, NULL), 0);
}

void relay_begin(void)
{
    relay_begin_behind();
    txrelay_tip(fx.relay, 100, 1699990000);
}

void relay_end(void)
{
    for (unsigned i = 0; i < RELAY_PEERS; i++)
        relay_leave(i);
    txrelay_free(fx.relay);
    txpool_free(fx.pool);
    random_test_stop();
    clock_test_stop();
}

void relay_join(unsigned i, struct txrelay_peer_info info)
{
    int place;

    relay_leave(i);
    tx_told_init(&fx.peers[i].told);
    info.handle = &fx.peers[i];
    info.told = &fx.peers[i].told;
    info.source = i;
    place = txrelay_peer_ready(fx.relay, &info);
    ck_assert_int_ge(place, 0);
    fx.peers[i].place = (unsigned)place + 1;
    txrelay_tick(fx.relay);
}

void relay_join_full(unsigned i)
{
    relay_join(i, (struct txrelay_peer_info){.preferred = true,
                                             .by_wtxid = true,
                                             .has_witness = true,
                                             .wants = true,
                                             .gives = true,
                                             .fee_filter = true});
}

void relay_leave(unsigned i)
{
    if (fx.peers[i].place == 0)
        return;
    txrelay_peer_gone(fx.relay, fx.peers[i].place - 1);
    tx_told_free(&fx.peers[i].told);
    memset(&fx.peers[i], 0, sizeof fx.peers[i]);
}

void relay_announce(unsigned i, const struct tx_body *t)
{
    struct btc_inv_item item = {.type = BTC_INV_WTX};

    memcpy(item.hash, t->wtxid, sizeof item.hash);
    txrelay_inv(fx.relay, fx.peers[i].place - 1, &item, 1);
    txrelay_tick(fx.relay);
}

void relay_send(unsigned i, struct tx_body *t)
{
    txrelay_tx(fx.relay, fx.peers[i].place - 1, tx_body_ref(t), tx_check(&t->tx));
    txrelay_tick(fx.relay);
}

void relay_miss(unsigned i, const struct tx_body *t)
{
    struct btc_inv_item item = {.type = BTC_INV_WTX};

    memcpy(item.hash, t->wtxid, sizeof item.hash);
    txrelay_notfound(fx.relay, fx.peers[i].place - 1, &item, 1);
    txrelay_tick(fx.relay);
}

void relay_pass_ms(int64_t ms)
{
    int64_t end_us = clock_mono_us() + ms * 1000;

    for (;;) {
        int64_t next_us = txrelay_tick(fx.relay);
        int64_t wait_ms;

        if (next_us > end_us)
            next_us = end_us;
        wait_ms = (next_us - clock_mono_us() + 999) / 1000;
        if (clock_mono_us() >= end_us)
            break;
        clock_test_advance_ms(wait_ms > 0 ? wait_ms : 1);
    }
}

static unsigned count_in(const struct item_log *log, const uint8_t hash[32])
{
    unsigned n = 0;

    for (size_t i = 0; i < log->n; i++)
        n += memcmp(log->items[i].hash, hash, 32) == 0;
    return n;
}

unsigned relay_asked(unsigned i, const uint8_t hash[32])
{
    return count_in(&fx.peers[i].asked, hash);
}

unsigned relay_told(unsigned i, const uint8_t hash[32])
{
    return count_in(&fx.peers[i].told_of, hash);
}
