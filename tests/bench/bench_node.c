/* A whole node, seen from outside: what 500 idle peers cost, and how many pings it answers. The
 * client is this process, on the same two cores. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "bench.h"
#include "bitcoin/chain/params.h"
#include "bitcoin/wire/frame.h"
#include "net/sock.h"

enum {
    IDLE_PEERS = 500,
    PING_PEERS = 10,
    PINGS_IN_FLIGHT = 50,
    PING_BYTES = 32, /* 24 of header, 8 of nonce; a pong is as long */
    PING_SECONDS = 2,
    PING_RUNS = 5
};

struct node {
    pid_t pid;
    struct net_addr addr;
    char dir[64];
};

static void die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct net_addr free_port(void)
{
    struct net_addr a;
    int fd;

    net_addr_parse(&a, "127.0.0.1:0", 0);
    if (sock_listen(&fd, &a) < 0 || sock_local_addr(&a, fd) < 0)
        die("no free port");
    close(fd);
    return a;
}

static void start_node(struct node *n, unsigned max_peers)
{
    const char *program = getenv("P2PNODE");
    char listen[96], dir[96], max[32], text[NET_ADDR_TEXT_BYTES];

    snprintf(n->dir, sizeof n->dir, "/tmp/p2pnode-bench-XXXXXX");
    if (!program || !mkdtemp(n->dir))
        die("set P2PNODE to the program");
    n->addr = free_port();
    snprintf(listen, sizeof listen, "--listen=%s", net_addr_format(text, &n->addr));
    snprintf(dir, sizeof dir, "--datadir=%s", n->dir);
    snprintf(max, sizeof max, "--maxpeers=%u", max_peers);
    n->pid = fork();
    if (n->pid < 0)
        die("fork");
    if (n->pid == 0) {
        execl(program, program, "--bitcoin=regtest", "--netrestrict=127.0.0.0/8", listen, dir, max,
              "--no-api-listen", "--log-level=error", (char *)NULL);
        _exit(127);
    }
}

static void stop_node(struct node *n)
{
    char command[96];
    int status;

    kill(n->pid, SIGTERM);
    if (waitpid(n->pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die("the node did not stop cleanly");
    snprintf(command, sizeof command, "%s/.lock", n->dir);
    unlink(command);
    rmdir(n->dir);
}

static long resident_kib(pid_t pid)
{
    char path[64], line[256];
    long kib = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    if (!f)
        die(path);
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    fclose(f);
    return kib;
}

static int connect_to(const struct node *n)
{
    for (int attempt = 0; attempt < 500; attempt++) {
        struct pollfd pfd = {.events = POLLOUT};

        if (sock_connect_start(&pfd.fd, &n->addr) < 0)
            die("connect");
        if (poll(&pfd, 1, 5000) == 1 && sock_connect_result(pfd.fd) == 0)
            return pfd.fd;
        close(pfd.fd);
        poll(NULL, 0, 10); /* it is still starting */
    }
    die("the node does not listen");
    return -1;
}

static void send_msg(int fd, const uint8_t *magic, const struct btc_msg *m)
{
    struct buf b;

    buf_init(&b, 4096);
    btc_frame_encode(&b, magic, m);
    if (b.err || send(fd, b.data, b.len, MSG_NOSIGNAL) != (ssize_t)b.len)
        die("send");
    buf_free(&b);
}

/* Shake hands and wait for the node's first ping, which shows that its five threads run. */
static int join(const struct node *n, const uint8_t *magic)
{
    struct btc_msg version = {.cmd = BTC_CMD_VERSION}, verack = {.cmd = BTC_CMD_VERACK};
    struct btc_stream s;
    int fd = connect_to(n);

    version.u.version = (struct btc_version){.version = 70016, .height = 0, .nonce = 1};
    btc_stream_init(&s, magic);
    send_msg(fd, magic, &version);
    send_msg(fd, magic, &verack);
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        struct btc_frame f;
        size_t room;
        uint8_t *at;
        ssize_t got = 0;

        if (btc_stream_next(&s, &f) == 1) {
            if (f.header.cmd == BTC_CMD_PING)
                break;
            continue;
        }
        at = btc_stream_space(&s, &room);
        if (poll(&pfd, 1, 10000) != 1 || (got = recv(fd, at, room, 0)) <= 0)
            die("handshake");
        btc_stream_commit(&s, (size_t)got);
    }
    btc_stream_free(&s);
    return fd;
}

static void idle_peers(const uint8_t *magic)
{
    struct node n;
    int fds[IDLE_PEERS];
    long before, after;
    double start;

    start_node(&n, IDLE_PEERS + 16);
    close(join(&n, magic)); /* what the first peer costs once is not a peer's cost */
    before = resident_kib(n.pid);
    start = bench_now();
    for (int i = 0; i < IDLE_PEERS; i++)
        fds[i] = join(&n, magic);
    bench_rate("handshakes", IDLE_PEERS / (bench_now() - start), "handshakes");
    after = resident_kib(n.pid);
    bench_value("idle_peer_memory", (double)(after - before) / IDLE_PEERS, "KiB");
    bench_value("node_with_500_peers_memory", (double)after / 1024, "MiB");
    for (int i = 0; i < IDLE_PEERS; i++)
        close(fds[i]);
    stop_node(&n);
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
        die("ping");
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
            die("no pongs");
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

    start_node(&n, 125);
    fill_pings(&p, magic);
    for (int i = 0; i < PING_PEERS; i++) {
        p.fds[i] = join(&n, magic);
        put_pings(&p, i, PINGS_IN_FLIGHT);
    }
    bench_rate("ping_pong_10x50", bench_median(PING_RUNS, ping_rate, &p), "pongs");
    for (int i = 0; i < PING_PEERS; i++)
        close(p.fds[i]);
    stop_node(&n);
}

void bench_node(void)
{
    const uint8_t *magic = btc_params_find("regtest")->magic;

    idle_peers(magic);
    ping_pong(magic);
}
