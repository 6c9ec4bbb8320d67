/* The request tracker. A transaction is a list of announcements, of which at most one is asked; it
 * is "due" when somebody might have to be asked for it, and tx_requests_take looks at those alone.
 */
#include "bitcoin/txrelay/tx_requests.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/txrelay/tx_requests_internal.h"

#define PREFERRED_BIT (UINT64_C(1) << 63)

enum { FIRST_BUCKETS = 64 };

int tx_requests_new(struct tx_requests **out, unsigned max_peers)
{
    struct tx_requests *t = mem_zalloc(sizeof *t);

    if (!t)
        return PN_ENOMEM;
    t->key = siphash_random_key();
    t->max_peers = max_peers;
    t->n_buckets = FIRST_BUCKETS;
    t->peers = mem_zalloc_array(max_peers, sizeof *t->peers);
    t->buckets = mem_zalloc_array(t->n_buckets, sizeof(struct wanted_tx *));
    if (!t->peers || !t->buckets) {
        tx_requests_free(t);
        return PN_ENOMEM;
    }
    *out = t;
    return 0;
}

void tx_requests_free(struct tx_requests *t)
{
    if (!t)
        return;
    for (unsigned i = 0; t->peers && i < t->max_peers; i++)
        tx_requests_peer_gone(t, i);
    mem_free(t->peers);
    mem_free(t->buckets);
    mem_free(t->heap.items);
    mem_free(t);
}

/* --- the table of transactions --- */

static struct wanted_tx **bucket_of(const struct tx_requests *t, const uint8_t hash[32])
{
    return &t->buckets[siphash(&t->key, hash, 32) & (t->n_buckets - 1)];
}

static struct wanted_tx *find(const struct tx_requests *t, const uint8_t hash[32])
{
    struct wanted_tx *w = *bucket_of(t, hash);

    while (w && memcmp(w->hash, hash, 32) != 0)
        w = w->next;
    return w;
}

/* More buckets; without memory the chains become longer. */
static void grow(struct tx_requests *t)
{
    size_t old = t->n_buckets;
    struct wanted_tx **from = t->buckets;
    struct wanted_tx **to = mem_zalloc_array(old * 2, sizeof(struct wanted_tx *));

    if (!to)
        return;
    t->buckets = to;
    t->n_buckets = old * 2;
    for (size_t i = 0; i < old; i++)
        while (from[i]) {
            struct wanted_tx *w = from[i], **bucket = bucket_of(t, w->hash);

            from[i] = w->next;
            w->next = *bucket;
            *bucket = w;
        }
    mem_free(from);
}

static struct wanted_tx *find_or_add(struct tx_requests *t, const uint8_t hash[32])
{
    struct wanted_tx *w = find(t, hash), **bucket;

    if (w)
        return w;
    w = mem_zalloc(sizeof *w);
    if (!w)
        return NULL;
    if (t->n_wanted >= t->n_buckets)
        grow(t);
    memcpy(w->hash, hash, sizeof w->hash);
    bucket = bucket_of(t, hash);
    w->next = *bucket;
    *bucket = w;
    t->n_wanted++;
    return w;
}

static void set_due(struct tx_requests *t, struct wanted_tx *w)
{
    if (w->due)
        return;
    w->due = true;
    w->next_due = NULL;
    w->prev_due = t->due_last;
    if (t->due_last)
        t->due_last->next_due = w;
    else
        t->due_first = w;
    t->due_last = w;
}

static void clear_due(struct tx_requests *t, struct wanted_tx *w)
{
    if (!w->due)
        return;
    w->due = false;
    if (w->prev_due)
        w->prev_due->next_due = w->next_due;
    else
        t->due_first = w->next_due;
    if (w->next_due)
        w->next_due->prev_due = w->prev_due;
    else
        t->due_last = w->prev_due;
}

static void remove_tx(struct tx_requests *t, struct wanted_tx *w)
{
    struct wanted_tx **bucket = bucket_of(t, w->hash);

    clear_due(t, w);
    while (*bucket != w)
        bucket = &(*bucket)->next;
    *bucket = w->next;
    t->n_wanted--;
    mem_free(w);
}

/* --- announcements --- */

static struct announcement *announcement_of(const struct wanted_tx *w, unsigned peer)
{
    struct announcement *a = w->announcements;

    while (a && a->peer != peer)
        a = a->next_of_tx;
    return a;
}

/* It waits for no time any more, and is nobody's request. */
static void settle(struct tx_requests *t, struct announcement *a, enum announcement_state state)
{
    if (a->state == ANN_DELAYED || a->state == ANN_ASKED)
        request_heap_remove(&t->heap, a);
    if (a->state == ANN_ASKED) {
        a->tx->asked = NULL;
        t->peers[a->peer].asked--;
        t->n_asked--;
        set_due(t, a->tx);
    }
    a->state = state;
}

static void remove_announcement(struct tx_requests *t, struct announcement *a)
{
    struct request_peer *p = &t->peers[a->peer];
    struct announcement **at = &a->tx->announcements;

    settle(t, a, ANN_DONE);
    while (*at != a)
        at = &(*at)->next_of_tx;
    *at = a->next_of_tx;
    if (a->prev_of_peer)
        a->prev_of_peer->next_of_peer = a->next_of_peer;
    else
        p->first = a->next_of_peer;
    if (a->next_of_peer)
        a->next_of_peer->prev_of_peer = a->prev_of_peer;
    p->announced--;
    t->n_announced--;
    mem_free(a);
}

static void forget(struct tx_requests *t, struct wanted_tx *w)
{
    while (w->announcements)
        remove_announcement(t, w->announcements);
    remove_tx(t, w);
}

