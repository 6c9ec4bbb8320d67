/* Announcements of transactions to 125 peers: by the state machine alone, encoding included, and by
 * a whole node, with this process as all its peers on the same two cores. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "bench_process.h"
#include "bitcoin/chain/params.h"
#include "bitcoin/txrelay/txrelay.h"

enum {
    PEERS = 125,
    TXS = 4000,       /* of the state machine: less than an outbox holds */
    ROUND_TXS = 2000, /* of the node: until all peers have them */
    ROUNDS = 10,
    RUNS = 5,
    TX_BYTES = 82,
};

/* Spends output n of nothing; pays to a key hash. */
static void make_tx(uint8_t out[TX_BYTES], uint32_t n)
{
    static const uint8_t script[22] = {0, 20, 1};
    struct btc_txin in = {.sequence = UINT32_MAX};
    const struct btc_txout to = {.value_sat = 10000, .script = {script, sizeof script}};
    const struct btc_tx tx = {.version = 2, .in = &in, .in_count = 1, .out = &to, .out_count = 1};
    struct buf b;

    memset(in.prev_hash, 0xee, sizeof in.prev_hash);
    memcpy(in.prev_hash, &n, sizeof n);
    buf_init(&b, TX_BYTES);
    btc_tx_encode(&b, &tx);
    if (b.len != TX_BYTES)
        bench_die("a transaction of another size");
    memcpy(out, b.data, TX_BYTES);
    buf_free(&b);
}

/* --- the state machine --- */

struct machine {
    struct txpool *pool;
    struct txrelay *relay;
    struct tx_told told[PEERS + 1];
    const uint8_t *magic;
    uint64_t delivered;
};

static void tell(void *arg, void *peer, const struct btc_inv_item *items, size_t n)
{
    struct machine *m = arg;
    const struct btc_msg inv = {.cmd = BTC_CMD_INV, .u.inv = {.items = items, .count = n}};
    struct buf b;

    (void)peer;
    buf_init(&b, 1 << 20);
    btc_frame_encode(&b, m->magic, &inv);
    buf_free(&b);
    m->delivered += n;
}

static void ask(void *arg, void *peer, const struct btc_inv_item *items, size_t n)
{
    (void)arg;
    (void)peer;
    (void)items;
    (void)n;
}

static void fee_filter(void *arg, void *peer, int64_t rate)
{
    (void)arg;
    (void)peer;
    (void)rate;
}

static int64_t their_fee_filter(void *arg, void *peer)
{
    (void)arg;
    (void)peer;
    return 1000;
}

static void refused(void *arg, void *peer, const struct tx_body *body, enum tx_refusal why)
{
    (void)arg;
    (void)peer;
    (void)body;
    bench_die(tx_refusal_name(why));
}

static void accepted(void *arg, void *peer, const struct tx_body *body)
{
    (void)arg;
    (void)peer;
    (void)body;
}

static void start(struct machine *m)
{
    static const struct txpool_config pool = {
        .max_bytes = 64 << 20, .max_count = 2 * TXS, .max_age_ms = 1000000000};
    static const struct txrelay_config config = {
        .max_peers = PEERS + 1, .inbound_ms = 5000, .outbound_ms = 2000};
    static const struct txrelay_ops ops = {.ask = ask,
                                           .tell = tell,
                                           .fee_filter = fee_filter,
                                           .their_fee_filter = their_fee_filter,
                                           .refused = refused,
                                           .accepted = accepted};

    m->delivered = 0;
    if (txpool_new(&m->pool, &pool, NULL, NULL) < 0 ||
        txrelay_new(&m->relay, m->pool, &config, &ops, m) < 0)
        bench_die("no memory");
    txrelay_tip(m->relay, 100, 1700000000);
    for (unsigned i = 0; i <= PEERS; i++) {
        const struct txrelay_peer_info info = {.handle = &m->told[i],
                                               .told = &m->told[i],
                                               .inbound = i >= 8,
                                               .preferred = true,
                                               .trusted = true,
                                               .by_wtxid = true,
                                               .wants = i < PEERS,
                                               .gives = true};

        tx_told_init(&m->told[i]);
        txrelay_peer_ready(m->relay, &info);
    }
}

static void stop(struct machine *m)
{
    txrelay_free(m->relay);
    txpool_free(m->pool);
    for (unsigned i = 0; i <= PEERS; i++)
        tx_told_free(&m->told[i]);
}

