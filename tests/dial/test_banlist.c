/* Bans: what they cover, when they end, what gives way, and the table against a plain model. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "dial/banlist.h"
#include "test_policy.h"

enum { NOW_S = 1700000000, DAY_S = 24 * 3600, CAPACITY = 100 };

static struct banlist *list;

static void setup(void)
{
    clock_test_start(NOW_S);
    random_test_start(9);
    list = banlist_new(CAPACITY);
    ck_assert_ptr_nonnull(list);
}

static void teardown(void)
{
    banlist_free(list);
    random_test_stop();
    clock_test_stop();
}

static int ban(const char *text, int64_t seconds)
{
    struct subnet net = subnet_of(text);

    return banlist_add(list, &net, clock_wall_s() + seconds, "score");
}

static int unban(const char *text)
{
    struct subnet net = subnet_of(text);

    return banlist_remove(list, &net);
}

static bool banned(const char *text)
{
    struct net_addr addr = addr_of(text);

    return banlist_find(list, NULL, &addr);
}

START_TEST(a_banned_address_is_banned_on_every_port_and_alone)
{
    struct net_addr addr = addr_of("10.0.0.1:8333");
    struct subnet net = ban_host(&addr);
    struct ban found;

    ck_assert(!banned("10.0.0.1:8333"));
    ck_assert_int_eq(banlist_add(list, &net, NOW_S + DAY_S, pn_errname(PN_EPOW)), 0);
    ck_assert(banned("10.0.0.1:8333"));
    ck_assert(banned("10.0.0.1:1"));
    ck_assert(!banned("10.0.0.2:8333"));
    ck_assert(!banned("::a00:1"));
    ck_assert(banlist_find(list, &found, &addr));
    ck_assert_int_eq(found.created_s, NOW_S);
    ck_assert_int_eq(found.until_s, NOW_S + DAY_S);
    ck_assert_str_eq(found.reason, "bad_pow");
}
END_TEST

START_TEST(a_subnet_covers_its_addresses_of_its_kind)
{
    ban("10.1.0.0/16", DAY_S);
    ban("2001:db8::/33", DAY_S);
    ck_assert(banned("10.1.255.255"));
    ck_assert(!banned("10.2.0.0"));
    ck_assert(banned("2001:db8:7fff::1"));
    ck_assert(!banned("2001:db8:8000::1"));
    ban("0.0.0.0/0", DAY_S);
    ck_assert(banned("10.2.0.0"));
    ck_assert(!banned("2001:db8:8000::1"));
}
END_TEST

START_TEST(of_two_bans_the_narrowest_that_holds_is_told)
{
    struct net_addr addr = addr_of("10.1.2.3");
    struct ban found;

    ban("10.0.0.0/8", DAY_S);
    ban("10.1.2.3/32", 10);
    ck_assert(banlist_find(list, &found, &addr));
    ck_assert_uint_eq(found.net.prefix_bits, 32);
    clock_test_advance_ms(10000);
    ck_assert(banlist_find(list, &found, &addr));
    ck_assert_uint_eq(found.net.prefix_bits, 8);
}
END_TEST

START_TEST(a_ban_ends_at_its_second_swept_or_not)
{
    ban("10.0.0.1", 10);
    clock_test_advance_ms(9999);
    ck_assert(banned("10.0.0.1"));
    clock_test_advance_ms(1);
    ck_assert(!banned("10.0.0.1"));
    ck_assert_uint_eq(banlist_count(list), 1);
}
END_TEST

START_TEST(a_sweep_forgets_the_ended_ones_and_tells_them)
{
    struct ban out[2];
    char text[BAN_TEXT_BYTES];

    ban("10.0.0.1", 30);
    ban("10.0.0.2", 10);
    ban("10.0.0.3", 20);
    ban("10.0.0.4", DAY_S);
    ck_assert_uint_eq(banlist_sweep(list, out, 2), 0);
    clock_test_advance_ms(30000);
    ck_assert_uint_eq(banlist_sweep(list, out, 2), 2);
    ck_assert_str_eq(ban_format(text, &out[0].net), "10.0.0.2/32");
    ck_assert_str_eq(ban_format(text, &out[1].net), "10.0.0.3/32");
    ck_assert_uint_eq(banlist_sweep(list, out, 2), 1);
    ck_assert_uint_eq(banlist_sweep(list, out, 2), 0);
    ck_assert_uint_eq(banlist_count(list), 1);
    ck_assert(banned("10.0.0.4"));
}
END_TEST

START_TEST(a_longer_ban_replaces_and_a_shorter_one_changes_nothing)
{
    ck_assert_int_eq(ban("10.0.0.1", 100), 0);
    ck_assert_int_eq(ban("10.0.0.1", 100), PN_EEXIST);
    ck_assert_int_eq(ban("10.0.0.1", 50), PN_EEXIST);
    ck_assert_int_eq(ban("10.0.0.1", 200), 0);
    ck_assert_uint_eq(banlist_count(list), 1);
    clock_test_advance_ms(150000);
    ck_assert(banned("10.0.0.1"));
}
END_TEST

START_TEST(a_lifted_ban_is_gone_and_others_stay)
{
    ban("10.0.0.0/8", DAY_S);
    ban("10.0.0.1", DAY_S);
    ck_assert_int_eq(unban("10.0.0.0/9"), PN_ENOENT);
    ck_assert_int_eq(unban("10.0.0.0/8"), 0);
    ck_assert_int_eq(unban("10.0.0.0/8"), PN_ENOENT);
    ck_assert(banned("10.0.0.1"));
    ck_assert(!banned("10.0.0.2"));
    banlist_clear(list);
    ck_assert(!banned("10.0.0.1"));
    ck_assert_uint_eq(banlist_count(list), 0);
}
END_TEST

START_TEST(what_is_no_subnet_or_no_future_is_refused)
{
    struct subnet net = subnet_of("10.0.0.0/8");

    ck_assert_int_eq(banlist_add(list, &net, NOW_S, ""), PN_EINVAL);
    ck_assert_int_eq(banlist_add(list, &net, INT64_MIN, ""), PN_EINVAL);
    net.prefix_bits = 33;
    ck_assert_int_eq(banlist_add(list, &net, NOW_S + 1, ""), PN_EINVAL);
    net.prefix_bits = 4;
    ck_assert_int_eq(banlist_add(list, &net, NOW_S + 1, ""), PN_EINVAL);
    net = (struct subnet){0};
    ck_assert_int_eq(banlist_add(list, &net, NOW_S + 1, ""), PN_EINVAL);
    ck_assert_int_eq(banlist_remove(list, &net), PN_ENOENT);
    net = subnet_of("10.0.0.0/8");
    net.base.port = 1;
    ck_assert_int_eq(banlist_add(list, &net, NOW_S + 1, ""), PN_EINVAL);
    ck_assert_uint_eq(banlist_count(list), 0);
}
END_TEST

START_TEST(a_ban_for_ever_ends_with_the_year_9999)
{
    struct subnet net = subnet_of("10.0.0.1");
    struct ban found;

    ck_assert_int_eq(banlist_add(list, &net, INT64_MAX, ""), 0);
    ck_assert(banlist_find(list, &found, &net.base));
    ck_assert_int_eq(found.until_s, BAN_UNTIL_MAX);
}
END_TEST

START_TEST(a_reason_is_cut_and_can_stand_anywhere)
{
    struct subnet net = subnet_of("10.0.0.1");
    char reason[100];
    struct ban found;

    memset(reason, 'x', sizeof reason);
    memcpy(reason, "\"\\\n\x80", 4);
    reason[sizeof reason - 1] = '\0';
    banlist_add(list, &net, NOW_S + 1, reason);
    ck_assert(banlist_find(list, &found, &net.base));
    ck_assert_int_eq(strncmp(found.reason, "????xxx", 7), 0);
    ck_assert_uint_eq(strlen(found.reason), BAN_REASON_BYTES - 1);
}
END_TEST

START_TEST(tor_and_i2p_addresses_can_be_banned)
{
    struct net_addr tor = {.kind = NET_TORV3, .bytes = {1, [31] = 2}};
    struct net_addr other = tor;
    struct subnet net = ban_host(&tor);

    other.kind = NET_I2P;
    ck_assert_int_eq(banlist_add(list, &net, NOW_S + 1, ""), 0);
    ck_assert(banlist_find(list, NULL, &tor));
    ck_assert(!banlist_find(list, NULL, &other));
}
END_TEST

START_TEST(texts_of_bans_are_those_of_bitcoind)
{
    static const char *const texts[][2] = {
        {"10.0.0.1", "10.0.0.1/32"}, {"10.0.0.0/8", "10.0.0.0/8"},       {"::1", "::1/128"},
        {"fc00::1", "fc00::1"},      {"2001:db8::/32", "2001:db8::/32"}, {"fc00::/8", "fc00::/8"},
    };
    char text[BAN_TEXT_BYTES];

    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct subnet net = subnet_of(texts[i][0]);

        ck_assert_str_eq(ban_format(text, &net), texts[i][1]);
    }
}
END_TEST

START_TEST(of_bans_that_end_together_the_new_one_stays)
{
    char text[32];

    for (int i = 0; i < CAPACITY; i++) {
        snprintf(text, sizeof text, "10.0.0.%d", i);
        ck_assert_int_eq(ban(text, DAY_S), 0);
    }
    ck_assert_int_eq(ban("10.0.1.1", DAY_S), 0);
    ck_assert(banned("10.0.1.1"));
    ck_assert_uint_eq(banlist_count(list), CAPACITY);
}
END_TEST

START_TEST(in_a_full_list_the_ban_that_ends_first_gives_way)
{
    char text[32];

    for (int i = 0; i < CAPACITY; i++) {
        snprintf(text, sizeof text, "10.0.0.%d", i);
        ck_assert_int_eq(ban(text, 1000 + (i * 37) % CAPACITY), 0);
    }
    ck_assert_int_eq(ban("10.0.1.1", 999), PN_ELIMIT);
    ck_assert(!banned("10.0.1.1"));
    ck_assert_int_eq(ban("10.0.1.1", 2000), 0);
    ck_assert_uint_eq(banlist_count(list), CAPACITY);
    ck_assert(!banned("10.0.0.0")); /* it ended after 1000 s */
    ck_assert(banned("10.0.0.73")); /* 73 × 37 = 2701: after 1001 s */
    ck_assert_int_eq(ban("10.0.1.2", 2000), 0);
    ck_assert(!banned("10.0.0.73"));
    ck_assert_int_eq(ban("10.0.0.1", 3000), 0); /* one that is there already needs no room */
    ck_assert_uint_eq(banlist_count(list), CAPACITY);
    ck_assert(banned("10.0.0.46")); /* 46 × 37 = 1702: after 1002 s, the next in line */
}
END_TEST

