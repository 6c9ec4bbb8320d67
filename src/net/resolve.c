/* A lookup is put into the list of new ones by whoever asks, and the loop is woken; all else
 * happens on the loop's thread. There it becomes two questions, A and AAAA, and is done when both
 * are answered. `work` runs on the loop to start what is new and to close evdns when nothing is
 * left: neither can be done from within one of evdns's own callbacks. */
#include "net/resolve.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/mutex.h"

struct lookup {
    struct lookup *prev, *next;
    struct resolver *resolver;
    struct net_target name;
    resolve_done *done;
    void *arg;
    unsigned unanswered; /* questions */
    int rc;              /* the worst answer, should there be no address */
    struct net_addr addrs[RESOLVER_MAX_ADDRESSES];
    size_t count;
};

struct resolver {
    struct event_base *base;
    struct resolver_config config;
    struct event *work;
    struct evdns_base *dns;     /* only while lookups are under way */
    struct lookup *under_way;   /* the loop's */
    struct mutex mu;            /* held to link and unlink only */
    struct lookup *new_lookups; /* GUARDED_BY(mu) */
    unsigned count;             /* GUARDED_BY(mu): new and under way */
};

/* The outcome is reported to who asked; evdns would write to standard error, too. */
static void say_nothing(int is_warning, const char *message)
{
    (void)is_warning;
    (void)message;
}

