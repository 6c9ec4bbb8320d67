/* What other threads ask of the discovery thread: messages, and the calls that send them. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/discovery/internal.h"

enum { INBOX_CAPACITY = 64, DNS_TEXTS_MAX = 16 };

enum message_kind { MSG_NODE, MSG_EXTERNAL, MSG_FORK_ID, MSG_RESOLVE, MSG_DNS, MSG_TIME };

/* The texts of a DNS answer, in one piece of memory. */
struct dns_answer {
    uint64_t number;
    unsigned n;
    const char *texts[DNS_TEXTS_MAX];
    char bytes[];
};

struct message {
    enum message_kind kind;
    union {
        struct eth_node node; /* MSG_RESOLVE: its key */
        struct {
            enum eth_family family;
            bool known;
            struct eth_endpoint at;
        } external;
        struct eth_fork_id fork_id;
        struct net_addr time_server;
        struct dns_answer *dns; /* owned */
    } u;
    struct chan *reply; /* MSG_RESOLVE */
};

static struct chan_class inbox_class = {
    .name = "discovery_inbox",
    .elem_size = sizeof(struct message),
    .capacity = INBOX_CAPACITY,
};

int discovery_inbox_init(struct eth_discovery *d)
{
    return chan_class_register(&inbox_class) < 0 ? PN_ENOMEM : chan_init(&d->inbox, &inbox_class);
}

static void drop_message(void *elem)
{
    struct message *m = elem;

    if (m->kind == MSG_DNS)
        mem_free(m->u.dns);
}

void discovery_inbox_destroy(struct eth_discovery *d)
{
    chan_destroy(&d->inbox, drop_message);
}

/* --- the discovery thread's side --- */

static void on_resolved(void *arg, const struct eth_node *nodes, unsigned n)
{
    struct eth_resolved answer = {.found = n > 0};

    if (n > 0)
        answer.node = nodes[0];
    chan_try_send(arg, &answer);
}

static void take_external(struct eth_discovery *d, const struct message *m)
{
    struct discv4_reach reach = {.at = m->u.external.at, .fixed = m->u.external.known};

    if (!m->u.external.known)
        reach.at = *discv4_endpoint(d->engine, m->u.external.family);
    discv4_set_reach(d->engine, m->u.external.family, &reach);
}

static void handle(struct eth_discovery *d, const struct message *m)
{
    switch (m->kind) {
    case MSG_NODE:
        discv4_seed(d->engine, &m->u.node);
        break;
    case MSG_EXTERNAL:
        take_external(d, m);
        break;
    case MSG_FORK_ID:
        discv4_set_fork_id(d->engine, &m->u.fork_id);
        break;
    case MSG_RESOLVE:
        if (discv4_resolve(d->engine, m->u.node.pubkey, on_resolved, m->reply, d->now_us) < 0)
            on_resolved(m->reply, NULL, 0);
        break;
    case MSG_TIME:
        clock_check_found(&d->clock_check, &m->u.time_server, d->now_us);
        break;
    case MSG_DNS:
        if (d->dns)
            dnsdisc_answer(d->dns, m->u.dns->number, m->u.dns->texts, m->u.dns->n, d->now_us);
        mem_free(m->u.dns);
        break;
    }
}

void discovery_inbox_read(struct eth_discovery *d)
{
    struct message m;

    d->now_us = clock_mono_us();
    while (chan_try_recv(&d->inbox, &m) == 0)
        handle(d, &m);
}

/* --- other threads --- */

int eth_discovery_next(struct eth_discovery *d, struct discv4_candidate *out, int64_t deadline_us)
{
    return chan_recv(&d->candidates.chan, out, deadline_us);
}

int eth_discovery_try_next(struct eth_discovery *d, struct discv4_candidate *out)
{
    return chan_try_recv(&d->candidates.chan, out);
}

int eth_discovery_add_node(struct eth_discovery *d, const struct eth_node *node)
{
    return chan_try_send(&d->inbox, &(struct message){.kind = MSG_NODE, .u.node = *node});
}

int eth_discovery_set_external(struct eth_discovery *d, enum eth_family family,
                               const struct eth_endpoint *at)
{
    struct message m = {.kind = MSG_EXTERNAL, .u.external = {.family = family, .known = at}};

    if (at)
        m.u.external.at = *at;
    return chan_try_send(&d->inbox, &m);
}

int eth_discovery_set_fork_id(struct eth_discovery *d, const struct eth_fork_id *fork_id)
{
    return chan_try_send(&d->inbox, &(struct message){.kind = MSG_FORK_ID, .u.fork_id = *fork_id});
}

int eth_discovery_set_time_server(struct eth_discovery *d, const struct net_addr *server)
{
    return chan_try_send(&d->inbox, &(struct message){.kind = MSG_TIME, .u.time_server = *server});
}

/* Texts beyond DNS_TEXTS_MAX are left out: the one of a tree stands alone, or with a few others. */
static struct dns_answer *copy_answer(uint64_t number, const char *const *texts, unsigned n)
{
    struct dns_answer *a;
    size_t bytes = 0;
    char *at;

    if (n > DNS_TEXTS_MAX)
        n = DNS_TEXTS_MAX;
    for (unsigned i = 0; i < n; i++)
        bytes += strlen(texts[i]) + 1;
    a = mem_alloc(sizeof *a + bytes);
    if (!a)
        return NULL;
    a->number = number;
    a->n = n;
    at = a->bytes;
    for (unsigned i = 0; i < n; i++) {
        a->texts[i] = at;
        at = stpcpy(at, texts[i]) + 1;
    }
    return a;
}

int eth_discovery_dns_answer(struct eth_discovery *d, uint64_t number, const char *const *texts,
                             unsigned n)
{
    struct message m = {.kind = MSG_DNS, .u.dns = copy_answer(number, texts, n)};
    int rc;

    if (!m.u.dns)
        return PN_ENOMEM;
    rc = chan_try_send(&d->inbox, &m);
    if (rc < 0)
        mem_free(m.u.dns);
    return rc;
}

int eth_discovery_resolve(struct eth_discovery *d, const uint8_t pubkey[EC_PUBKEY_BYTES],
                          struct chan *reply)
{
    struct message m = {.kind = MSG_RESOLVE, .reply = reply};

    memcpy(m.u.node.pubkey, pubkey, EC_PUBKEY_BYTES);
    return chan_try_send(&d->inbox, &m);
}

void eth_discovery_look(struct eth_discovery *d, struct eth_discovery_view *out)
{
    mutex_lock(&d->mu);
    *out = d->view;
    mutex_unlock(&d->mu);
}

const struct net_addr *eth_discovery_addr(const struct eth_discovery *d, enum eth_family family)
{
    return d->udp[family] ? udp_addr(d->udp[family]) : NULL;
}
