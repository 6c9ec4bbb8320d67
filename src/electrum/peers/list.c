/* The table as others see it. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "electrum/jsonrpc/answer.h"
#include "electrum/peers/table_internal.h"

enum { EACH_GROUP = 2, LEAST_ONIONS = 10 };

bool peers_get(struct peers_table *t, struct peers_entry *out, const char *host)
{
    struct peers_entry *e;

    mutex_lock(&t->mu);
    e = peers_find_host(t, host);
    if (e)
        *out = *e;
    mutex_unlock(&t->mu);
    return e != NULL;
}

static int by_worth(const void *a, const void *b)
{
    const struct peers_entry *x = a, *y = b;

    if (x->bad != y->bad)
        return x->bad - y->bad;
    if (x->last_good_us != y->last_good_us)
        return x->last_good_us < y->last_good_us ? 1 : -1;
    return strcmp(x->host, y->host);
}

/* Copies, sorted. Owns: the caller frees. */
static struct peers_entry *copy_all(struct peers_table *t, unsigned *n)
{
    struct peers_entry *all = mem_alloc_array(PEERS_MAX, sizeof *all);

    *n = 0;
    if (!all)
        return NULL;
    mutex_lock(&t->mu);
    for (unsigned i = 0; i < PEERS_MAX; i++)
        if (t->entries[i].id)
            all[(*n)++] = t->entries[i];
    mutex_unlock(&t->mu);
    qsort(all, *n, sizeof *all, by_worth);
    return all;
}

int peers_each(struct peers_table *t, void (*visit)(void *arg, const struct peers_entry *e),
               void *arg)
{
    unsigned n;
    struct peers_entry *all = copy_all(t, &n);

    if (!all)
        return PN_ENOMEM;
    for (unsigned i = 0; i < n; i++)
        visit(arg, &all[i]);
    mem_free(all);
    return 0;
}

void peers_count(struct peers_table *t, unsigned counts[PEERS_STATUSES])
{
    memset(counts, 0, PEERS_STATUSES * sizeof *counts);
    mutex_lock(&t->mu);
    for (unsigned i = 0; i < PEERS_MAX; i++)
        if (t->entries[i].id)
            counts[peers_status_of(&t->entries[i])]++;
    mutex_unlock(&t->mu);
}

static bool is_onion(const struct peers_entry *e)
{
    size_t len = strlen(e->host);

    return len > 6 && strcmp(e->host + len - 6, ".onion") == 0;
}

static bool same_group(const struct net_addr *a, const struct net_addr *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, a->kind == NET_IPV4 ? 2 : 7) == 0;
}

/* Whether two servers of its group are among those already chosen. */
static bool group_is_full(const struct peers_entry *all, const bool *chosen, unsigned at)
{
    unsigned n = 0;

    for (unsigned i = 0; i < at; i++)
        n += chosen[i] && !is_onion(&all[i]) && same_group(&all[i].addr, &all[at].addr);
    return n >= EACH_GROUP;
}

static void put_entry(struct buf *out, const struct peers_entry *e)
{
    struct net_target where;

    buf_puts(out, "[");
    if (is_onion(e) || net_target_from_addr(&where, &e->addr) < 0) {
        jrpc_put_text(out, e->host);
    } else {
        jrpc_put_text(out, where.host);
    }
    buf_puts(out, ", ");
    jrpc_put_text(out, e->host);
    buf_puts(out, ", [\"v1.4\"");
    if (e->ssl_port)
        buf_printf(out, ", \"s%u\"", e->ssl_port);
    if (e->tcp_port)
        buf_printf(out, ", \"t%u\"", e->tcp_port);
    buf_puts(out, "]]");
}

static void choose(bool *chosen, const struct peers_entry *all, unsigned n)
{
    unsigned clear = 0, onions = 0;

    for (unsigned i = 0; i < n; i++)
        if (peers_status_of(&all[i]) == PEERS_GOOD && !is_onion(&all[i]) &&
            !group_is_full(all, chosen, i)) {
            chosen[i] = true;
            clear++;
        }
    for (unsigned i = 0; i < n; i++)
        if (peers_status_of(&all[i]) == PEERS_GOOD && is_onion(&all[i]) &&
            onions < (clear / 4 > LEAST_ONIONS ? clear / 4 : LEAST_ONIONS)) {
            chosen[i] = true;
            onions++;
        }
}

void peers_put_list(struct buf *out, struct peers_table *t)
{
    unsigned n = 0, put = 0;
    struct peers_entry *all = copy_all(t, &n);
    bool *chosen = all ? mem_zalloc_array(PEERS_MAX, sizeof *chosen) : NULL;

    buf_puts(out, "[");
    if (chosen)
        choose(chosen, all, n);
    for (unsigned i = 0; chosen && i < n; i++)
        if (chosen[i]) {
            buf_puts(out, put++ ? ", " : "");
            put_entry(out, &all[i]);
        }
    buf_puts(out, "]");
    mem_free(chosen);
    mem_free(all);
}
