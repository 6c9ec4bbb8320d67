/* The texts of addresses that are keys; routability; groups, by prefix and by system. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "net/group.h"
#include "net/subnet.h"

static struct net_addr addr(const char *text)
{
    struct net_addr a;

    ck_assert_msg(net_addr_parse(&a, text, 8333) == 0, "\"%s\" is no address", text);
    return a;
}

/* --- texts --- */

/* From net_tests.cpp of the reference implementation: the names and the bytes on the wire. */
#define ONION     "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
#define ONION_KEY "79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f"
#define I2P       "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p"
#define I2P_HASH  "a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a87"

static const struct {
    const char *text, *formatted, *bytes;
    enum net_kind kind;
} names[] = {
    {ONION, ONION ":8333", ONION_KEY, NET_TORV3},
    {ONION ":80", ONION ":80", ONION_KEY, NET_TORV3},
    {"PG6MMJIYJMCRSSLVYKFWNNTLARU7P5SVN6Y2YMMJU6NUBXNDF4PSCRYD.ONION:1", ONION ":1", ONION_KEY,
     NET_TORV3},
    {I2P, I2P ":0", I2P_HASH, NET_I2P},
    {I2P ":0", I2P ":0", I2P_HASH, NET_I2P},
    {"[fc00:1:2:3:4:5:6:7]:8333", "[fc00:1:2:3:4:5:6:7]:8333", "fc000001000200030004000500060007",
     NET_CJDNS},
    {"fc00:1:2:3:4:5:6:7", "[fc00:1:2:3:4:5:6:7]:8333", "fc000001000200030004000500060007",
     NET_CJDNS},
    {"[fd00::1]:1", "[fd00::1]:1", "fd000000000000000000000000000001", NET_IPV6},
};

START_TEST(names_of_keys_survive_text_and_back)
{
    char text[NET_ADDR_TEXT_BYTES], hex[65] = "";
    struct net_addr a = addr(names[_i].text), again;

    ck_assert_int_eq(a.kind, names[_i].kind);
    for (size_t i = 0; i < net_addr_len(a.kind); i++)
        snprintf(hex + 2 * i, 3, "%02x", a.bytes[i]);
    ck_assert_str_eq(hex, names[_i].bytes);
    ck_assert_str_eq(net_addr_format(text, &a), names[_i].formatted);
    again = addr(text);
    ck_assert(net_addr_equal(&a, &again));
}
END_TEST

START_TEST(a_name_with_any_letter_changed_is_refused)
{
    for (size_t i = 0; i < strlen(ONION); i++) {
        char text[] = ONION;
        struct net_addr a;

        text[i] = text[i] == 'a' ? 'b' : 'a';
        ck_assert_msg(net_addr_parse(&a, text, 1) == PN_EFORMAT, "%s was taken", text);
    }
}
END_TEST

START_TEST(what_is_no_name_of_a_key_is_refused)
{
    static const char *const rows[] = {
        ".onion",
        ".b32.i2p",
        "expyuzz4wqqyqhjn.onion", /* version 2 */
        "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdqa.b32.i2p",
        "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkd.b32.i2p",
        "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdr.b32.i2p", /* bits left over */
        "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.i2p",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:x",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onio",
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscrydpg6mmjiyjmcrsslvykf.onion",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct net_addr a;

        ck_assert_msg(net_addr_parse(&a, rows[i], 1) == PN_EFORMAT, "\"%s\" was taken", rows[i]);
    }
}
END_TEST

START_TEST(cjdns_is_known_from_the_kernel_but_not_from_legacy_messages)
{
    struct net_addr a = addr("fc00::7"), b;
    struct sockaddr_storage sa;
    struct subnet local;
    uint8_t legacy[16];
    socklen_t len;

    ck_assert_int_eq(net_addr_to_sockaddr(&sa, &len, &a), 0);
    ck_assert_int_eq(net_addr_from_sockaddr(&b, (struct sockaddr *)&sa), 0);
    ck_assert(net_addr_equal(&a, &b));
    net_addr_to_ipv6_bytes(legacy, &a);
    net_addr_from_ipv6_bytes(&b, legacy, 1);
    ck_assert_int_eq(b.kind, NET_IPV6);
    ck_assert_int_eq(subnet_parse(&local, "fc00::/7"), 0);
    ck_assert(subnet_contains(&local, &a));
    ck_assert(subnet_contains(&local, &b));
    b = addr("fd00::1");
    ck_assert(subnet_contains(&local, &b));
}
END_TEST

