/* The lock and the rules around the two tables of bans: the automatic ones and the operator's. */
#include "dial/banlist.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "dial/ban_table.h"

enum { AUTOMATIC, MANUAL, TABLES };

struct banlist {
    struct mutex mu;
    struct ban_table *tables[TABLES]; /* always the same; what they point to is guarded by mu */
    uint64_t version GUARDED_BY(mu);
};

struct banlist *banlist_new(unsigned capacity)
{
    struct banlist *b = mem_zalloc(sizeof *b);

    if (!b)
        return NULL;
    b->tables[AUTOMATIC] = ban_table_new(capacity);
    b->tables[MANUAL] = ban_table_new(capacity);
    mutex_init(&b->mu);
    if (b->tables[AUTOMATIC] && b->tables[MANUAL])
        return b;
    banlist_free(b);
    return NULL;
}

void banlist_free(struct banlist *b)
{
    if (!b)
        return;
    ban_table_free(b->tables[AUTOMATIC]);
    ban_table_free(b->tables[MANUAL]);
    mutex_destroy(&b->mu);
    mem_free(b);
}

struct subnet ban_host(const struct net_addr *addr)
{
    struct subnet net = {.base = *addr, .prefix_bits = (unsigned)net_addr_len(addr->kind) * 8};

    net.base.port = 0;
    return net;
}

/* bitcoind writes and wants "/32" and "/128" behind single IPv4 and IPv6 addresses, and nothing
 * behind those of Tor, I2P and CJDNS, which have no subnets there. */
static bool shows_length(const struct subnet *net)
{
    return net->base.kind == NET_IPV4 || net->base.kind == NET_IPV6 ||
           net->prefix_bits < net_addr_len(net->base.kind) * 8;
}

const char *ban_format(char out[BAN_TEXT_BYTES], const struct subnet *net)
{
    char text[NET_ADDR_TEXT_BYTES];
    const char *host = net_addr_format(text, &net->base);
    size_t len = (size_t)(strrchr(text, ':') - text);

    if (*host == '[') {
        host++;
        len -= 2;
    }
    if (shows_length(net))
        snprintf(out, BAN_TEXT_BYTES, "%.*s/%u", (int)len, host, net->prefix_bits);
    else
        snprintf(out, BAN_TEXT_BYTES, "%.*s", (int)len, host);
    return out;
}

/* Whether it names a subnet in the one way in which the table holds it. */
static bool is_canonical(const struct subnet *net)
{
    unsigned bits = (unsigned)net_addr_len(net->base.kind) * 8;

    if (bits == 0 || net->prefix_bits > bits || net->base.port != 0)
        return false;
    for (unsigned i = net->prefix_bits; i < bits; i++)
        if (net->base.bytes[i / 8] & (0x80u >> i % 8))
            return false;
    return true;
}

/* Make room for a ban. */
static int give_way(struct ban_table *t, struct ban *displaced, const struct ban *ban)
{
    const struct ban *first = ban_table_first(t);

    if (ban_table_count(t) < ban_table_capacity(t))
        return 0;
    if (ban->manual || first->until_s > ban->until_s)
        return PN_ELIMIT;
    *displaced = *first;
    ban_table_remove(t, first);
    return 0;
}

static int enter(struct banlist *b, struct ban *displaced, const struct ban *ban) REQUIRES(b->mu)
{
    struct ban_table *t = b->tables[ban->manual ? MANUAL : AUTOMATIC];
    const struct ban *old = ban_table_exact(t, &ban->net);
    int rc;

    if (old && old->until_s >= ban->until_s)
        return PN_EEXIST;
    if (old)
        ban_table_remove(t, old);
    rc = give_way(t, displaced, ban);
    if (rc == 0)
        ban_table_insert(t, ban);
    return rc;
}

/* A text that stands in JSON, in the log and on a terminal as it is. */
static void copy_reason(char out[BAN_REASON_BYTES], const char *in)
{
    size_t i = 0;

    for (; in[i] != '\0' && i + 1 < BAN_REASON_BYTES; i++)
        out[i] = in[i] < ' ' || in[i] > '~' || in[i] == '"' || in[i] == '\\' ? '?' : in[i];
    out[i] = '\0';
}

