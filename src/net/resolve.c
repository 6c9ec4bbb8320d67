/* A lookup is put into the list of new ones by whoever asks, and the loop is woken; all else
 * happens on the loop's thread. There it is answered from /etc/hosts, or becomes questions, A and
 * AAAA or TXT, and is done when all are answered. `work` runs on the loop to start what is new and
 * to close the channel when nothing is left: it cannot be closed from within one of its own
 * answers. */
#include "net/resolve.h"

#include <arpa/nameser.h>
#include <event2/event.h>
#include <string.h>
#include <utlist.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "net/dns_channel.h"

struct lookup {
    struct lookup *prev, *next;
    struct resolver *resolver;
    struct net_target name;
    resolve_done *done; /* this one, or the other */
    resolve_texts_done *texts_done;
    void *arg;
    unsigned unanswered; /* questions */
    int rc;              /* the worst answer, should there be nothing else */
    struct net_addr addrs[2 * RESOLVER_MAX_ADDRESSES];
    const char *texts[RESOLVER_MAX_TEXTS];
    char *bytes; /* of the texts */
    size_t count;
};

struct resolver {
    struct event_base *base;
    struct resolver_config config;
    struct event *work;
    struct dns_channel *dns;    /* only while lookups are under way */
    struct lookup *under_way;   /* the loop's */
    struct mutex mu;            /* held to link and unlink only */
    struct lookup *new_lookups; /* GUARDED_BY(mu) */
    unsigned count;             /* GUARDED_BY(mu): new and under way */
};

static void release(struct resolver *r, struct lookup *l)
{
    mutex_lock(&r->mu);
    r->count--;
    mutex_unlock(&r->mu);
    mem_free(l->bytes);
    mem_free(l);
}

static void finish(struct lookup *l, int rc)
{
    size_t count = rc == 0 ? l->count : 0;

    if (l->texts_done)
        l->texts_done(l->arg, rc, count ? l->texts : NULL, count);
    else
        l->done(l->arg, rc, count ? l->addrs : NULL, count);
    release(l->resolver, l);
}

/* What is left to say when nothing was found: a name that may well exist is not denied. */
static int worse(int a, int b)
{
    static const int order[] = {PN_ENOMEM, PN_EQUIT, PN_EDNS_FAILED, PN_ETIMEDOUT, PN_EDNS_NONAME};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return a;
}

static int error_of(int status)
{
    switch (status) {
    case ARES_SUCCESS: /* and still nothing of use in it */
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
        return PN_EDNS_NONAME;
    case ARES_ETIMEOUT:
        return PN_ETIMEDOUT;
    case ARES_ENOMEM:
        return PN_ENOMEM;
    case ARES_EDESTRUCTION:
        return PN_EQUIT;
    default:
        return PN_EDNS_FAILED;
    }
}

/* --- answers --- */

/* One question less. */
static void answered(struct lookup *l, int rc)
{
    struct resolver *r = l->resolver;

    if (rc < 0)
        l->rc = worse(l->rc, rc);
    if (--l->unanswered > 0)
        return;
    DL_DELETE(r->under_way, l);
    if (!r->under_way)
        event_active(r->work, EV_TIMEOUT, 0);
    finish(l, l->count > 0 ? 0 : l->rc);
}

static void on_ipv4(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
    struct lookup *l = arg;
    struct ares_addrttl found[RESOLVER_MAX_ADDRESSES];
    int n = RESOLVER_MAX_ADDRESSES;

    (void)timeouts;
    if (status == ARES_SUCCESS)
        status = ares_parse_a_reply(answer, len, NULL, found, &n);
    for (int i = 0; status == ARES_SUCCESS && i < n; i++) {
        struct net_addr *a = &l->addrs[l->count++];

        *a = (struct net_addr){.kind = NET_IPV4, .port = l->name.port};
        memcpy(a->bytes, &found[i].ipaddr, net_addr_len(NET_IPV4));
    }
    answered(l, error_of(status));
}

static void on_ipv6(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
    struct lookup *l = arg;
    struct ares_addr6ttl found[RESOLVER_MAX_ADDRESSES];
    int n = RESOLVER_MAX_ADDRESSES;

    (void)timeouts;
    if (status == ARES_SUCCESS)
        status = ares_parse_aaaa_reply(answer, len, NULL, found, &n);
    for (int i = 0; status == ARES_SUCCESS && i < n; i++)
        net_addr_from_ipv6_bytes(&l->addrs[l->count++], found[i].ip6addr._S6_un._S6_u8,
                                 l->name.port);
    answered(l, error_of(status));
}