START_TEST(a_full_list_displaces_no_ban_of_the_operator)
{
    struct subnet mine = subnet_of("192.0.2.0/24");
    struct ban found;
    char text[32];

    ck_assert_int_eq(banlist_add_manual(list, &mine, NOW_S + 10, "by hand"), 0);
    for (int i = 0; i < 3 * CAPACITY; i++) {
        snprintf(text, sizeof text, "10.0.%d.%d", i / 256, i % 256);
        ck_assert_int_eq(ban(text, DAY_S), 0);
    }
    ck_assert_uint_eq(banlist_count(list), CAPACITY + 1);
    ck_assert(banlist_find(list, &found, &mine.base));
    ck_assert(found.manual);
    ck_assert_str_eq(found.reason, "by hand");
}
END_TEST

START_TEST(a_list_full_of_the_operators_bans_says_so_and_keeps_them)
{
    struct subnet net;
    char text[32];

    for (int i = 0; i < CAPACITY; i++) {
        snprintf(text, sizeof text, "10.0.0.%d", i);
        net = subnet_of(text);
        ck_assert_int_eq(banlist_add_manual(list, &net, NOW_S + 10 + i, ""), 0);
    }
    net = subnet_of("10.0.1.1");
    ck_assert_int_eq(banlist_add_manual(list, &net, NOW_S + DAY_S, ""), PN_ELIMIT);
    ck_assert_int_eq(banlist_add(list, &net, NOW_S + DAY_S, ""), 0);
    ck_assert(banned("10.0.0.0"));
    ck_assert(banned("10.0.1.1"));
}
END_TEST

