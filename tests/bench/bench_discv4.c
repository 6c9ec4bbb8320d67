/* Discovery: what a ping costs, what junk costs, and what a full table takes. One engine on this
 * thread; nothing goes over a socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "bench.h"
#include "ethereum/discv4/discv4.h"
#include "ethereum/nodedb/nodedb.h"

enum {
    RUNS = 5,
    EXCHANGES = 10000,
    FINDNODES = 5000,
    JUNK = 400000,
    JUNK_BYTES = 130,
    TABLE_NODES = 4000, /* pinged, of which the table takes what fits */
};

struct bench_engine {
    struct discv4 *engine;
    uint64_t sent;
    bool has_ping;
    struct net_addr to;
    uint8_t ping_hash[KECCAK256_BYTES];
};

struct bench_peer {
    uint8_t secret[EC_SECRET_BYTES];
    struct net_addr at;
};

static void need(bool cond)
{
    if (!cond)
        abort();
}

static void on_send(void *arg, const struct net_addr *to, const void *data, size_t len)
{
    struct bench_engine *e = arg;

    (void)len;
    e->sent++;
    if (((const uint8_t *)data)[DISCV4_HEAD_BYTES - 1] != DISCV4_PING)
        return;
    e->has_ping = true;
    e->to = *to;
    memcpy(e->ping_hash, data, sizeof e->ping_hash);
}

static void engine_make(struct bench_engine *e, struct nodedb *db)
{
    struct discv4_config config = {
        .reach[ETH_IPV4].at.udp = {.kind = NET_IPV4, .port = 1, .bytes = {99, 1, 1, 1}},
        .db = db,
        .limits = {.stranger_recoveries_per_s = 1000000,
                   .known_recoveries_per_s = 1000000,
                   .subnet_recoveries_per_s = 1000000,
                   .ping_backs_per_s = 1000000},
        .send = on_send,
        .arg = e};

    memset(e, 0, sizeof *e);
    ec_secret_generate(config.secret);
    need(discv4_new(&e->engine, &config, clock_mono_us()) == 0);
}

static size_t make(uint8_t out[DISCV4_MAX_PACKET_BYTES], struct discv4_packet *p,
                   const struct bench_peer *from)
{
    struct buf b;
    size_t len;

    buf_init(&b, 2 * DISCV4_MAX_PACKET_BYTES);
    p->expiration = clock_wall_s() + DISCV4_EXPIRY_S;
    need(discv4_encode(&b, p, from->secret) == 0);
    memcpy(out, b.data, b.len);
    len = b.len;
    buf_free(&b);
    return len;
}

static size_t make_ping(uint8_t out[DISCV4_MAX_PACKET_BYTES], const struct bench_peer *from)
{
    struct discv4_packet p = {.type = DISCV4_PING};

    p.u.ping.from.udp = p.u.ping.to.udp = from->at;
    return make(out, &p, from);
}

/* A peer that pings and answers the ping that comes back. */
static void bond(struct bench_engine *e, struct bench_peer *peer)
{
    uint8_t raw[DISCV4_MAX_PACKET_BYTES];
    struct discv4_packet pong = {.type = DISCV4_PONG};
    size_t len = make_ping(raw, peer);

    e->has_ping = false;
    discv4_input(e->engine, &peer->at, raw, len, clock_mono_us());
    need(e->has_ping);
    memcpy(pong.u.pong.ping_hash, e->ping_hash, sizeof e->ping_hash);
    len = make(raw, &pong, peer);
    discv4_input(e->engine, &peer->at, raw, len, clock_mono_us());
}

static double ping_exchanges(void *arg)
{
    uint8_t raw[DISCV4_MAX_PACKET_BYTES];
    struct bench_peer peer = {.at = {.kind = NET_IPV4, .port = 2, .bytes = {127, 0, 0, 1}}};
    struct bench_engine e;
    double start;
    size_t len;

    (void)arg;
    engine_make(&e, NULL);
    ec_secret_generate(peer.secret);
    bond(&e, &peer);
    len = make_ping(raw, &peer);
    e.sent = 0;
    start = bench_now();
    for (unsigned i = 0; i < EXCHANGES; i++)
        discv4_input(e.engine, &peer.at, raw, len, clock_mono_us());
    start = EXCHANGES / (bench_now() - start);
    need(e.sent == EXCHANGES);
    discv4_free(e.engine, clock_mono_us());
    return start;
}

static double junk_refusals(void *arg)
{
    static uint8_t junk[64][JUNK_BYTES];
    struct net_addr from = {.kind = NET_IPV4, .port = 2, .bytes = {66, 0, 0, 1}};
    struct bench_engine e;
    double start;

    (void)arg;
    engine_make(&e, NULL);
    random_bytes(junk, sizeof junk);
    start = bench_now();
    for (unsigned i = 0; i < JUNK; i++)
        discv4_input(e.engine, &from, junk[i % 64], JUNK_BYTES, clock_mono_us());
    start = JUNK / (bench_now() - start);
    need(discv4_stats(e.engine)->recoveries == 0);
    discv4_free(e.engine, clock_mono_us());
    return start;
}

/* Resident memory in MB. */
static double resident_mb(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    need(f && fscanf(f, "%*u %lu", &pages) == 1);
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* As many nodes as the table takes, from as many subnets, all of them in the database. */
static void full_table(void)
{
    char dir[] = "/tmp/p2pnode-bench-XXXXXX", path[64];
    uint8_t raw[DISCV4_MAX_PACKET_BYTES];
    struct discv4_packet findnode = {.type = DISCV4_FINDNODE};
    struct bench_peer peer;
    struct bench_engine e;
    struct nodedb *db;
    double before = resident_mb(), start;
    size_t len;

    need(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/nodes", dir);
    need(nodedb_open(&db, path) == 0);
    engine_make(&e, db);
    for (unsigned i = 0; i < TABLE_NODES; i++) {
        peer.at = (struct net_addr){.kind = NET_IPV4, .port = 30303, .bytes = {11}};
        peer.at.bytes[1] = (uint8_t)(i >> 8);
        peer.at.bytes[2] = (uint8_t)i;
        ec_secret_generate(peer.secret);
        bond(&e, &peer);
    }
    len = make(raw, &findnode, &peer);
    start = bench_now();
    for (unsigned i = 0; i < FINDNODES; i++)
        discv4_input(e.engine, &peer.at, raw, len, clock_mono_us());
    bench_rate("discv4_findnode", FINDNODES / (bench_now() - start), "answers");
    bench_value("discv4_table_nodes", discv4_table_size(e.engine), "nodes");
    discv4_free(e.engine, clock_mono_us()); /* which writes the database */
    engine_make(&e, db);
    bench_value("discv4_memory", resident_mb() - before, "MB");
    discv4_free(e.engine, clock_mono_us());
    nodedb_close(db);
    unlink(path);
    rmdir(dir);
}

void bench_discv4(void)
{
    bench_rate("discv4_ping_pong", bench_median(RUNS, ping_exchanges, NULL), "exchanges");
    bench_rate("discv4_junk", bench_median(RUNS, junk_refusals, NULL), "packets");
    full_table();
}
