/* Every hash has one entry with up to four announcers. It is waiting (for itself to come), ready
 * (to be asked for), or asked (of the announcer in place 0). */
#include "ethereum/txpool/fetcher.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/types/hash_table.h"

enum { ANNOUNCERS = 4 };

struct announcer {
    uint64_t peer;
    uint64_t size;
    uint8_t type;
    bool sized;
};

struct entry {
    uint8_t hash[ETH_HASH_BYTES];
    struct announcer from[ANNOUNCERS];
    unsigned n_from;
    bool asked;
    int64_t due_us; /* to be asked for; or, when asked, given up */
    UT_hash_handle hh;
    struct entry *prev, *next; /* oldest first */
};

/* What a peer has announced, and whether a request to it is under way. */
struct client {
    uint64_t peer;
    unsigned announced;
    bool busy;
    UT_hash_handle hh;
};

struct txfetch {
    struct txfetch_ops ops;
    struct entry *by_hash, *list;
    unsigned n;
    struct client *clients;
};

struct txfetch *txfetch_new(const struct txfetch_ops *ops)
{
    struct txfetch *f = mem_zalloc(sizeof *f);

    if (f)
        f->ops = *ops;
    return f;
}

static struct client *client_find(struct txfetch *f, uint64_t peer)
{
    struct client *c;

    HASH_FIND(hh, f->clients, &peer, sizeof peer, c);
    return c;
}

static struct client *client_of(struct txfetch *f, uint64_t peer)
{
    struct client *c = client_find(f, peer);

    if (c)
        return c;
    c = mem_zalloc(sizeof *c);
    if (!c)
        return NULL;
    c->peer = peer;
    HASH_ADD(hh, f->clients, peer, sizeof c->peer, c);
    return c;
}

static void uncount(struct txfetch *f, uint64_t peer)
{
    struct client *c = client_find(f, peer);

    if (c && c->announced > 0)
        c->announced--;
}

static void entry_drop(struct txfetch *f, struct entry *e)
{
    for (unsigned i = 0; i < e->n_from; i++)
        uncount(f, e->from[i].peer);
    HASH_DEL(f->by_hash, e);
    DL_DELETE(f->list, e);
    f->n--;
    mem_free(e);
}

void txfetch_free(struct txfetch *f)
{
    struct client *c, *next;

    if (!f)
        return;
    while (f->list)
        entry_drop(f, f->list);
    HASH_ITER (hh, f->clients, c, next) {
        HASH_DEL(f->clients, c);
        mem_free(c);
    }
    mem_free(f);
}

static struct entry *entry_find(struct txfetch *f, const uint8_t hash[ETH_HASH_BYTES])
{
    struct entry *e;

    HASH_FIND(hh, f->by_hash, hash, ETH_HASH_BYTES, e);
    return e;
}

static int place_of(const struct entry *e, uint64_t peer)
{
    for (unsigned i = 0; i < e->n_from; i++)
        if (e->from[i].peer == peer)
            return (int)i;
    return -1;
}

static struct entry *entry_new(struct txfetch *f, const uint8_t hash[ETH_HASH_BYTES])
{
    struct entry *e = f->n < TXFETCH_MAX_HASHES ? mem_zalloc(sizeof *e) : NULL;

    if (!e)
        return NULL;
    memcpy(e->hash, hash, sizeof e->hash);
    e->due_us = clock_mono_us() + TXFETCH_ARRIVE_US;
    HASH_ADD(hh, f->by_hash, hash, sizeof e->hash, e);
    DL_APPEND(f->list, e);
    f->n++;
    return e;
}

void txfetch_announced(struct txfetch *f, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES],
                       bool sized, uint8_t type, uint64_t size)
{
    struct client *c = client_of(f, peer);
    struct entry *e = entry_find(f, hash);

    if (!c || c->announced >= TXFETCH_MAX_PER_PEER)
        return;
    if (!e)
        e = entry_new(f, hash);
    if (!e || e->n_from == ANNOUNCERS || place_of(e, peer) >= 0)
        return;
    e->from[e->n_from++] = (struct announcer){peer, size, type, sized};
    c->announced++;
}

/* The announcer in this place is of no use any more. */
static void remove_announcer(struct txfetch *f, struct entry *e, unsigned place)
{
    uncount(f, e->from[place].peer);
    if (place == 0 && e->asked) {
        e->asked = false;
        e->due_us = clock_mono_us();
    }
    e->n_from--;
    memmove(&e->from[place], &e->from[place + 1], (e->n_from - place) * sizeof e->from[0]);
    if (e->n_from == 0)
        entry_drop(f, e);
}

