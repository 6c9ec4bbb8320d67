/* How often what happened, by network, event and reason; each also a child of
 * p2pnode_decisions_total. Internal to journal/. Thread: whoever holds the journal's lock. */
#ifndef JOURNAL_TALLY_H
#define JOURNAL_TALLY_H

#include "journal/journal.h"

struct metric;

/* A hash table that never shrinks: at most half of its places are taken. */
#define TALLY_PLACES (2 * JOURNAL_TALLIES_MAX)

struct tally {
    unsigned n;
    struct journal_tally list[JOURNAL_TALLIES_MAX]; /* in the order of their coming */
    struct metric *metrics[JOURNAL_TALLIES_MAX];
    uint16_t places[TALLY_PLACES]; /* number + 1; 0: empty */
};

/* Count what the record says. Those beyond JOURNAL_TALLIES_MAX count under the last one. Constant
 * time, save that the first of its kind makes its metric. */
void tally_add(struct tally *t, const struct journal_record *r);

uint64_t tally_total(const struct tally *t, const char *network, enum journal_event event);

#endif