static int add(struct banlist *b, const struct subnet *net, int64_t until_s, const char *reason,
               bool manual)
{
    struct ban ban = {
        .net = *net, .created_s = clock_wall_s(), .until_s = until_s, .manual = manual};

    copy_reason(ban.reason, reason);
    return banlist_enter(b, NULL, &ban);
}

int banlist_add(struct banlist *b, const struct subnet *net, int64_t until_s, const char *reason)
{
    return add(b, net, until_s, reason, false);
}

int banlist_add_manual(struct banlist *b, const struct subnet *net, int64_t until_s,
                       const char *reason)
{
    return add(b, net, until_s, reason, true);
}

int banlist_enter(struct banlist *b, struct ban *displaced, const struct ban *ban)
{
    struct ban entry = *ban, gone = {.until_s = 0};
    int rc;

    copy_reason(entry.reason, ban->reason);
    if (entry.until_s > BAN_UNTIL_MAX)
        entry.until_s = BAN_UNTIL_MAX;
    if (!is_canonical(&entry.net) || entry.until_s <= clock_wall_s())
        return PN_EINVAL;
    mutex_lock(&b->mu);
    rc = enter(b, &gone, &entry);
    b->version += rc == 0;
    mutex_unlock(&b->mu);
    if (displaced)
        *displaced = gone;
    return rc;
}

int banlist_remove(struct banlist *b, const struct subnet *net)
{
    bool found = false;

    if (!is_canonical(net))
        return PN_ENOENT;
    mutex_lock(&b->mu);
    for (int i = 0; i < TABLES; i++) {
        const struct ban *ban = ban_table_exact(b->tables[i], net);

        found = found || ban;
        if (ban)
            ban_table_remove(b->tables[i], ban);
    }
    b->version += found;
    mutex_unlock(&b->mu);
    return found ? 0 : PN_ENOENT;
}

void banlist_clear(struct banlist *b)
{
    const struct ban *first;

    mutex_lock(&b->mu);
    for (int i = 0; i < TABLES; i++)
        while ((first = ban_table_first(b->tables[i])))
            ban_table_remove(b->tables[i], first);
    b->version++;
    mutex_unlock(&b->mu);
}

/* Of the two narrowest ones the narrower; of two alike the operator's. */
static const struct ban *match(const struct banlist *b, const struct net_addr *addr, int64_t now_s)
    REQUIRES(b->mu)
{
    const struct ban *automatic = ban_table_match(b->tables[AUTOMATIC], addr, now_s);
    const struct ban *manual = ban_table_match(b->tables[MANUAL], addr, now_s);

    if (!automatic || (manual && manual->net.prefix_bits >= automatic->net.prefix_bits))
        return manual;
    return automatic;
}

bool banlist_find(struct banlist *b, struct ban *out, const struct net_addr *addr)
{
    int64_t now_s = clock_wall_s();
    const struct ban *ban;
    bool found;

    mutex_lock(&b->mu);
    ban = match(b, addr, now_s);
    found = ban != NULL;
    if (found && out)
        *out = *ban;
    mutex_unlock(&b->mu);
    return found;
}

size_t banlist_sweep(struct banlist *b, struct ban *out, size_t max)
{
    int64_t now_s = clock_wall_s();
    const struct ban *first;
    size_t n = 0;

    mutex_lock(&b->mu);
    for (int i = 0; i < TABLES; i++)
        while (n < max && (first = ban_table_first(b->tables[i])) && first->until_s <= now_s) {
            out[n++] = *first;
            ban_table_remove(b->tables[i], first);
        }
    b->version += n > 0;
    mutex_unlock(&b->mu);
    return n;
}

size_t banlist_copy(struct banlist *b, struct ban *out, size_t max)
{
    size_t n = 0;

    mutex_lock(&b->mu);
    for (int i = 0; i < TABLES; i++)
        for (unsigned k = 0; k < ban_table_count(b->tables[i]) && n < max; k++)
            out[n++] = *ban_table_at(b->tables[i], k);
    mutex_unlock(&b->mu);
    return n;
}

unsigned banlist_count(struct banlist *b)
{
    unsigned n;

    mutex_lock(&b->mu);
    n = ban_table_count(b->tables[AUTOMATIC]) + ban_table_count(b->tables[MANUAL]);
    mutex_unlock(&b->mu);
    return n;
}

uint64_t banlist_version(struct banlist *b)
{
    uint64_t version;

    mutex_lock(&b->mu);
    version = b->version;
    mutex_unlock(&b->mu);
    return version;
}
