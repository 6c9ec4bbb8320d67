/* Drawing addresses: one to dial, many to tell. Source: Select_ and GetAddr_ in addrman.cpp of the
 * reference implementation. */
#include "addrbook/book.h"
#include "base/clock.h"

enum {
    SAMPLE_PERCENT = 23,
    SAMPLE_LOOKS_MAX = 8192, /* entries looked at under one holding of the lock */
    MISSES_MAX = 64,         /* by then even the smallest chance has grown above 1 */
};

static bool kind_is_in(uint32_t kinds, enum net_kind kind)
{
    return kinds == ADDRBOOK_ALL_KINDS || (kinds & ADDRBOOK_KIND_BIT(kind));
}

/* How many buckets may be drawn from; one with two of the kinds counts twice. */
static uint32_t count_buckets(const struct table *t, uint32_t kinds)
{
    uint32_t n = 0;

    if (kinds == ADDRBOOK_ALL_KINDS)
        return t->buckets[0].n;
    for (unsigned kind = 1; kind < ADDRBOOK_KINDS; kind++)
        if (kind_is_in(kinds, (enum net_kind)kind))
            n += t->buckets[kind].n;
    return n;
}

/* The nth of these buckets; *kind is 0 for all kinds. */
static unsigned nth_bucket(unsigned *kind, const struct table *t, uint32_t kinds, uint32_t nth)
{
    *kind = 0;
    if (kinds != ADDRBOOK_ALL_KINDS)
        for (*kind = 1; *kind + 1 < ADDRBOOK_KINDS; ++*kind) {
            if (!kind_is_in(kinds, (enum net_kind) * kind))
                continue;
            if (nth < t->buckets[*kind].n)
                break;
            nth -= t->buckets[*kind].n;
        }
    return t->buckets[*kind].list[nth];
}

/* A bucket, then the first entry of the kind from a position on: so each bucket has the same
 * weight, however full it is. */
static struct entry *draw(struct addrbook *b, enum addrbook_table table, uint32_t kinds,
                          uint32_t n_buckets) REQUIRES(b->mu)
{
    unsigned kind;
    unsigned bucket = nth_bucket(&kind, &b->tables[table], kinds, book_random_below(b, n_buckets));
    unsigned start = book_random_below(b, ADDRBOOK_BUCKET_SIZE);

    for (unsigned i = 0; i < ADDRBOOK_BUCKET_SIZE; i++) {
        unsigned slot = bucket * ADDRBOOK_BUCKET_SIZE + (start + i) % ADDRBOOK_BUCKET_SIZE;
        struct entry *e = book_at(b, table, (uint16_t)slot);

        if (e && (kind == 0 || e->r.addr.kind == kind))
            return e;
    }
    return NULL; /* not for a bucket that is on the list */
}

/* Returns: false when the tables asked for have nothing. */
static bool choose_table(struct addrbook *b, enum addrbook_table *table, uint32_t kinds)
    REQUIRES(b->mu)
{
    bool has_new = count_buckets(&b->tables[ADDRBOOK_NEW], kinds) > 0;
    bool has_tried = count_buckets(&b->tables[ADDRBOOK_TRIED], kinds) > 0;

    if (*table != ADDRBOOK_ANY)
        return *table == ADDRBOOK_NEW ? has_new : has_tried;
    if (has_new && has_tried)
        *table = book_random(b) >> 63 ? ADDRBOOK_TRIED : ADDRBOOK_NEW;
    else
        *table = has_tried ? ADDRBOOK_TRIED : ADDRBOOK_NEW;
    return has_new || has_tried;
}

static const struct entry *choose(struct addrbook *b, enum addrbook_table table, uint32_t kinds,
                                  int64_t now_s) REQUIRES(b->mu)
{
    const struct entry *e = NULL;
    uint32_t n_buckets;
    double factor = 1;

    if (!choose_table(b, &table, kinds))
        return NULL;
    n_buckets = count_buckets(&b->tables[table], kinds);
    for (unsigned misses = 0; misses < MISSES_MAX; misses++) {
        double luck = (double)(book_random(b) >> 11) * 0x1p-53;

        e = draw(b, table, kinds, n_buckets);
        if (!e || luck < factor * addrbook_chance(&e->r, now_s))
            break;
        factor *= 1.2;
    }
    return e;
}

bool addrbook_select(struct addrbook *b, struct addrbook_choice *out, enum addrbook_table table,
                     uint32_t kinds)
{
    int64_t now_s = clock_wall_s();
    const struct entry *e;

    mutex_lock(&b->mu);
    e = choose(b, table, kinds, now_s);
    if (e)
        *out = (struct addrbook_choice){.addr = e->r.addr,
                                        .services = e->r.services,
                                        .last_try_s = e->r.last_try_s,
                                        .tried = e->r.tried};
    mutex_unlock(&b->mu);
    return e != NULL;
}

/* Bring a random one of the entries that are not yet drawn to place `at` of the order. */
static const struct entry *shuffle(struct addrbook *b, uint32_t at) REQUIRES(b->mu)
{
    uint32_t other = at + book_random_below(b, b->n - at);
    uint32_t id = b->order[other];

    b->order[other] = b->order[at];
    b->entries[b->order[other]].order_at = other;
    b->order[at] = id;
    b->entries[id].order_at = at;
    return &b->entries[id];
}

size_t addrbook_sample(struct addrbook *b, struct addrbook_seen *out, size_t max, uint32_t kinds)
{
    int64_t now_s = clock_wall_s();
    size_t n = 0, share;

    mutex_lock(&b->mu);
    share = (size_t)b->n * SAMPLE_PERCENT / 100;
    if (share < max)
        max = share;
    for (uint32_t at = 0; at < b->n && at < SAMPLE_LOOKS_MAX && n < max; at++) {
        const struct entry *e = shuffle(b, at);

        if (kind_is_in(kinds, e->r.addr.kind) && !addrbook_terrible(&e->r, now_s))
            out[n++] = (struct addrbook_seen){
                .addr = e->r.addr, .services = e->r.services, .last_seen_s = e->r.last_seen_s};
    }
    mutex_unlock(&b->mu);
    return n;
}
