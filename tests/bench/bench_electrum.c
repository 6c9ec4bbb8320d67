/* The Electrum server as a process: small requests over ten connections, a full answer of headers,
 * and what an idle session costs. The client is this process, on the same processors. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "bench_process.h"
#include "net/sock.h"

enum {
    CONNECTIONS = 10,
    IN_FLIGHT = 50, /* pings sent at once on each */
    SECONDS = 2,
    IDLE = 1000,
    MAX_PEERS = 8,
    HEADERS = 2016,
    HEADER_RUNS = 200,
    ANSWER_BYTES = 1 << 19,
    START_MS = 60000,
};

#define VERSION "{\"method\":\"server.version\",\"params\":[\"bench\",\"1.4\"],\"id\":0}\n"
#define PING    "{\"jsonrpc\":\"2.0\",\"method\":\"server.ping\",\"id\":1}\n"
#define SPAN \
    "{\"jsonrpc\":\"2.0\",\"method\":\"blockchain.block.headers\",\"params\":[0,2016],\"id\":1}\n"

struct server {
    struct node node;
    struct net_addr addr; /* for Electrum */
};

static char answer[ANSWER_BYTES];

static void start(struct server *s)
{
    char listen[96], text[NET_ADDR_TEXT_BYTES];
    const char *const more[] = {"--electrum",
                                listen,
                                "--electrum-sessions=1100",
                                "--electrum-sessions-per-address=0",
                                "--electrum-cost-hard=0",
                                "--electrum-max-tokens=0",
                                "--generate=0.01",
                                NULL};

    s->addr = node_free_port();
    snprintf(listen, sizeof listen, "--electrum-listen=%s", net_addr_format(text, &s->addr));
    node_start(&s->node, MAX_PEERS, more);
}

static void send_all(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
        bench_die("send");
}

/* Read until so many lines have come. Returns: bytes of the last read's end in `answer`. */
static size_t read_lines(int fd, unsigned lines)
{
    size_t len = 0;

    while (lines > 0) {
        ssize_t n = recv(fd, answer + len, sizeof answer - len, 0);

        if (n <= 0)
            bench_die("the server has gone");
        for (const char *at = answer + len, *end = at + n; lines > 0; lines--, at++) {
            at = memchr(at, '\n', (size_t)(end - at));
            if (!at)
                break;
        }
        len += (size_t)n;
        if (lines > 0 && len > sizeof answer / 2 && lines > 1)
            len = 0; /* small answers: only their number counts */
    }
    return len;
}

static int join(const struct server *s)
{
    for (int attempt = 0; attempt < START_MS / 10; attempt++) {
        struct pollfd pfd = {.events = POLLOUT};

        if (sock_connect_start(&pfd.fd, &s->addr) < 0)
            bench_die("connect");
        if (poll(&pfd, 1, 5000) == 1 && sock_connect_result(pfd.fd) == 0) {
            fcntl(pfd.fd, F_SETFL, fcntl(pfd.fd, F_GETFL) & ~O_NONBLOCK);
            send_all(pfd.fd, VERSION);
            read_lines(pfd.fd, 1);
            return pfd.fd;
        }
        close(pfd.fd);
        poll(NULL, 0, 10);
    }
    bench_die("the server does not listen");
}

static double pings(void *arg)
{
    char burst[IN_FLIGHT * sizeof PING] = "";
    const struct server *s = arg;
    int fds[CONNECTIONS];
    unsigned long done = 0;
    double began;

    for (int i = 0; i < IN_FLIGHT; i++)
        memcpy(burst + (size_t)i * (sizeof PING - 1), PING, sizeof PING);
    for (int i = 0; i < CONNECTIONS; i++)
        fds[i] = join(s);
    began = bench_now();
    while (bench_now() - began < SECONDS) {
        for (int i = 0; i < CONNECTIONS; i++)
            send_all(fds[i], burst);
        for (int i = 0; i < CONNECTIONS; i++)
            read_lines(fds[i], IN_FLIGHT);
        done += CONNECTIONS * IN_FLIGHT;
    }
    for (int i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
    return (double)done / (bench_now() - began);
}

/* A regtest node makes its blocks itself; wait until there are enough. */
static void await_headers(int fd)
{
    for (int i = 0; i < START_MS / 10; i++) {
        send_all(fd, SPAN);
        if (read_lines(fd, 1) > HEADERS * 160)
            return;
        poll(NULL, 0, 10);
    }
    bench_die("the server makes no blocks");
}

static double headers_ms(void *arg)
{
    int fd = *(int *)arg;
    double began = bench_now();

    for (int i = 0; i < HEADER_RUNS; i++) {
        send_all(fd, SPAN);
        read_lines(fd, 1);
    }
    return (bench_now() - began) * 1000 / HEADER_RUNS;
}

void bench_electrum(void)
{
    struct server s;
    static int idle[IDLE];
    long before;
    int fd;

    start(&s);
    fd = join(&s);
    await_headers(fd);
    bench_value("electrum_2016_headers", bench_median(5, headers_ms, &fd), "ms");
    bench_rate("electrum_requests", bench_median(5, pings, &s), "requests");
    before = node_resident_kib(&s.node);
    for (int i = 0; i < IDLE; i++)
        idle[i] = join(&s);
    bench_value("electrum_idle_session", (double)(node_resident_kib(&s.node) - before) / IDLE,
                "KiB");
    for (int i = 0; i < IDLE; i++)
        close(idle[i]);
    close(fd);
    node_stop(&s.node);
}
