/* A discovery node on its own, for the tests with programs by other authors:
 *
 *     discv4_node LISTEN [option...]
 *       --key HEX         the secret key, 64 digits; else one is made up
 *       --db PATH         node database
 *       --bootnode ENODE  a node to start from; repeatable
 *       --tcp PORT        announced for RLPx; else the UDP port
 *
 * It prints its enode URL and record, then reads commands from standard input, one a line:
 *
 *     table             the number of nodes in the table
 *     find ENODE        whether the node can be found
 *     stats             packets, drops, signatures
 *     candidate         the next candidate
 *
 * and ends with the input. Only loopback addresses are listened on and talked to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "codec/hex.h"
#include "ethereum/discovery/discovery.h"

enum { PATIENCE_MS = 10000 };

static struct subnet_list loopback;

static void fail(const char *what, const char *value)
{
    fprintf(stderr, "discv4_node: %s: %s\n", what, value);
    exit(2);
}

static struct eth_node read_enode(const char *text)
{
    struct eth_node n;

    if (enode_parse(&n, text) < 0)
        fail("no enode URL", text);
    return n;
}

static void read_option(struct eth_discovery_config *c, const char *name, const char *value)
{
    if (strcmp(name, "--key") == 0) {
        if (hex_decode(c->secret, sizeof c->secret, value) < 0)
            fail("no key", value);
    } else if (strcmp(name, "--db") == 0) {
        c->db_path = value;
    } else if (strcmp(name, "--tcp") == 0) {
        c->listen[ETH_IPV4].tcp_port = (uint16_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "--bootnode") != 0) {
        fail("unknown option", name);
    }
}

static void introduce(struct eth_discovery *d)
{
    struct eth_discovery_view view;
    char enode[ENODE_TEXT_BYTES], record[ENR_TEXT_BYTES];

    eth_discovery_look(d, &view);
    puts(enode_format(enode, &view.record.node));
    puts(enr_format(record, &view.record));
    fflush(stdout);
}

static struct chan_class reply_class = {
    .name = "test_reply", .elem_size = sizeof(struct eth_resolved), .capacity = 1};

static void find(struct eth_discovery *d, const char *enode)
{
    struct eth_node n = read_enode(enode);
    struct eth_resolved answer = {.found = false};
    char text[ENODE_TEXT_BYTES];
    struct chan reply;

    if (chan_class_register(&reply_class) < 0 || chan_init(&reply, &reply_class) < 0)
        fail("no channel", "");
    if (eth_discovery_resolve(d, n.pubkey, &reply) == 0)
        chan_recv(&reply, &answer, clock_deadline_ms(PATIENCE_MS));
    puts(answer.found ? enode_format(text, &answer.node) : "not found");
    chan_destroy(&reply, NULL);
}

static void print_stats(struct eth_discovery *d)
{
    struct eth_discovery_view v;

    eth_discovery_look(d, &v);
    printf("recoveries %llu timeouts %llu lookups %llu", (unsigned long long)v.stats.recoveries,
           (unsigned long long)v.stats.timeouts, (unsigned long long)v.stats.lookups);
    for (unsigned type = DISCV4_PING; type < DISCV4_TYPE_COUNT; type++)
        printf(" %s %llu/%llu", discv4_type_name(type), (unsigned long long)v.stats.received[type],
               (unsigned long long)v.stats.sent[type]);
    for (unsigned why = 0; why < DISCV4_DROPS; why++)
        printf(" %s %llu", discv4_drop_name((enum discv4_drop)why),
               (unsigned long long)v.stats.dropped[why]);
    puts("");
}

static void obey(struct eth_discovery *d, const char *line)
{
    struct eth_discovery_view v;
    struct discv4_candidate one;
    char text[ENODE_TEXT_BYTES];

    if (strcmp(line, "table") == 0) {
        eth_discovery_look(d, &v);
        printf("%u\n", v.nodes);
    } else if (strncmp(line, "find ", 5) == 0) {
        find(d, line + 5);
    } else if (strcmp(line, "stats") == 0) {
        print_stats(d);
    } else if (strcmp(line, "candidate") == 0) {
        int rc = eth_discovery_next(d, &one, clock_deadline_ms(PATIENCE_MS));

        puts(rc == 0 ? enode_format(text, &one.node) : pn_errname(rc));
    } else {
        puts("unknown command");
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct eth_discovery_config config = {.permitted = &loopback};
    struct eth_discovery *d;
    char line[512];
    int rc;

    if (argc < 2 || argc % 2 != 0 || net_addr_parse(&config.listen[ETH_IPV4].udp, argv[1], 0) < 0)
        fail("usage", "discv4_node LISTEN [option value...]");
    ec_secret_generate(config.secret);
    config.listen[ETH_IPV4].tcp_port = config.listen[ETH_IPV4].udp.port;
    for (int i = 2; i < argc; i += 2)
        read_option(&config, argv[i], argv[i + 1]);
    if (subnet_list_add(&loopback, "127.0.0.0/8,::1/128") < 0)
        fail("no subnets", "");
    rc = eth_discovery_new(&d, &config);
    if (rc < 0)
        fail("cannot start", pn_strerror(rc));
    for (int i = 2; i < argc; i += 2)
        if (strcmp(argv[i], "--bootnode") == 0) {
            struct eth_node n = read_enode(argv[i + 1]);

            eth_discovery_add_bootnode(d, &n);
        }
    introduce(d);
    if (eth_discovery_start(d) < 0)
        fail("cannot start", "thread");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        obey(d, line);
    }
    eth_discovery_stop(d);
    eth_discovery_join(d);
    eth_discovery_free(d);
    return 0;
}