/* All are received, checked and added, then announced in as many batches as the rules want, with
 * the clock moved on between them. */
static double machine_rate(void *arg)
{
    static struct machine m;
    double begin, took;

    m.magic = arg;
    clock_test_start(1700000000);
    start(&m);
    begin = bench_now();
    for (uint32_t i = 0; i < TXS; i++) {
        uint8_t raw[TX_BYTES];
        struct tx_body *body;

        make_tx(raw, i);
        if (tx_body_parse(&body, m.magic, raw, sizeof raw) < 0)
            bench_die("a malformed transaction");
        txrelay_tx(m.relay, PEERS, body, tx_check(&body->tx));
    }
    while (m.delivered < (uint64_t)TXS * PEERS) {
        txrelay_tick(m.relay);
        clock_test_advance_ms(1000);
    }
    took = bench_now() - begin;
    stop(&m);
    clock_test_stop();
    return TXS * PEERS / took;
}

/* --- a whole node --- */

struct listener {
    struct pollfd fds[PEERS];
    struct btc_stream streams[PEERS];
    uint64_t heard;
};

static void take_announcements(struct listener *l, unsigned i)
{
    struct btc_frame f;
    size_t room;
    uint8_t *at = btc_stream_space(&l->streams[i], &room);
    ssize_t got = at ? recv(l->fds[i].fd, at, room, MSG_DONTWAIT) : -1;

    if (got <= 0)
        bench_die("a connection has ended");
    btc_stream_commit(&l->streams[i], (size_t)got);
    while (btc_stream_next(&l->streams[i], &f) == 1)
        if (f.header.cmd == BTC_CMD_INV)
            l->heard += f.header.len / 36;
}

static void hear(struct listener *l, uint64_t until)
{
    while (l->heard < until) {
        if (poll(l->fds, PEERS, 10000) < 1)
            bench_die("announcements are missing");
        for (unsigned i = 0; i < PEERS; i++)
            if (l->fds[i].revents)
                take_announcements(l, i);
    }
}

static void send_round(int fd, const uint8_t *magic, uint32_t first)
{
    static uint8_t out[ROUND_TXS * (BTC_FRAME_HEADER_BYTES + TX_BYTES)];
    size_t len = 0;

    for (uint32_t i = 0; i < ROUND_TXS; i++) {
        uint8_t raw[TX_BYTES];
        struct buf b;

        make_tx(raw, first + i);
        buf_init(&b, 1024);
        btc_frame_wrap(&b, magic, BTC_CMD_TX, raw, sizeof raw);
        memcpy(out + len, b.data, b.len);
        len += b.len;
        buf_free(&b);
    }
    for (size_t done = 0; done < len;) {
        ssize_t n = send(fd, out + done, len - done, MSG_NOSIGNAL);

        if (n <= 0)
            bench_die("send");
        done += (size_t)n;
    }
}

static void node_rate(const uint8_t *magic)
{
    static const char *const options[] = {"--tx-relay=on", "--trickle-interval=0.01",
                                          "--whitelist=127.0.0.0/8", NULL};
    static struct listener l;
    struct node n;
    double begin;
    int giver;

    node_start(&n, PEERS + 20, options);
    giver = node_join(&n, magic, true);
    for (unsigned i = 0; i < PEERS; i++) {
        l.fds[i] = (struct pollfd){.fd = node_join(&n, magic, true), .events = POLLIN};
        btc_stream_init(&l.streams[i], magic);
    }
    begin = bench_now();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        send_round(giver, magic, round * ROUND_TXS);
        hear(&l, (uint64_t)(round + 1) * ROUND_TXS * PEERS);
    }
    bench_rate("tx_inventory_node_125", (double)l.heard / (bench_now() - begin), "deliveries");
    bench_value("tx_inventory_node_memory", (double)node_resident_kib(&n) / 1024, "MiB");
    close(giver);
    for (unsigned i = 0; i < PEERS; i++) {
        close(l.fds[i].fd);
        btc_stream_free(&l.streams[i]);
    }
    node_stop(&n);
}

void bench_txrelay(void)
{
    const uint8_t *magic = btc_params_find("regtest")->magic;

    bench_rate("tx_inventory_125", bench_median(RUNS, machine_rate, (void *)(uintptr_t)magic),
               "deliveries");
    node_rate(magic);
}
