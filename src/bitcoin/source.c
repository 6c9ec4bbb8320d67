/* The address book as the dialer's source of candidates. Thread: dialer. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/internal.h"
#include "net/group.h"

enum {
    USEFUL_TRIES = 50,
    SEEDED = 16, /* addresses with which we can do without seeds */
    SEED_PAUSE_MS = 10000,
    SEED_AGAIN_MS = 60000, /* that has answered */
    FETCH_PAUSE_MS = 3000,
    FETCH_AGAIN_MS = 600000 /* by then a node may have more to tell */
};

/* The group as a number that is equal for equal groups. */
static uint64_t group_number(const struct bitcoin *b, const struct net_addr *a)
{
    struct net_group g = net_group_of(addrbook_policy(b->config.book), a);
    uint64_t number;

    _Static_assert(sizeof g == sizeof number, "a group is compared as its bytes");
    memcpy(&number, &g, sizeof number);
    return number;
}

static int propose(const struct bitcoin *b, struct dial_candidate *out, const struct net_addr *addr,
                   int64_t last_try_s, const char *why)
{
    *out = (struct dial_candidate){
        .addr = *addr, .group = group_number(b, addr), .last_try_s = last_try_s, .why = why};
    return 0;
}

static void pass_over(const struct bitcoin *b, const struct net_addr *addr, int reason)
{
    if (b->config.gate)
        gate_note(b->config.gate, JOURNAL_SKIPPED, addr, "bitcoin", pn_errname(reason), NULL);
}

/* Peers that serve nobody are not worth one of our few places; on regtest anyone is welcome. */
static bool select_useful(const struct bitcoin *b, struct addrbook_choice *choice,
                          enum addrbook_table table)
{
    for (int i = 0; i < USEFUL_TRIES; i++) {
        if (!addrbook_select(b->config.book, choice, table, b->config.reachable_kinds))
            return false;
        if (addrbook_is_self(b->config.book, &choice->addr))
            pass_over(b, &choice->addr, PN_ESELF);
        else if (b->config.useful_services && !(choice->services & b->config.useful_services))
            pass_over(b, &choice->addr, PN_ESERVICES);
        else
            return true;
    }
    return false;
}

/* Whoever stands in the way of another in the tried table is tested, else a stranger. What came of
 * it is decided by the manager (addr_relay.c), which knows who is connected. */
static int choose_feeler(struct bitcoin *b, struct dial_candidate *out)
{
    struct addrbook_choice choice;

    if (addrbook_select_collision(b->config.book, &choice))
        return propose(b, out, &choice.addr, 0, "collision");
    if (!select_useful(b, &choice, ADDRBOOK_NEW))
        return PN_ENOENT;
    return propose(b, out, &choice.addr, 0, "new");
}

static bool fetched_within(const struct bitcoin *b, const struct net_addr *addr, int64_t ms,
                           bool only_reached)
{
    unsigned n = b->n_fetched < BTC_FETCHED_MAX ? b->n_fetched : BTC_FETCHED_MAX;

    for (unsigned i = 0; i < n; i++)
        if (net_addr_equal(&b->fetched[i].addr, addr) && (b->fetched[i].reached || !only_reached) &&
            clock_mono_us() - b->fetched[i].at_us < ms * 1000)
            return true;
    return false;
}

static void remember_fetch(struct bitcoin *b, const struct net_addr *addr, bool reached)
{
    unsigned at = b->n_fetched++ % BTC_FETCHED_MAX;

    b->fetched[at].addr = *addr;
    b->fetched[at].at_us = clock_mono_us();
    b->fetched[at].reached = reached;
}

/* The seeds in turn, one in ten seconds, while the book is all but empty: one that was not up the
 * first time may be later (Core, ThreadOpenConnections), and one that was rests for a minute. A
 * seed may be a name: of the operator's, or a DNS seed that only the proxy can look up, which then
 * leads to one of the peers it would name (Core, ThreadDNSAddressSeed, AddAddrFetch). */
static int choose_seed(struct bitcoin *b, struct dial_candidate *out)
{
    const struct net_target *seed;

    if (b->config.n_seednodes == 0 || addrbook_size(b->config.book) >= SEEDED ||
        clock_mono_us() < b->next_seed_us)
        return PN_ENOENT;
    b->next_seed_us = clock_deadline_ms(SEED_PAUSE_MS);
    seed = &b->config.seednodes[b->seeds_asked++ % b->config.n_seednodes];
    if (seed->addr.kind != NET_NONE && fetched_within(b, &seed->addr, SEED_AGAIN_MS, true))
        return PN_ENOENT;
    if (seed->addr.kind != NET_NONE) {
        propose(b, out, &seed->addr, 0, "seed");
    } else {
        *out = (struct dial_candidate){.name = seed, .why = "seed"};
        net_target_stand_in(&out->addr, seed);
    }
    out->seed = true;
    return 0;
}

/* While places stay empty for want of addresses, those who have answered before are asked for more,
 * one in three seconds and none twice in ten minutes: others tell us of themselves about daily, and
 * a peer answers once a connection, so without this a node that knows too few would go on knowing
 * too few. It is Core's address fetch, made for another reason. */
static int choose_fetch(struct bitcoin *b, struct dial_candidate *out)
{
    struct addrbook_choice choice;

    if (b->wanting == 0 || clock_mono_us() < b->next_fetch_us)
        return PN_ENOENT;
    b->next_fetch_us = clock_deadline_ms(FETCH_PAUSE_MS);
    for (int i = 0; i < USEFUL_TRIES; i++) {
        if (!select_useful(b, &choice, ADDRBOOK_TRIED))
            return PN_ENOENT;
        /* Of whom we may be connected to, the last try says nothing. */
        if (!fetched_within(b, &choice.addr, FETCH_AGAIN_MS, false))
            return propose(b, out, &choice.addr, 0, "wanting");
    }
    return PN_ENOENT;
}

void source_wanting(void *arg, unsigned places)
{
    struct bitcoin *b = arg;

    b->wanting = places;
}

int source_choose(void *arg, struct dial_candidate *out, enum conn_kind kind)
{
    struct bitcoin *b = arg;
    struct addrbook_choice choice;

    switch (kind) {
    case CONN_ADDR_FETCH:
        return choose_seed(b, out) == 0 ? 0 : choose_fetch(b, out);
    case CONN_FEELER:
        return choose_feeler(b, out);
    default:
        break;
    }
    if (!select_useful(b, &choice, ADDRBOOK_ANY))
        return PN_ENOENT;
    return propose(b, out, &choice.addr, choice.last_try_s, choice.tried ? "tried" : "new");
}

int source_choose_first(void *arg, struct dial_candidate *out)
{
    struct bitcoin *b = arg;

    if (b->anchors_used == b->config.n_anchors)
        return PN_ENOENT;
    return propose(b, out, &b->config.anchors[b->anchors_used++], 0, "anchor");
}

void source_tried(void *arg, const struct net_addr *addr, enum conn_kind kind, int result)
{
    struct bitcoin *b = arg;

    if (kind == CONN_ADDR_FETCH)
        remember_fetch(b, addr, result == 0);
    addrbook_attempt(b->config.book, addr, result < 0);
}