/* --- routability --- */

static const struct {
    const char *text;
    bool routable;
} reached[] = {
    {"8.8.8.8", true},
    {"250.1.1.1", true},
    {"9.255.255.255", true},
    {"10.0.0.0", false},
    {"10.255.255.255", false},
    {"11.0.0.0", true},
    {"172.15.255.255", true},
    {"172.16.0.0", false},
    {"172.31.255.255", false},
    {"172.32.0.0", true},
    {"192.168.1.1", false},
    {"192.169.1.1", true},
    {"198.17.255.255", true},
    {"198.18.0.0", false},
    {"198.19.255.255", false},
    {"198.20.0.0", true},
    {"169.254.1.1", false},
    {"100.63.255.255", true},
    {"100.64.0.0", false},
    {"100.127.255.255", false},
    {"100.128.0.0", true},
    {"192.0.2.1", false},
    {"198.51.100.1", false},
    {"203.0.113.1", false},
    {"203.0.114.1", true},
    {"0.0.0.0", false},
    {"0.1.2.3", false},
    {"127.0.0.1", false},
    {"255.255.255.255", false},
    {"::", false},
    {"::1", false},
    {"::2", true},
    {"2001:db8::1", false},
    {"fe80::1", false},
    {"fe80:0:0:1::1", true},
    {"fd00::1", false},
    {"2001:10::1", false},
    {"2001:1f:ffff::", false},
    {"2001:20::1", false},
    {"2001:30::1", true},
    {"2001::8888", true},
    {"2001:470::1", true},
    {"2002:a00:1::", true},
    {"64:ff9b::a00:1", true},
    {"fc00::1", true}, /* CJDNS */
    {ONION, true},
    {I2P, true},
};

START_TEST(what_is_in_no_reserved_range_is_routable)
{
    struct net_addr a = addr(reached[_i].text);

    ck_assert_msg(net_addr_is_routable(NULL, &a) == reached[_i].routable, "%s: expected %d",
                  reached[_i].text, reached[_i].routable);
}
END_TEST

START_TEST(an_address_that_is_none_is_not_routable)
{
    struct net_addr none = {0}, cjdns = {.kind = NET_CJDNS, .bytes = {0xfd}};

    ck_assert(!net_addr_is_routable(NULL, &none));
    ck_assert(!net_addr_is_routable(NULL, &cjdns));
}
END_TEST

START_TEST(loopback_is_routable_when_a_test_says_so)
{
    const struct net_policy policy = {.loopback_routable = true};
    struct net_addr a = addr("127.1.0.1"), b = addr("127.1.255.255"), c = addr("127.2.0.1");
    struct net_group g = net_group_of(&policy, &a), h = net_group_of(&policy, &b);
    struct net_group i = net_group_of(&policy, &c), local = net_group_of(NULL, &a);
    char text[NET_GROUP_TEXT_BYTES];

    ck_assert(net_addr_is_routable(&policy, &a));
    ck_assert(net_group_equal(&g, &h));
    ck_assert(!net_group_equal(&g, &i));
    ck_assert_str_eq(net_group_format(text, &g), "127.1.0.0/16");
    ck_assert_str_eq(net_group_format(text, &local), "local");
    a = addr("10.1.1.1");
    ck_assert(!net_addr_is_routable(&policy, &a));
    a = addr("0.1.1.1");
    ck_assert(!net_addr_is_routable(&policy, &a));
}
END_TEST

/* --- groups --- */

