#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/group.h"
#include "net/target.h"
#include "test_proxy.h"

START_TEST(targets_survive_text_and_back)
{
    static const struct {
        const char *in, *out;
        enum net_target_kind kind;
    } rows[] = {
        {"127.0.0.1:18444", "127.0.0.1:18444", TARGET_ADDR},
        {"10.1.2.3", "10.1.2.3:8333", TARGET_ADDR},
        {"[2001:db8::7]:1", "[2001:db8::7]:1", TARGET_ADDR},
        {"::1", "[::1]:8333", TARGET_ADDR},
        {"::ffff:10.1.2.3", "10.1.2.3:8333", TARGET_ADDR},
        {"seed.test", "seed.test:8333", TARGET_NAME},
        {"Seed.Test:65535", "seed.test:65535", TARGET_NAME},
        {"localhost:1", "localhost:1", TARGET_NAME},
        {"x9.a-b_c.7up:0", "x9.a-b_c.7up:0", TARGET_NAME},
        {"onion:1", "onion:1", TARGET_NAME},
        {SOME_ONION ":8333", SOME_ONION ":8333", TARGET_ONION},
        {"www." SOME_ONION, "www." SOME_ONION ":8333", TARGET_ONION},
        {SOME_I2P, SOME_I2P ":0", TARGET_I2P}, /* I2P has no ports */
        {"STATS.I2P:7", "stats.i2p:7", TARGET_I2P},
        {"stats.i2p", "stats.i2p:8333", TARGET_I2P},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[NET_TARGET_TEXT_BYTES];
        struct net_target t, again;

        ck_assert_msg(net_target_parse(&t, rows[i].in, 8333) == 0, "%s", rows[i].in);
        ck_assert_int_eq(t.kind, rows[i].kind);
        ck_assert_str_eq(net_target_format(text, &t), rows[i].out);
        ck_assert_int_eq(net_target_parse(&again, text, 1), 0);
        ck_assert_str_eq(again.host, t.host);
        ck_assert_uint_eq(again.port, t.port);
        ck_assert(net_addr_equal(&again.addr, &t.addr));
        ck_assert(t.kind != TARGET_ADDR || t.addr.kind != NET_NONE);
    }
}
END_TEST

START_TEST(what_is_no_target_is_refused)
{
    static const char *const rows[] = {
        "",
        ":8333",
        ".",
        "a..b",
        ".a",
        "a.",
        "a b",
        "a\nb:1",
        "1.2.3",
        "1.2.3.4.5",
        "host.123:1",
        "a:",
        "a:65536",
        "a:-1",
        "a:1x",
        "a: 1",
        "a:b:c",
        "[a]:1",
        "[::1",
        "b\xc3\xbc.test",
        "a/b",
        "user@host:1",
        "x.onion",
        "a%eth0",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test", /* 64 */
        ("a" SOME_ONION),                                                        /* 57 characters */
        "qg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",        /* checksum */
        "expyuzz4wqqyqhjn.onion",                                                /* version 2 */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct net_target t;

        ck_assert_msg(net_target_parse(&t, rows[i], 1) == PN_EFORMAT, "\"%s\" was taken", rows[i]);
    }
}
END_TEST

START_TEST(a_name_has_at_most_255_characters)
{
    char text[NET_HOST_BYTES + 16];
    struct net_target t;

    for (size_t i = 0; i < NET_HOST_BYTES; i++)
        text[i] = i % 50 == 49 ? '.' : 'n';
    memcpy(text + 255, ":80", 4);
    ck_assert_int_eq(net_target_parse(&t, text, 0), 0);
    ck_assert_uint_eq(strlen(t.host), 255);
    ck_assert_uint_eq(t.port, 80);
    memcpy(text + 255, "n:80", 5);
    ck_assert_int_eq(net_target_parse(&t, text, 0), PN_EFORMAT);
}
END_TEST

START_TEST(an_address_is_a_target_without_its_port)
{
    static const struct {
        const char *text, *host;
        enum net_target_kind kind;
    } rows[] = {
        {"1.2.3.4:5", "1.2.3.4", TARGET_ADDR},   {"[2001:db8::1]:6", "2001:db8::1", TARGET_ADDR},
        {"[fc00::1]:7", "fc00::1", TARGET_ADDR}, {SOME_ONION ":8", SOME_ONION, TARGET_ONION},
        {SOME_I2P ":0", SOME_I2P, TARGET_I2P},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct net_target t;
        struct net_addr a;

        ck_assert_int_eq(net_addr_parse(&a, rows[i].text, 0), 0);
        ck_assert_int_eq(net_target_from_addr(&t, &a), 0);
        ck_assert_str_eq(t.host, rows[i].host);
        ck_assert_int_eq(t.kind, rows[i].kind);
        ck_assert_uint_eq(t.port, a.port);
        ck_assert(net_addr_equal(&t.addr, &a));
    }
    ck_assert_int_eq(net_target_from_addr(&(struct net_target){0}, &(struct net_addr){0}),
                     PN_EINVAL);
}
END_TEST

START_TEST(a_stand_in_is_of_no_machine_and_differs_with_host_and_port)
{
    static const char *const texts[] = {"a.test:1", "a.test:2", "b.test:1"};
    struct net_addr addrs[3], again;
    struct net_target t;

    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(net_target_parse(&t, texts[i], 0), 0);
        net_target_stand_in(&addrs[i], &t);
        net_target_stand_in(&again, &t);
        ck_assert(net_addr_equal(&addrs[i], &again));
        ck_assert(!net_addr_is_routable(NULL, &addrs[i]));
        for (size_t k = 0; k < i; k++)
            ck_assert(!net_addr_equal(&addrs[i], &addrs[k]));
    }
}
END_TEST

TCase *target_cases(void)
{
    TCase *tc = tcase_create("target");

    tcase_add_test(tc, targets_survive_text_and_back);
    tcase_add_test(tc, what_is_no_target_is_refused);
    tcase_add_test(tc, a_name_has_at_most_255_characters);
    tcase_add_test(tc, an_address_is_a_target_without_its_port);
    tcase_add_test(tc, a_stand_in_is_of_no_machine_and_differs_with_host_and_port);
    return tc;
}