static void set_option(struct evdns_base *dns, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void set_option(struct evdns_base *dns, const char *name, const char *fmt, ...)
{
    char value[32];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(value, sizeof value, fmt, ap);
    va_end(ap);
    evdns_base_set_option(dns, name, value);
}

static int add_nameservers(struct resolver *r)
{
    struct sockaddr_storage sa;
    socklen_t len;
    int rc;

    if (r->config.nameserver.kind == NET_NONE) {
        const char *path = r->config.resolv_conf ? r->config.resolv_conf : "/etc/resolv.conf";

        evdns_base_resolv_conf_parse(r->dns, DNS_OPTION_NAMESERVERS, path);
        return evdns_base_count_nameservers(r->dns) > 0 ? 0 : PN_EDNS_FAILED;
    }
    rc = net_addr_to_sockaddr(&sa, &len, &r->config.nameserver);
    if (rc < 0)
        return rc;
    return evdns_base_nameserver_sockaddr_add(r->dns, (struct sockaddr *)&sa, len, 0) == 0
               ? 0
               : PN_EDNS_FAILED;
}

static void close_dns(struct resolver *r)
{
    if (r->dns)
        evdns_base_free(r->dns, 0);
    r->dns = NULL;
}

/* A probe asks a server that was slow for a name of evdns's choice; it never comes to one. */
static int open_dns(struct resolver *r)
{
    int rc;

    if (r->dns)
        return 0;
    r->dns = evdns_base_new(r->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!r->dns)
        return PN_ENOMEM;
    rc = add_nameservers(r);
    set_option(r->dns, "timeout:", "%d.%03d", (int)(r->config.timeout_ms / 1000),
               (int)(r->config.timeout_ms % 1000));
    set_option(r->dns, "attempts:", "%u", r->config.attempts);
    set_option(r->dns, "initial-probe-timeout:", "%d", 3600);
    if (rc < 0)
        close_dns(r);
    return rc;
}

static void release(struct resolver *r, struct lookup *l)
{
    mutex_lock(&r->mu);
    r->count--;
    mutex_unlock(&r->mu);
    mem_free(l);
}

static void finish(struct lookup *l, int rc)
{
    l->done(l->arg, rc, rc == 0 ? l->addrs : NULL, rc == 0 ? l->count : 0);
    release(l->resolver, l);
}

/* What is left to say when there is no address at all: a name that may well exist is not denied. */
static int worse(int a, int b)
{
    static const int order[] = {PN_ENOMEM, PN_EQUIT, PN_EDNS_FAILED, PN_ETIMEDOUT, PN_EDNS_NONAME};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return a;
}

static int error_of(int result)
{
    switch (result) {
    case DNS_ERR_NONE:
    case DNS_ERR_NODATA:
    case DNS_ERR_NOTEXIST:
        return PN_EDNS_NONAME;
    case DNS_ERR_TIMEOUT:
        return PN_ETIMEDOUT;
    default:
        return PN_EDNS_FAILED;
    }
}

static void collect(struct lookup *l, char type, const uint8_t *addresses, size_t count)
{
    enum net_kind kind = type == DNS_IPv4_A ? NET_IPV4 : NET_IPV6;
    size_t size = net_addr_len(kind);

    for (size_t i = 0; i < count && l->count < RESOLVER_MAX_ADDRESSES; i++) {
        struct net_addr *a = &l->addrs[l->count++];

        if (kind == NET_IPV6) {
            net_addr_from_ipv6_bytes(a, addresses + i * size, l->name.port);
        } else {
            *a = (struct net_addr){.kind = kind, .port = l->name.port};
            memcpy(a->bytes, addresses + i * size, size);
        }
    }
}

/* One question less. */
static void answered(struct lookup *l)
{
    struct resolver *r = l->resolver;

    if (--l->unanswered > 0)
        return;
    DL_DELETE(r->under_way, l);
    if (!r->under_way)
        event_active(r->work, EV_TIMEOUT, 0);
    finish(l, l->count > 0 ? 0 : l->rc);
}

static void on_answer(int result, char type, int count, int ttl, void *addresses, void *arg)
{
    struct lookup *l = arg;

    (void)ttl;
    if (result == DNS_ERR_NONE && count > 0 && (type == DNS_IPv4_A || type == DNS_IPv6_AAAA))
        collect(l, type, addresses, (size_t)count);
    else
        l->rc = worse(l->rc, error_of(result));
    answered(l);
}

static void start(struct resolver *r, struct lookup *l)
{
    int rc = open_dns(r);

    if (rc < 0) {
        finish(l, rc);
        return;
    }
    DL_APPEND(r->under_way, l);
    l->rc = PN_EDNS_NONAME;
    l->unanswered = 3; /* the third is this function's own, so that none is the last too early */
    if (!evdns_base_resolve_ipv4(r->dns, l->name.host, DNS_QUERY_NO_SEARCH, on_answer, l)) {
        l->rc = worse(l->rc, PN_EDNS_FAILED);
        answered(l);
    }
    if (!evdns_base_resolve_ipv6(r->dns, l->name.host, DNS_QUERY_NO_SEARCH, on_answer, l)) {
        l->rc = worse(l->rc, PN_EDNS_FAILED);
        answered(l);
    }
    answered(l);
}

/* Thread: any. Returns: the first of the new lookups, no longer in the list; NULL without one. */
static struct lookup *take_new(struct resolver *r)
{
    struct lookup *l;

    mutex_lock(&r->mu);
    l = r->new_lookups;
    if (l)
        DL_DELETE(r->new_lookups, l);
    mutex_unlock(&r->mu);
    return l;
}

static void on_work(evutil_socket_t fd, short events, void *arg)
{
    struct resolver *r = arg;

    (void)fd;
    (void)events;
    for (struct lookup *l; (l = take_new(r));)
        start(r, l);
    if (!r->under_way)
        close_dns(r);
}

struct resolver *resolver_new(struct event_base *base, const struct resolver_config *config)
{
    struct resolver *r = mem_zalloc(sizeof *r);

    if (!r)
        return NULL;
    r->base = base;
    r->config = *config;
    mutex_init(&r->mu);
    r->work = event_new(base, -1, 0, on_work, r);
    if (!r->work) {
        mutex_destroy(&r->mu);
        mem_free(r);
        return NULL;
    }
    evdns_set_log_fn(say_nothing);
    return r;
}

int resolver_lookup(struct resolver *r, const struct net_target *name, resolve_done *done,
                    void *arg)
{
    struct lookup *l;
    bool room;

    if (name->kind != TARGET_NAME)
        return PN_EINVAL;
    l = mem_zalloc(sizeof *l);
    if (!l)
        return PN_ENOMEM;
    l->resolver = r;
    l->name = *name;
    l->done = done;
    l->arg = arg;
    mutex_lock(&r->mu);
    room = r->count < RESOLVER_MAX_LOOKUPS;
    if (room) {
        DL_APPEND(r->new_lookups, l);
        r->count++;
    }
    mutex_unlock(&r->mu);
    if (!room) {
        mem_free(l);
        return PN_ELIMIT;
    }
    event_active(r->work, EV_TIMEOUT, 0);
    return 0;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    close_dns(r);
    for (struct lookup *l; (l = take_new(r));)
        finish(l, PN_EQUIT);
    while (r->under_way) {
        struct lookup *l = r->under_way;

        DL_DELETE(r->under_way, l);
        finish(l, PN_EQUIT);
    }
    event_free(r->work);
    mutex_destroy(&r->mu);
    mem_free(r);
}
