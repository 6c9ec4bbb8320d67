#include "journal/tally.h"

#include <stdio.h>
#include <string.h>

#include "metrics/metrics.h"

static struct metric_family decisions = {
    .name = "p2pnode_decisions_total",
    .help = "What the node decided or met with, as in its journal, by network, event and reason.",
    .type = METRIC_COUNTER,
    .labels = {"network", "event", "reason"},
};

/* FNV-1a. Its input comes from fixed lists, so nobody outside can make it collide. */
static unsigned hash_text(unsigned hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return (hash ^ 0xff) * 16777619u;
}

static unsigned place_of(const struct journal_record *r)
{
    unsigned hash = hash_text(2166136261u ^ (unsigned)r->event, r->reason);

    return hash_text(hash, r->network) % TALLY_PLACES;
}

static bool is_of(const struct journal_tally *t, const struct journal_record *r)
{
    return t->event == r->event && strcmp(t->reason, r->reason) == 0 &&
           strcmp(t->network, r->network) == 0;
}

/* Returns: the number of a fresh one. */
static unsigned begin(struct tally *t, const struct journal_record *r)
{
    struct journal_tally *one = &t->list[t->n];

    *one = (struct journal_tally){.event = r->event};
    snprintf(one->network, sizeof one->network, "%s", r->network);
    snprintf(one->reason, sizeof one->reason, "%s", r->reason);
    t->metrics[t->n] =
        metric_get(&decisions, r->network, journal_event_name(r->event), r->reason, NULL);
    return t->n++;
}

static unsigned find(struct tally *t, const struct journal_record *r)
{
    unsigned place = place_of(r);

    for (; t->places[place] != 0; place = (place + 1) % TALLY_PLACES)
        if (is_of(&t->list[t->places[place] - 1], r))
            return t->places[place] - 1u;
    if (t->n == JOURNAL_TALLIES_MAX)
        return t->n - 1;
    t->places[place] = (uint16_t)(t->n + 1);
    return begin(t, r);
}

void tally_add(struct tally *t, const struct journal_record *r)
{
    unsigned number = find(t, r);

    t->list[number].count += r->count;
    metric_add(t->metrics[number], (int64_t)r->count);
}

uint64_t tally_total(const struct tally *t, const char *network, enum journal_event event)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < t->n; i++)
        if (t->list[i].event == event && strcmp(t->list[i].network, network) == 0)
            total += t->list[i].count;
    return total;
}