/* Put the strings of the record that begins with `part` behind each other. Returns: the first
 * string of the next record. */
static const struct ares_txt_ext *join_record(struct lookup *l, char **at,
                                              const struct ares_txt_ext *part)
{
    char *start = *at;

    do {
        memcpy(*at, part->txt, part->length);
        *at += part->length;
        part = part->next;
    } while (part && !part->record_start);
    if (!memchr(start, '\0', (size_t)(*at - start)) && l->count < RESOLVER_MAX_TEXTS)
        l->texts[l->count++] = start;
    *(*at)++ = '\0';
    return part;
}

static int take_texts(struct lookup *l, const struct ares_txt_ext *all)
{
    size_t bytes = 0;
    char *at;

    for (const struct ares_txt_ext *part = all; part; part = part->next)
        bytes += part->length + 1;
    at = l->bytes = mem_alloc(bytes);
    if (!at)
        return PN_ENOMEM;
    while (all)
        all = join_record(l, &at, all);
    return l->count > 0 ? 0 : PN_EDNS_NONAME;
}

static void on_texts(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
    struct lookup *l = arg;
    struct ares_txt_ext *all = NULL;
    int rc;

    (void)timeouts;
    if (status == ARES_SUCCESS)
        status = ares_parse_txt_reply_ext(answer, len, &all);
    rc = status == ARES_SUCCESS ? take_texts(l, all) : error_of(status);
    if (all)
        ares_free_data(all);
    answered(l, rc);
}

/* --- questions --- */

static void start(struct resolver *r, struct lookup *l)
{
    int rc = r->dns ? 0 : dns_channel_open(&r->dns, r->base, &r->config);

    if (rc < 0) {
        finish(l, rc);
        return;
    }
    if (!l->texts_done)
        l->count = dns_channel_local(r->dns, &l->name, l->addrs, RESOLVER_MAX_ADDRESSES);
    if (l->count > 0) {
        finish(l, 0);
        return;
    }
    DL_APPEND(r->under_way, l);
    l->rc = PN_EDNS_NONAME;
    l->unanswered = l->texts_done ? 1 : 2;
    if (l->texts_done) {
        dns_channel_ask(r->dns, l->name.host, ns_t_txt, on_texts, l);
        return;
    }
    dns_channel_ask(r->dns, l->name.host, ns_t_a, on_ipv4, l);
    dns_channel_ask(r->dns, l->name.host, ns_t_aaaa, on_ipv6, l);
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

static void close_dns(struct resolver *r)
{
    dns_channel_close(r->dns);
    r->dns = NULL;
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

/* Owns: takes the lookup in any case. */
static int enqueue(struct resolver *r, struct lookup *l, const struct net_target *name, void *arg)
{
    bool room;

    l->resolver = r;
    l->name = *name;
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

int resolver_lookup(struct resolver *r, const struct net_target *name, resolve_done *done,
                    void *arg)
{
    struct lookup *l = name->kind == TARGET_NAME ? mem_zalloc(sizeof *l) : NULL;

    if (!l)
        return name->kind == TARGET_NAME ? PN_ENOMEM : PN_EINVAL;
    l->done = done;
    return enqueue(r, l, name, arg);
}

int resolver_lookup_texts(struct resolver *r, const struct net_target *name,
                          resolve_texts_done *done, void *arg)
{
    struct lookup *l = name->kind == TARGET_NAME ? mem_zalloc(sizeof *l) : NULL;

    if (!l)
        return name->kind == TARGET_NAME ? PN_ENOMEM : PN_EINVAL;
    l->texts_done = done;
    return enqueue(r, l, name, arg);
}

/* --- construction --- */

struct resolver *resolver_new(struct event_base *base, const struct resolver_config *config)
{
    struct resolver *r = mem_zalloc(sizeof *r);

    if (!r)
        return NULL;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        mem_free(r);
        return NULL;
    }
    r->base = base;
    r->config = *config;
    mutex_init(&r->mu);
    r->work = event_new(base, -1, 0, on_work, r);
    if (!r->work) {
        resolver_free(r);
        return NULL;
    }
    return r;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    close_dns(r);
    for (struct lookup *l; (l = take_new(r));)
        finish(l, PN_EQUIT);
    if (r->work)
        event_free(r->work);
    ares_library_cleanup();
    mutex_destroy(&r->mu);
    mem_free(r);
}
