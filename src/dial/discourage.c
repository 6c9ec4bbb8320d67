/* Two generations of keyed fingerprints. The young one takes what is added; when it has `limit`
 * entries the old one is forgotten and they change places. The low bits of a secret SipHash give
 * the place and its high half is the fingerprint, so that nobody outside can aim at a place, and
 * two addresses meet only if 32 bits and a neighbourhood agree. Tables are at most half full:
 * a probe ends after two steps on average. */
#include "dial/discourage.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutex.h"
#include "crypto/siphash.h"

enum { GENERATIONS = 2, SUBSCRIBER_BYTES = 8 };

struct discourage {
    struct siphash_key key;
    unsigned limit, slots; /* slots is a power of two */
    struct mutex mu;
    unsigned young GUARDED_BY(mu);    /* index of the young generation */
    unsigned count GUARDED_BY(mu);    /* entries in it */
    uint32_t prints[] GUARDED_BY(mu); /* GENERATIONS × slots; 0 is empty */
};

static size_t size_of(unsigned slots)
{
    return sizeof(struct discourage) + (size_t)GENERATIONS * slots * sizeof(uint32_t);
}

struct discourage *discourage_new(unsigned limit)
{
    struct discourage *d;
    unsigned slots = 2;

    assert(limit > 0 && limit <= DISCOURAGE_LIMIT_MAX);
    while (slots / 2 < limit)
        slots *= 2;
    d = mem_zalloc(size_of(slots));
    if (!d)
        return NULL;
    d->key = siphash_random_key();
    d->limit = limit;
    d->slots = slots;
    mutex_init(&d->mu);
    return d;
}

void discourage_free(struct discourage *d)
{
    if (!d)
        return;
    mutex_destroy(&d->mu);
    mem_free(d);
}

static uint64_t hash_of(const struct discourage *d, const struct net_addr *addr)
{
    uint8_t text[1 + sizeof addr->bytes] = {(uint8_t)addr->kind};
    size_t len = addr->kind == NET_IPV6 ? SUBSCRIBER_BYTES : net_addr_len(addr->kind);

    memcpy(text + 1, addr->bytes, len);
    return siphash(&d->key, text, 1 + len);
}

static uint32_t print_of(uint64_t hash)
{
    uint32_t print = (uint32_t)(hash >> 32);

    return print ? print : 1;
}

static uint32_t *generation(struct discourage *d, unsigned index) REQUIRES(d->mu)
{
    return d->prints + (size_t)index * d->slots;
}

/* The place that holds this address in a generation, or the empty one where it would go. There is
 * always an empty one: a generation has at most limit entries in at least twice as many places. */
static uint32_t *find(struct discourage *d, unsigned index, uint64_t hash) REQUIRES(d->mu)
{
    uint32_t *prints = generation(d, index);
    uint32_t print = print_of(hash);
    unsigned mask = d->slots - 1, at = (unsigned)hash & mask;

    while (prints[at] != 0 && prints[at] != print)
        at = (at + 1) & mask;
    return &prints[at];
}

static void change_generations(struct discourage *d) REQUIRES(d->mu)
{
    d->young = 1 - d->young;
    d->count = 0;
    memset(generation(d, d->young), 0, d->slots * sizeof(uint32_t));
}

/* Also one that the old generation knows is entered, so that who misbehaves now is remembered from
 * now on. Returns: whether neither generation knew it. */
static bool add(struct discourage *d, uint64_t hash) REQUIRES(d->mu)
{
    bool known = *find(d, 1 - d->young, hash) != 0;

    if (*find(d, d->young, hash) != 0)
        return false;
    if (d->count == d->limit)
        change_generations(d);
    *find(d, d->young, hash) = print_of(hash);
    d->count++;
    return !known;
}

bool discourage_add(struct discourage *d, const struct net_addr *addr)
{
    uint64_t hash = hash_of(d, addr);
    bool added;

    mutex_lock(&d->mu);
    added = add(d, hash);
    mutex_unlock(&d->mu);
    return added;
}

bool discourage_has(struct discourage *d, const struct net_addr *addr)
{
    uint64_t hash = hash_of(d, addr);
    bool has;

    mutex_lock(&d->mu);
    has = *find(d, 0, hash) != 0 || *find(d, 1, hash) != 0;
    mutex_unlock(&d->mu);
    return has;
}

void discourage_clear(struct discourage *d)
{
    mutex_lock(&d->mu);
    memset(d->prints, 0, (size_t)GENERATIONS * d->slots * sizeof(uint32_t));
    d->count = 0;
    mutex_unlock(&d->mu);
}

size_t discourage_memory(const struct discourage *d)
{
    return size_of(d->slots);
}
