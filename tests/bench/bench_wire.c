/* The codec: blocks, inventory, and the framing of the smallest message there is. The blocks are
 * real ones from $P2PNODE_TEST_DATA when it is set, else made here, and the name says which. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bitcoin/block/check.h"
#include "bitcoin/filter/basic.h"
#include "bitcoin/wire/frame.h"
#include "codec/compact.h"

enum {
    RUNS = 5,
    MB = 1000000,
    INV_ITEMS = 35, /* what a trickle of announcements carried for years */
    INV_ROUNDS = 100000,
    PINGS = 1000000,
    PING_FRAME_BYTES = BTC_FRAME_HEADER_BYTES + 8,
};

static const uint8_t magic[BTC_MAGIC_BYTES] = {0xf9, 0xbe, 0xb4, 0xd9};

static void need(bool cond)
{
    if (!cond)
        abort();
}

/* --- blocks --- */

struct block_run {
    uint8_t *data;
    size_t len;
    bool check; /* merkle root and witness commitment too */
    struct arena decoded, scratch;
};

static bool load(struct block_run *run, const char *name)
{
    const char *root = getenv("P2PNODE_TEST_DATA");
    char path[1024];
    FILE *f;

    snprintf(path, sizeof path, "%s/bitcoin/blocks/%s", root ? root : "", name);
    f = root ? fopen(path, "rb") : NULL;
    if (!f)
        return false;
    run->data = malloc(BTC_BLOCK_MAX_BYTES);
    need(run->data);
    run->len = fread(run->data, 1, BTC_BLOCK_MAX_BYTES, f);
    fclose(f);
    return run->len > 0;
}

/* A block of `count` equal transactions: two inputs with witnesses of that many bytes, and two
 * outputs. */
static void make(struct block_run *run, size_t count, size_t witness_bytes)
{
    static const uint8_t script[25], zeros[5000];
    struct buf item, b;
    struct btc_txin in[2] = {{.prev_index = 1}, {.prev_index = 2}};
    struct btc_txout out[2];
    struct btc_tx *txs = calloc(count, sizeof *txs);
    struct btc_block block = {.txs = txs, .tx_count = count};

    buf_init(&item, sizeof zeros + 9);
    write_compact(&item, witness_bytes);
    buf_append(&item, zeros, witness_bytes);
    need(txs && witness_bytes <= sizeof zeros && item.err == 0);
    for (size_t i = 0; i < 2; i++) {
        in[i].witness = (struct bytes){item.data, item.len};
        in[i].witness_count = 1;
        out[i] = (struct btc_txout){.value_sat = 1, .script = {script, sizeof script}};
    }
    for (size_t i = 0; i < count; i++)
        txs[i] = (struct btc_tx){.version = 2, .in = in, .in_count = 2, .out = out, .out_count = 2};
    buf_init(&b, BTC_BLOCK_MAX_BYTES);
    btc_block_encode(&b, &block);
    need(b.err == 0);
    run->data = b.data;
    run->len = b.len;
    buf_free(&item);
    free(txs);
}

/* Returns: megabytes a second. */
static double run_block(void *arg)
{
    struct block_run *run = arg;
    double start = bench_now(), seconds;
    size_t rounds = 0;

    do {
        struct btc_msg m;

        arena_reset(&run->decoded, MB);
        need(btc_msg_decode(&m, &run->decoded, BTC_CMD_BLOCK, run->data, run->len) == 0);
        if (run->check) {
            arena_reset(&run->scratch, MB);
            need(btc_block_check(&m.u.block, &run->scratch, BTC_RULE_WITNESS) == 0);
        }
        rounds++;
        seconds = bench_now() - start;
    } while (seconds < 0.2);
    return (double)rounds * (double)run->len / MB / seconds;
}

/* The filter of the block's outputs. Returns: filters a second. */
static double run_filter(void *arg)
{
    struct block_run *run = arg;
    uint8_t hash[BTC_HASH_BYTES];
    struct btc_msg m;
    struct buf filter;
    size_t rounds = 0;
    double start, seconds;

    arena_reset(&run->decoded, MB);
    need(btc_msg_decode(&m, &run->decoded, BTC_CMD_BLOCK, run->data, run->len) == 0);
    btc_header_hash(hash, &m.u.block.header);
    buf_init(&filter, MB);
    start = bench_now();
    do {
        buf_reset(&filter);
        need(basic_filter_build(&filter, hash, &m.u.block, NULL, 0) == 0);
        rounds++;
        seconds = bench_now() - start;
    } while (seconds < 0.2);
    buf_free(&filter);
    return (double)rounds / seconds;
}

