/* What an attacker gains by flooding the address book: the real book under a fake clock, and the
 * figures as a table. Exits with 1 when one is above its bound.
 *
 * The bounds are those of Heilman et al. (2015) and of the reference implementation's constants: a
 * source group reaches 64 of 1024 new buckets, a group 8 of 256 tried ones, and half of all draws
 * are from tried whatever is in new. */
#include <stdio.h>
#include <stdlib.h>

#include "addrbook/addrbook.h"
#include "base/clock.h"
#include "base/random.h"

enum {
    FLOOD = 1000000,
    HONEST = 1000,
    DRAWS = 10000,
    GROUP_FLOOD = 65535,
    BATCH = 1000, /* addresses in one message */
    HOUR_MS = 60 * 60 * 1000,
};

static int failures;

static void row(const char *what, double is, double bound, const char *unit)
{
    printf("%-66s %10.1f %10.1f  %-9s %s\n", what, is, bound, unit, is <= bound ? "ok" : "FAIL");
    failures += is > bound;
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "FAIL: %s\n", what);
        exit(1);
    }
}

static struct net_addr v4(uint32_t ip)
{
    return (struct net_addr){
        .kind = NET_IPV4,
        .port = 8333,
        .bytes = {(uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip}};
}

static struct addrbook *new_book(const struct net_policy *policy)
{
    struct addrbook *b = addrbook_new(policy);

    must(b != NULL, "no memory");
    return b;
}

/* The nth address of the attacker: all over 64 /8 networks, in an order that mixes groups. */
static struct net_addr attacker_nth(uint32_t n)
{
    return v4((64 + n % 61) << 24 | (n * UINT32_C(2654435761) >> 8));
}

static bool is_attackers(const struct net_addr *a)
{
    return a->bytes[0] >= 64 && a->bytes[0] < 125;
}

/* A million addresses from hosts of one /16. */
static void flood(struct addrbook *b)
{
    static struct addrbook_seen batch[BATCH];

    for (uint32_t n = 0; n < FLOOD; n += BATCH) {
        struct net_addr source = v4(UINT32_C(0x3d010000) | n / BATCH);

        for (uint32_t i = 0; i < BATCH; i++)
            batch[i] = (struct addrbook_seen){
                .addr = attacker_nth(n + i), .services = 9, .last_seen_s = clock_wall_s()};
        addrbook_add(b, batch, BATCH, &source, ADDRBOOK_GOSSIP_PENALTY_S);
    }
}

static struct net_addr honest_nth(uint32_t n)
{
    return v4((20 + n % 30) << 24 | (n / 30) << 16 | 0x0101);
}

/* Honest addresses of as many groups, each told by a host of yet another one. */
static void add_honest(struct addrbook *b, uint32_t n, bool good)
{
    for (uint32_t i = 0; i < n; i++) {
        struct net_addr a = honest_nth(i),
                        source = v4((50 + i % 10) << 24 | (i / 10) << 16 | 0x0101);
        struct addrbook_seen seen = {.addr = a, .services = 9, .last_seen_s = clock_wall_s()};

        addrbook_add(b, &seen, 1, &source, 0);
        if (good)
            addrbook_good(b, &a);
    }
}

static double attackers_share(struct addrbook *b)
{
    unsigned n = 0;

    for (unsigned i = 0; i < DRAWS; i++) {
        struct addrbook_choice c;

        must(addrbook_select(b, &c, ADDRBOOK_ANY, ADDRBOOK_ALL_KINDS), "nothing to draw");
        n += is_attackers(&c.addr);
    }
    return 100.0 * n / DRAWS;
}

static struct addrbook_counts counts_of(struct addrbook *b)
{
    struct addrbook_counts c;

