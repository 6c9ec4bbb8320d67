#include "electrum/limits/address_count.h"

#include <string.h>

#include "base/bug.h"
#include "base/mem.h"
#include "base/mutex.h"

enum { KEY_BYTES = 9 };

struct entry {
    uint8_t key[KEY_BYTES];
    unsigned sessions;
};

struct address_count {
    unsigned places, each;
    struct mutex mu;
    struct entry *entries GUARDED_BY(mu); /* the first n are in use */
    unsigned n GUARDED_BY(mu);
};

struct address_count *address_count_new(unsigned places, unsigned each) NO_THREAD_SAFETY
{
    struct address_count *a = mem_zalloc(sizeof *a);

    if (!a)
        return NULL;
    a->places = places;
    a->each = each ? each : places;
    mutex_init(&a->mu);
    a->entries = mem_zalloc_array(places, sizeof *a->entries);
    if (a->entries)
        return a;
    address_count_free(a);
    return NULL;
}

void address_count_free(struct address_count *a) NO_THREAD_SAFETY
{
    if (!a)
        return;
    mem_free(a->entries);
    mutex_destroy(&a->mu);
    mem_free(a);
}

static void make_key(uint8_t key[KEY_BYTES], const struct net_addr *addr)
{
    memset(key, 0, KEY_BYTES);
    key[0] = (uint8_t)addr->kind;
    memcpy(key + 1, addr->bytes, addr->kind == NET_IPV4 ? 4 : 8);
}

static struct entry *find(struct address_count *a, const uint8_t key[KEY_BYTES]) REQUIRES(a->mu)
{
    for (unsigned i = 0; i < a->n; i++)
        if (memcmp(a->entries[i].key, key, KEY_BYTES) == 0)
            return &a->entries[i];
    return NULL;
}

bool address_count_take(struct address_count *a, const struct net_addr *addr)
{
    uint8_t key[KEY_BYTES];
    struct entry *e;
    bool may;

    make_key(key, addr);
    mutex_lock(&a->mu);
    e = find(a, key);
    if (!e && a->n < a->places) {
        e = &a->entries[a->n++];
        *e = (struct entry){0};
        memcpy(e->key, key, KEY_BYTES);
    }
    may = e && e->sessions < a->each;
    if (may)
        e->sessions++;
    mutex_unlock(&a->mu);
    return may;
}

void address_count_give(struct address_count *a, const struct net_addr *addr)
{
    uint8_t key[KEY_BYTES];
    struct entry *e;

    make_key(key, addr);
    mutex_lock(&a->mu);
    e = find(a, key);
    if (!BUG(!e) && --e->sessions == 0)
        *e = a->entries[--a->n];
    mutex_unlock(&a->mu);
}
