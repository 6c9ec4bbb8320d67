/* The table is an array; its size makes one pass cheap beside a connection. */
#include "electrum/peers/table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "electrum/peers/table_internal.h"
#include "net/target.h"

const char *peers_status_name(enum peers_status status)
{
    static const char *const names[PEERS_STATUSES] = {
#define PEERS_STATUS_NAME_(id, name) name,
        PEERS_STATUS_LIST(PEERS_STATUS_NAME_)
#undef PEERS_STATUS_NAME_
    };

    return names[status];
}

struct peers_table *peers_table_new(const struct peers_config *config) NO_THREAD_SAFETY
{
    struct peers_table *t = mem_zalloc(sizeof *t);

    if (!t)
        return NULL;
    t->config = *config;
    mutex_init(&t->mu);
    t->entries = mem_zalloc_array(PEERS_MAX, sizeof *t->entries);
    t->adds = mem_zalloc_array(PEERS_ADDS_MAX, sizeof *t->adds);
    if (t->entries && t->adds)
        return t;
    peers_table_free(t);
    return NULL;
}

void peers_table_free(struct peers_table *t) NO_THREAD_SAFETY
{
    if (!t)
        return;
    mem_free(t->entries);
    mem_free(t->adds);
    mutex_destroy(&t->mu);
    mem_free(t);
}

/* --- hosts --- */

static bool is_multicast(const struct net_addr *a)
{
    return (a->kind == NET_IPV4 && a->bytes[0] >= 224) ||
           (a->kind == NET_IPV6 && a->bytes[0] == 0xff);
}

int peers_check_host(const struct peers_table *t, struct net_target *out, const char *host)
{
    int rc = strlen(host) < PEERS_HOST_BYTES ? net_target_parse(out, host, 1) : PN_EFORMAT;

    if (rc < 0 || out->kind == TARGET_I2P || out->port != 1)
        return PN_EFORMAT;
    if (out->kind == TARGET_ADDR && is_multicast(&out->addr))
        return PN_EFORMAT;
    if (t->config.allow_private)
        return 0;
    if (out->kind == TARGET_NAME)
        return strcmp(out->host, "localhost") == 0 || !strchr(out->host, '.') ? PN_EFILTERED : 0;
    if (out->kind == TARGET_ADDR && !net_addr_is_routable(t->config.policy, &out->addr))
        return PN_EFILTERED;
    return 0;
}

struct peers_entry *peers_find_host(struct peers_table *t, const char *host)
{
    for (unsigned i = 0; i < PEERS_MAX; i++)
        if (t->entries[i].id && strcmp(t->entries[i].host, host) == 0)
            return &t->entries[i];
    return NULL;
}

static struct peers_entry *find_id(struct peers_table *t, uint64_t id) REQUIRES(t->mu)
{
    for (unsigned i = 0; i < PEERS_MAX; i++)
        if (t->entries[i].id == id)
            return &t->entries[i];
    return NULL;
}

static struct peers_entry *new_entry(struct peers_table *t, const struct net_target *host)
    REQUIRES(t->mu)
{
    struct peers_entry *e = find_id(t, 0);

    if (!e)
        return NULL;
    *e = (struct peers_entry){.id = ++t->last_id, .dirty = true};
    snprintf(e->host, sizeof e->host, "%s", host->host);
    return e;
}

int peers_enter(struct peers_table *t, struct peers_entry **out, const struct net_target *host,
                uint16_t tcp_port, uint16_t ssl_port)
{
    struct peers_entry *e = peers_find_host(t, host->host);
    bool known = e != NULL, same = e && e->tcp_port == tcp_port && e->ssl_port == ssl_port;

    *out = e;
    if (same)
        return PN_EEXIST;
    if (!e)
        e = new_entry(t, host);
    if (!e)
        return PN_ELIMIT;
    *out = e;
    if (known && e->last_good_us) /* only the server itself changes what was verified */
        return PN_EEXIST;
    e->tcp_port = tcp_port;
    e->ssl_port = ssl_port;
    e->due_us = clock_mono_us();
    e->dirty = true;
    return known ? PN_EEXIST : 0;
}

int peers_note(struct peers_table *t, const char *host, uint16_t tcp_port, uint16_t ssl_port,
               const char *source)
{
    struct net_target target;
    struct peers_entry *e;
    int rc = peers_check_host(t, &target, host);

    if (rc < 0 || (tcp_port == 0 && ssl_port == 0))
        return rc < 0 ? rc : PN_EFORMAT;
    mutex_lock(&t->mu);
    rc = peers_enter(t, &e, &target, tcp_port, ssl_port);
    if (rc == 0)
        snprintf(e->source, sizeof e->source, "%s", source);
    mutex_unlock(&t->mu);
    return rc;
}

/* What was stored is as old as the wall clock says; in the future it cannot be. */
int peers_restore(struct peers_table *t, const struct peers_entry *stored)
{
    int64_t now_us = clock_mono_us(), age_s = clock_wall_s() - stored->last_good_s;
    struct net_target target;
    struct peers_entry *e;
    int rc = peers_check_host(t, &target, stored->host);

    if (rc < 0)
        return rc;
    mutex_lock(&t->mu);
    rc = peers_enter(t, &e, &target, stored->tcp_port, stored->ssl_port);
    if (rc == 0) {
        uint64_t id = e->id;

        *e = *stored;
        e->id = id;
        e->dirty = e->checking = false;
        e->due_us = now_us;
        age_s = age_s > 0 ? age_s : 0;
        e->last_good_us = stored->last_good_s == 0   ? 0
                          : now_us > age_s * 1000000 ? now_us - age_s * 1000000
                                                     : 1;
    }
    mutex_unlock(&t->mu);
    return rc;
}

