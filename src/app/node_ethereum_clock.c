/* Nothing is looked up before the discovery thread has reason to doubt the clock. Its question is
 * answered on the event loop, by which time it may have been given up: then nothing comes of it. */
#include "app/node_ethereum_clock.h"

#include "app/node_lookup.h"
#include "app/node_parts.h"
#include "base/err.h"
#include "log/log.h"

enum { NTP_PORT = 123 };

static void use(struct node *n, const struct net_addr *server)
{
    char text[NET_ADDR_TEXT_BYTES];

    log_info("discovery", "nobody answers: asking %s what time it is",
             net_addr_format(text, server));
    eth_discovery_set_time_server(n->ethereum, server);
}

static void on_found(void *arg, int rc, const struct net_addr *addrs, size_t count)
{
    struct node *n = arg;

    if (rc < 0)
        log_info("discovery", "cannot find the time server %s: %s", n->options->ntp_server,
                 pn_strerror(rc));
    else if (n->ethereum && count > 0)
        use(n, &addrs[0]);
}

static void find(void *arg)
{
    struct node *n = arg;
    struct net_target target;
    int rc = net_target_parse(&target, n->options->ntp_server, NTP_PORT);

    if (rc == 0 && target.kind == TARGET_ADDR) {
        use(n, &target.addr);
        return;
    }
    if (rc == 0)
        rc = node_lookup_begin(n, &target, on_found, n);
    if (rc < 0)
        log_info("discovery", "cannot look up the time server %s: %s", n->options->ntp_server,
                 pn_strerror(rc));
}

int node_ethereum_clock_open(struct node *n, struct eth_discovery_config *config)
{
    const struct proxy_config *proxies = dial_paths_config(n->paths);
    struct net_target target;
    int rc;

    if (!n->options->ntp_server || proxies->proxy.addr.kind != NET_NONE)
        return 0;
    rc = net_target_parse(&target, n->options->ntp_server, NTP_PORT);
    if (rc < 0) {
        log_error("app", "%s names no time server", n->options->ntp_server);
        return rc;
    }
    config->time_query = find;
    config->time_arg = n;
    return 0;
}
