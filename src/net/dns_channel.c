/* c-ares opens and closes its sockets by itself and says which of them it waits for: each becomes a
 * libevent event, a `watch`. When it wants to be called although nothing came is asked anew after
 * every call into it. A watch that cannot be made, for want of memory, costs a timeout.
 *
 * Questions carry EDNS with 1,232 bytes, what passes without fragments (DNS flag day 2020); what is
 * cut off even so is asked for again over TCP. Both are c-ares's. */
#include "net/dns_channel.h"

#include <arpa/nameser.h>
#include <event2/event.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <utlist.h>

#include "base/err.h"
#include "base/mem.h"

enum { EDNS_BYTES = 1232 };

struct watch {
    struct watch *prev, *next;
    ares_socket_t fd;
    struct event *event;
};

struct dns_channel {
    struct event_base *base;
    struct event *timeout;
    ares_channel ares;
    struct watch *watches;
};

/* Ask c-ares when it wants to be called at the latest. */
static void set_timeout(struct dns_channel *c)
{
    struct timeval tv, *wait = ares_timeout(c->ares, NULL, &tv);

    if (wait)
        event_add(c->timeout, wait);
    else
        event_del(c->timeout);
}

static void on_ready(evutil_socket_t fd, short events, void *arg)
{
    struct dns_channel *c = arg;

    ares_process_fd(c->ares, events & EV_READ ? fd : ARES_SOCKET_BAD,
                    events & EV_WRITE ? fd : ARES_SOCKET_BAD);
    set_timeout(c);
}

static void on_timeout(evutil_socket_t fd, short events, void *arg)
{
    struct dns_channel *c = arg;

    (void)fd;
    (void)events;
    ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timeout(c);
}

static void unwatch(struct dns_channel *c, ares_socket_t fd)
{
    struct watch *w;

    DL_SEARCH_SCALAR(c->watches, w, fd, fd);
    if (!w)
        return;
    DL_DELETE(c->watches, w);
    event_free(w->event);
    mem_free(w);
}

/* c-ares waits for other things on this descriptor than before; for nothing when it is closed. */
static void on_wish(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct dns_channel *c = arg;
    short events = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    struct watch *w;

    unwatch(c, fd);
    if (!readable && !writable)
        return;
    w = mem_zalloc(sizeof *w);
    if (!w)
        return;
    w->fd = fd;
    w->event = event_new(c->base, fd, events, on_ready, c);
    if (!w->event) {
        mem_free(w);
        return;
    }
    event_add(w->event, NULL);
    DL_APPEND(c->watches, w);
}

static int set_server(struct dns_channel *c, const struct net_addr *server)
{
    char text[NET_ADDR_TEXT_BYTES];

    return ares_set_servers_ports_csv(c->ares, net_addr_format(text, server));
}

static int open_ares(struct dns_channel *c, const struct resolver_config *config)
{
    static char nothing[] = "/dev/null";
    bool given = config->nameserver.kind != NET_NONE;
    struct ares_options options = {
        .flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = (int)config->timeout_ms,
        .tries = (int)config->attempts,
        .ednspsz = EDNS_BYTES,
        .sock_state_cb = on_wish,
        .sock_state_cb_data = c,
        .resolvconf_path = given ? nothing : (char *)config->resolv_conf,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
               ARES_OPT_SOCK_STATE_CB | ARES_OPT_DOMAINS;
    int status;

    if (options.resolvconf_path)
        mask |= ARES_OPT_RESOLVCONF;
    status = ares_init_options(&c->ares, &options, mask);
    if (status == ARES_SUCCESS && given)
        status = set_server(c, &config->nameserver);
    if (status == ARES_SUCCESS)
        return 0;
    return status == ARES_ENOMEM ? PN_ENOMEM : PN_EDNS_FAILED;
}

int dns_channel_open(struct dns_channel **out, struct event_base *base,
                     const struct resolver_config *config)
{
    struct dns_channel *c = mem_zalloc(sizeof *c);
    int rc = PN_ENOMEM;

    if (!c)
        return PN_ENOMEM;
    c->base = base;
    c->timeout = evtimer_new(base, on_timeout, c);
    if (c->timeout)
        rc = open_ares(c, config);
    if (rc < 0) {
        dns_channel_close(c);
        return rc;
    }
    *out = c;
    return 0;
}

void dns_channel_close(struct dns_channel *c)
{
    if (!c)
        return;
    if (c->ares)
        ares_destroy(c->ares);
    while (c->watches)
        unwatch(c, c->watches->fd);
    if (c->timeout)
        event_free(c->timeout);
    mem_free(c);
}

static size_t from_hosts(struct dns_channel *c, const struct net_target *name, int family,
                         struct net_addr *addrs, size_t max)
{
    struct hostent *host;
    size_t n = 0;

    if (ares_gethostbyname_file(c->ares, name->host, family, &host) != ARES_SUCCESS)
        return 0;
    for (char **at = host->h_addr_list; *at && n < max; at++, n++)
        if (family == AF_INET6) {
            net_addr_from_ipv6_bytes(&addrs[n], (const uint8_t *)*at, name->port);
        } else {
            addrs[n] = (struct net_addr){.kind = NET_IPV4, .port = name->port};
            memcpy(addrs[n].bytes, *at, net_addr_len(NET_IPV4));
        }
    ares_free_hostent(host);
    return n;
}

static bool is_localhost(const char *host)
{
    static const char suffix[] = ".localhost";
    size_t len = strlen(host), tail = sizeof suffix - 1;

    return strcmp(host, suffix + 1) == 0 || (len > tail && strcmp(host + len - tail, suffix) == 0);
}

size_t dns_channel_local(struct dns_channel *c, const struct net_target *name,
                         struct net_addr *addrs, size_t max)
{
    static const char *const loopback[] = {"127.0.0.1", "::1"};
    size_t n = from_hosts(c, name, AF_INET, addrs, max);

    n += from_hosts(c, name, AF_INET6, addrs + n, max - n);
    if (n > 0 || !is_localhost(name->host))
        return n;
    for (; n < 2 && net_addr_parse(&addrs[n], loopback[n], 0) == 0; n++)
        addrs[n].port = name->port;
    return n;
}

void dns_channel_ask(struct dns_channel *c, const char *name, int type, ares_callback answer,
                     void *arg)
{
    ares_query(c->ares, name, ns_c_in, type, answer, arg);
    set_timeout(c);
}
