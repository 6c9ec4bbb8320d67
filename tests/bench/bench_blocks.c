/* Blocks through a whole node, which is a process of its own on the same two cores: how fast it
 * downloads them from one peer, all checks included, and how soon 125 peers hear of a new one. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "bench.h"
#include "bench_process.h"
#include "bitcoin/block/build.h"
#include "bitcoin/block/coinbase.h"
#include "bitcoin/block/merkle.h"
#include "bitcoin/chain/params.h"

enum {
    BLOCKS = 288, /* as many as a node keeps */
    TXS = 2000,   /* in one block, of 500 bytes: 1 MB in all */
    TX_SCRIPT_BYTES = 430,
    RUNS = 3,
    HEARERS = 125,
    RELAYED = 200 /* blocks */
};

struct chain_of_blocks {
    struct btc_header headers[BLOCKS + RELAYED];
    uint8_t hashes[BLOCKS + RELAYED][BTC_HASH_BYTES];
    struct buf frames[BLOCKS]; /* the block messages */
    unsigned n;
};

static void mine(uint8_t raw[BTC_HEADER_BYTES])
{
    uint8_t target[BTC_HASH_BYTES];

    memset(target, 0xff, sizeof target);
    target[BTC_HASH_BYTES - 1] = 0x7f;
    target[0] = target[1] = 0;
    if (btc_header_mine(raw, target, NULL, NULL) < 0)
        bench_die("no nonce");
}

static void plan_next(struct btc_block_plan *plan, const struct chain_of_blocks *c,
                      const struct btc_params *params)
{
    *plan = (struct btc_block_plan){
        .version = BTC_BLOCK_VERSION,
        .time = (uint32_t)time(NULL) - 10000 + c->n,
        .bits = params->genesis.bits,
        .height = (int32_t)c->n + 1,
        .halving_interval = BTC_REGTEST_HALVING_INTERVAL,
    };
    memcpy(plan->prev, c->n ? c->hashes[c->n - 1] : params->genesis_hash, BTC_HASH_BYTES);
}

/* Put the block's header at the end of the chain. */
static void note_header(struct chain_of_blocks *c, const uint8_t *raw)
{
    struct reader r = reader_of(raw, BTC_HEADER_BYTES);

    btc_header_decode(&r, &c->headers[c->n]);
    btc_header_hash(c->hashes[c->n], &c->headers[c->n]);
    c->n++;
}

/* A block of a coinbase without witness commitment and TXS transactions that spend nothing real. */
static void add_full_block(struct chain_of_blocks *c, const struct btc_params *params)
{
    static struct btc_tx txs[TXS + 1];
    static struct btc_txin in[TXS + 1];
    static uint8_t script[TX_SCRIPT_BYTES];
    static const struct btc_txout out = {.value_sat = 1, .script = {script, sizeof script}};
    struct btc_block block = {.txs = txs, .tx_count = TXS + 1};
    struct btc_block_plan plan;
    struct arena arena;
    struct buf raw, height;

    plan_next(&plan, c, params);
    buf_init(&height, 16);
    btc_coinbase_height_encode(&height, plan.height);
    write_u8(&height, 0);
    for (uint32_t i = 0; i <= TXS; i++) {
        in[i] = (struct btc_txin){.prev_index = i, .sequence = UINT32_MAX};
        memcpy(in[i].prev_hash, plan.prev, BTC_HASH_BYTES);
        txs[i] =
            (struct btc_tx){.version = 2, .in = &in[i], .in_count = 1, .out = &out, .out_count = 1};
    }
    memset(in[0].prev_hash, 0, BTC_HASH_BYTES);
    in[0].prev_index = UINT32_MAX;
    in[0].script = (struct bytes){height.data, height.len};
    block.header =
        (struct btc_header){.version = plan.version, .time = plan.time, .bits = plan.bits};
    memcpy(block.header.prev, plan.prev, BTC_HASH_BYTES);
    arena_init(&arena, 1 << 20);
    btc_block_merkle_root(&block, block.header.merkle_root, &arena);
    buf_init(&raw, BTC_BLOCK_MAX_BYTES);
    btc_block_encode(&raw, &block);
    mine(raw.data);
    buf_init(&c->frames[c->n], BTC_BLOCK_MAX_BYTES + BTC_FRAME_HEADER_BYTES);
    if (raw.err ||
        btc_frame_wrap(&c->frames[c->n], params->magic, BTC_CMD_BLOCK, raw.data, raw.len) < 0)
        bench_die("block");
    note_header(c, raw.data);
    arena_free(&arena);
    buf_free(&raw);
    buf_free(&height);
}