START_TEST(a_ban_of_either_kind_holds_and_both_are_lifted_together)
{
    struct subnet net = subnet_of("10.0.0.1");
    struct ban found;

    ck_assert_int_eq(banlist_add_manual(list, &net, NOW_S + 10, "by hand"), 0);
    ck_assert_int_eq(ban("10.0.0.1", DAY_S), 0);
    ck_assert(banlist_find(list, &found, &net.base));
    ck_assert(found.manual);
    clock_test_advance_ms(10000);
    ck_assert(banlist_find(list, &found, &net.base));
    ck_assert(!found.manual);
    ck_assert_int_eq(banlist_add_manual(list, &net, NOW_S + DAY_S, "by hand"), 0);
    ck_assert_int_eq(unban("10.0.0.1"), 0);
    ck_assert(!banned("10.0.0.1"));
}
END_TEST

START_TEST(who_had_to_give_way_is_told)
{
    struct ban entry = {.net = subnet_of("10.0.1.1"), .until_s = NOW_S + DAY_S}, displaced;
    char text[BAN_TEXT_BYTES];

    for (int i = 0; i < CAPACITY; i++) {
        ck_assert_int_eq(banlist_enter(list, &displaced, &entry), i == 0 ? 0 : PN_EEXIST);
        ck_assert_int_eq(displaced.until_s, 0);
        snprintf(text, sizeof text, "10.0.0.%d", i);
        ban(text, 1000 + i);
    }
    entry.net = subnet_of("10.0.1.2");
    ck_assert_int_eq(banlist_enter(list, &displaced, &entry), 0);
    ck_assert_str_eq(ban_format(text, &displaced.net), "10.0.0.1/32");
}
END_TEST

