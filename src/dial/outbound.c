/* Which automatic connections are wanting, and to whom they go.
 *
 * The anchors of the last run come first; then full ones, and when there are enough of these, those
 * for blocks alone: these bring no addresses, so a node that knows few must not spend them there,
 * or it would never hear of more. Now and then a feeler tests one address (Core, net.cpp,
 * ThreadOpenConnections). A candidate is passed over when we have or are dialling it, when its
 * network group is taken, when it was tried only just now, and, for the first thirty, when it was
 * tried in the last ten minutes (btcd server.go). */
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "dial/dialer_internal.h"
#include "metrics/metrics.h"

enum {
    CANDIDATES_MAX = 100,
    STRICT_CANDIDATES = 30,
    RECENTLY_S = 600,
    IDLE_MS = 500, /* until the next look when nobody was found; Core's interval */
    FEELER_MEAN_MS = 120000
};

static unsigned count(const struct dialer *d, unsigned network, enum conn_kind kind)
{
    unsigned n = 0;

    for (unsigned i = 0; i < d->n; i++)
        n += d->requests[i].state != REQUEST_FREE && d->requests[i].network == network &&
             d->requests[i].kind == kind;
    return n;
}

static bool is_automatic(enum conn_kind kind)
{
    return kind == CONN_FULL || kind == CONN_BLOCK_RELAY;
}

/* A node answers one getaddr a connection, so whoever is connected can be asked again only by
 * another one. A peer for blocks alone is not to be known by the addresses that it told, unless it
 * is a seed: after a crash that may be all we know, as an anchor. */
static bool may_ask_again(enum conn_kind kind, const struct request *r,
                          const struct dial_candidate *c)
{
    return kind == CONN_ADDR_FETCH && r->state == REQUEST_ESTABLISHED &&
           (r->kind == CONN_FULL || (r->kind == CONN_BLOCK_RELAY && c->seed));
}

/* A feeler ends at once, so it may share a group; it must only not be somebody we have. Returns: 0,
 * or why the candidate is passed over; *taken_by then says whose group it is in. */
static int judge(const struct dialer *d, const struct net_addr **taken_by, unsigned network,
                 enum conn_kind kind, const struct dial_candidate *c)
{
    /* Whom the operator named is dialled whatever else is held against it; the permitted networks
     * are checked for every dial, those of a name when it is known. */
    bool unjudged = kind == CONN_MANUAL || c->name;
    int rc = unjudged ? 0 : gate_permit_dial(d->config.gate, &c->addr);

    for (unsigned i = 0; i < d->n && rc == 0; i++) {
        const struct request *r = &d->requests[i];

        if (r->state == REQUEST_FREE || r->network != network)
            continue;
        if (net_addr_equal(&r->addr, &c->addr) && !may_ask_again(kind, r, c)) {
            rc = PN_EEXIST;
        } else if (is_automatic(kind) && is_automatic(r->kind) && r->group == c->group) {
            *taken_by = &r->addr;
            rc = PN_EGROUP;
        }
    }
    return rc;
}

static void note_skip(const struct dialer *d, unsigned network, enum conn_kind kind,
                      const struct dial_candidate *c, int reason, const struct net_addr *taken_by)
{
    char detail[JOURNAL_DETAIL_BYTES], text[NET_ADDR_TEXT_BYTES];

    if (taken_by)
        snprintf(detail, sizeof detail, "for %s; %s is there", conn_kind_name(kind),
                 net_addr_format(text, taken_by));
    else
        snprintf(detail, sizeof detail, "for %s", conn_kind_name(kind));
    gate_note(d->config.gate, JOURNAL_SKIPPED, &c->addr, d->networks[network].config.name,
              pn_errname(reason), detail);
}

/* For the nth candidate in a row. However few there are, one that refuses at once is not dialled
 * without pause. */
static bool is_too_soon(const struct dialer *d, const struct dial_candidate *c, int nth)
{
    int64_t since_s = clock_wall_s() - c->last_try_s;

    return since_s < (nth < STRICT_CANDIDATES ? RECENTLY_S : d->config.retry_ms / 1000);
}

