/* Everything here runs on the discovery thread. The machine is turned by a tick: each time it looks
 * at how many outbound peers there are and how large the book is, and decides anew. So it needs no
 * state but how far it has come through the names, since when peers have been wanting, and whether
 * the fixed seeds are in the book. */
#include "bitcoin/seeds/seeds.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/seeds/fixed.h"
#include "crypto/sha256.h"
#include "log/log.h"

#define LOG_SUBSYSTEM "bitcoin"
#define SECOND_US     INT64_C(1000000)
#define NOT_SHORT     0 /* in place of a time: there are enough peers */

enum {
    ENOUGH_OUTBOUND = 2,
    ASKED_AT_ONCE = 3,
    LARGE_BOOK = 1000,
    WAIT_SMALL_BOOK_S = 11,
    WAIT_LARGE_BOOK_S = 300,
    WAIT_ROUND_S = 300, /* times the rounds done */
    WAIT_ROUND_MAX_S = 3600,
    FIXED_AFTER_S = 60,
    TICK_S = 11,
    DAY_S = 86400,
    DNS_AGE_MIN_S = 3 * DAY_S, /* of what a DNS seed tells */
    DNS_AGE_MAX_S = 7 * DAY_S,
    FIXED_AGE_MIN_S = 7 * DAY_S,
    FIXED_AGE_MAX_S = 14 * DAY_S,
};

struct seeds {
    struct seeds_config config;
    struct discovery_source *self;
    uint8_t order[SEEDS_MAX_NAMES]; /* of the names, in this round */
    size_t asked;                   /* so many of them */
    unsigned rounds;                /* done */
    int64_t began_us;
    int64_t short_since_us; /* fewer than ENOUGH_OUTBOUND since then, or asked then; or NOT_SHORT */
    bool fixed_done;
};

struct net_addr seeds_made_up_source(const char *name)
{
    struct net_addr source = {.kind = NET_IPV6};
    uint8_t hash[SHA256_BYTES];

    /* 4000::/3 is assigned to nobody (IANA), and 29 bits of its /32s tell the seeds apart. */
    sha256(hash, name, strlen(name));
    memcpy(source.bytes, hash, net_addr_len(NET_IPV6));
    source.bytes[0] = (uint8_t)(0x40 | (hash[0] & 0x1f));
    return source;
}

/* Enter addresses that were last seen at some time between two ages. Returns: how many are new. */
static size_t enter(struct seeds *s, const char *source_name, const struct net_addr *addrs,
                    size_t n, int64_t min_age_s, int64_t max_age_s)
{
    struct net_addr source = seeds_made_up_source(source_name);
    size_t entered = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t age_s = min_age_s + (int64_t)random_below((uint64_t)(max_age_s - min_age_s));
        const struct addrbook_seen seen = {
            .addr = addrs[i],
            .services = s->config.services,
            .last_seen_s = clock_wall_s() - age_s,
        };

        entered += addrbook_add(s->config.book, &seen, 1, &source, 0);
    }
    return entered;
}

/* --- DNS seeds --- */

static void shuffle(struct seeds *s)
{
    for (size_t i = 0; i < s->config.n_names; i++)
        s->order[i] = (uint8_t)i;
    for (size_t i = s->config.n_names; i > 1; i--) {
        size_t j = (size_t)random_below(i);
        uint8_t other = s->order[j];

        s->order[j] = s->order[i - 1];
        s->order[i - 1] = other;
    }
    s->asked = 0;
}

static int64_t wait_us(const struct seeds *s, size_t book_size)
{
    int64_t wait_s = WAIT_LARGE_BOOK_S;

    if (s->rounds > 0)
        wait_s = s->rounds < WAIT_ROUND_MAX_S / WAIT_ROUND_S ? s->rounds * WAIT_ROUND_S
                                                             : WAIT_ROUND_MAX_S;
    else if (book_size == 0)
        wait_s = 0;
    else if (book_size < LARGE_BOOK)
        wait_s = WAIT_SMALL_BOOK_S;
    return wait_s * SECOND_US;
}

/* Returns: 0, or why this seed cannot be asked. */
static int ask(struct seeds *s, uint8_t number)
{
    const char *seed = s->config.names[number];
    struct net_target target;
    char name[NET_HOST_BYTES];
    int rc;

    snprintf(name, sizeof name, "x%" PRIx64 ".%s", s->config.services, seed);
    rc = net_target_parse(&target, name, s->config.port);
    if (rc == 0)
        rc = discovery_lookup(s->self, &target, number);
    if (rc == 0)
        log_debug(LOG_SUBSYSTEM, "asking the DNS seed %s", seed);
    else if (rc != PN_ELIMIT)
        log_warn(LOG_SUBSYSTEM, "cannot ask the DNS seed %s: %s", seed, pn_strerror(rc));
    return rc;
}

static void ask_some(struct seeds *s, size_t some)
{
    while (some-- > 0 && s->asked < s->config.n_names) {
        if (ask(s, s->order[s->asked]) == PN_ELIMIT)
            return; /* again when others are done */
        s->asked++;
    }
    if (s->asked == s->config.n_names) {
        s->rounds++;
        shuffle(s);
    }
}