    addrbook_counts(b, &c);
    return c;
}

static void one_source_group(void)
{
    struct addrbook *b = new_book(NULL);

    flood(b);
    must(counts_of(b).n_new[0] > 1000, "the flood did not arrive");
    row("1,000,000 addresses from one source group: new buckets reached",
        counts_of(b).new_buckets_used[0], 64, "of 1024");
    addrbook_free(b);
}

static void one_group(void)
{
    struct addrbook *b = new_book(NULL);

    for (uint32_t i = 1; i < GROUP_FLOOD; i++) {
        struct net_addr a = v4(UINT32_C(0x40010000) | i), source = v4((64 + i % 61) << 24 | i << 8);
        struct addrbook_seen seen = {.addr = a, .last_seen_s = clock_wall_s()};

        addrbook_add(b, &seen, 1, &source, 0);
        addrbook_good(b, &a);
    }
    must(counts_of(b).n_tried[0] > 300, "nothing came into tried");
    row("65,534 addresses of one group that all answer: tried buckets reached",
        counts_of(b).tried_buckets_used[0], 8, "of 256");
    row("  and addresses in tried", counts_of(b).n_tried[0], 8 * 64, "of 16384");
    addrbook_free(b);
}

static void against_honest(void)
{
    struct addrbook *b = new_book(NULL);
    uint32_t before;

    add_honest(b, HONEST, true);
    before = counts_of(b).n_tried[0];
    must(before > HONEST * 9 / 10, "the honest did not come into tried");
    clock_test_advance_ms(HOUR_MS);
    flood(b);
    row("1,000 honest in tried, then the flood: share of 10,000 draws", attackers_share(b), 55,
        "percent");
    row("  honest that the flood drove out of tried", before - counts_of(b).n_tried[0], 0,
        "addresses");
    addrbook_free(b);
}

static void against_honest_new(void)
{
    struct addrbook *b = new_book(NULL);

    add_honest(b, HONEST, false);
    clock_test_advance_ms(HOUR_MS);
    flood(b);
    row("1,000 honest in new alone, then the flood: share of 10,000 draws", attackers_share(b), 15,
        "percent");
    addrbook_free(b);
}

static uint32_t honest_in_tried(struct addrbook *b)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < HONEST; i++) {
        struct net_addr a = honest_nth(i);
        struct addrbook_record r;

        n += addrbook_find(b, &r, &a) && r.tried;
    }
    return n;
}

/* The attacker's addresses answer as well, so that each claims a place in tried; but whoever has
 * the place is tested first, and the honest ones still answer after five silent hours. */
static void against_tested(void)
{
    struct addrbook *b = new_book(NULL);
    uint32_t before;

    add_honest(b, HONEST, true);
    before = honest_in_tried(b);
    clock_test_advance_ms(5 * HOUR_MS);
    flood(b);
    for (uint32_t i = 0; i < FLOOD / 10; i++) {
        struct net_addr a = attacker_nth(i);
        struct addrbook_choice c;

        addrbook_good(b, &a);
        if (addrbook_select_collision(b, &c) && !is_attackers(&c.addr))
            addrbook_good(b, &c.addr);
        addrbook_resolve_collisions(b, NULL, NULL);
    }
    must(counts_of(b).events.kept > 0, "nothing collided");
    row("the attacker's answer too: honest driven out of tried", before - honest_in_tried(b), 0,
        "addresses");
    addrbook_free(b);
}

/* With a map of systems 250.0.0.0/8 is one: the flood comes from all over it. */
static void one_system(const char *map_path)
{
    struct net_policy policy = {0};
    struct asmap *map;
    struct addrbook *b;

    if (asmap_load(&map, map_path) < 0) {
        printf("SKIPPED: one system of many prefixes: no map at %s\n", map_path);
        return;
    }
    policy.asmap = map;
    b = new_book(&policy);
    for (uint32_t n = 0; n < FLOOD / 10; n++) {
        struct net_addr source = v4(UINT32_C(0xfa000000) | (n * 163 & 0xffffff));
        struct addrbook_seen seen = {.addr = attacker_nth(n), .last_seen_s = clock_wall_s()};

        addrbook_add(b, &seen, 1, &source, 0);
    }
    row("100,000 addresses from 256 /16 of one system, with a map: new buckets",
        counts_of(b).new_buckets_used[0], 64, "of 1024");
    addrbook_free(b);
    asmap_free(map);
}

int main(void)
{
    const char *data = getenv("P2PNODE_TEST_DATA");
    char map_path[1024];

    clock_test_start(1700000000);
    random_test_start(7);
    printf("%-66s %10s %10s\n", "attack", "measured", "at most");
    one_source_group();
    one_group();
    against_honest();
    against_honest_new();
    against_tested();
    if (data) {
        snprintf(map_path, sizeof map_path, "%s/bitcoin/vectors/core-asmap.raw", data);
        one_system(map_path);
    } else {
        printf("SKIPPED: one system of many prefixes: P2PNODE_TEST_DATA is not set\n");
    }
    return failures ? 1 : 0;
}