static bool find(const struct dialer *d, struct dial_candidate *out, unsigned network,
                 enum conn_kind kind)
{
    const struct dial_source *source = &d->networks[network].config.source;

    for (int i = 0; i < CANDIDATES_MAX; i++) {
        const struct net_addr *taken_by = NULL;
        int rc;

        if (source->choose(source->arg, out, kind) < 0)
            return false;
        rc = is_too_soon(d, out, i) ? PN_ERECENT : judge(d, &taken_by, network, kind, out);
        if (rc == 0)
            return true;
        note_skip(d, network, kind, out, rc, taken_by);
    }
    return false;
}

/* Returns: whether a request was made. */
static bool open_to(struct dialer *d, unsigned network, enum conn_kind kind,
                    const struct dial_candidate *c)
{
    struct request *r;

    if (request_place(&r, d, network, kind, &c->addr, c->name) < 0)
        return false;
    r->group = c->group;
    request_note(d, r, JOURNAL_CHOSEN, c->why, conn_kind_name(kind));
    return true;
}

static bool open_one(struct dialer *d, unsigned network, enum conn_kind kind)
{
    struct dial_candidate c;

    return find(d, &c, network, kind) && open_to(d, network, kind, &c);
}

static unsigned wanted(const struct dialer_network_state *n, enum conn_kind kind)
{
    if (kind == CONN_BLOCK_RELAY)
        return n->config.block_relay;
    return n->config.full + atomic_load(&n->extra);
}

/* Places for which nobody could be found; none while others have to come first. */
static unsigned count_wanting(const struct dialer *d, unsigned network)
{
    const struct dialer_network_state *n = &d->networks[network];
    unsigned full = count(d, network, CONN_FULL), block_relay = count(d, network, CONN_BLOCK_RELAY);

    if (n->failed_in_row >= OUTBOUND_FAILURES_SLOW)
        return 0;
    if (full < wanted(n, CONN_FULL))
        return wanted(n, CONN_FULL) - full;
    return block_relay < n->config.block_relay ? n->config.block_relay - block_relay : 0;
}

static void fetch_addresses(struct dialer *d, unsigned network)
{
    const struct dial_source *source = &d->networks[network].config.source;

    if (source->wanting)
        source->wanting(source->arg, count_wanting(d, network));
    if (count(d, network, CONN_ADDR_FETCH) == 0)
        open_one(d, network, CONN_ADDR_FETCH);
}

static bool fill_kind(struct dialer *d, unsigned network, enum conn_kind kind)
{
    unsigned goal = wanted(&d->networks[network], kind);
    bool opened = false;

    for (unsigned have = count(d, network, kind); have < goal; have++) {
        if (!open_one(d, network, kind))
            break;
        opened = true;
        if (d->networks[network].failed_in_row >= OUTBOUND_FAILURES_SLOW)
            break;
    }
    return opened;
}

static void feel(struct dialer *d, unsigned network)
{
    struct dialer_network_state *n = &d->networks[network];

    if (!n->config.feelers || clock_mono_us() < n->next_feeler_us ||
        count(d, network, CONN_FEELER) > 0)
        return;
    n->next_feeler_us = clock_deadline_ms(random_exponential(FEELER_MEAN_MS));
    open_one(d, network, CONN_FEELER);
}

static void open_anchors(struct dialer *d, unsigned network)
{
    const struct dial_source *source = &d->networks[network].config.source;
    unsigned goal = wanted(&d->networks[network], CONN_BLOCK_RELAY);
    struct dial_candidate c;

    while (source->choose_first && count(d, network, CONN_BLOCK_RELAY) < goal &&
           source->choose_first(source->arg, &c) == 0) {
        const struct net_addr *taken_by = NULL;
        int rc = judge(d, &taken_by, network, CONN_BLOCK_RELAY, &c);

        if (rc < 0)
            note_skip(d, network, CONN_BLOCK_RELAY, &c, rc, taken_by);
        else if (!open_to(d, network, CONN_BLOCK_RELAY, &c))
            break;
    }
}