static void consider_dns(struct seeds *s, int64_t now_us)
{
    size_t book_size;

    if (s->config.n_names == 0)
        return;
    if (s->config.outbound(s->config.arg) >= ENOUGH_OUTBOUND) {
        s->short_since_us = NOT_SHORT;
        return;
    }
    if (s->short_since_us == NOT_SHORT)
        s->short_since_us = now_us;
    book_size = addrbook_size(s->config.book);
    if (now_us - s->short_since_us < wait_us(s, book_size))
        return;
    s->short_since_us = now_us;
    ask_some(s, book_size == 0 ? s->config.n_names : ASKED_AT_ONCE);
}

/* --- fixed seeds --- */

/* Returns: the set of kinds that can be reached and of which the book has nobody. */
static uint32_t wanting_kinds(const struct seeds *s)
{
    struct addrbook_counts counts;
    uint32_t kinds = 0;

    addrbook_counts(s->config.book, &counts);
    for (unsigned kind = NET_IPV4; kind < ADDRBOOK_KINDS; kind++)
        if (counts.n_new[kind] + counts.n_tried[kind] == 0)
            kinds |= ADDRBOOK_KIND_BIT(kind);
    if (s->config.reachable_kinds != ADDRBOOK_ALL_KINDS)
        kinds &= s->config.reachable_kinds;
    return kinds;
}

/* Leave only addresses of these kinds. Returns: how many are left. */
static size_t keep_kinds(struct net_addr *addrs, size_t n, uint32_t kinds)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (kinds & ADDRBOOK_KIND_BIT(addrs[i].kind))
            addrs[kept++] = addrs[i];
    return kept;
}

static void enter_fixed(struct seeds *s, uint32_t kinds)
{
    struct net_addr *addrs;
    size_t all, n, entered;
    int rc = fixed_seeds_load(&addrs, &all, s->config.fixed);

    if (rc < 0) {
        log_warn(LOG_SUBSYSTEM, "cannot read the fixed seeds: %s", pn_strerror(rc));
        return;
    }
    n = keep_kinds(addrs, all, kinds);
    entered = enter(s, "fixed seeds", addrs, n, FIXED_AGE_MIN_S, FIXED_AGE_MAX_S);
    mem_free(addrs);
    discovery_found(s->self, "fixed", entered);
    /* The list may have none of the kinds that are wanting now; others may be wanting later. */
    s->fixed_done = all == 0 || n > 0;
    if (n > 0)
        log_info(LOG_SUBSYSTEM, "%zu of %zu fixed seeds entered the address book", entered, n);
}

static int64_t fixed_due_us(const struct seeds *s)
{
    bool at_once = s->config.n_names == 0 && !s->config.others_named;

    return s->began_us + (at_once ? 0 : FIXED_AFTER_S * SECOND_US);
}

static void consider_fixed(struct seeds *s, int64_t now_us)
{
    uint32_t kinds;

    if (s->fixed_done || now_us < fixed_due_us(s))
        return;
    kinds = wanting_kinds(s);
    if (kinds)
        enter_fixed(s, kinds);
}

/* --- the source --- */

/* Returns: when to look again. */
static int64_t turn(struct seeds *s, int64_t now_us)
{
    int64_t next_us = now_us + TICK_S * SECOND_US;

    consider_dns(s, now_us);
    consider_fixed(s, now_us);
    if (s->fixed_done && s->config.n_names == 0)
        return CLOCK_NEVER;
    if (!s->fixed_done && fixed_due_us(s) > now_us && fixed_due_us(s) < next_us)
        next_us = fixed_due_us(s);
    return next_us;
}

static int64_t on_start(void *state, struct discovery_source *self, int64_t now_us)
{
    struct seeds *s = state;

    s->self = self;
    s->began_us = now_us;
    return turn(s, now_us);
}

static int64_t on_timer(void *state, int64_t now_us)
{
    return turn(state, now_us);
}

static int64_t on_answer(void *state, const struct discovery_answer *answer, int64_t now_us)
{
    struct seeds *s = state;
    const char *seed = s->config.names[answer->tag];
    size_t entered;

    if (answer->rc < 0) {
        log_info(LOG_SUBSYSTEM, "the DNS seed %s: %s", seed, pn_strerror(answer->rc));
        return turn(s, now_us);
    }
    entered = enter(s, seed, answer->addrs, answer->n, DNS_AGE_MIN_S, DNS_AGE_MAX_S);
    discovery_found(s->self, "dns", entered);
    log_info(LOG_SUBSYSTEM, "the DNS seed %s told %zu addresses, %zu of them new", seed, answer->n,
             entered);
    return turn(s, now_us);
}

const struct discovery_source_ops seeds_source_ops = {
    .start = on_start, .on_timer = on_timer, .on_answer = on_answer};

struct seeds *seeds_new(const struct seeds_config *config)
{
    struct seeds *s = mem_zalloc(sizeof *s);

    assert(config->n_names <= SEEDS_MAX_NAMES);
    if (!s)
        return NULL;
    s->config = *config;
    s->fixed_done = !config->fixed;
    shuffle(s);
    return s;
}

void seeds_free(struct seeds *s)
{
    mem_free(s);
}
