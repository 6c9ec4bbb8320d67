/* The lock, the ring of the stream, and the readers. A record's place in the ring follows from its
 * sequence number, so that a subscriber keeps nothing but a number: between two slices it lets go
 * of the lock, and what was overwritten meanwhile shows in the numbers alone.
 *
 * Clocks are read and texts are cleaned before the lock is taken; under it there are two copies. */
#include "journal/journal.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "journal/kept.h"
#include "journal/tally.h"

struct journal {
    size_t capacity;
    struct mutex mu;
    struct kept *kept; /* always the same; what it points to is guarded by mu */
    struct tally tally GUARDED_BY(mu);
    uint64_t newest GUARDED_BY(mu);                /* sequence number; 0 while empty */
    struct journal_record stream[] GUARDED_BY(mu); /* the ring */
};

static const struct {
    const char *name;
    bool followed;
} events[JOURNAL_EVENT_COUNT] = {
#define JOURNAL_EVENT_ROW_(id, name, followed) [id] = {name, followed},
    JOURNAL_EVENT_LIST(JOURNAL_EVENT_ROW_)
#undef JOURNAL_EVENT_ROW_
};

static const char *const kind_names[JOURNAL_KIND_COUNT] = {
#define JOURNAL_NAME_(id, name) [id] = name,
    JOURNAL_KIND_LIST(JOURNAL_NAME_)
#undef JOURNAL_NAME_
};

const char *journal_event_name(enum journal_event event)
{
    return (unsigned)event < JOURNAL_EVENT_COUNT ? events[event].name : "?";
}

bool journal_event_is_followed(enum journal_event event)
{
    return (unsigned)event < JOURNAL_EVENT_COUNT && events[event].followed;
}

const char *journal_kind_name(enum journal_kind kind)
{
    return (unsigned)kind < JOURNAL_KIND_COUNT ? kind_names[kind] : "?";
}

struct journal *journal_new(size_t capacity)
{
    struct journal *j;
    size_t bytes;

    assert(capacity > 0);
    if (__builtin_mul_overflow(capacity, sizeof j->stream[0], &bytes) ||
        __builtin_add_overflow(bytes, sizeof *j, &bytes))
        return NULL;
    j = mem_zalloc(bytes);
    if (!j)
        return NULL;
    j->kept = kept_new(capacity);
    if (!j->kept) {
        mem_free(j);
        return NULL;
    }
    j->capacity = capacity;
    mutex_init(&j->mu);
    return j;
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    mutex_destroy(&j->mu);
    kept_free(j->kept);
    mem_free(j);
}

/* `size` counts the terminator; the rest of the field stays as it is. */
static void copy_text(char *out, const char *in, size_t size)
{
    size_t i = 0;

    for (; in && in[i] != '\0' && i + 1 < size; i++)
        out[i] = in[i] >= ' ' && in[i] <= '~' ? in[i] : '?';
    out[i] = '\0';
}

void journal_add(struct journal *j, const struct journal_note *note)
{
    struct journal_record r = {
        .count = note->count ? note->count : 1,
        .wall_us = clock_wall_us(),
        .mono_us = clock_mono_us(),
        .event = note->event,
        .kind = note->kind,
    };

    assert((unsigned)note->event < JOURNAL_EVENT_COUNT);
    assert((unsigned)note->kind < JOURNAL_KIND_COUNT);
    if (!j)
        return;
    r.first_wall_us = r.wall_us;
    copy_text(r.subject, note->subject, sizeof r.subject);
    copy_text(r.network, note->network, sizeof r.network);
    copy_text(r.reason, note->reason, sizeof r.reason);
    copy_text(r.detail, note->detail, sizeof r.detail);
    mutex_lock(&j->mu);
    if (events[r.event].followed) {
        r.seq = ++j->newest;
        j->stream[r.seq % j->capacity] = r;
    }
    kept_add(j->kept, &r);
    tally_add(&j->tally, &r);
    mutex_unlock(&j->mu);
}

/* --- explanations --- */

static bool is_of_host(const char *subject, const char *host)
{
    size_t len = strlen(host);

    return strncmp(subject, host, len) == 0 &&
           (subject[len] == '\0' || subject[len] == ':' || subject[len] == '/');
}

static bool passes(const struct journal_filter *f, const struct journal_record *r)
{
    return (f->kinds == 0 || (f->kinds & JOURNAL_BIT(r->kind))) &&
           (f->events == 0 || (f->events & JOURNAL_BIT(r->event))) &&
           r->wall_us >= f->since_wall_us && (!f->subject || strcmp(f->subject, r->subject) == 0) &&
           (!f->host || is_of_host(r->subject, f->host)) &&
           (!f->network || strcmp(f->network, r->network) == 0);
}