static bool differs(const struct announcer *a, uint8_t type, uint64_t size)
{
    uint64_t off = a->size > size ? a->size - size : size - a->size;

    return a->sized && (a->type != type || off > TXFETCH_SIZE_SLACK);
}

int txfetch_delivered(struct txfetch *f, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES],
                      uint8_t type, uint64_t size)
{
    struct entry *e = entry_find(f, hash);
    int place = e ? place_of(e, peer) : -1;

    if (!e)
        return 0;
    if (place >= 0 && differs(&e->from[place], type, size)) {
        remove_announcer(f, e, (unsigned)place);
        return PN_EPROTO;
    }
    entry_drop(f, e);
    return 0;
}

void txfetch_answered(struct txfetch *f, uint64_t peer)
{
    struct client *c = client_find(f, peer);
    struct entry *e, *next;

    if (!c || !c->busy)
        return;
    c->busy = false;
    DL_FOREACH_SAFE (f->list, e, next)
        if (e->asked && e->from[0].peer == peer)
            remove_announcer(f, e, 0);
}

void txfetch_peer_gone(struct txfetch *f, uint64_t peer)
{
    struct client *c = client_find(f, peer);
    struct entry *e, *next;

    if (!c)
        return;
    DL_FOREACH_SAFE (f->list, e, next) {
        int place = place_of(e, peer);

        if (place >= 0)
            remove_announcer(f, e, (unsigned)place);
    }
    HASH_DEL(f->clients, c);
    mem_free(c);
}

/* Bring an idle announcer to the front. Returns: whether there is one. */
static bool choose(struct txfetch *f, struct entry *e)
{
    for (unsigned i = 0; i < e->n_from; i++) {
        struct client *c = client_find(f, e->from[i].peer);
        struct announcer chosen = e->from[i];

        if (!c || c->busy)
            continue;
        memmove(&e->from[1], &e->from[0], i * sizeof e->from[0]);
        e->from[0] = chosen;
        return true;
    }
    return false;
}

static bool is_due(const struct entry *e, int64_t now_us)
{
    return !e->asked && e->due_us <= now_us + TXFETCH_GATHER_US;
}

/* One request to the peer in place 0 of `first`, with whatever else is due and it has announced. */
static void request(struct txfetch *f, struct entry *first, int64_t now_us)
{
    uint64_t peer = first->from[0].peer, bytes = 0;
    uint8_t(*hashes)[ETH_HASH_BYTES] = mem_alloc_array(TXFETCH_REQUEST_MAX, sizeof *hashes);
    struct client *c = client_find(f, peer);
    unsigned n = 0;

    if (!hashes || !c) {
        mem_free(hashes);
        return;
    }
    for (struct entry *e = first; e && n < TXFETCH_REQUEST_MAX; e = e->next) {
        int place = is_due(e, now_us) ? place_of(e, peer) : -1;
        struct announcer at;

        if (place < 0 || (n > 0 && bytes + e->from[place].size > TXFETCH_REQUEST_BYTES))
            continue;
        at = e->from[place];
        e->from[place] = e->from[0];
        e->from[0] = at;
        e->asked = true;
        e->due_us = now_us + TXFETCH_TIMEOUT_US;
        bytes += at.size;
        memcpy(hashes[n++], e->hash, ETH_HASH_BYTES);
    }
    c->busy = true;
    if (!f->ops.request(f->ops.arg, peer, (const uint8_t(*)[ETH_HASH_BYTES])hashes, n))
        txfetch_answered(f, peer);
    mem_free(hashes);
}

static void give_up(struct txfetch *f, int64_t now_us)
{
    struct entry *e;

    do { /* an answer that is missing is missing for all that was asked with it */
        DL_FOREACH (f->list, e)
            if (e->asked && e->due_us <= now_us)
                break;
        if (e)
            txfetch_answered(f, e->from[0].peer);
    } while (e);
}

int64_t txfetch_tick(struct txfetch *f, int64_t now_us)
{
    int64_t next_us = CLOCK_NEVER;
    struct entry *e, *next;

    give_up(f, now_us);
    DL_FOREACH_SAFE (f->list, e, next)
        if (!e->asked && e->due_us <= now_us && choose(f, e)) {
            request(f, e, now_us);
            next = f->list; /* a refused request changes the list */
            break;
        }
    if (e)
        return now_us; /* there may be more */
    DL_FOREACH (f->list, e)
        if (e->due_us > now_us && e->due_us < next_us)
            next_us = e->due_us;
    return next_us;
}
