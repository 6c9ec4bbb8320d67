/* Each event owns `per_event` slots. Three orders are laid over the slots, each with the newest
 * first: all of them, those of one event (its last one gives way when its slots are used up), and
 * chains by the keyed hash of the subject. A record that happens again moves to the front of all
 * three, so that the chains, which mix subjects, still give each subject's records in order. */
#include "journal/kept.h"

#include <string.h>
#include <utlist.h>

#include "base/mem.h"
#include "crypto/siphash.h"

struct slot {
    struct journal_record r;
    uint64_t order; /* when it last happened: larger is later; 0: never used */
    struct slot *prev, *next;
    struct slot *event_prev, *event_next;
    struct slot *chain_prev, *chain_next;
};

struct event_list {
    struct slot *newest;
    struct journal_event_stats stats; /* kept: slots used */
};

struct kept {
    struct siphash_key key;
    size_t per_event, mask;
    uint64_t order; /* of the newest */
    struct slot *newest;
    struct event_list events[JOURNAL_EVENT_COUNT];
    struct slot **chains; /* mask + 1 */
    struct slot slots[];  /* per_event for each event */
};

struct kept *kept_new(size_t per_event)
{
    size_t n, bytes, chains = 1;
    struct kept *k;

    if (__builtin_mul_overflow(per_event, (size_t)JOURNAL_EVENT_COUNT, &n) || n > UINT32_MAX ||
        __builtin_mul_overflow(n, sizeof k->slots[0], &bytes) ||
        __builtin_add_overflow(bytes, sizeof *k, &bytes))
        return NULL;
    while (chains < n)
        chains *= 2;
    k = mem_zalloc(bytes);
    if (!k)
        return NULL;
    k->chains = mem_zalloc_array(chains, sizeof(struct slot *));
    if (!k->chains) {
        mem_free(k);
        return NULL;
    }
    k->key = siphash_random_key();
    k->per_event = per_event;
    k->mask = chains - 1;
    return k;
}

void kept_free(struct kept *k)
{
    if (!k)
        return;
    mem_free(k->chains);
    mem_free(k);
}

static struct slot **chain_of(const struct kept *k, const char *subject)
{
    return &k->chains[siphash(&k->key, subject, strlen(subject)) & k->mask];
}

static bool is_like(const struct journal_record *a, const struct journal_record *b)
{
    return a->event == b->event && a->kind == b->kind && strcmp(a->subject, b->subject) == 0 &&
           strcmp(a->reason, b->reason) == 0 && strcmp(a->network, b->network) == 0;
}

static void leave(struct kept *k, struct slot *s)
{
    struct slot **chain = chain_of(k, s->r.subject);

    DL_DELETE2(k->newest, s, prev, next);
    DL_DELETE2(k->events[s->r.event].newest, s, event_prev, event_next);
    DL_DELETE2(*chain, s, chain_prev, chain_next);
}

static void lead(struct kept *k, struct slot *s)
{
    struct slot **chain = chain_of(k, s->r.subject);

    s->order = ++k->order;
    DL_PREPEND2(k->newest, s, prev, next);
    DL_PREPEND2(k->events[s->r.event].newest, s, event_prev, event_next);
    DL_PREPEND2(*chain, s, chain_prev, chain_next);
}

/* A slot of the event's that is in no list: an unused one, else that of its oldest record. */
static struct slot *vacate(struct kept *k, enum journal_event event)
{
    struct event_list *e = &k->events[event];
    struct slot *oldest;

    if (e->stats.kept < k->per_event)
        return &k->slots[(size_t)event * k->per_event + e->stats.kept++];
    oldest = e->newest->event_prev; /* utlist: the head's prev is the tail */
    e->stats.dropped++;
    leave(k, oldest);
    return oldest;
}

void kept_add(struct kept *k, const struct journal_record *r)
{
    struct slot *s = *chain_of(k, r->subject);
    struct journal_record now = *r;

    while (s && !is_like(&s->r, r))
        s = s->chain_next;
    if (s) {
        leave(k, s);
        now.count += s->r.count;
        now.first_wall_us = s->r.first_wall_us;
    } else {
        s = vacate(k, r->event);
    }
    s->r = now;
    k->events[r->event].stats.noted += r->count;
    lead(k, s);
}

struct kept_place kept_newest(const struct kept *k)
{
    if (!k->newest)
        return (struct kept_place){.order = 0};
    return (struct kept_place){.slot = (uint32_t)(k->newest - k->slots), .order = k->order};
}

const struct journal_record *kept_next(const struct kept *k, struct kept_place *place)
{
    const struct slot *s = &k->slots[place->slot];

    if (place->order == 0)
        return NULL;
    if (s->order != place->order) /* it has happened again, or gave way */
        for (s = k->newest; s && s->order > place->order; s = s->next)
            ;
    if (!s) {
        place->order = 0;
        return NULL;
    }
    if (s->next)
        *place =
            (struct kept_place){.slot = (uint32_t)(s->next - k->slots), .order = s->next->order};
    else
        place->order = 0;
    return &s->r;
}

const struct journal_record *kept_of_subject(const struct kept *k, const char *subject,
                                             const struct journal_record *previous)
{
    const struct slot *s = previous ? ((const struct slot *)(const void *)previous)->chain_next
                                    : *chain_of(k, subject);

    while (s && strcmp(s->r.subject, subject) != 0)
        s = s->chain_next;
    return s ? &s->r : NULL;
}

struct journal_event_stats kept_stats(const struct kept *k, enum journal_event event)
{
    return k->events[event].stats;
}