static void bench_block(const char *what, const char *file, size_t made_txs, size_t made_witness)
{
    struct block_run run = {0};
    bool real = load(&run, file);
    char name[100];

    if (!real)
        make(&run, made_txs, made_witness);
    arena_init(&run.decoded, BTC_MSG_MEMORY(run.len));
    arena_init(&run.scratch, run.len);
    snprintf(name, sizeof name, "%s_decode_%s", what, real ? "real" : "made");
    bench_rate(name, bench_median(RUNS, run_block, &run), "MB");
    if (real) { /* one that is made here commits to nothing */
        run.check = true;
        snprintf(name, sizeof name, "%s_decode_and_check_real", what);
        bench_rate(name, bench_median(RUNS, run_block, &run), "MB");
    }
    snprintf(name, sizeof name, "%s_filter_%s", what, real ? "real" : "made");
    bench_rate(name, bench_median(RUNS, run_filter, &run), "filters");
    arena_free(&run.decoded);
    arena_free(&run.scratch);
    free(run.data);
}

/* --- inventory --- */

struct inv_run {
    struct btc_msg msg;
    struct buf payload;
    struct arena a;
};

static double run_inv_decode(void *arg)
{
    struct inv_run *run = arg;
    double start = bench_now();

    for (int i = 0; i < INV_ROUNDS; i++) {
        struct btc_msg m;

        arena_reset(&run->a, 4096);
        need(btc_msg_decode(&m, &run->a, BTC_CMD_INV, run->payload.data, run->payload.len) == 0);
    }
    return INV_ROUNDS / (bench_now() - start);
}

/* With its frame, as it is sent. */
static double run_inv_encode(void *arg)
{
    struct inv_run *run = arg;
    double start = bench_now();
    struct buf b;

    buf_init(&b, BTC_PAYLOAD_MAX_BYTES);
    for (int i = 0; i < INV_ROUNDS; i++) {
        buf_reset(&b);
        need(btc_frame_encode(&b, magic, &run->msg) == 0);
    }
    buf_free(&b);
    return INV_ROUNDS / (bench_now() - start);
}

static void bench_inv(void)
{
    static struct btc_inv_item items[INV_ITEMS];
    struct inv_run run = {.msg = {.cmd = BTC_CMD_INV, .u.inv = {items, INV_ITEMS}}};

    for (uint32_t i = 0; i < INV_ITEMS; i++) {
        items[i].type = BTC_INV_WTX;
        memset(items[i].hash, (int)i, sizeof items[i].hash);
    }
    buf_init(&run.payload, BTC_PAYLOAD_MAX_BYTES);
    arena_init(&run.a, BTC_MSG_MEMORY(sizeof items + 3));
    need(btc_msg_encode(&run.payload, &run.msg) == 0);
    bench_rate("inv35_decode", bench_median(RUNS, run_inv_decode, &run), "messages");
    bench_rate("inv35_encode_frame", bench_median(RUNS, run_inv_encode, &run), "messages");
    buf_free(&run.payload);
    arena_free(&run.a);
}

/* --- framing --- */

/* Pings through a stream as they come from a socket, many to a read, checksums verified. */
static double run_ping(void *arg)
{
    const struct buf *pings = arg;
    double start = bench_now();
    struct btc_stream s;
    struct btc_frame f;
    size_t frames = 0;
    int rc = 0;

    btc_stream_init(&s, magic);
    for (size_t fed = 0; frames < PINGS && rc == 0;) {
        ssize_t took = btc_stream_feed(&s, pings->data + fed, pings->len - fed);

        need(took > 0);
        fed = (fed + (size_t)took) % pings->len;
        while ((rc = btc_stream_next(&s, &f)) > 0)
            frames++;
    }
    need(rc == 0);
    btc_stream_free(&s);
    return (double)frames / (bench_now() - start);
}

static void bench_ping(void)
{
    struct btc_msg m = {.cmd = BTC_CMD_PING};
    struct buf pings;

    buf_init(&pings, 1000 * PING_FRAME_BYTES);
    for (unsigned i = 0; i < 1000; i++) {
        m.u.ping.nonce = i;
        need(btc_frame_encode(&pings, magic, &m) == 0);
    }
    bench_rate("ping_frame_parse", bench_median(RUNS, run_ping, &pings), "messages");
    buf_free(&pings);
}

void bench_wire(void)
{
    bench_block("block_2mb", "mainnet-0540107.blk", 230, 4500);
    bench_block("block_4864tx", "mainnet-0866342.blk", 4864, 70);
    bench_inv();
    bench_ping();
}
