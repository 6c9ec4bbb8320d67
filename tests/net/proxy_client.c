/* Dials a target, or looks a name up, the way p2pnode does: for the tests that need proxies, a Tor
 * network or a name server around it. See usage below. It refuses every hop outside loopback. */
#include <event2/event.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/dial_path.h"
#include "net/loop.h"
#include "net/resolve.h"

static const char usage[] =
    "usage: proxy_client [OPTION...] dial TARGET | resolve NAME | lookup NAME\n"
    "\n"
    "  dial     connect, print \"connected WAY\"; then pass each line of standard input on and\n"
    "           print the line that comes back, until standard input ends\n"
    "  resolve  have Tor look the name up, print \"address ADDR\"\n"
    "  lookup   ask the name server, print \"address ADDR\" for each\n"
    "\n"
    "  --proxy=ADDR --proxy-user=TEXT --proxy-password=TEXT\n"
    "  --onion=ADDR --onion-user=TEXT --onion-password=TEXT\n"
    "  --sam=ADDR --sam-options=TEXT --nameserver=ADDR\n"
    "  --no-onion --isolation --timeout=MILLISECONDS (10000)\n"
    "\n"
    "A failure is printed as \"failed REASON\", and the exit status is 1.\n";

static struct proxy_config config;
static struct net_addr nameserver;
static const char *sam_options = "";
static long timeout_ms = 10000;

static _Noreturn void wrong_usage(void)
{
    fputs(usage, stderr);
    exit(2);
}

static int failed(int rc)
{
    printf("failed %s\n", pn_errname(rc));
    return EXIT_FAILURE;
}

static void parse_address(struct net_addr *out, const char *text)
{
    if (net_addr_parse(out, text, 0) < 0 || out->kind != NET_IPV4 || out->bytes[0] != 127)
        wrong_usage();
}

static void parse_text(char out[SOCKS5_FIELD_BYTES], const char *text)
{
    if (strlen(text) >= SOCKS5_FIELD_BYTES)
        wrong_usage();
    memcpy(out, text, strlen(text) + 1);
}

static void parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"proxy", required_argument, NULL, 'p'},
        {"proxy-user", required_argument, NULL, 'u'},
        {"proxy-password", required_argument, NULL, 'w'},
        {"onion", required_argument, NULL, 'o'},
        {"onion-user", required_argument, NULL, 'U'},
        {"onion-password", required_argument, NULL, 'W'},
        {"sam", required_argument, NULL, 's'},
        {"sam-options", required_argument, NULL, 'S'},
        {"nameserver", required_argument, NULL, 'd'},
        {"no-onion", no_argument, NULL, 'n'},
        {"isolation", no_argument, NULL, 'i'},
        {"timeout", required_argument, NULL, 't'},
        {0},
    };

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;)
        switch (c) {
        case 'p':
            parse_address(&config.proxy.addr, optarg);
            break;
        case 'u':
            parse_text(config.proxy.auth.user, optarg);
            break;
        case 'w':
            parse_text(config.proxy.auth.password, optarg);
            break;
        case 'o':
            parse_address(&config.onion.addr, optarg);
            break;
        case 'U':
            parse_text(config.onion.auth.user, optarg);
            break;
        case 'W':
            parse_text(config.onion.auth.password, optarg);
            break;
        case 's':
            parse_address(&config.sam, optarg);
            break;
        case 'S':
            sam_options = optarg;
            break;
        case 'd':
            parse_address(&nameserver, optarg);
            break;
        case 'n':
            config.no_onion = true;
            break;
        case 'i':
            config.isolation = true;
            break;
        case 't':
            timeout_ms = strtol(optarg, NULL, 10);
            break;
        default:
            wrong_usage();
        }
    if (argc - optind != 2)
        wrong_usage();
}

/* Whether the first hop is on loopback; a proxy is, by parse_address. */
static bool stays_here(const struct net_target *t)
{
    return config.proxy.addr.kind != NET_NONE || t->kind != TARGET_ADDR ||
           (t->addr.kind == NET_IPV4 && t->addr.bytes[0] == 127);
}