/* --- looking --- */

int peers_take_due(struct peers_table *t, struct peers_entry *out, int64_t *due_us)
{
    struct peers_entry *first = NULL;
    int rc = PN_ENOENT;

    *due_us = CLOCK_NEVER;
    mutex_lock(&t->mu);
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        struct peers_entry *e = &t->entries[i];

        if (e->id && !e->checking && e->due_us < *due_us) {
            *due_us = e->due_us;
            first = e;
        }
    }
    if (first && *due_us <= clock_mono_us()) {
        first->checking = true;
        first->last_try_s = clock_wall_s();
        *out = *first;
        rc = 0;
    }
    mutex_unlock(&t->mu);
    return rc;
}

static bool recently_good(const struct peers_entry *e)
{
    return e->last_good_us && clock_mono_us() - e->last_good_us < PEERS_STALE_S * INT64_C(1000000);
}

bool peers_bucket_taken(struct peers_table *t, const struct net_addr *addr, uint64_t id)
{
    size_t len = addr->kind == NET_IPV6 ? 8 : net_addr_len(addr->kind);
    bool taken = false;

    mutex_lock(&t->mu);
    for (unsigned i = 0; i < PEERS_MAX && !taken; i++) {
        const struct peers_entry *e = &t->entries[i];

        taken = e->id && e->id != id && e->addr.kind == addr->kind &&
                memcmp(e->addr.bytes, addr->bytes, len) == 0 &&
                (e->checking || (recently_good(e) && !e->bad));
    }
    mutex_unlock(&t->mu);
    return taken;
}

void peers_set_addr(struct peers_table *t, uint64_t id, const struct net_addr *addr)
{
    struct peers_entry *e;

    mutex_lock(&t->mu);
    e = find_id(t, id);
    if (e)
        e->addr = *addr;
    mutex_unlock(&t->mu);
}

/* A certificate that is another than before is taken, but remembered as a change. */
static void take_pin(struct peers_entry *e, const struct peers_verdict *v)
{
    if (!v->has_pin)
        return;
    if (e->has_pin && memcmp(e->pin, v->pin, sizeof e->pin) != 0)
        e->pin_changes++;
    e->has_pin = true;
    memcpy(e->pin, v->pin, sizeof e->pin);
}

static void note_good(struct peers_entry *e, const struct peers_verdict *v)
{
    int64_t now_us = clock_mono_us();

    e->bad = false;
    e->tries = 0;
    e->reason[0] = '\0';
    e->last_good_us = now_us;
    e->last_good_s = clock_wall_s();
    e->due_us = now_us + PEERS_RECHECK_S * INT64_C(1000000);
    e->addr = v->addr;
    e->claimed_by = (struct net_addr){0};
    snprintf(e->software, sizeof e->software, "%s", v->software);
    take_pin(e, v);
}

/* Returns: whether that was once too often. */
static bool note_failure(struct peers_entry *e, const struct peers_verdict *v)
{
    unsigned limit;

    if (v->kind == VERDICT_BAD)
        e->bad = true;
    snprintf(e->reason, sizeof e->reason, "%s", v->reason);
    e->tries++;
    e->due_us = clock_mono_us() + (INT64_C(1000000) * PEERS_WAKEUP_S << e->tries);
    limit = e->last_good_us && !e->bad ? PEERS_TRIES_GOOD : PEERS_TRIES_NEVER;
    return e->tries >= limit;
}

bool peers_conclude(struct peers_table *t, uint64_t id, const struct peers_verdict *verdict)
{
    struct peers_entry *e;
    bool forget = false;

    mutex_lock(&t->mu);
    e = find_id(t, id);
    if (e) {
        e->checking = false;
        e->dirty = true;
        if (verdict->kind == VERDICT_GOOD)
            note_good(e, verdict);
        else
            forget = note_failure(e, verdict);
    }
    if (forget) {
        char host[PEERS_HOST_BYTES];

        /* The place keeps the name until the store has let go of it too. */
        memcpy(host, e->host, sizeof host);
        *e = (struct peers_entry){.dirty = true};
        memcpy(e->host, host, sizeof host);
    }
    mutex_unlock(&t->mu);
    return forget;
}

enum peers_status peers_status_of(const struct peers_entry *e)
{
    if (e->bad)
        return PEERS_BAD;
    if (recently_good(e))
        return PEERS_GOOD;
    return e->last_good_us ? PEERS_STALE : PEERS_NEVER;
}

bool peers_take_dirty(struct peers_table *t, struct peers_entry *out)
{
    bool found = false;

    mutex_lock(&t->mu);
    for (unsigned i = 0; i < PEERS_MAX && !found; i++)
        if (t->entries[i].dirty) {
            t->entries[i].dirty = false;
            *out = t->entries[i];
            found = true;
        }
    mutex_unlock(&t->mu);
    return found;
}
