/* The Electrum server as a process: small requests over ten connections, a full answer of headers,
 * and what an idle session costs. The client is this process, on the same processors. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "net/sock.h"

enum {
    CONNECTIONS = 10,
    IN_FLIGHT = 50, /* pings sent at once on each */
    SECONDS = 2,
    IDLE = 1000,
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
    pid_t pid;
    struct net_addr addr;
    char dir[64];
};

static char answer[ANSWER_BYTES];

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

static void start(struct server *s)
{
    const char *program = getenv("P2PNODE");
    char listen[96], dir[96], text[NET_ADDR_TEXT_BYTES];

    snprintf(s->dir, sizeof s->dir, "/tmp/p2pnode-bench-XXXXXX");
    if (!program || !mkdtemp(s->dir))
        die("set P2PNODE to the program");
    s->addr = free_port();
    snprintf(listen, sizeof listen, "--electrum-listen=%s", net_addr_format(text, &s->addr));
    snprintf(dir, sizeof dir, "--datadir=%s", s->dir);
    s->pid = fork();
    if (s->pid < 0)
        die("fork");
    if (s->pid == 0) {
        execl(program, program, "--bitcoin=regtest", "--netrestrict=127.0.0.0/8",
              "--listen=127.0.0.1:0", dir, "--electrum", listen, "--electrum-sessions=1100",
              "--electrum-sessions-per-address=0", "--electrum-cost-hard=0",
              "--electrum-max-tokens=0", "--generate=0.01", "--no-api-listen", "--log-level=error",
              (char *)NULL);
        _exit(127);
    }
}

static void stop(struct server *s)
{
    char command[128];
    int status;

    kill(s->pid, SIGTERM);
    if (waitpid(s->pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die("the server did not stop cleanly");
    snprintf(command, sizeof command, "%s", s->dir);
    if (fork() == 0)
        execlp("rm", "rm", "-r", command, (char *)NULL);
    wait(NULL);
}

static void send_all(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
        die("send");
}

/* Read until so many lines have come. Returns: bytes of the last read's end in `answer`. */
static size_t read_lines(int fd, unsigned lines)
{
    size_t len = 0;

    while (lines > 0) {
        ssize_t n = recv(fd, answer + len, sizeof answer - len, 0);

        if (n <= 0)
            die("the server has gone");
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
            die("connect");
        if (poll(&pfd, 1, 5000) == 1 && sock_connect_result(pfd.fd) == 0) {
            fcntl(pfd.fd, F_SETFL, fcntl(pfd.fd, F_GETFL) & ~O_NONBLOCK);
            send_all(pfd.fd, VERSION);
            read_lines(pfd.fd, 1);
            return pfd.fd;
        }
        close(pfd.fd);
        poll(NULL, 0, 10);
    }
    die("the server does not listen");
    return -1;
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
    die("the server makes no blocks");
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
    before = resident_kib(s.pid);
    for (int i = 0; i < IDLE; i++)
        idle[i] = join(&s);
    bench_value("electrum_idle_session", (double)(resident_kib(s.pid) - before) / IDLE, "KiB");
    for (int i = 0; i < IDLE; i++)
        close(idle[i]);
    close(fd);
    stop(&s);
}