/* Most are those of the test cnetaddr/netbase_getgroup of the reference implementation. */
static const struct {
    const char *text, *group;
} grouped[] = {
    {"127.0.0.1", "local"},
    {"::1", "local"},
    {"10.0.0.1", "unroutable"},
    {"169.254.1.1", "unroutable"},
    {"1.2.3.4", "1.2.0.0/16"},
    {"::ffff:0:102:304", "1.2.0.0/16"}, /* RFC 6145 */
    {"64:ff9b::102:304", "1.2.0.0/16"}, /* RFC 6052 */
    {"2002:102:304:9999:9999:9999:9999:9999", "1.2.0.0/16"},
    {"2001:0:9999:9999:9999:9999:fefd:fcfb", "1.2.0.0/16"},
    {"2001:470:abcd:9999:9999:9999:9999:9999", "2001:470:a000::/36"},
    {"2001:2001:9999:9999:9999:9999:9999:9999", "2001:2001::/32"},
    {ONION, "tor:7"},
    {I2P, "i2p:a"},
    {"fc12:3456::1", "fc10::/12"},
};

START_TEST(an_address_is_in_the_group_of_its_prefix)
{
    char text[NET_GROUP_TEXT_BYTES];
    struct net_addr a = addr(grouped[_i].text);
    struct net_group g = net_group_of(NULL, &a);

    ck_assert_str_eq(net_group_format(text, &g), grouped[_i].group);
}
END_TEST

START_TEST(the_group_has_the_bytes_of_the_reference)
{
    struct net_addr he = addr("2001:470:abcd:9999:9999:9999:9999:9999"), tor = addr(ONION);
    struct net_group g = net_group_of(NULL, &he), h = net_group_of(NULL, &tor);
    static const uint8_t he_bytes[] = {NET_GROUP_IPV6, 0x20, 0x01, 0x04, 0x70, 0xaf};

    ck_assert_uint_eq(g.len, sizeof he_bytes);
    ck_assert_mem_eq(g.bytes, he_bytes, sizeof he_bytes);
    ck_assert_uint_eq(h.len, 2);
    ck_assert_uint_eq(h.bytes[1], 0x7f);
}
END_TEST

/* --- systems --- */

/* asmap_test_vectors in netbase_tests.cpp of the reference implementation: a random map of 128
 * ranges, and what it says. */
static const char reference_map[] =
    "fd38d50f7d5d665357f64bba6bfc190d6078a7e68e5d3ac032edf47f8b5755f87881bfd3633d9aa7c1fa279b3"
    "6fe26c63bbc9de44e0f04e5a382d8e1cddbe1c26653bc939d4327f287e8b4d1f8aff33176787cb0ff7cb28e3f"
    "daef0f8f47357f801c9f7ff7a99f7f9c9f99de7f3156ae00f23eb27a303bc486aa3ccc31ec19394c2f8a53ddd"
    "ea3cc56257f3b7e9b1f488be9c1137db823759aa4e071eef2e984aaf97b52d5f88d0f373dd190fe45e06efef1"
    "df7278be680a73a74c76db4dd910f1d30752c57fe2bc9f079f1a1e1b036c2a69219f11c5e11980a3fa51f4f82"
    "d36373de73b1863a8c27e36ae0e4f705be3d76ecff038a75bc0f92ba7e7f6f4080f1c47c34d095367ecf4406c"
    "1e3bbc17ba4d6f79ea3f031b876799ac268b1e0ea9babf0f9a8e5f6c55e363c6363df46afc696d7afceaf49b6"
    "e62df9e9dc27e70664cafe5c53df66dd0b8237678ada90e73f05ec60e6f6e96c3cbb1ea2f9dece115d5bdba10"
    "33e53662a7d72a29477b5beb35710591d3e23e5f0379baea62ffdee535bcdf879cbf69b88d7ea37c8015381cf"
    "63dc33d28f757a4a5e15d6a08";

