/* What the book learns of addresses: that they exist, that we tried them, that they answered.
 * Source: AddSingle, Good_, Attempt_, Connected_, SetServices_ in addrman.cpp and the intake of
 * addr messages in net_processing.cpp of the reference implementation. */
#include "addrbook/book.h"
#include "base/bug.h"
#include "base/clock.h"

enum {
    MINUTE_S = 60,
    HOUR_S = 60 * MINUTE_S,
    DAY_S = 24 * HOUR_S,
    FUTURE_S = 10 * MINUTE_S,
    EARLIEST_S = 100000000, /* 1973: what is before is no time of a Bitcoin node */
    UNKNOWN_AGE_S = 5 * DAY_S,
    CONNECTED_UPDATE_S = 20 * MINUTE_S,
    ADD_NOTES_MAX = 2, /* that adding one address makes */
};

/* What a call of addrbook_add is about. */
struct intake {
    const struct net_addr *source; /* NULL: each address is its own */
    struct net_group source_group; /* of source */
    int64_t penalty_s;
    int64_t now_s;
};

static bool same_host(const struct net_addr *a, const struct net_addr *b)
{
    struct net_addr other = *b;

    other.port = a->port;
    return net_addr_equal(a, &other);
}

static int64_t plausible_time(int64_t seen_s, int64_t now_s)
{
    if (seen_s <= EARLIEST_S || seen_s > now_s + FUTURE_S)
        return now_s - UNKNOWN_AGE_S;
    return seen_s;
}

static int64_t penalty_for(const struct intake *in, const struct addrbook_seen *seen)
{
    return !in->source || same_host(in->source, &seen->addr) ? 0 : in->penalty_s;
}

static uint16_t new_slot(const struct addrbook *b, const struct intake *in,
                         const struct net_addr *addr) REQUIRES(b->mu)
{
    struct net_group group = net_group_of(b->policy, addr);

    return placement_new(&b->placement, addr, &group, in->source ? &in->source_group : &group);
}

/* Make room for an address that stands in n_refs places so far: an empty slot is room, so is one
 * whose holder is terrible, or stands elsewhere too while the address would stand nowhere.
 * Returns: whether the slot is empty now. */
static bool make_room(struct addrbook *b, uint16_t slot, unsigned n_refs, int64_t now_s)
    REQUIRES(b->mu)
{
    struct entry *there = book_at(b, ADDRBOOK_NEW, slot);
    const char *fault;
    struct net_addr addr;

    if (!there)
        return true;
    fault = addrbook_terrible(&there->r, now_s);
    if (!fault && !(there->r.n_refs > 1 && n_refs == 0))
        return false;
    addr = there->r.addr;
    if (!book_clear_new(b, slot)) {
        BOOK_EVENT(b, displaced);
        return true;
    }
    BOOK_EVENT(b, expired);
    book_note(b, JOURNAL_FORGOTTEN, "expired", fault, &addr);
    return true;
}

static bool add_unknown(struct addrbook *b, const struct intake *in,
                        const struct addrbook_seen *seen) REQUIRES(b->mu)
{
    uint16_t slot = new_slot(b, in, &seen->addr);
    struct addrbook_record r = {
        .addr = seen->addr,
        .source = in->source ? *in->source : seen->addr,
        .services = seen->services,
        .last_seen_s = plausible_time(seen->last_seen_s, in->now_s) - penalty_for(in, seen),
    };

    if (!make_room(b, slot, 0, in->now_s)) {
        BOOK_EVENT(b, occupied);
        book_note(b, JOURNAL_REJECTED, "occupied", "its place in the new table is taken",
                  &seen->addr);
        return false;
    }
    if (r.last_seen_s < 0)
        r.last_seen_s = 0;
    book_put(b, book_create(b, &r), ADDRBOOK_NEW, slot);
    BOOK_EVENT(b, added);
    return true;
}

/* Returns: whether the address was news, judged by its time. */
static bool refresh(struct entry *e, const struct intake *in, const struct addrbook_seen *seen)
{
    int64_t seen_s = plausible_time(seen->last_seen_s, in->now_s),
            penalty_s = penalty_for(in, seen);
    int64_t interval_s = in->now_s - seen_s < DAY_S ? HOUR_S : DAY_S;

    if (e->r.last_seen_s < seen_s - interval_s - penalty_s)
        e->r.last_seen_s = seen_s - penalty_s;
    e->r.services |= seen->services;
    return seen_s > e->r.last_seen_s;
}

