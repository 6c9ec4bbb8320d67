#include "bench_process.h"

#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "net/sock.h"

enum { ARGUMENTS_MAX = 16, PAGE_BYTES = 1 << 18 };

void bench_die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

struct net_addr node_free_port(void)
{
    struct net_addr a;
    int fd;

    net_addr_parse(&a, "127.0.0.1:0", 0);
    if (sock_listen(&fd, &a) < 0 || sock_local_addr(&a, fd) < 0)
        bench_die("no free port");
    close(fd);
    return a;
}

void node_start_again(struct node *n, const char *const *more)
{
    const char *program = getenv("P2PNODE");
    char listen[96], api[96], dir[96], max[32], text[NET_ADDR_TEXT_BYTES];
    const char *arguments[ARGUMENTS_MAX + 1] = {
        program, "--bitcoin=regtest", "--netrestrict=127.0.0.0/8", listen, dir, max,
        api,     "--log-level=error"};
    size_t n_arguments = 8;

    if (!program)
        bench_die("set P2PNODE to the program");
    snprintf(listen, sizeof listen, "--listen=%s", net_addr_format(text, &n->addr));
    snprintf(api, sizeof api, "--api-listen=%s", net_addr_format(text, &n->api));
    snprintf(dir, sizeof dir, "--datadir=%s", n->dir);
    snprintf(max, sizeof max, "--maxpeers=%u", n->max_peers);
    for (; more && *more; arguments[n_arguments++] = *more++)
        if (n_arguments == ARGUMENTS_MAX)
            bench_die("too many arguments");
    n->pid = fork();
    if (n->pid < 0)
        bench_die("fork");
    if (n->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(program, (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
}

void node_start(struct node *n, unsigned max_peers, const char *const *more)
{
    snprintf(n->dir, sizeof n->dir, "/tmp/p2pnode-bench-XXXXXX");
    if (!mkdtemp(n->dir))
        bench_die("no data directory");
    n->max_peers = max_peers;
    n->addr = node_free_port();
    n->api = node_free_port();
    node_start_again(n, more);
}

void node_end(struct node *n)
{
    int status;

    kill(n->pid, SIGTERM);
    if (waitpid(n->pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_die("the node did not stop cleanly");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void node_stop(struct node *n)
{
    node_end(n);
    nftw(n->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

long node_resident_kib(const struct node *n)
{
    char path[64], line[256];
    long kib = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)n->pid);
    f = fopen(path, "r");
    if (!f)
        bench_die(path);
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
            bench_die("connect");
        if (poll(&pfd, 1, 5000) == 1 && sock_connect_result(pfd.fd) == 0)
            return pfd.fd;
        close(pfd.fd);
        poll(NULL, 0, 10); /* it is still starting */
    }
    bench_die("the node does not listen");
    return -1;
}

void node_send(int fd, const uint8_t *magic, const struct btc_msg *m)
{
    struct buf b;

    buf_init(&b, 4096);
    btc_frame_encode(&b, magic, m);
    if (b.err || send(fd, b.data, b.len, MSG_NOSIGNAL) != (ssize_t)b.len)
        bench_die("send");
    buf_free(&b);
}

int node_join(const struct node *n, const uint8_t *magic, bool relay)
{
    struct btc_msg version = {.cmd = BTC_CMD_VERSION};
    const struct btc_msg verack = {.cmd = BTC_CMD_VERACK}, wtxid = {.cmd = BTC_CMD_WTXIDRELAY};
    struct btc_stream s;
    int fd = connect_to(n);

    version.u.version = (struct btc_version){.version = 70016,
                                             .services = BTC_NODE_NETWORK | BTC_NODE_WITNESS,
                                             .nonce = 1,
                                             .relay = relay};
    btc_stream_init(&s, magic);
    node_send(fd, magic, &version);
    if (relay)
        node_send(fd, magic, &wtxid);
    node_send(fd, magic, &verack);
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
            bench_die("handshake");
        btc_stream_commit(&s, (size_t)got);
    }
    btc_stream_free(&s);
    return fd;
}

static int open_api(const struct node *n)
{
    struct pollfd pfd = {.events = POLLOUT};

    if (sock_connect_start(&pfd.fd, &n->api) < 0)
        return -1;
    if (poll(&pfd, 1, 1000) == 1 && sock_connect_result(pfd.fd) == 0)
        return pfd.fd;
    close(pfd.fd);
    return -1;
}

double node_metric(const struct node *n, const char *name)
{
    static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
    static char page[PAGE_BYTES];
    char line[128];
    size_t len = 0;
    ssize_t got = 1;
    int fd = open_api(n);
    const char *at;

    if (fd < 0)
        return -1;
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0)
        got = 0;
    while (got > 0 && len < sizeof page - 1) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};

        got = poll(&pfd, 1, 1000) == 1 ? recv(fd, page + len, sizeof page - 1 - len, 0) : 0;
        len += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    page[len] = '\0';
    snprintf(line, sizeof line, "\n%s{chain=", name);
    at = strstr(page, line);
    at = at ? strchr(at, '}') : NULL;
    return at ? strtod(at + 1, NULL) : -1;
}
