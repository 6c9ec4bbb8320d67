#include "test_seeds.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "harness.h"

enum { NOW_S = 1700000000 };

struct stage stage;

const char *const names[7] = {"a.test", "b.test", "c.test", "d.test", "e.test", "f.test", "g.test"};

/* --- in place of discovery.c --- */

int discovery_lookup(struct discovery_source *self, const struct net_target *name, uint64_t tag)
{
    struct asked *q = &stage.asked[stage.n_asked];

    ck_assert_ptr_eq(self, (struct discovery_source *)&stage);
    if (stage.room == 0)
        return PN_ELIMIT;
    ck_assert_uint_lt(stage.n_asked, ASKED_MAX);
    ck_assert_int_eq(name->kind, TARGET_NAME);
    snprintf(q->host, sizeof q->host, "%s", name->host);
    q->port = name->port;
    q->tag = tag;
    stage.n_asked++;
    stage.room--;
    return 0;
}

void discovery_found(struct discovery_source *self, const char *origin, size_t n)
{
    ck_assert_ptr_eq(self, (struct discovery_source *)&stage);
    if (strcmp(origin, "dns") == 0)
        stage.found_dns += n;
    else
        stage.found_fixed += n;
}

/* --- the stage --- */

static unsigned count_outbound(void *arg)
{
    ck_assert_ptr_eq(arg, &stage);
    return stage.outbound;
}

void stage_set_up(void)
{
    memset(&stage, 0, sizeof stage);
    clock_test_start(NOW_S);
    random_test_start(1); /* where addresses stand in the book, and which find no place */
    stage.book = addrbook_new(&stage.policy);
    ck_assert_ptr_nonnull(stage.book);
    stage.room = ASKED_MAX;
    stage.config = (struct seeds_config){
        .names = names,
        .n_names = sizeof names / sizeof names[0],
        .services = SERVICES,
        .port = PORT,
        .book = stage.book,
        .outbound = count_outbound,
        .arg = &stage,
    };
}

void stage_tear_down(void)
{
    seeds_free(stage.seeds);
    addrbook_free(stage.book);
    random_test_stop();
    clock_test_stop();
}

void stage_fill_book(size_t n, enum net_kind kind)
{
    for (size_t i = 0; addrbook_size(stage.book) < n; i++) {
        struct addrbook_seen seen = {.addr = {.kind = kind, .port = PORT}, .last_seen_s = NOW_S};

        ck_assert_uint_lt(i, 100000);
        memset(seen.addr.bytes, 0x21, net_addr_len(kind));
        store_be32(seen.addr.bytes, (uint32_t)(0x21000001 + i * 0x10000));
        addrbook_add(stage.book, &seen, 1, NULL, 0);
    }
}

void stage_begin(void)
{
    stage.seeds = seeds_new(&stage.config);
    ck_assert_ptr_nonnull(stage.seeds);
    stage.next_us =
        seeds_source_ops.start(stage.seeds, (struct discovery_source *)&stage, clock_mono_us());
}

void stage_pass_s(int64_t seconds)
{
    for (int64_t i = 0; i < seconds; i++) {
        clock_test_advance_ms(1000);
        if (clock_mono_us() < stage.next_us)
            continue;
        stage.next_us = seeds_source_ops.on_timer(stage.seeds, clock_mono_us());
        ck_assert_int_gt(stage.next_us, clock_mono_us());
    }
}

void stage_answer(const struct asked *q, int rc, const struct net_addr *addrs, size_t n)
{
    const struct discovery_answer answer = {.tag = q->tag, .rc = rc, .addrs = addrs, .n = n};

    stage.room++;
    stage.next_us = seeds_source_ops.on_answer(stage.seeds, &answer, clock_mono_us());
}

int main(void)
{
    Suite *s = suite_create("bitcoin seeds");

    add_dns_tests(s);
    add_fixed_tests(s);
    return harness_run(s);
}