/* The first round is the anchors': nobody else is dialled before it is known how they answer, so
 * that who has filled our book while we were away does not get in before them. */
static bool anchors_undecided(struct dialer *d, unsigned network)
{
    struct dialer_network_state *n = &d->networks[network];

    if (n->anchors_decided)
        return false;
    if (!n->anchors_begun) {
        n->anchors_begun = true;
        open_anchors(d, network);
    }
    for (unsigned i = 0; i < d->n; i++) {
        const struct request *r = &d->requests[i];

        if (r->network == network && r->kind == CONN_BLOCK_RELAY &&
            (r->state == REQUEST_PENDING || r->state == REQUEST_DIALLING))
            return true;
    }
    n->anchors_decided = true;
    return false;
}

/* Nodes that a source keeps connected by itself, as many as it names. */
static void fill_named(struct dialer *d, unsigned network)
{
    while (d->networks[network].config.named && open_one(d, network, CONN_MANUAL))
        ;
}

static bool fill_network(struct dialer *d, unsigned network)
{
    bool opened;

    if (anchors_undecided(d, network))
        return false;
    opened = fill_kind(d, network, CONN_FULL);
    if (count(d, network, CONN_FULL) >= wanted(&d->networks[network], CONN_FULL))
        opened = fill_kind(d, network, CONN_BLOCK_RELAY) || opened;
    fetch_addresses(d, network);
    feel(d, network);
    return opened;
}

static struct metric_family groups_family = {
    .name = "p2pnode_outbound_groups",
    .help = "Network groups to which chosen connections are open, by network.",
    .type = METRIC_GAUGE,
    .labels = {"network"},
};

/* Chosen connections are one to a group, so counting them is counting groups. */
static void show_groups(const struct dialer *d, unsigned network)
{
    unsigned n = 0;

    for (unsigned i = 0; i < d->n; i++)
        n += d->requests[i].state == REQUEST_ESTABLISHED && d->requests[i].network == network &&
             is_automatic(d->requests[i].kind);
    metric_set(metric_get(&groups_family, d->networks[network].config.name, NULL), n);
}

void outbound_fill(struct dialer *d)
{
    for (unsigned i = 0; i < DIALER_MAX_NETWORKS; i++) {
        struct dialer_network_state *n = &d->networks[i];

        if (!n->known || !n->config.source.choose)
            continue;
        show_groups(d, i);
        fill_named(d, i);
        if (clock_mono_us() < n->resume_us)
            continue;
        /* Behind a dead network every dial fails: then one at a time, and slowly. */
        if (fill_network(d, i) && n->failed_in_row >= OUTBOUND_FAILURES_SLOW)
            n->resume_us = clock_deadline_ms(d->config.retry_ms);
    }
    d->next_automatic_us = clock_deadline_ms(IDLE_MS);
}

/* Once for each time that the network goes away. */
static void note_slow(const struct dialer *d, const char *network, int last)
{
    const struct journal_note note = {
        .event = JOURNAL_WARNED,
        .kind = JOURNAL_NETWORK,
        .subject = network,
        .network = network,
        .reason = pn_errname(last),
        .detail = "so many dials failed in a row that they are made one at a time",
    };

    journal_add(d->config.gate->journal, &note);
}

void outbound_tried(struct dialer *d, const struct request *r, int result)
{
    struct dialer_network_state *n = &d->networks[r->network];
    const struct dial_source *source = &n->config.source;

    /* Whether a named node can be reached says nothing about the network. */
    if (r->kind != CONN_MANUAL) {
        n->failed_in_row = result == 0 ? 0 : n->failed_in_row + 1;
        if (n->failed_in_row == OUTBOUND_FAILURES_SLOW)
            note_slow(d, n->config.name, result);
    }
    if (source->tried)
        source->tried(source->arg, &r->addr, r->kind, result);
}