static const struct {
    const char *text;
    uint32_t asn;
} reference_answers[] = {
    {"0:1559:183:3728:224c:65a5:62e6:e991", 961340},
    {"d0:d493:faa0:8609:e927:8b75:293c:f5a4", 961340},
    {"2a0:26f:8b2c:2ee7:c7d1:3b24:4705:3f7f", 693761},
    {"a77:7cd4:4be5:a449:89f2:3212:78c6:ee38", 0},
    {"1336:1ad6:2f26:4fe3:d809:7321:6e0d:4615", 672176},
    {"1d56:abd0:a52f:a8d5:d5a7:a610:581d:d792", 499880},
    {"378e:7290:54e5:bd36:4760:971c:e9b9:570d", 0},
    {"406c:820b:272a:c045:b74e:fc0a:9ef2:cecc", 248495},
    {"46c2:ae07:9d08:2d56:d473:2bc7:57e3:20ac", 248495},
    {"50d2:3db6:52fa:2e7:12ec:5bc4:1bd1:49f9", 124471},
    {"53e1:1812:ffa:dccf:f9f2:64be:75fa:795", 539993},
    {"544d:eeba:3990:35d1:ad66:f9a3:576d:8617", 374443},
    {"6a53:40dc:8f1d:3ffa:efeb:3aa3:df88:b94b", 435070},
    {"87aa:d1c9:9edb:91e7:aab1:9eb9:baa0:de18", 244121},
    {"9f00:48fa:88e3:4b67:a6f3:e6d2:5cc1:5be2", 862116},
    {"c49f:9cc6:86ad:ba08:4580:315e:dbd1:8a62", 969411},
    {"dff5:8021:61d:b17d:406d:7888:fdac:4a20", 969411},
    {"e888:6791:2960:d723:bcfd:47e1:2d8c:599f", 824019},
    {"ffff:d499:8c4b:4941:bc81:d5b9:b51e:85a8", 824019},
};

enum { REFERENCE_BYTES = sizeof reference_map / 2 };