START_TEST(each_change_has_a_new_version_and_a_look_has_none)
{
    uint64_t before = banlist_version(list);

    ban("10.0.0.1", 10);
    ck_assert_uint_ne(banlist_version(list), before);
    before = banlist_version(list);
    ban("10.0.0.1", 10);
    banned("10.0.0.1");
    unban("10.0.0.2");
    ck_assert_uint_eq(banlist_version(list), before);
    unban("10.0.0.1");
    ck_assert_uint_ne(banlist_version(list), before);
}
END_TEST

/* A model without any structure: an array, searched from end to end. */
static struct ban model[CAPACITY];
static size_t n_model;

static size_t model_find(const struct subnet *net)
{
    size_t i = 0;

    while (i < n_model && (model[i].net.prefix_bits != net->prefix_bits ||
                           !net_addr_equal(&model[i].net.base, &net->base)))
        i++;
    return i;
}

static void model_add(const struct ban *entry)
{
    size_t i = model_find(&entry->net), first = 0;

    if (i < n_model) {
        if (model[i].until_s < entry->until_s)
            model[i] = *entry;
        return;
    }
    if (n_model < CAPACITY) {
        model[n_model++] = *entry;
        return;
    }
    for (size_t k = 1; k < n_model; k++)
        if (model[k].until_s < model[first].until_s)
            first = k;
    if (model[first].until_s <= entry->until_s)
        model[first] = *entry;
}

static bool model_banned(const struct net_addr *addr)
{
    for (size_t i = 0; i < n_model; i++)
        if (model[i].until_s > clock_wall_s() && subnet_contains(&model[i].net, addr))
            return true;
    return false;
}

enum { STEPS = 20000 };

/* Few addresses and few lengths, so that bans meet; no two ends alike, so that one is the first. */
static struct ban random_ban(int64_t step)
{
    struct ban entry = {.created_s = clock_wall_s()};
    unsigned bits = 24 + (unsigned)random_below(9);
    uint32_t addr = (uint32_t)random_below(1024) << (32 - bits);

    entry.net = (struct subnet){.base = {.kind = NET_IPV4}, .prefix_bits = bits};
    store_be32(entry.net.base.bytes, addr);
    entry.until_s = (clock_wall_s() / STEPS + 1 + (int64_t)random_below(1000)) * STEPS + step;
    return entry;
}

static void random_step(int64_t step)
{
    struct ban out[8], entry = random_ban(step);
    size_t i;

    switch (random_below(8)) {
    case 0:
        i = model_find(&entry.net);
        ck_assert_int_eq(banlist_remove(list, &entry.net), i < n_model ? 0 : PN_ENOENT);
        if (i < n_model)
            model[i] = model[--n_model];
        break;
    case 1:
        clock_test_advance_ms((int64_t)random_below(100000) * 1000);
        while (banlist_sweep(list, out, 8) == 8)
            ;
        for (i = n_model; i-- > 0;)
            if (model[i].until_s <= clock_wall_s())
                model[i] = model[--n_model];
        break;
    default:
        banlist_enter(list, NULL, &entry);
        model_add(&entry);
        break;
    }
}

