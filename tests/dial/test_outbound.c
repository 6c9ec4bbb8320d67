/* Automatic connections: how many, of which kind, to whom, and how fast. */
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mutex.h"
#include "network_double.h"
#include "test_dial.h"

enum { KEPT_MAX = 64, FEW_MAX = 8 };

/* A source that proposes 10.G.0.H for ever-new H, from so many groups G, and notes what it hears.
 * One of `few` addresses proposes 10.G.0.0 alone, for that many G, and remembers its tries. */
struct source {
    unsigned groups;
    unsigned few;
    atomic_llong few_tried_s[FEW_MAX];
    atomic_uint anchors; /* 12.N.0.0, not yet proposed */
    int64_t last_try_s;
    atomic_uint chosen[CONN_KINDS], tried_ok, tried_failed;
    atomic_uint next;
    atomic_bool seed;    /* those of fetches are */
    atomic_uint fetches; /* of the few, to be asked for addresses, not yet proposed */
    atomic_uint wanting; /* as it was told last */
    atomic_uint named;   /* nodes that it keeps connected, and are not */
};

static struct source src;

/* The connections that are kept, as the server would. */
static struct kept {
    struct mutex mu;
    struct {
        struct net_addr addr;
        enum conn_kind kind;
        uint64_t id;
    } list[KEPT_MAX];
    atomic_uint n;
} kept = {.mu = MUTEX_INITIALIZER};

/* A node that the source keeps connected: each is proposed once, until it is free again. */
static int choose_named(struct dial_candidate *out)
{
    unsigned free = atomic_load(&src.named);

    if (free == 0)
        return PN_ENOENT;
    atomic_store(&src.named, free - 1);
    *out = (struct dial_candidate){
        .addr = {.kind = NET_IPV4, .port = 1, .bytes = {11, 0, 0, (uint8_t)free}}};
    return 0;
}

static int choose_of_few(struct dial_candidate *out, unsigned g)
{
    *out = (struct dial_candidate){
        .addr = {.kind = NET_IPV4, .port = 1, .bytes = {10, (uint8_t)g, 0, 0}},
        .group = g,
        .last_try_s = atomic_load(&src.few_tried_s[g]),
    };
    return 0;
}

static int choose_fetch(struct dial_candidate *out)
{
    unsigned left = atomic_load(&src.fetches);

    if (left == 0)
        return PN_ENOENT;
    atomic_store(&src.fetches, left - 1);
    choose_of_few(out, left - 1);
    out->last_try_s = 0;
    out->seed = atomic_load(&src.seed);
    return 0;
}

static void wanting(void *arg, unsigned places)
{
    (void)arg;
    atomic_store(&src.wanting, places);
}

static int choose_anchor(void *arg, struct dial_candidate *out)
{
    unsigned left = atomic_load(&src.anchors);

    (void)arg;
    if (left == 0)
        return PN_ENOENT;
    atomic_store(&src.anchors, left - 1);
    *out = (struct dial_candidate){
        .addr = {.kind = NET_IPV4, .port = 1, .bytes = {12, (uint8_t)left, 0, 0}},
        .group = 1000 + left,
        .why = "anchor",
    };
    return 0;
}

static int choose(void *arg, struct dial_candidate *out, enum conn_kind kind)
{
    unsigned i = atomic_fetch_add(&src.next, 1);

    (void)arg;
    atomic_fetch_add(&src.chosen[kind], 1);
    if (kind == CONN_MANUAL)
        return choose_named(out);
    if (kind == CONN_ADDR_FETCH)
        return choose_fetch(out);
    if (src.groups == 0)
        return PN_ENOENT;
    if (src.few > 0)
        return choose_of_few(out, i % src.few);
    *out = (struct dial_candidate){
        .addr = {.kind = NET_IPV4,
                 .port = 1,
                 .bytes = {10, (uint8_t)(i % src.groups), (uint8_t)(i / 256), (uint8_t)i}},
        .group = i % src.groups,
        .last_try_s = src.last_try_s,
        .why = "new",
    };
    return 0;
}

