/* The records that can be asked for: a bounded list for each event, repeats counted in one record.
 * Internal to journal/. All memory is taken by the constructor.
 *
 * Thread: whoever holds the journal's lock. */
#ifndef JOURNAL_KEPT_H
#define JOURNAL_KEPT_H

#include "journal/journal.h"

struct kept;

/* Owns: the caller frees with kept_free. Returns: NULL when there is no memory. */
struct kept *kept_new(size_t per_event);
void kept_free(struct kept *k);

/* Enter a record that has happened r->count times, or add it to its like: the same event, kind,
 * subject, network and reason. Copied. Constant time. */
void kept_add(struct kept *k, const struct journal_record *r);

/* A place in the order from the newest to the oldest. Between two calls others may add: what was
 * behind the place stays behind it, save what has happened again. */
struct kept_place {
    uint32_t slot;
    uint64_t order; /* 0: at the end */
};

struct kept_place kept_newest(const struct kept *k);

/* The record at the place, which moves on; NULL at the end. It stays where it is until the next
 * kept_add. Constant time, but linear when the record at the place has moved meanwhile. */
const struct journal_record *kept_next(const struct kept *k, struct kept_place *place);

/* The records of one subject, newest first. Returns: the next after `previous` (NULL: the first),
 * or NULL. */
const struct journal_record *kept_of_subject(const struct kept *k, const char *subject,
                                             const struct journal_record *previous);

struct journal_event_stats kept_stats(const struct kept *k, enum journal_event event);

#endif