/* A subject has few records: one for each event and reason. */
static size_t query_subject(struct journal *j, struct journal_record *out, size_t max,
                            const struct journal_filter *filter)
{
    const struct journal_record *r = NULL;
    size_t found = 0;

    mutex_lock(&j->mu);
    while (found < max && (r = kept_of_subject(j->kept, filter->subject, r)))
        if (passes(filter, r))
            out[found++] = *r;
    mutex_unlock(&j->mu);
    return found;
}

/* Look at one slice from *place on. Returns: how many were copied. */
static size_t query_slice(struct journal *j, struct journal_record *out, size_t max,
                          struct kept_place *place, const struct journal_filter *filter)
{
    const struct journal_record *r;
    size_t found = 0;

    mutex_lock(&j->mu);
    for (int looked = 0; looked < JOURNAL_SLICE && found < max; looked++) {
        r = kept_next(j->kept, place);
        if (!r)
            break;
        if (passes(filter, r))
            out[found++] = *r;
    }
    mutex_unlock(&j->mu);
    return found;
}

size_t journal_query(struct journal *j, struct journal_record *out, size_t max,
                     const struct journal_filter *filter)
{
    struct kept_place place;
    size_t found = 0;

    if (filter->subject)
        return query_subject(j, out, max, filter);
    mutex_lock(&j->mu);
    place = kept_newest(j->kept);
    mutex_unlock(&j->mu);
    while (place.order > 0 && found < max)
        found += query_slice(j, out + found, max - found, &place, filter);
    return found;
}

size_t journal_tallies(struct journal *j, struct journal_tally *out, size_t max,
                       const char *network)
{
    size_t n = 0;

    mutex_lock(&j->mu);
    for (unsigned i = 0; i < j->tally.n && n < max; i++)
        if (!network || strcmp(j->tally.list[i].network, network) == 0)
            out[n++] = j->tally.list[i];
    mutex_unlock(&j->mu);
    return n;
}

struct journal_funnel journal_funnel(struct journal *j, const char *network)
{
    struct journal_funnel f;
    const struct tally *t = &j->tally;

    mutex_lock(&j->mu);
    f = (struct journal_funnel){
        .found = tally_total(t, network, JOURNAL_FOUND),
        .filtered = tally_total(t, network, JOURNAL_SKIPPED),
        .chosen = tally_total(t, network, JOURNAL_CHOSEN),
        .dialled = tally_total(t, network, JOURNAL_DIALLED),
        .failed = tally_total(t, network, JOURNAL_FAILED),
        .handshaken_outbound = tally_total(t, network, JOURNAL_CONNECTED),
        .handshaken_inbound = tally_total(t, network, JOURNAL_ACCEPTED),
        .ended = tally_total(t, network, JOURNAL_DISCONNECTED),
    };
    mutex_unlock(&j->mu);
    return f;
}

/* --- the stream --- */

/* The oldest sequence number that is left; one more than the newest while there is none. */
static uint64_t oldest(const struct journal *j) REQUIRES(j->mu)
{
    return j->newest > j->capacity ? j->newest - j->capacity + 1 : 1;
}

struct journal_cursor journal_subscribe(struct journal *j)
{
    return (struct journal_cursor){.next = journal_stats(j).added + 1};
}

static size_t read_slice(struct journal *j, struct journal_record *out, size_t max,
                         struct journal_cursor *cursor)
{
    size_t n = 0;

    mutex_lock(&j->mu);
    if (cursor->next > j->newest)
        cursor->next = j->newest + 1;
    if (cursor->next < oldest(j)) {
        cursor->lost += cursor->next == 0 ? 0 : oldest(j) - cursor->next;
        cursor->next = oldest(j);
    }
    while (n < max && n < JOURNAL_SLICE && cursor->next <= j->newest)
        out[n++] = j->stream[cursor->next++ % j->capacity];
    mutex_unlock(&j->mu);
    return n;
}

size_t journal_read(struct journal *j, struct journal_record *out, size_t max,
                    struct journal_cursor *cursor)
{
    size_t total = 0, n;

    do {
        n = read_slice(j, out + total, max - total, cursor);
        total += n;
    } while (n == JOURNAL_SLICE);
    return total;
}

struct journal_stats journal_stats(struct journal *j)
{
    struct journal_stats stats = {.capacity = j->capacity};

    mutex_lock(&j->mu);
    stats.added = j->newest;
    stats.overwritten = oldest(j) - 1;
    for (int i = 0; i < JOURNAL_EVENT_COUNT; i++) {
        stats.events[i] = kept_stats(j->kept, (enum journal_event)i);
        stats.dropped += stats.events[i].dropped;
    }
    mutex_unlock(&j->mu);
    return stats;
}