static void tried(void *arg, const struct net_addr *addr, enum conn_kind kind, int result)
{
    (void)arg;
    (void)kind;
    if (src.few > 0)
        atomic_store(&src.few_tried_s[addr->bytes[1]], clock_wall_s());
    atomic_fetch_add(result == 0 ? &src.tried_ok : &src.tried_failed, 1);
}

static int keep(void *arg, unsigned number, struct conn *c, const struct net_addr *addr,
                enum conn_kind kind, uint64_t request_id, struct chan *quit)
{
    (void)arg;
    (void)number;
    (void)quit;
    conn_close(c);
    mutex_lock(&kept.mu);
    if (kept.n < KEPT_MAX) {
        kept.list[kept.n].addr = *addr;
        kept.list[kept.n].kind = kind;
        kept.list[kept.n].id = request_id;
        atomic_fetch_add(&kept.n, 1);
    }
    mutex_unlock(&kept.mu);
    return 0;
}

static const struct subnet_list anything;

static struct dialer *begin(unsigned full, unsigned block_relay, bool feelers, unsigned groups)
{
    const struct dialer_config config = {.connect_timeout_ms = 5000,
                                         .retry_ms = 5000,
                                         .retry_max_ms = 300000,
                                         .gate = gate_for(&anything),
                                         .paths = direct_paths(),
                                         .connected = keep};
    const struct dialer_network n = {
        .name = "test",
        .full = full,
        .block_relay = block_relay,
        .feelers = feelers,
        .source = {
            .choose = choose, .choose_first = choose_anchor, .wanting = wanting, .tried = tried}};
    struct dialer *d;

    network_double_start();
    memset(&src, 0, sizeof src);
    src.groups = groups;
    atomic_store(&kept.n, 0);
    d = dialer_new(&config);
    ck_assert_ptr_nonnull(d);
    ck_assert_int_eq(dialer_add_network(d, 0, &n), 0);
    return d;
}

static void end(struct dialer *d)
{
    dialer_stop(d);
    dialer_join(d);
    dialer_free(d);
    network_double_stop();
}

static unsigned count_kind(enum conn_kind kind)
{
    unsigned n = 0;

    mutex_lock(&kept.mu);
    for (unsigned i = 0; i < atomic_load(&kept.n); i++)
        n += kept.list[i].kind == kind;
    mutex_unlock(&kept.mu);
    return n;
}

/* Let the dialer look around for a while of test time. */
static void pass_seconds(int seconds)
{
    for (int i = 0; i < seconds * 2; i++) {
        clock_test_advance_ms(500);
        poll(NULL, 0, 5);
    }
}

START_TEST(each_kind_is_filled_to_its_number_in_distinct_groups)
{
    struct dialer *d = begin(8, 2, false, 40);

    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 10);
    pass_seconds(30);
    end(d);
    ck_assert_uint_eq(atomic_load(&kept.n), 10);
    ck_assert_uint_eq(count_kind(CONN_FULL), 8);
    ck_assert_uint_eq(count_kind(CONN_BLOCK_RELAY), 2);
    for (unsigned i = 0; i < 10; i++)
        for (unsigned j = 0; j < i; j++)
            ck_assert_msg(kept.list[i].addr.bytes[1] != kept.list[j].addr.bytes[1],
                          "two connections in group %u", kept.list[i].addr.bytes[1]);
    ck_assert_uint_eq(atomic_load(&src.tried_ok), 10);
}
END_TEST