static void send_all(int fd, const struct buf *frame)
{
    for (size_t done = 0; done < frame->len;) {
        struct pollfd pfd = {.fd = fd, .events = POLLOUT};
        ssize_t sent = poll(&pfd, 1, 30000) == 1 ? send(fd, frame->data + done, frame->len - done,
                                                        MSG_NOSIGNAL | MSG_DONTWAIT)
                                                 : -1;

        if (sent < 0)
            bench_die("send");
        done += (size_t)sent;
    }
}

/* The next frame, whose payload is good until the next call. */
static void read_frame(int fd, struct btc_stream *s, struct btc_frame *f)
{
    while (btc_stream_next(s, f) != 1) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        ssize_t got = 0;
        size_t room;
        uint8_t *at = btc_stream_space(s, &room);

        if (poll(&pfd, 1, 30000) != 1 || (got = recv(fd, at, room, 0)) <= 0)
            bench_die("receive");
        btc_stream_commit(s, (size_t)got);
    }
}

static void send_headers(int fd, const struct chain_of_blocks *c, const uint8_t *magic)
{
    const struct btc_msg m = {.cmd = BTC_CMD_HEADERS,
                              .u.headers = {.items = c->headers, .count = c->n}};
    struct buf frame;

    buf_init(&frame, BTC_FRAME_HEADER_BYTES + BTC_HEADERS_MAX_BYTES);
    btc_frame_encode(&frame, magic, &m);
    send_all(fd, &frame);
    buf_free(&frame);
}

/* Answer one getdata. Returns: how many blocks were sent. */
static unsigned serve(int fd, const struct chain_of_blocks *c, const struct btc_frame *f)
{
    struct arena arena;
    struct btc_msg m;
    unsigned n = 0;

    arena_init(&arena, BTC_MSG_MEMORY(f->payload.len));
    if (btc_msg_decode(&m, &arena, BTC_CMD_GETDATA, f->payload.data, f->payload.len) < 0)
        bench_die("getdata");
    for (size_t i = 0; i < m.u.getdata.count; i++)
        for (unsigned b = 0; b < c->n; b++)
            if (memcmp(c->hashes[b], m.u.getdata.items[i].hash, BTC_HASH_BYTES) == 0) {
                send_all(fd, &c->frames[b]);
                n++;
            }
    arena_free(&arena);
    return n;
}

/* From the first request until the last block has been checked and kept. */
static double download_rate(void *arg)
{
    const struct chain_of_blocks *c = arg;
    const uint8_t *magic = btc_params_find("regtest")->magic;
    struct btc_stream s;
    struct btc_frame f;
    struct node n;
    unsigned sent = 0;
    double start = 0, bytes = 0;
    int fd;

    node_start(&n, 125, NULL);
    fd = node_join(&n, magic, false);
    btc_stream_init(&s, magic);
    send_headers(fd, c, magic);
    while (sent < BLOCKS) {
        read_frame(fd, &s, &f);
        if (f.header.cmd != BTC_CMD_GETDATA)
            continue;
        if (start == 0)
            start = bench_now();
        sent += serve(fd, c, &f);
    }
    /* A ping behind the last block is answered when that has been handled. */
    node_send(fd, magic, &(struct btc_msg){.cmd = BTC_CMD_PING, .u.ping.nonce = 77});
    do {
        read_frame(fd, &s, &f);
    } while (f.header.cmd != BTC_CMD_PONG);
    start = bench_now() - start;
    for (unsigned b = 0; b < BLOCKS; b++)
        bytes += (double)c->frames[b].len;
    btc_stream_free(&s);
    close(fd);
    node_stop(&n);
    return bytes / start / 1e6;
}

