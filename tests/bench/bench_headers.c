/* Header sync of a whole node over loopback, from a peer in a process of its own on the same two
 * cores: a million regtest headers, 2,000 at a time; what a restart with them costs; and what an
 * attacker with ten million headers of little work changes. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "bench.h"
#include "bench_process.h"
#include "header_peer.h"

enum {
    HEADERS = 1000000,
    ATTACK_LENGTH = 900000,
    ATTACK_HEADERS = 10000000,
    POLL_MS = 5,
    PATIENCE_S = 180,
    RUNS = 3
};

struct scene {
    struct chain honest, low_work;
    struct net_addr peer;
    uint64_t *sent; /* by the attacker; shared with him */
    char connect[64], min_work[96];
    double kib, restart_s; /* of the last run */
};

static void die(const char *what)
{
    fprintf(stderr, "bench_headers: %s\n", what);
    exit(1);
}

static void await_height(const struct node *n, double height)
{
    double start = bench_now();

    while (node_metric(n, "p2pnode_headers_height") < height) {
        if (bench_now() - start > PATIENCE_S)
            die("the node does not sync");
        poll(NULL, 0, POLL_MS);
    }
}

static double seconds_until(const struct node *n, double height)
{
    double start = bench_now();

    await_height(n, height);
    return bench_now() - start;
}

/* Everything until the last header, the node's own start included. */
static double sync_rate(void *arg)
{
    struct scene *s = arg;
    struct node n;
    double took;

    node_start(&n, 125, (const char *const[]){s->connect, NULL});
    await_height(&n, 0);
    took = seconds_until(&n, HEADERS);
    poll(NULL, 0, 1000); /* until the last batch is on disk */
    s->kib = (double)node_resident_kib(&n);
    node_end(&n);
    node_start_again(&n, (const char *const[]){NULL});
    s->restart_s = seconds_until(&n, HEADERS);
    node_stop(&n);
    return HEADERS / took;
}

/* With the minimum work at the honest chain's, every chain has to be shown twice before it is
 * stored. */
static double guarded_sync(void *arg)
{
    struct scene *s = arg;
    struct node n;
    double took;

    node_start(&n, 125, (const char *const[]){s->connect, s->min_work, NULL});
    await_height(&n, 0);
    took = seconds_until(&n, HEADERS);
    poll(NULL, 0, 1000);
    s->kib = (double)node_resident_kib(&n);
    node_stop(&n);
    return took;
}

/* The same under attack; and then the attack goes on until all ten million have been sent. */
static double attacked_sync(void *arg)
{
    struct scene *s = arg;
    struct node n;
    double took, start;
    pid_t attacker;

    *s->sent = 0;
    node_start(&n, 125, (const char *const[]){s->connect, s->min_work, NULL});
    await_height(&n, 0);
    attacker = header_peer_attack(s->sent, &n.addr, &s->low_work);
    took = seconds_until(&n, HEADERS);
    bench_value("header_attack_while_syncing", (double)*s->sent, "headers");
    start = bench_now();
    while (*(volatile uint64_t *)s->sent < ATTACK_HEADERS && bench_now() - start < PATIENCE_S)
        poll(NULL, 0, POLL_MS);
    s->kib = (double)node_resident_kib(&n);
    kill(attacker, SIGKILL);
    waitpid(attacker, NULL, 0);
    node_stop(&n);
    return took;
}

static void set_up(struct scene *s)
{
    char work[65];

    s->sent =
        mmap(NULL, sizeof *s->sent, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s->sent == MAP_FAILED)
        die("no shared memory");
    header_peer_mine(&s->honest, HEADERS, 1);
    header_peer_mine(&s->low_work, ATTACK_LENGTH, 2);
    work_to_hex(work, chain_entry(&s->honest, chain_tip(&s->honest))->work);
    snprintf(s->min_work, sizeof s->min_work, "--minimum-chain-work=%s", work);
}

void bench_headers(void)
{
    static struct scene s;
    char text[NET_ADDR_TEXT_BYTES];
    double alone_s, alone_kib, attacked_s;
    pid_t peer;

    set_up(&s);
    peer = header_peer_serve(&s.peer, &s.honest);
    snprintf(s.connect, sizeof s.connect, "--connect=%s", net_addr_format(text, &s.peer));
    bench_rate("header_sync", bench_median(RUNS, sync_rate, &s), "headers");
    bench_value("node_with_1m_headers_memory", s.kib / 1024, "MiB");
    bench_value("start_with_1m_headers", s.restart_s, "s");
    alone_s = bench_median(RUNS, guarded_sync, &s);
    alone_kib = s.kib;
    bench_value("header_sync_shown_twice", alone_s, "s");
    attacked_s = bench_median(RUNS, attacked_sync, &s);
    bench_value("header_sync_attacked", attacked_s, "s");
    bench_value("header_sync_attacked_slowdown", attacked_s / alone_s, "x");
    bench_value("header_attack_memory", (s.kib - alone_kib) / 1024, "MiB");
    kill(peer, SIGKILL);
    waitpid(peer, NULL, 0);
    chain_free(&s.honest);
    chain_free(&s.low_work);
}
