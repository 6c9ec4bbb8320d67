/* The rules of the options that say which peers are looked for, and how they are named. */
#include "app/exit_status.h"
#include "base/err.h"
#include "harness.h"
#include "loading.h"

START_TEST(connect_alone_implies_no_listening)
{
    LOAD_GOOD("--connect=127.0.0.1:18444");
    ck_assert_uint_eq(loaded.listen.n, 0);
    LOAD_GOOD("--connect=127.0.0.1:18444", "--listen=127.0.0.1:0");
    ck_assert_str_eq(loading_list(&loaded.listen), "127.0.0.1:0");
    LOAD_GOOD("--addnode=127.0.0.1:18444");
    ck_assert_uint_eq(loaded.listen.n, 2);
}
END_TEST

START_TEST(strangers_are_asked_for_peers_only_where_peers_are_to_be_found)
{
    static const struct {
        const char *argument;
        bool asked;
    } rows[] = {
        {"--outbound=8", true},
        {"--addnode=127.0.0.1", true},
        {"--connect=127.0.0.1", false},
        {"--netrestrict=127.0.0.0/8", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        LOAD_GOOD(rows[i].argument);
        ck_assert_msg(loaded.dnsseed == rows[i].asked, "%s", rows[i].argument);
        ck_assert_msg(loaded.fixedseeds == rows[i].asked, "%s", rows[i].argument);
        LOAD_GOOD(rows[i].argument, "--dnsseed", "--no-fixedseeds");
        ck_assert(loaded.dnsseed && !loaded.fixedseeds);
        LOAD_GOOD(rows[i].argument, "--no-dnsseed", "--fixedseeds");
        ck_assert(!loaded.dnsseed && loaded.fixedseeds);
    }
    LOAD_GOOD("--outbound=0", "--block-relay=0");
    ck_assert(!loaded.dnsseed && !loaded.fixedseeds);
}
END_TEST

START_TEST(a_dns_seed_of_ones_own_is_a_name_and_for_regtest)
{
    LOAD_GOOD("--bitcoin=regtest", "--dnsseed-name=a.test,b.test", "--dnsseed-name=c.test");
    ck_assert_str_eq(loading_list(&loaded.dnsseed_name), "a.test b.test c.test");
    LOAD_BAD(STATUS_USAGE, "--dnsseed-name: only with bitcoin = regtest\n",
             "--dnsseed-name=a.test");
    LOAD_BAD(STATUS_USAGE,
             "--dnsseed-name: \"a.test:53\" is not a host name\n"
             "--dnsseed-name: \"127.0.0.1\" is not a host name\n",
             "--bitcoin=regtest", "--dnsseed-name=a.test:53", "--dnsseed-name=127.0.0.1");
}
END_TEST

START_TEST(peers_may_be_named_by_address_and_by_name)
{
    static const char onion[] =
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333";
    static const char i2p[] = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p";
    static const char *const bad[] = {
        "--connect=node.example:0", "--connect=-.example:x", "--connect=1.2.3",
        "--connect=a..b",           "--connect=http://a",    "--connect=short.onion:8333",
    };

    LOAD_GOOD("--connect=node.example:8333", "--connect=localhost,127.0.0.1",
              "--addnode=NODE.EXAMPLE", "--seednode=seed.example");
    ck_assert_str_eq(loading_list(&loaded.connect), "node.example:8333 localhost 127.0.0.1");
    LOAD_GOOD("--addnode", onion, "--addnode", i2p); /* I2P has no ports */
    ck_assert_uint_eq(loaded.addnode.n, 2);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(LOAD(bad[i]) == PN_EINVAL, "%s is accepted", bad[i]);
}
END_TEST

/* As bitcoind: a network to which no way leads is a mistake that is said at once. */
START_TEST(onlynet_wants_a_way_to_each_network_that_it_names)
{
    static const struct {
        const char *only, *way, *complaint;
    } rows[] = {
        {"--onlynet=onion", "--maxpeers=9",
         "--onlynet: names onion, but neither --proxy nor --onion leads there\n"},
        {"--onlynet=onion", "--i2psam=127.0.0.1:7656",
         "--onlynet: names onion, but neither --proxy nor --onion leads there\n"},
        {"--onlynet=ipv4,onion", "--no-onion",
         "--onlynet: names onion, but --no-onion forbids it\n"},
        {"--onlynet=i2p", "--proxy=127.0.0.1:9050",
         "--onlynet: names i2p, but no --i2psam leads there\n"},
        {"--onlynet=cjdns", "--maxpeers=9",
         "--onlynet: names cjdns, but --cjdns-reachable does not say that it can be reached\n"},
        {"--onlynet=tor", "--maxpeers=9",
         "--onlynet: \"tor\" is none of ipv4, ipv6, onion, i2p, cjdns\n"},
        {"--onlynet=onion", "--proxy=127.0.0.1:9050", NULL},
        {"--onlynet=onion", "--onion=127.0.0.1:9050", NULL},
        {"--onlynet=i2p", "--i2psam=127.0.0.1:7656", NULL},
        {"--onlynet=cjdns", "--cjdns-reachable", NULL},
        {"--onlynet=ipv4,ipv6", "--no-onion", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].complaint)
            LOAD_BAD(STATUS_USAGE, rows[i].complaint, rows[i].only, rows[i].way);
        else
            LOAD_GOOD(rows[i].only, rows[i].way);
    LOAD_BAD(STATUS_USAGE, "--onlynet: names onion, but --no-onion forbids it\n", "--onlynet=onion",
             "--proxy=127.0.0.1:9050", "--no-onion");
    LOAD_GOOD("--onlynet=ipv4", "--onlynet=onion", "--onion=127.0.0.1:9050");
    ck_assert_str_eq(loading_list(&loaded.onlynet), "ipv4 onion");
}
END_TEST

START_TEST(without_ipv4_and_ipv6_there_are_no_dns_seeds)
{
    LOAD_GOOD("--onlynet=onion", "--onion=127.0.0.1:9050");
    ck_assert(!loaded.dnsseed);
    ck_assert(loaded.fixedseeds);
    LOAD_GOOD("--onlynet=onion,ipv6", "--onion=127.0.0.1:9050");
    ck_assert(loaded.dnsseed);
    LOAD_BAD(STATUS_USAGE,
             "--dnsseed: DNS seeds tell addresses of ipv4 and ipv6, and --onlynet names neither\n",
             "--onlynet=onion", "--onion=127.0.0.1:9050", "--dnsseed");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("peer options");
    TCase *t = tcase_create("rules");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, loading_begin, loading_end);
    tcase_add_test(t, connect_alone_implies_no_listening);
    tcase_add_test(t, strangers_are_asked_for_peers_only_where_peers_are_to_be_found);
    tcase_add_test(t, a_dns_seed_of_ones_own_is_a_name_and_for_regtest);
    tcase_add_test(t, peers_may_be_named_by_address_and_by_name);
    tcase_add_test(t, onlynet_wants_a_way_to_each_network_that_it_names);
    tcase_add_test(t, without_ipv4_and_ipv6_there_are_no_dns_seeds);
    return harness_run(s);
}