void bench_blocks(void)
{
    static struct chain_of_blocks c;
    const struct btc_params *params = btc_params_find("regtest");

    while (c.n < BLOCKS)
        add_full_block(&c, params);
    bench_rate("block_download_mb", bench_median(RUNS, download_rate, &c), "MB");
    for (unsigned b = 0; b < BLOCKS; b++)
        buf_free(&c.frames[b]);
}

/* --- how soon others hear --- */

/* A block of nothing but its coinbase, as a compact block: all of it is there at once. */
static void announce_next(int fd, struct chain_of_blocks *c, const struct btc_params *params)
{
    struct btc_msg m = {.cmd = BTC_CMD_CMPCTBLOCK}, decoded;
    struct btc_block_plan plan;
    struct btc_prefilled coinbase;
    struct arena arena;
    struct buf raw;

    plan_next(&plan, c, params);
    buf_init(&raw, BTC_BLOCK_MAX_BYTES);
    btc_block_build(&raw, &plan);
    mine(raw.data);
    note_header(c, raw.data);
    arena_init(&arena, BTC_MSG_MEMORY(raw.len));
    if (btc_msg_decode(&decoded, &arena, BTC_CMD_BLOCK, raw.data, raw.len) < 0)
        bench_die("block");
    coinbase = (struct btc_prefilled){.index = 0, .tx = decoded.u.block.txs[0]};
    m.u.cmpctblock = (struct btc_cmpctblock){
        .header = decoded.u.block.header, .prefilled = &coinbase, .prefilled_count = 1};
    node_send(fd, params->magic, &m);
    arena_free(&arena);
    buf_free(&raw);
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Wait until all have read something: the announcement. */
static void hear(struct pollfd *fds, double start, double *times)
{
    static uint8_t in[65536];
    unsigned left = HEARERS;

    for (unsigned i = 0; i < HEARERS; i++)
        fds[i].events = POLLIN;
    while (left > 0) {
        if (poll(fds, HEARERS, 10000) < 1)
            bench_die("somebody did not hear");
        for (unsigned i = 0; i < HEARERS; i++) {
            if (!(fds[i].revents & POLLIN) || recv(fds[i].fd, in, sizeof in, MSG_DONTWAIT) <= 0)
                continue;
            *times++ = bench_now() - start;
            fds[i].events = 0;
            left--;
        }
    }
}

static void drain(struct pollfd *fds)
{
    static uint8_t in[65536];

    poll(NULL, 0, 500);
    for (unsigned i = 0; i < HEARERS; i++)
        while (recv(fds[i].fd, in, sizeof in, MSG_DONTWAIT) > 0)
            continue;
}

void bench_block_relay(void)
{
    static struct chain_of_blocks c;
    static double times[RELAYED * HEARERS], firsts[RELAYED];
    const struct btc_params *params = btc_params_find("regtest");
    struct pollfd fds[HEARERS];
    struct node n;
    int announcer;

    node_start(&n, HEARERS + 16, NULL);
    announcer = node_join(&n, params->magic, false);
    for (unsigned i = 0; i < HEARERS; i++) {
        fds[i].fd = node_join(&n, params->magic, false);
        node_send(fds[i].fd, params->magic, &(struct btc_msg){.cmd = BTC_CMD_SENDHEADERS});
    }
    drain(fds);
    for (unsigned i = 0; i < RELAYED; i++) {
        double start = bench_now();

        announce_next(announcer, &c, params);
        hear(fds, start, times + (size_t)i * HEARERS);
        poll(NULL, 0, 20);
    }
    for (unsigned i = 0; i < RELAYED; i++)
        firsts[i] = times[(size_t)i * HEARERS]; /* they are noted as they come */
    qsort(firsts, RELAYED, sizeof firsts[0], by_time);
    bench_value("block_to_first_peer_p50", firsts[RELAYED / 2] * 1e3, "ms");
    qsort(times, RELAYED * HEARERS, sizeof times[0], by_time);
    bench_value("block_to_125_peers_p50", times[RELAYED * HEARERS / 2] * 1e3, "ms");
    bench_value("block_to_125_peers_p99", times[RELAYED * HEARERS / 100 * 99] * 1e3, "ms");
    for (unsigned i = 0; i < HEARERS; i++)
        close(fds[i].fd);
    close(announcer);
    node_stop(&n);
}
