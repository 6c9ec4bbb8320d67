/* A ring under one mutex. A record's place follows from its sequence number, so that readers keep
 * nothing but a number: between two slices they let go of the lock, and what was overwritten
 * meanwhile shows in the numbers alone.
 *
 * Clocks are read and texts are cleaned before the lock is taken; under it there is one copy. */
#include "journal/journal.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutex.h"

struct journal {
    size_t capacity;
    struct mutex mu;
    uint64_t newest GUARDED_BY(mu); /* sequence number; 0 while empty */
    struct journal_record records[] GUARDED_BY(mu);
};

static const char *const event_names[JOURNAL_EVENT_COUNT] = {
#define JOURNAL_NAME_(id, name) [id] = name,
    JOURNAL_EVENT_LIST(JOURNAL_NAME_)};
static const char *const kind_names[JOURNAL_KIND_COUNT] = {JOURNAL_KIND_LIST(JOURNAL_NAME_)};
#undef JOURNAL_NAME_

const char *journal_event_name(enum journal_event event)
{
    return (unsigned)event < JOURNAL_EVENT_COUNT ? event_names[event] : "?";
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
    if (__builtin_mul_overflow(capacity, sizeof j->records[0], &bytes) ||
        __builtin_add_overflow(bytes, sizeof *j, &bytes))
        return NULL;
    j = mem_zalloc(bytes);
    if (!j)
        return NULL;
    j->capacity = capacity;
    mutex_init(&j->mu);
    return j;
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    mutex_destroy(&j->mu);
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
        .wall_us = clock_wall_us(),
        .mono_us = clock_mono_us(),
        .event = note->event,
        .kind = note->kind,
    };

    assert((unsigned)note->event < JOURNAL_EVENT_COUNT);
    assert((unsigned)note->kind < JOURNAL_KIND_COUNT);
    if (!j)
        return;
    copy_text(r.subject, note->subject, sizeof r.subject);
    copy_text(r.network, note->network, sizeof r.network);
    copy_text(r.reason, note->reason, sizeof r.reason);
    mutex_lock(&j->mu);
    r.seq = ++j->newest;
    j->records[r.seq % j->capacity] = r;
    mutex_unlock(&j->mu);
}

/* The oldest sequence number that is left; one more than the newest while there is none. */
static uint64_t oldest(const struct journal *j) REQUIRES(j->mu)
{
    return j->newest > j->capacity ? j->newest - j->capacity + 1 : 1;
}

static bool passes(const struct journal_filter *f, const struct journal_record *r)
{
    return (f->kinds == 0 || (f->kinds & JOURNAL_BIT(r->kind))) &&
           (f->events == 0 || (f->events & JOURNAL_BIT(r->event))) &&
           r->wall_us >= f->since_wall_us && (!f->subject || strcmp(f->subject, r->subject) == 0);
}

/* Look at one slice downwards from *seq, which afterwards is the next to look at, or 0 when there
 * is nothing further down. Returns: how many were copied. */
static size_t query_slice(struct journal *j, struct journal_record *out, size_t max, uint64_t *seq,
                          const struct journal_filter *filter)
{
    size_t found = 0;

    mutex_lock(&j->mu);
    for (int looked = 0; looked < JOURNAL_SLICE && *seq >= oldest(j) && found < max; looked++) {
        const struct journal_record *r = &j->records[*seq % j->capacity];

        if (passes(filter, r))
            out[found++] = *r;
        --*seq;
    }
    if (*seq < oldest(j))
        *seq = 0;
    mutex_unlock(&j->mu);
    return found;
}

size_t journal_query(struct journal *j, struct journal_record *out, size_t max,
                     const struct journal_filter *filter)
{
    uint64_t seq = journal_stats(j).added;
    size_t found = 0;

    while (seq > 0 && found < max)
        found += query_slice(j, out + found, max - found, &seq, filter);
    return found;
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
        out[n++] = j->records[cursor->next++ % j->capacity];
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
    mutex_unlock(&j->mu);
    return stats;
}