/* Step a path until it is decided or the time is over. */
static int walk(struct dial_path *p)
{
    int64_t deadline_us = clock_deadline_ms(timeout_ms);
    int rc = PN_EAGAIN;

    while (rc == PN_EAGAIN && clock_mono_us() < deadline_us) {
        struct pollfd fd = {.fd = dial_path_fd(p), .events = dial_path_events(p)};

        if (poll(&fd, 1, clock_poll_ms(deadline_us)) >= 0)
            rc = dial_path_step(p, fd.revents);
    }
    return rc == PN_EAGAIN ? PN_ETIMEDOUT : rc;
}

/* One line that comes back, to standard output. Returns: false at the end of the stream. */
static bool print_line(int fd)
{
    for (char c = 0; c != '\n';) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t n = poll(&wait, 1, (int)timeout_ms) == 1 ? recv(fd, &c, 1, 0) : 0;

        if (n != 1)
            return false;
        putchar(c);
    }
    fflush(stdout);
    return true;
}

static int carry_lines(int fd)
{
    char line[1024];

    while (fgets(line, sizeof line, stdin)) {
        size_t len = strlen(line);

        if (send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len || !print_line(fd))
            return failed(PN_ERESET);
    }
    return EXIT_SUCCESS;
}

static int dial(struct dial_paths *paths, const struct net_target *to)
{
    struct dial_path *p;
    int fd, status, rc = dial_path_start(&p, paths, to);

    if (rc == 0)
        rc = walk(p);
    if (rc < 0) {
        dial_path_free(p);
        return failed(rc);
    }
    printf("connected %s\n", proxy_way_name(dial_path_way(p)));
    fflush(stdout);
    fd = dial_path_take(p);
    dial_path_free(p);
    status = carry_lines(fd);
    close(fd);
    return status;
}

static int resolve(struct dial_paths *paths, const struct net_target *name)
{
    struct dial_path *p;
    char text[NET_ADDR_TEXT_BYTES];
    int rc = dial_path_start_lookup(&p, paths, name);

    if (rc == 0)
        rc = walk(p);
    if (rc == 0)
        printf("address %s\n", net_addr_format(text, dial_path_answer(p)));
    dial_path_free(p);
    return rc < 0 ? failed(rc) : EXIT_SUCCESS;
}

struct looked_up {
    struct loop *loop;
    int rc;
};

static void on_looked_up(void *arg, int rc, const struct net_addr *addrs, size_t count)
{
    struct looked_up *l = arg;
    char text[NET_ADDR_TEXT_BYTES];

    l->rc = rc;
    for (size_t i = 0; i < count; i++)
        printf("address %s\n", net_addr_format(text, &addrs[i]));
    loop_stop(l->loop);
}

static int lookup(const struct net_target *name)
{
    struct resolver_config with = {
        .nameserver = nameserver, .timeout_ms = timeout_ms, .attempts = 1};
    struct looked_up l = {.loop = loop_new()};
    struct resolver *r = l.loop ? resolver_new(loop_base(l.loop), &with) : NULL;
    int rc = r ? resolver_lookup(r, name, on_looked_up, &l) : PN_ENOMEM;

    if (rc == 0) {
        loop_run(l.loop);
        rc = l.rc;
    }
    resolver_free(r);
    loop_free(l.loop);
    return rc < 0 ? failed(rc) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct dial_paths *paths;
    struct net_target to;
    const char *command;
    int status, rc;

    parse_options(argc, argv);
    command = argv[optind];
    rc = net_target_parse(&to, argv[optind + 1], 0);
    if (rc < 0)
        return failed(rc);
    if (!stays_here(&to) || (strcmp(command, "lookup") == 0 && nameserver.kind == NET_NONE))
        wrong_usage();
    if (strcmp(command, "lookup") == 0)
        return lookup(&to);
    paths = dial_paths_new(&config, sam_options);
    if (!paths)
        return failed(PN_ENOMEM);
    status = 2;
    if (strcmp(command, "dial") == 0)
        status = dial(paths, &to);
    else if (strcmp(command, "resolve") == 0)
        status = resolve(paths, &to);
    dial_paths_free(paths);
    if (status == 2)
        wrong_usage();
    return status;
}