/* Once everybody has been asked there is nothing to remember it for. */
static void forget_if_done(struct tx_requests *t, struct wanted_tx *w)
{
    for (const struct announcement *a = w->announcements; a; a = a->next_of_tx)
        if (a->state != ANN_DONE)
            return;
    forget(t, w);
}

void tx_requests_peer_ready(struct tx_requests *t, unsigned peer, bool preferred, bool wtxid)
{
    t->peers[peer] = (struct request_peer){.preferred = preferred, .wtxid = wtxid};
    t->wtxid_peers += wtxid;
}

void tx_requests_peer_gone(struct tx_requests *t, unsigned peer)
{
    struct request_peer *p = &t->peers[peer];

    while (p->first) {
        struct wanted_tx *w = p->first->tx;

        remove_announcement(t, p->first);
        forget_if_done(t, w);
    }
    t->wtxid_peers -= p->wtxid;
    *p = (struct request_peer){0};
}

static int64_t delay_ms(const struct tx_requests *t, const struct request_peer *p)
{
    int delays = !p->preferred;

    delays += !p->wtxid && t->wtxid_peers > 0;
    delays += p->asked >= TX_REQUESTS_IN_FLIGHT;
    return delays * TX_REQUESTS_DELAY_MS;
}

static void add_announcement(struct tx_requests *t, struct announcement *a, struct wanted_tx *w,
                             unsigned peer)
{
    struct request_peer *p = &t->peers[peer];
    int64_t wait_ms = delay_ms(t, p);
    struct siphash_key key = {.k0 = t->key.k0 ^ peer, .k1 = t->key.k1};

    a->tx = w;
    a->peer = peer;
    a->rank = siphash(&key, w->hash, 32) & ~PREFERRED_BIT;
    if (p->preferred)
        a->rank |= PREFERRED_BIT;
    a->next_of_tx = w->announcements;
    w->announcements = a;
    a->next_of_peer = p->first;
    if (p->first)
        p->first->prev_of_peer = a;
    p->first = a;
    p->announced++;
    t->n_announced++;
    if (wait_ms > 0) {
        a->state = ANN_DELAYED;
        request_heap_push(&t->heap, a, clock_deadline_ms(wait_ms));
    } else {
        a->state = ANN_READY;
        set_due(t, w);
    }
}

int tx_requests_announced(struct tx_requests *t, unsigned peer, const uint8_t hash[32])
{
    struct wanted_tx *w = find(t, hash);
    struct announcement *a;

    if (w && announcement_of(w, peer))
        return PN_EEXIST;
    if (t->peers[peer].announced >= TX_REQUESTS_ANNOUNCED)
        return PN_ELIMIT;
    if (request_heap_reserve(&t->heap, t->n_announced + 1) < 0)
        return PN_ENOMEM;
    a = mem_zalloc(sizeof *a);
    w = a ? find_or_add(t, hash) : NULL;
    if (!w) {
        mem_free(a);
        return PN_ENOMEM;
    }
    add_announcement(t, a, w, peer);
    return 0;
}

void tx_requests_answered(struct tx_requests *t, unsigned peer, const uint8_t hash[32])
{
    struct wanted_tx *w = find(t, hash);
    struct announcement *a = w ? announcement_of(w, peer) : NULL;

    if (!a)
        return;
    settle(t, a, ANN_DONE);
    forget_if_done(t, w);
}

void tx_requests_forget(struct tx_requests *t, const uint8_t hash[32])
{
    struct wanted_tx *w = find(t, hash);

    if (w)
        forget(t, w);
}

bool tx_requests_pending(const struct tx_requests *t, unsigned peer, const uint8_t hash[32])
{
    const struct wanted_tx *w = find(t, hash);
    const struct announcement *a = w ? announcement_of(w, peer) : NULL;

    return a && a->state != ANN_DONE;
}

/* --- asking --- */

static void pass_time(struct tx_requests *t)
{
    int64_t now_us = clock_mono_us();

    while (t->heap.n > 0 && t->heap.items[0]->at_us <= now_us) {
        struct announcement *a = t->heap.items[0];
        struct wanted_tx *w = a->tx;

        if (a->state == ANN_DELAYED) {
            settle(t, a, ANN_READY);
            set_due(t, w);
        } else {
            t->expired++;
            settle(t, a, ANN_DONE);
            forget_if_done(t, w);
        }
    }
}

static struct announcement *best_of(const struct wanted_tx *w)
{
    struct announcement *best = NULL;

    for (struct announcement *a = w->announcements; a; a = a->next_of_tx)
        if (a->state == ANN_READY && (!best || a->rank > best->rank))
            best = a;
    return best;
}

size_t tx_requests_take(struct tx_requests *t, struct tx_request *out, size_t max)
{
    size_t n = 0;

    pass_time(t);
    while (t->due_first && n < max) {
        struct wanted_tx *w = t->due_first;
        struct announcement *a = w->asked ? NULL : best_of(w);

        clear_due(t, w);
        if (!a)
            continue;
        a->state = ANN_ASKED;
        w->asked = a;
        request_heap_push(&t->heap, a, clock_deadline_ms(TX_REQUESTS_EXPIRY_MS));
        t->peers[a->peer].asked++;
        t->n_asked++;
        out[n].peer = a->peer;
        memcpy(out[n++].hash, w->hash, sizeof w->hash);
    }
    return n;
}

int64_t tx_requests_next_us(const struct tx_requests *t)
{
    if (t->due_first)
        return clock_mono_us();
    return t->heap.n > 0 ? t->heap.items[0]->at_us : CLOCK_NEVER;
}

void tx_requests_counts(const struct tx_requests *t, struct tx_requests_counts *out)
{
    *out = (struct tx_requests_counts){
        .announced = t->n_announced,
        .asked = t->n_asked,
        .transactions = t->n_wanted,
        .expired = t->expired,
    };
}
