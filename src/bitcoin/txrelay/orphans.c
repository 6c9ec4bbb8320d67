/* A table of ORPHANS_MAX places with three chains through it: by txid, by wtxid, by parent. */
#include "bitcoin/txrelay/orphans.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "crypto/siphash.h"

enum { BUCKETS = 1024, NONE = 0xffff };
enum { BY_TXID, BY_WTXID, BY_PARENT, CHAINS };

struct orphan {
    struct tx_body *body; /* NULL: a free place */
    uint64_t seq;         /* of its coming */
    unsigned peer;
    uint8_t parent[BTC_HASH_BYTES];
    uint16_t next[CHAINS]; /* a free place: next[0] is the next free one */
};

struct orphans {
    struct siphash_key key;
    struct orphan places[ORPHANS_MAX];
    uint16_t buckets[CHAINS][BUCKETS];
    uint16_t free;
    unsigned count;
    uint64_t seq;
};

int orphans_new(struct orphans **out)
{
    struct orphans *o = mem_zalloc(sizeof *o);

    if (!o)
        return PN_ENOMEM;
    o->key = siphash_random_key();
    memset(o->buckets, 0xff, sizeof o->buckets);
    for (uint16_t i = 0; i < ORPHANS_MAX; i++)
        o->places[i].next[0] = i + 1 < ORPHANS_MAX ? (uint16_t)(i + 1) : NONE;
    *out = o;
    return 0;
}

void orphans_free(struct orphans *o)
{
    if (!o)
        return;
    for (unsigned i = 0; i < ORPHANS_MAX; i++)
        tx_body_unref(o->places[i].body);
    mem_free(o);
}

static const uint8_t *key_of(const struct orphan *e, int chain)
{
    return chain == BY_TXID ? e->body->txid : chain == BY_WTXID ? e->body->wtxid : e->parent;
}

static uint16_t bucket_of(const struct orphans *o, const uint8_t hash[BTC_HASH_BYTES])
{
    return siphash(&o->key, hash, BTC_HASH_BYTES) % BUCKETS;
}

static uint16_t find(const struct orphans *o, int chain, const uint8_t hash[BTC_HASH_BYTES])
{
    uint16_t at = o->count ? o->buckets[chain][bucket_of(o, hash)] : NONE;

    while (at != NONE && memcmp(key_of(&o->places[at], chain), hash, BTC_HASH_BYTES) != 0)
        at = o->places[at].next[chain];
    return at;
}

static void unchain(struct orphans *o, uint16_t place, int chain)
{
    uint16_t *at = &o->buckets[chain][bucket_of(o, key_of(&o->places[place], chain))];

    while (*at != place)
        at = &o->places[*at].next[chain];
    *at = o->places[place].next[chain];
}

static struct tx_body *take(struct orphans *o, uint16_t place)
{
    struct orphan *e = &o->places[place];
    struct tx_body *body = e->body;

    for (int chain = 0; chain < CHAINS; chain++)
        unchain(o, place, chain);
    e->body = NULL;
    e->next[0] = o->free;
    o->free = place;
    o->count--;
    return body;
}

/* The oldest of one sender, and what all of his take together. */
static uint16_t oldest_of(const struct orphans *o, unsigned *n, size_t *weight, unsigned peer)
{
    uint16_t oldest = NONE;

    *n = 0;
    *weight = 0;
    for (uint16_t i = 0; i < ORPHANS_MAX; i++) {
        const struct orphan *e = &o->places[i];

        if (!e->body || e->peer != peer)
            continue;
        ++*n;
        *weight += e->body->weight;
        if (oldest == NONE || e->seq < o->places[oldest].seq)
            oldest = i;
    }
    return oldest;
}

static uint16_t oldest_of_all(const struct orphans *o)
{
    uint16_t oldest = 0;

    for (uint16_t i = 1; i < ORPHANS_MAX; i++)
        if (o->places[i].seq < o->places[oldest].seq)
            oldest = i;
    return oldest;
}

static void make_room(struct orphans *o, unsigned peer, uint32_t weight)
{
    for (;;) {
        unsigned n;
        size_t held;
        uint16_t oldest = oldest_of(o, &n, &held, peer);

        if (n == 0 || (n < ORPHANS_PEER_MAX && held + weight <= ORPHANS_PEER_WEIGHT))
            break;
        tx_body_unref(take(o, oldest));
    }
    if (o->free == NONE)
        tx_body_unref(take(o, oldest_of_all(o)));
}

void orphans_add(struct orphans *o, struct tx_body *body, unsigned peer,
                 const uint8_t parent[BTC_HASH_BYTES])
{
    struct orphan *e;
    uint16_t place;

    make_room(o, peer, body->weight);
    place = o->free;
    e = &o->places[place];
    o->free = e->next[0];
    e->body = body;
    e->peer = peer;
    e->seq = ++o->seq;
    memcpy(e->parent, parent, BTC_HASH_BYTES);
    for (int chain = 0; chain < CHAINS; chain++) {
        uint16_t *bucket = &o->buckets[chain][bucket_of(o, key_of(e, chain))];

        e->next[chain] = *bucket;
        *bucket = place;
    }
    o->count++;
}

bool orphans_has_txid(const struct orphans *o, const uint8_t txid[BTC_HASH_BYTES])
{
    return find(o, BY_TXID, txid) != NONE;
}

bool orphans_has_wtxid(const struct orphans *o, const uint8_t wtxid[BTC_HASH_BYTES])
{
    return find(o, BY_WTXID, wtxid) != NONE;
}

struct tx_body *orphans_take_child(struct orphans *o, unsigned *peer,
                                   const uint8_t parent[BTC_HASH_BYTES])
{
    uint16_t place = find(o, BY_PARENT, parent);

    if (place == NONE)
        return NULL;
    *peer = o->places[place].peer;
    return take(o, place);
}

struct tx_body *orphans_take_over(struct orphans *o, unsigned *peer, unsigned *at,
                                  orphan_wait_over *over, void *arg)
{
    while (o->count > 0 && *at < ORPHANS_MAX) {
        uint16_t place = (uint16_t)(*at)++;
        const struct orphan *e = &o->places[place];

        if (!e->body || !over(arg, e->peer, e->parent))
            continue;
        *peer = e->peer;
        return take(o, place);
    }
    return NULL;
}

void orphans_peer_gone(struct orphans *o, unsigned peer)
{
    for (uint16_t i = 0; o->count > 0 && i < ORPHANS_MAX; i++)
        if (o->places[i].body && o->places[i].peer == peer)
            tx_body_unref(take(o, i));
}

unsigned orphans_count(const struct orphans *o)
{
    return o->count;
}
