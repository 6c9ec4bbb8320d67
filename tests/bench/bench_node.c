/* A whole node, seen from outside: what 500 idle peers cost, and how many pings it answers. The
 * client is this process, on the same two cores. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "bench_process.h"
#include "bitcoin/chain/params.h"

enum {
    IDLE_PEERS = 500,
    CROWD = 1000,
    SCRAPES = 21,
    PING_PEERS = 10,
    PINGS_IN_FLIGHT = 50,
    PING_BYTES = 32, /* 24 of header, 8 of nonce; a pong is as long */
    PING_SECONDS = 2,
    PING_RUNS = 5
};

static void idle_peers(const uint8_t *magic)
{
    struct node n;
    int fds[IDLE_PEERS];
    long before, after;
    double start;

    node_start(&n, IDLE_PEERS + 16, NULL);
    close(node_join(&n, magic, false)); /* what the first peer costs once is not a peer's cost */
    before = node_resident_kib(&n);
    start = bench_now();
    for (int i = 0; i < IDLE_PEERS; i++)
        fds[i] = node_join(&n, magic, false);
    bench_rate("handshakes", IDLE_PEERS / (bench_now() - start), "handshakes");
    after = node_resident_kib(&n);
    bench_value("idle_peer_memory", (double)(after - before) / IDLE_PEERS, "KiB");
    bench_value("node_with_500_peers_memory", (double)after / 1024, "MiB");
    for (int i = 0; i < IDLE_PEERS; i++)
        close(fds[i]);
    node_stop(&n);
}

static double scrape_ms(void *arg)
{
    double start = bench_now();

    if (node_metric(arg, "p2pnode_headers_height") < 0)
        return -1;
    return 1000 * (bench_now() - start);
}

/* The whole of it: connecting, making the text, sending and reading it. */
static void scrape(const uint8_t *magic)
{
    const struct rlimit files = {2 * CROWD, 2 * CROWD};
    static int fds[CROWD];
    struct node n;

    setrlimit(RLIMIT_NOFILE, &files);
    node_start(&n, CROWD + 16, NULL);
    for (int i = 0; i < CROWD; i++)
        fds[i] = node_join(&n, magic, false);
    bench_value("metrics_scrape_1000_peers", bench_median(SCRAPES, scrape_ms, &n), "ms");
    for (int i = 0; i < CROWD; i++)
        close(fds[i]);
    node_stop(&n);
}

struct pinger {
    int fds[PING_PEERS];
    unsigned partial[PING_PEERS]; /* bytes of a pong that have come */
    uint8_t pings[PINGS_IN_FLIGHT * PING_BYTES];
};

static void fill_pings(struct pinger *p, const uint8_t *magic)
{
    for (int i = 0; i < PINGS_IN_FLIGHT; i++) {
        struct btc_msg m = {.cmd = BTC_CMD_PING, .u.ping.nonce = (uint64_t)i + 1};
        struct buf b;

        buf_init(&b, 4096);
        btc_frame_encode(&b, magic, &m);
        memcpy(p->pings + i * PING_BYTES, b.data, PING_BYTES);
        buf_free(&b);
    }
}

static void put_pings(struct pinger *p, int i, size_t count)
{
    if (send(p->fds[i], p->pings, count * PING_BYTES, MSG_NOSIGNAL) !=
        (ssize_t)(count * PING_BYTES))
        bench_die("ping");
}

static double ping_rate(void *arg)
{
    struct pinger *p = arg;
    double start = bench_now(), now = start;
    uint64_t pongs = 0;
    static uint8_t in[65536];

    while ((now = bench_now()) - start < PING_SECONDS) {
        struct pollfd fds[PING_PEERS];

        for (int i = 0; i < PING_PEERS; i++)
            fds[i] = (struct pollfd){.fd = p->fds[i], .events = POLLIN};
        if (poll(fds, PING_PEERS, 1000) < 1)
            bench_die("no pongs");
        for (int i = 0; i < PING_PEERS; i++) {
            ssize_t got = fds[i].revents ? recv(p->fds[i], in, sizeof in, MSG_DONTWAIT) : 0;
            size_t whole;

            if (got <= 0)
                continue;
            p->partial[i] += (unsigned)got;
            whole = p->partial[i] / PING_BYTES;
            p->partial[i] %= PING_BYTES;
            pongs += whole;
            if (whole)
                put_pings(p, i, whole);
        }
    }
    return (double)pongs / (now - start);
}

static void ping_pong(const uint8_t *magic)
{
    static struct pinger p;
    struct node n;

    node_start(&n, 125, NULL);
    fill_pings(&p, magic);
    for (int i = 0; i < PING_PEERS; i++) {
        p.fds[i] = node_join(&n, magic, false);
        put_pings(&p, i, PINGS_IN_FLIGHT);
    }
    bench_rate("ping_pong_10x50", bench_median(PING_RUNS, ping_rate, &p), "pongs");
    for (int i = 0; i < PING_PEERS; i++)
        close(p.fds[i]);
    node_stop(&n);
}

void bench_node(void)
{
    const uint8_t *magic = btc_params_find("regtest")->magic;

    idle_peers(magic);
    scrape(magic);
    ping_pong(magic);
}