START_TEST(anchors_go_before_all_others)
{
    struct dialer *d = begin(8, 2, false, 40);

    atomic_store(&src.anchors, 1);
    atomic_store(&network.undecided, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    await_dials(1);
    pass_seconds(2);
    ck_assert_uint_eq(atomic_load(&network.dials), 1); /* how it answers is not known yet */
    ck_assert_uint_eq(network.last_to.bytes[0], 12);
    atomic_store(&network.undecided, 0);
    pass_seconds(10);
    await_count(&kept.n, 10);
    end(d);
    ck_assert_uint_eq(count_kind(CONN_FULL), 8);
    ck_assert_uint_eq(count_kind(CONN_BLOCK_RELAY), 2);
}
END_TEST

/* Those for blocks alone bring no addresses: a node that spent the two it knows on them would know
 * two for ever. */
START_TEST(who_knows_few_addresses_dials_them_for_more)
{
    struct dialer *d = begin(8, 2, false, 2);

    src.few = 2;
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 2);
    pass_seconds(30);
    end(d);
    ck_assert_uint_eq(count_kind(CONN_FULL), 2);
    ck_assert_uint_eq(atomic_load(&kept.n), 2);
}
END_TEST

START_TEST(the_source_is_told_how_many_places_stay_empty)
{
    struct dialer *d = begin(8, 2, false, 2);

    src.few = 2;
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 2);
    pass_seconds(2);
    await_count(&src.wanting, 6);
    end(d);
    ck_assert_uint_eq(atomic_load(&src.wanting), 6);
    d = begin(8, 2, false, 40);
    atomic_store(&src.wanting, 99);
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 10);
    pass_seconds(2);
    end(d);
    ck_assert_uint_eq(atomic_load(&src.wanting), 0);
}
END_TEST

/* It answers one getaddr a connection; a peer for blocks alone is asked only where it is a seed. */
START_TEST(a_full_peer_or_a_seed_is_asked_again_by_another_connection)
{
    struct dialer *d = begin(2, 0, false, 2);

    src.few = 2;
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 2);
    atomic_store(&src.fetches, 1);
    pass_seconds(2);
    await_count(&kept.n, 3);
    end(d);
    ck_assert_int_eq(kept.list[2].kind, CONN_ADDR_FETCH);
    ck_assert_uint_eq(kept.list[2].addr.bytes[1], 0);

    d = begin(0, 1, false, 1);
    src.few = 1;
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 1);
    atomic_store(&src.fetches, 1);
    pass_seconds(5);
    ck_assert_uint_eq(atomic_load(&src.fetches), 0);
    ck_assert_uint_eq(atomic_load(&kept.n), 1);
    atomic_store(&src.seed, true);
    atomic_store(&src.fetches, 1);
    pass_seconds(2);
    await_count(&kept.n, 2);
    end(d);
    ck_assert_int_eq(kept.list[1].kind, CONN_ADDR_FETCH);
}
END_TEST

START_TEST(a_few_addresses_that_refuse_are_dialled_with_pauses)
{
    struct dialer *d = begin(8, 2, false, 2);

    src.few = 2;
    atomic_store(&network.refuse, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    await_dials(2);
    pass_seconds(20);
    end(d);
    /* Each again after 5, 10, 15 and 20 s, and that with time to spare for the test clock. */
    ck_assert_uint_ge(atomic_load(&network.dials), 4);
    ck_assert_uint_le(atomic_load(&network.dials), 12);
}
END_TEST

START_TEST(too_few_groups_give_fewer_connections_rather_than_two_in_one)
{
    struct dialer *d = begin(8, 2, false, 3);

    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 3);
    pass_seconds(30);
    end(d);
    ck_assert_uint_eq(atomic_load(&kept.n), 3);
}
END_TEST

START_TEST(a_connection_that_ends_is_replaced_by_another_address)
{
    struct dialer *d = begin(2, 0, false, 40);

    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 2);
    dialer_closed(d, kept.list[0].id, true);
    await_count(&kept.n, 3);
    ck_assert(!net_addr_equal(&kept.list[0].addr, &kept.list[2].addr));
    ck_assert_uint_ne(kept.list[0].id, kept.list[2].id); /* the place is used again, the id not */
    end(d);
}
END_TEST

START_TEST(an_extra_connection_is_made_when_the_tip_is_stale)
{
    struct dialer *d = begin(2, 0, false, 40);

    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 2);
    dialer_set_extra(d, 0, 1);
    pass_seconds(2);
    await_count(&kept.n, 3);
    end(d);
}
END_TEST