START_TEST(any_sequence_of_changes_gives_what_a_plain_array_gives)
{
    unsigned hits = 0, misses = 0;

    n_model = 0;
    for (int64_t step = 0; step < STEPS; step++) {
        struct net_addr addr = {.kind = NET_IPV4};

        random_step(step);
        ck_assert_uint_eq(banlist_count(list), n_model);
        for (int i = 0; i < 4; i++) {
            bool want;

            store_be32(addr.bytes, (uint32_t)random_below(2048) << random_below(9));
            want = model_banned(&addr);
            ck_assert_msg(banlist_find(list, NULL, &addr) == want, "step %d: expected %d",
                          (int)step, want);
            hits += want;
            misses += !want;
        }
    }
    ck_assert_uint_gt(hits, 1000); /* both answers were asked for */
    ck_assert_uint_gt(misses, 1000);
}
END_TEST

START_TEST(without_memory_there_is_no_list)
{
    for (unsigned long n = 1; n <= 9; n++) {
        mem_fail_at(n, 0);
        ck_assert_ptr_null(banlist_new(10));
        mem_fail_at(0, 0);
    }
    banlist_free(NULL);
}
END_TEST

static atomic_bool stop;

static void *look(void *arg)
{
    unsigned long *looked = arg;

    while (!atomic_load(&stop) || *looked == 0) {
        ck_assert(banned("10.9.9.9"));
        ++*looked;
    }
    return NULL;
}

START_TEST(threads_may_look_while_others_ban)
{
    unsigned long looked = 0;
    pthread_t thread;
    char text[32];

    atomic_store(&stop, false);
    ban("10.9.0.0/16", 100 * DAY_S);
    ck_assert_int_eq(pthread_create(&thread, NULL, look, &looked), 0);
    for (int i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "10.0.%d.%d", i / 256, i % 256);
        ban(text, DAY_S + i);
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    ck_assert_uint_gt(looked, 0);
    ck_assert_uint_eq(banlist_count(list), CAPACITY);
}
END_TEST

void add_banlist_tests(Suite *s)
{
    TCase *t = tcase_create("banlist");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_banned_address_is_banned_on_every_port_and_alone);
    tcase_add_test(t, a_subnet_covers_its_addresses_of_its_kind);
    tcase_add_test(t, of_two_bans_the_narrowest_that_holds_is_told);
    tcase_add_test(t, a_ban_ends_at_its_second_swept_or_not);
    tcase_add_test(t, a_sweep_forgets_the_ended_ones_and_tells_them);
    tcase_add_test(t, a_longer_ban_replaces_and_a_shorter_one_changes_nothing);
    tcase_add_test(t, a_lifted_ban_is_gone_and_others_stay);
    tcase_add_test(t, what_is_no_subnet_or_no_future_is_refused);
    tcase_add_test(t, a_ban_for_ever_ends_with_the_year_9999);
    tcase_add_test(t, a_reason_is_cut_and_can_stand_anywhere);
    tcase_add_test(t, tor_and_i2p_addresses_can_be_banned);
    tcase_add_test(t, texts_of_bans_are_those_of_bitcoind);
    tcase_add_test(t, of_bans_that_end_together_the_new_one_stays);
    tcase_add_test(t, in_a_full_list_the_ban_that_ends_first_gives_way);
    tcase_add_test(t, a_full_list_displaces_no_ban_of_the_operator);
    tcase_add_test(t, a_list_full_of_the_operators_bans_says_so_and_keeps_them);
    tcase_add_test(t, a_ban_of_either_kind_holds_and_both_are_lifted_together);
    tcase_add_test(t, who_had_to_give_way_is_told);
    tcase_add_test(t, each_change_has_a_new_version_and_a_look_has_none);
    tcase_add_test(t, any_sequence_of_changes_gives_what_a_plain_array_gives);
    tcase_add_test(t, without_memory_there_is_no_list);
    tcase_add_test(t, threads_may_look_while_others_ban);
}
