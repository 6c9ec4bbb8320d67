/* Servers that name themselves (server.add_peer). ElectrumX keeps one time for each domain, a
 * single one for all IP addresses, and moves it with refused calls too, so that one caller can lock
 * all others out; here there is one for each domain and each calling address, moved by accepted
 * calls alone. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "electrum/peers/table_internal.h"

/* The note of a key, or the oldest one to be replaced. */
static struct peers_add_note *note_of(struct peers_table *t, const char *key) REQUIRES(t->mu)
{
    struct peers_add_note *oldest = &t->adds[0];

    for (unsigned i = 0; i < PEERS_ADDS_MAX; i++) {
        if (t->adds[i].at_us && strcmp(t->adds[i].key, key) == 0)
            return &t->adds[i];
        if (t->adds[i].at_us < oldest->at_us)
            oldest = &t->adds[i];
    }
    return oldest;
}

static bool paused(struct peers_table *t, const char *key) REQUIRES(t->mu)
{
    const struct peers_add_note *n = note_of(t, key);

    return n->at_us && strcmp(n->key, key) == 0 &&
           clock_mono_us() - n->at_us < PEERS_ADD_PAUSE_S * INT64_C(1000000);
}

static void note(struct peers_table *t, const char *key) REQUIRES(t->mu)
{
    struct peers_add_note *n = note_of(t, key);

    snprintf(n->key, sizeof n->key, "%s", key);
    n->at_us = clock_mono_us();
}

/* The last two labels of a name; an address stands for itself. */
static void domain_of(char key[64], const struct net_target *host)
{
    const char *last = strrchr(host->host, '.'), *from = host->host;

    if (host->kind != TARGET_ADDR && last) {
        from = last;
        while (from > host->host && from[-1] != '.')
            from--;
    }
    snprintf(key, 64, "d:%.60s", from);
}

static void caller_of(char key[64], const struct net_addr *from)
{
    struct net_addr a = *from;
    char text[NET_ADDR_TEXT_BYTES];

    a.port = 0;
    if (a.kind == NET_IPV6)
        memset(a.bytes + 8, 0, 8);
    snprintf(key, 64, "a:%.60s", net_addr_format(text, &a));
}

static bool same_host(const struct net_addr *a, const struct net_addr *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, net_addr_len(a->kind)) == 0;
}

/* Onion services cannot be told apart, so all together have one pause, of a random length. */
static int permit_onion(struct peers_table *t) REQUIRES(t->mu)
{
    int64_t now_us = clock_mono_us();

    if (now_us < t->next_onion_us)
        return PN_EAGAIN;
    t->next_onion_us = now_us + (int64_t)random_below(PEERS_ONION_PAUSE_S) * 1000000;
    return 0;
}

static int enter(struct peers_table *t, const struct net_target *host, uint16_t tcp_port,
                 uint16_t ssl_port, const struct net_addr *from) REQUIRES(t->mu)
{
    char domain[64], caller[64];
    struct peers_entry *e;
    int rc;

    domain_of(domain, host);
    caller_of(caller, from);
    if (paused(t, domain) || paused(t, caller))
        return PN_EAGAIN;
    rc = host->kind == TARGET_ONION ? permit_onion(t) : 0;
    if (rc < 0)
        return rc;
    note(t, domain);
    note(t, caller);
    rc = peers_enter(t, &e, host, tcp_port, ssl_port);
    if (rc == 0) {
        snprintf(e->source, sizeof e->source, "add_peer");
        if (host->kind == TARGET_NAME)
            e->claimed_by = *from;
    }
    return rc == PN_EEXIST ? 0 : rc;
}

int peers_add(struct peers_table *t, const char *host, uint16_t tcp_port, uint16_t ssl_port,
              const struct net_addr *from)
{
    struct net_target target;
    int rc = peers_check_host(t, &target, host);

    if (rc < 0)
        return rc;
    if (tcp_port == 0 && ssl_port == 0)
        return PN_EFORMAT;
    if (target.kind == TARGET_ADDR && !same_host(&target.addr, from))
        return PN_EUNPROVEN;
    mutex_lock(&t->mu);
    rc = enter(t, &target, tcp_port, ssl_port, from);
    mutex_unlock(&t->mu);
    return rc;
}