static bool add_known(struct addrbook *b, struct entry *e, const struct intake *in,
                      const struct addrbook_seen *seen) REQUIRES(b->mu)
{
    bool news = refresh(e, in, seen);
    uint16_t slot;

    BOOK_EVENT(b, refreshed);
    if (!news || e->r.tried || e->r.n_refs == ADDRBOOK_MAX_REFS)
        return false;
    /* Each further place is half as likely as the one before. */
    if (book_random_below(b, UINT32_C(1) << e->r.n_refs) != 0)
        return false;
    slot = new_slot(b, in, &e->r.addr);
    if (book_at(b, ADDRBOOK_NEW, slot) == e || !make_room(b, slot, e->r.n_refs, in->now_s))
        return false;
    book_put(b, e, ADDRBOOK_NEW, slot);
    BOOK_EVENT(b, referenced);
    return true;
}

static bool add_one(struct addrbook *b, const struct intake *in, const struct addrbook_seen *seen)
    REQUIRES(b->mu)
{
    struct entry *e;

    if (!net_addr_is_routable(b->policy, &seen->addr) ||
        (seen->addr.port == 0 && seen->addr.kind != NET_I2P)) {
        BOOK_EVENT(b, unroutable);
        book_note(b, JOURNAL_REJECTED, "unroutable", "not routable, or without a port",
                  &seen->addr);
        return false;
    }
    e = book_find(b, &seen->addr);
    return e ? add_known(b, e, in, seen) : add_unknown(b, in, seen);
}

size_t addrbook_add(struct addrbook *b, const struct addrbook_seen *seen, size_t n,
                    const struct net_addr *source, int64_t penalty_s)
{
    struct intake in = {.source = source, .penalty_s = penalty_s, .now_s = clock_wall_s()};
    size_t entered = 0;

    if (source)
        in.source_group = net_group_of(b->policy, source);
    for (size_t i = 0; i < n;) {
        size_t end = n - i < BOOK_SLICE ? n : i + BOOK_SLICE;

        mutex_lock(&b->mu);
        for (; i < end && b->n_notes + ADD_NOTES_MAX <= BOOK_NOTES_MAX; i++)
            entered += add_one(b, &in, &seen[i]);
        book_unlock(b);
    }
    return entered;
}

static void remember_collision(struct addrbook *b, const struct net_addr *addr) REQUIRES(b->mu)
{
    BOOK_EVENT(b, collided);
    for (unsigned i = 0; i < b->n_collisions; i++)
        if (net_addr_equal(&b->collisions[i], addr))
            return;
    if (b->n_collisions == ADDRBOOK_COLLISIONS_MAX) {
        BOOK_EVENT(b, collision_dropped);
        book_note(b, JOURNAL_REJECTED, "collision_dropped",
                  "not remembered for a test: ten others wait for theirs", addr);
        return;
    }
    b->collisions[b->n_collisions++] = *addr;
}

static enum addrbook_good_result good(struct addrbook *b, const struct net_addr *addr,
                                      int64_t now_s) REQUIRES(b->mu)
{
    struct entry *e = book_find(b, addr);

    b->last_good_s = now_s;
    if (!e)
        return ADDRBOOK_GOOD_UNKNOWN;
    e->r.last_success_s = now_s;
    e->r.last_try_s = now_s;
    e->r.attempts = 0;
    if (e->r.tried)
        return ADDRBOOK_GOOD_KNOWN;
    if (book_at(b, ADDRBOOK_TRIED, book_tried_slot(b, addr))) {
        remember_collision(b, addr);
        return ADDRBOOK_GOOD_COLLISION;
    }
    book_make_tried(b, e);
    return ADDRBOOK_GOOD_MOVED;
}

enum addrbook_good_result addrbook_good(struct addrbook *b, const struct net_addr *addr)
{
    int64_t now_s = clock_wall_s();
    enum addrbook_good_result result;

    mutex_lock(&b->mu);
    result = good(b, addr, now_s);
    book_unlock(b);
    return result;
}

void addrbook_attempt(struct addrbook *b, const struct net_addr *addr, bool count_failure)
{
    int64_t now_s = clock_wall_s();
    struct entry *e;

    mutex_lock(&b->mu);
    e = book_find(b, addr);
    if (e) {
        e->r.last_try_s = now_s;
        if (count_failure && e->last_counted_s < b->last_good_s) {
            e->last_counted_s = now_s;
            if (e->r.attempts < UINT16_MAX)
                e->r.attempts++;
        }
    }
    mutex_unlock(&b->mu);
}

void addrbook_connected(struct addrbook *b, const struct net_addr *addr)
{
    int64_t now_s = clock_wall_s();
    struct entry *e;

    mutex_lock(&b->mu);
    e = book_find(b, addr);
    if (e && now_s - e->r.last_seen_s > CONNECTED_UPDATE_S)
        e->r.last_seen_s = now_s;
    mutex_unlock(&b->mu);
}

void addrbook_set_services(struct addrbook *b, const struct net_addr *addr, uint64_t services)
{
    struct entry *e;

    mutex_lock(&b->mu);
    e = book_find(b, addr);
    if (e)
        e->r.services = services;
    mutex_unlock(&b->mu);
}