static void reference_bytes(uint8_t out[REFERENCE_BYTES])
{
    for (size_t i = 0; i < REFERENCE_BYTES; i++) {
        unsigned byte;

        ck_assert_int_eq(sscanf(reference_map + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
}

START_TEST(a_map_gives_the_answers_of_the_reference)
{
    uint8_t data[REFERENCE_BYTES];
    struct asmap *map;

    reference_bytes(data);
    ck_assert_int_eq(asmap_from_bytes(&map, data, sizeof data), 0);
    for (size_t i = 0; i < sizeof reference_answers / sizeof reference_answers[0]; i++) {
        struct net_addr a = addr(reference_answers[i].text);

        ck_assert_uint_eq(asmap_lookup(map, a.bytes), reference_answers[i].asn);
    }
    asmap_free(map);
}
END_TEST

START_TEST(a_map_cut_short_or_padded_is_refused)
{
    uint8_t data[REFERENCE_BYTES + 1] = {0};
    struct asmap *map;

    reference_bytes(data);
    for (size_t len = 0; len < REFERENCE_BYTES; len++)
        ck_assert_msg(asmap_from_bytes(&map, data, len) == PN_EFORMAT, "%zu bytes were taken", len);
    ck_assert_int_eq(asmap_from_bytes(&map, data, sizeof data), PN_EFORMAT);
}
END_TEST

/* What the checker lets pass never falls over: BUG() would have been counted. */
START_TEST(a_map_with_any_bit_flipped_is_refused_or_harmless)
{
    uint8_t data[REFERENCE_BYTES];
    unsigned refused = 0;

    reference_bytes(data);
    for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
        struct asmap *map;

        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (asmap_from_bytes(&map, data, sizeof data) == 0)
            for (size_t i = 0; i < sizeof reference_answers / sizeof reference_answers[0]; i++) {
                struct net_addr a = addr(reference_answers[i].text);

                asmap_lookup(map, a.bytes);
            }
        else
            refused++;
        asmap_free(map);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_uint_gt(refused, sizeof data);
}
END_TEST

START_TEST(random_bytes_are_no_map)
{
    uint64_t state = 1;

    for (unsigned round = 0; round < 20000; round++) {
        uint8_t data[64];
        struct asmap *map;

        for (size_t i = 0; i < sizeof data; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            data[i] = (uint8_t)(state >> 56);
        }
        ck_assert_int_eq(asmap_from_bytes(&map, data, sizeof data), PN_EFORMAT);
    }
}
END_TEST

START_TEST(addresses_of_one_system_are_one_group)
{
    struct net_policy policy = {0};
    struct asmap *map;
    size_t len = 0;
    uint8_t *data = harness_data(&len, "bitcoin/vectors/core-asmap.raw");
    char text[NET_GROUP_TEXT_BYTES];
    struct net_addr a = addr("250.1.1.1"), b = addr("250.200.1.1"), c = addr("101.3.1.1");
    struct net_addr d = addr("2002:fa01:101::"), unmapped = addr("8.8.8.8"), tor = addr(ONION);
    struct net_group g;

    if (!data)
        return;
    ck_assert_int_eq(asmap_from_bytes(&map, data, len), 0);
    free(data);
    policy.asmap = map;
    ck_assert_uint_eq(net_addr_asn(&policy, &a), 1000);
    ck_assert_uint_eq(net_addr_asn(&policy, &b), 1000);
    ck_assert_uint_eq(net_addr_asn(&policy, &c), 3);
    ck_assert_uint_eq(net_addr_asn(&policy, &d), 1000); /* the IPv4 address within */
    ck_assert_uint_eq(net_addr_asn(&policy, &unmapped), 0);
    ck_assert_uint_eq(net_addr_asn(&policy, &tor), 0);
    ck_assert_uint_eq(net_addr_asn(NULL, &a), 0);
    g = net_group_of(&policy, &b);
    ck_assert_str_eq(net_group_format(text, &g), "AS1000");
    g = net_group_of(&policy, &unmapped);
    ck_assert_str_eq(net_group_format(text, &g), "8.8.0.0/16");
    asmap_free(map);
}
END_TEST

START_TEST(a_map_is_loaded_from_a_regular_file_of_bounded_size)
{
    char path[] = "/tmp/p2pnode-asmap-XXXXXX";
    uint8_t data[REFERENCE_BYTES];
    struct asmap *map, *same;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    reference_bytes(data);
    ck_assert_int_eq(asmap_load(&map, path), PN_EFORMAT); /* empty */
    ck_assert_int_eq(write(fd, data, sizeof data), sizeof data);
    ck_assert_int_eq(asmap_load(&map, path), 0);
    ck_assert_int_eq(asmap_from_bytes(&same, data, sizeof data), 0);
    ck_assert_mem_eq(asmap_id(map), asmap_id(same), ASMAP_ID_BYTES);
    asmap_free(map);
    asmap_free(same);
    mem_fail_at(1, 1);
    ck_assert_int_eq(asmap_load(&map, path), PN_ENOMEM);
    mem_fail_at(0, 0);
    ck_assert_int_eq(ftruncate(fd, ASMAP_MAX_BYTES + 1), 0);
    ck_assert_int_eq(asmap_load(&map, path), PN_ETOOLARGE);
    ck_assert_int_eq(asmap_load(&map, "/tmp"), PN_EINVAL);
    close(fd);
    unlink(path);
    ck_assert_int_eq(asmap_load(&map, path), PN_ENOENT);
    asmap_free(NULL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("groups");
    TCase *t = tcase_create("names");
    TCase *g = tcase_create("groups");
    TCase *m = tcase_create("maps");

    suite_add_tcase(s, t);
    suite_add_tcase(s, g);
    suite_add_tcase(s, m);
    tcase_add_loop_test(t, names_of_keys_survive_text_and_back, 0, sizeof names / sizeof names[0]);
    tcase_add_test(t, a_name_with_any_letter_changed_is_refused);
    tcase_add_test(t, what_is_no_name_of_a_key_is_refused);
    tcase_add_test(t, cjdns_is_known_from_the_kernel_but_not_from_legacy_messages);
    tcase_add_loop_test(g, what_is_in_no_reserved_range_is_routable, 0,
                        sizeof reached / sizeof reached[0]);
    tcase_add_test(g, an_address_that_is_none_is_not_routable);
    tcase_add_test(g, loopback_is_routable_when_a_test_says_so);
    tcase_add_loop_test(g, an_address_is_in_the_group_of_its_prefix, 0,
                        sizeof grouped / sizeof grouped[0]);
    tcase_add_test(g, the_group_has_the_bytes_of_the_reference);
    tcase_add_test(m, a_map_gives_the_answers_of_the_reference);
    tcase_add_test(m, a_map_cut_short_or_padded_is_refused);
    tcase_add_test(m, a_map_with_any_bit_flipped_is_refused_or_harmless);
    tcase_add_test(m, random_bytes_are_no_map);
    tcase_add_test(m, addresses_of_one_system_are_one_group);
    tcase_add_test(m, a_map_is_loaded_from_a_regular_file_of_bounded_size);
    return harness_run(s);
}