START_TEST(nodes_that_a_source_names_are_dialled_besides_and_again_when_they_are_free)
{
    struct dialer_network n = {
        .name = "test", .full = 2, .named = true, .source = {.choose = choose, .tried = tried}};
    struct dialer *d = begin(2, 0, false, 40);

    ck_assert_int_eq(dialer_add_network(d, 0, &n), 0);
    atomic_store(&src.named, 5);
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 7);
    pass_seconds(5);
    ck_assert_uint_eq(count_kind(CONN_MANUAL), 5);
    ck_assert_uint_eq(count_kind(CONN_FULL), 2);
    for (unsigned i = 0; i < 7; i++)
        if (kept.list[i].kind == CONN_MANUAL && kept.list[i].addr.bytes[3] == 1)
            dialer_closed(d, kept.list[i].id, true);
    pass_seconds(2);
    ck_assert_uint_eq(atomic_load(&kept.n), 7); /* the source decides when */
    atomic_store(&src.named, 1);
    pass_seconds(2);
    await_count(&kept.n, 8);
    ck_assert_int_eq(kept.list[7].kind, CONN_MANUAL);
    end(d);
}
END_TEST

/* An address that was tried in the last ten minutes is dialled only when 30 others were no good. */
START_TEST(recently_tried_addresses_are_the_last_choice)
{
    struct dialer *d = begin(1, 0, false, 200);

    src.last_try_s = clock_wall_s() - 60;
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 1);
    end(d);
    ck_assert_uint_eq(atomic_load(&src.chosen[CONN_FULL]), 31);
}
END_TEST

START_TEST(feelers_come_about_every_two_minutes_and_one_at_a_time)
{
    struct dialer *d = begin(0, 0, true, 40);
    unsigned feelers = 0;

    ck_assert_int_eq(dialer_start(d), 0);
    for (int i = 0; i < 2 * 3600; i++) { /* two hours */
        unsigned n = atomic_load(&kept.n);

        if (n > feelers) {
            ck_assert_uint_eq(n, feelers + 1);
            ck_assert_int_eq(kept.list[feelers].kind, CONN_FEELER);
            if (n < KEPT_MAX)
                dialer_closed(d, kept.list[feelers].id, true);
            feelers = n;
        }
        if (n == KEPT_MAX)
            break;
        clock_test_advance_ms(1000);
        poll(NULL, 0, 1);
    }
    end(d);
    /* Sixty are expected; fewer than 30 or 64 within half the time would be one chance in a million
     * (the Poisson distribution). */
    ck_assert_uint_ge(feelers, 30);
}
END_TEST

START_TEST(behind_a_dead_network_dials_slow_down_after_25_failures)
{
    struct dialer *d = begin(8, 0, false, 200);
    unsigned before, after;

    atomic_store(&network.refuse, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    await_dials(25);
    before = atomic_load(&network.dials);
    pass_seconds(60);
    after = atomic_load(&network.dials);
    end(d);
    ck_assert_uint_ge(after - before, 6); /* one in 5 s, while the test clock moved 60 s */
    ck_assert_uint_le(after - before, 20);
    ck_assert_uint_eq(atomic_load(&src.tried_failed), after);
}
END_TEST

static size_t noted(struct journal_record *out, size_t max, enum journal_event event)
{
    return journal_query(dial_journal(), out, max,
                         &(struct journal_filter){.events = JOURNAL_BIT(event)});
}

START_TEST(every_candidate_chosen_or_passed_over_is_noted_with_its_reason)
{
    static struct journal_record r[64];
    struct net_addr banned = {.kind = NET_IPV4, .bytes = {10, 0, 0, 0}};
    struct dialer *d = begin(2, 0, false, 2);
    struct journal_funnel f;

    gate_punish(gate_of_test(), &banned, "test", PN_EPOW, true);
    src.last_try_s = 0;
    ck_assert_int_eq(dialer_start(d), 0);
    await_count(&kept.n, 2);
    dialer_set_extra(d, 0, 1); /* for which both groups are taken */
    pass_seconds(1);
    end(d);
    ck_assert_uint_eq(noted(r, 64, JOURNAL_CHOSEN), 2);
    ck_assert_str_eq(r[0].reason, "new");
    ck_assert_str_eq(r[0].detail, "outbound_full");
    ck_assert_uint_eq(noted(r, 64, JOURNAL_DIALLED), 2);
    ck_assert_str_eq(r[0].reason, "direct");
    ck_assert_uint_ge(noted(r, 64, JOURNAL_SKIPPED), 3);
    ck_assert_str_eq(r[0].reason, "same_group");
    ck_assert_ptr_nonnull(strstr(r[0].detail, " is there"));
    ck_assert_uint_eq(
        journal_query(dial_journal(), r, 64, &(struct journal_filter){.subject = "10.0.0.0:1"}), 1);
    ck_assert_str_eq(r[0].reason, "banned");
    f = journal_funnel(dial_journal(), "test");
    ck_assert_uint_eq(f.chosen, 2);
    ck_assert_uint_eq(f.dialled, 2);
    ck_assert_uint_eq(f.failed, 0);
    ck_assert_uint_ge(f.filtered, 3);
}
END_TEST

START_TEST(that_the_network_seems_down_is_noted_once)
{
    static struct journal_record r[64];
    struct dialer *d = begin(8, 0, false, 200);

    atomic_store(&network.refuse, 1);
    ck_assert_int_eq(dialer_start(d), 0);
    await_dials(27);
    end(d);
    ck_assert_uint_eq(noted(r, 64, JOURNAL_WARNED), 1);
    ck_assert_str_eq(r[0].subject, "test");
    ck_assert_str_eq(r[0].reason, "refused");
    ck_assert_uint_eq(r[0].count, 1);
    ck_assert_uint_ge(noted(r, 64, JOURNAL_FAILED), 26);
    ck_assert_str_eq(r[0].detail, "outbound_full, attempt 1");
}
END_TEST

START_TEST(an_empty_source_is_asked_again_and_costs_little)
{
    struct dialer *d = begin(8, 2, false, 0);
    unsigned asked;

    ck_assert_int_eq(dialer_start(d), 0);
    pass_seconds(10);
    asked = atomic_load(&src.chosen[CONN_FULL]);
    end(d);
    ck_assert_uint_ge(asked, 5);
    ck_assert_uint_le(asked, 40); /* every half second */
}
END_TEST

void add_outbound_tests(Suite *s)
{
    TCase *t = tcase_create("outbound");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, each_kind_is_filled_to_its_number_in_distinct_groups);
    tcase_add_test(t, anchors_go_before_all_others);
    tcase_add_test(t, who_knows_few_addresses_dials_them_for_more);
    tcase_add_test(t, the_source_is_told_how_many_places_stay_empty);
    tcase_add_test(t, a_full_peer_or_a_seed_is_asked_again_by_another_connection);
    tcase_add_test(t, a_few_addresses_that_refuse_are_dialled_with_pauses);
    tcase_add_test(t, too_few_groups_give_fewer_connections_rather_than_two_in_one);
    tcase_add_test(t, a_connection_that_ends_is_replaced_by_another_address);
    tcase_add_test(t, an_extra_connection_is_made_when_the_tip_is_stale);
    tcase_add_test(t, nodes_that_a_source_names_are_dialled_besides_and_again_when_they_are_free);
    tcase_add_test(t, recently_tried_addresses_are_the_last_choice);
    tcase_add_test(t, feelers_come_about_every_two_minutes_and_one_at_a_time);
    tcase_add_test(t, behind_a_dead_network_dials_slow_down_after_25_failures);
    tcase_add_test(t, every_candidate_chosen_or_passed_over_is_noted_with_its_reason);
    tcase_add_test(t, that_the_network_seems_down_is_noted_once);
    tcase_add_test(t, an_empty_source_is_asked_again_and_costs_little);
}
