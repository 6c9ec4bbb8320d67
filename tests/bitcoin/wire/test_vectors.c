/* Messages that other implementations publish in their tests decode to the published values and
 * encode to the published bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "bitcoin/wire/msg.h"
#include "codec/hex.h"
#include "harness.h"

struct decoded {
    struct btc_msg m;
    struct arena a;
    uint8_t *payload;
    size_t len;
};

static int decode_hex(struct decoded *d, enum btc_cmd cmd, const char *hex)
{
    d->len = strlen(hex) / 2;
    d->payload = malloc(d->len + 1);
    ck_assert_int_eq(hex_decode(d->payload, d->len, hex), 0);
    arena_init(&d->a, BTC_MSG_MEMORY(d->len));
    return btc_msg_decode(&d->m, &d->a, cmd, d->payload, d->len);
}

static void decoded_free(struct decoded *d)
{
    arena_free(&d->a);
    free(d->payload);
}

static void check_encodes_to(const struct btc_msg *m, const char *hex)
{
    struct buf b;
    char *got;

    buf_init(&b, BTC_PAYLOAD_MAX_BYTES);
    ck_assert_int_eq(btc_msg_encode(&b, m), 0);
    got = malloc(2 * b.len + 1);
    hex_encode(got, b.data, b.len);
    ck_assert_str_eq(got, hex);
    free(got);
    buf_free(&b);
}

static void check_hex(const uint8_t *data, size_t len, const char *want)
{
    char got[2 * 64 + 1];

    ck_assert_uint_le(len, 64);
    hex_encode(got, data, len);
    ck_assert_str_eq(got, want);
}

/* --- version: btcd, wire/msgversion_test.go, baseVersionEncoded and baseVersionBIP0037Encoded ---
 */

#define VERSION_BASE                                       \
    "0100000000000000"                                     \
    "29ab5f4900000000"                                     \
    "010000000000000000000000000000000000ffffc0a80001208d" \
    "010000000000000000000000000000000000ffff7f000001208d" \
    "f3e0010000000000"                                     \
    "102f62746364746573743a302e302e312f"                   \
    "fa920300"
#define VERSION_60002 "62ea0000" VERSION_BASE
#define VERSION_70001 "71110100" VERSION_BASE "01"

START_TEST(version_decodes_to_the_values_of_btcds_tests)
{
    struct decoded d;
    const struct btc_version *v = &d.m.u.version;

    ck_assert_int_eq(decode_hex(&d, BTC_CMD_VERSION, VERSION_70001), 0);
    ck_assert_int_eq(v->version, 70001);
    ck_assert_uint_eq(v->services, BTC_NODE_NETWORK);
    ck_assert_int_eq(v->time, 0x495fab29);
    ck_assert_uint_eq(v->recv.services, 1);
    check_hex(v->recv.ip, 16, "00000000000000000000ffffc0a80001");
    ck_assert_uint_eq(v->recv.port, 8333);
    check_hex(v->from.ip, 16, "00000000000000000000ffff7f000001");
    ck_assert_uint_eq(v->from.port, 8333);
    ck_assert_uint_eq(v->nonce, 123123);
    ck_assert_uint_eq(v->user_agent.len, 16);
    ck_assert_mem_eq(v->user_agent.data, "/btcdtest:0.0.1/", 16);
    ck_assert_int_eq(v->height, 234234);
    ck_assert(v->relay);
    ck_assert_uint_eq(v->missing, 0);
    check_encodes_to(&d.m, VERSION_70001);
    decoded_free(&d);
}
END_TEST

START_TEST(version_without_the_relay_byte_means_relay)
{
    struct decoded d;

    ck_assert_int_eq(decode_hex(&d, BTC_CMD_VERSION, VERSION_60002), 0);
    ck_assert(d.m.u.version.relay);
    ck_assert_uint_eq(d.m.u.version.missing, 1);
    check_encodes_to(&d.m, VERSION_60002);
    decoded_free(&d);
    ck_assert_int_eq(decode_hex(&d, BTC_CMD_VERSION, VERSION_60002 "00"), 0);
    ck_assert(!d.m.u.version.relay);
    decoded_free(&d);
}
END_TEST

/* The oldest form ends with the receiver's address: btcd, wire/msgversion_test.go,
 * TestVersionOptionalFields; Core, net_processing.cpp, reads it too. */
START_TEST(version_may_end_where_each_age_of_the_protocol_ended)
{
    static const size_t ends[] = {46, 72, 80, 97, 101, 102};
    size_t whole = 0;

    for (size_t len = 0; len <= strlen(VERSION_70001) / 2; len++) {
        char *hex = strndup(VERSION_70001, 2 * len);
        struct decoded d;
        int rc = decode_hex(&d, BTC_CMD_VERSION, hex);

        if (whole < 6 && len == ends[whole]) {
            ck_assert_int_eq(rc, 0);
            ck_assert_uint_eq(d.m.u.version.missing, 5 - whole);
            ck_assert_int_eq(d.m.u.version.height, whole < 4 ? -1 : 234234);
            check_encodes_to(&d.m, hex);
            whole++;
        } else {
            ck_assert_msg(rc == PN_ETRUNCATED, "%zu bytes: got %s", len, pn_errname(rc));
        }
        decoded_free(&d);
        free(hex);
    }
    ck_assert_uint_eq(whole, 6);
}
END_TEST

START_TEST(version_may_have_fields_behind_those_we_know)
{
    struct decoded d;

    ck_assert_int_eq(decode_hex(&d, BTC_CMD_VERSION, VERSION_70001 "c0ffee"), 0);
    check_encodes_to(&d.m, VERSION_70001);
    decoded_free(&d);
}
END_TEST

/* --- addr and addrv2: Core, src/test/netbase_tests.cpp, stream_addrv1_hex, stream_addrv2_hex ---
 */

#define LOOPBACK6 "00000000000000000000000000000001"
#define ADDR_V1                         \
    "03"                                \
    "61bc6649"                          \
    "0000000000000000" LOOPBACK6 "0000" \
    "79627683"                          \
    "0100000000000000" LOOPBACK6 "00f1" \
    "ffffffff"                          \
    "4804000000000000" LOOPBACK6 "f1f2"
#define ADDR_V2               \
    "03"                      \
    "61bc6649"                \
    "000210" LOOPBACK6 "0000" \
    "79627683"                \
    "010210" LOOPBACK6 "00f1" \
    "ffffffff"                \
    "fd48040210" LOOPBACK6 "f1f2"

static void check_core_addresses(enum btc_cmd cmd, const char *hex)
{
    static const struct {
        uint64_t services;
        uint32_t time;
        uint16_t port;
    } want[] = {
        {0, 0x4966bc61, 0},
        {BTC_NODE_NETWORK, 0x83766279, 0x00f1},
        {BTC_NODE_WITNESS | BTC_NODE_COMPACT_FILTERS | BTC_NODE_NETWORK_LIMITED, 0xffffffff,
         0xf1f2},
    };
    struct decoded d;
    const struct btc_addrs *got = &d.m.u.addr;

    ck_assert_int_eq(decode_hex(&d, cmd, hex), 0);
    ck_assert_uint_eq(got->count, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(got->items[i].services, want[i].services);
        ck_assert_uint_eq(got->items[i].time, want[i].time);
        ck_assert_uint_eq(got->items[i].port, want[i].port);
        ck_assert_uint_eq(got->items[i].network, BTC_NET_IPV6);
        check_hex(got->items[i].addr.data, got->items[i].addr.len, LOOPBACK6);
    }
    check_encodes_to(&d.m, hex);
    decoded_free(&d);
}

START_TEST(addr_and_addrv2_decode_to_the_addresses_of_cores_tests)
{
    check_core_addresses(BTC_CMD_ADDR, ADDR_V1);
    check_core_addresses(BTC_CMD_ADDRV2, ADDR_V2);
}
END_TEST

/* The address forms of Core's src/test/net_tests.cpp (0.21), cnetaddr_serialize_v1: each stands
 * for the network in the next column. */
START_TEST(addr_unwraps_ipv4_and_onioncat)
{
    static const struct {
        const char *ip;
        uint8_t network;
        const char *addr;
    } rows[] = {
        {"00000000000000000000ffff01020304", BTC_NET_IPV4, "01020304"},
        {"1a1b2a2b3a3b4a4b5a5b6a6b7a7b8a8b", BTC_NET_IPV6, "1a1b2a2b3a3b4a4b5a5b6a6b7a7b8a8b"},
        {"fd87d87eeb43f1f2f3f4f5f6f7f8f9fa", BTC_NET_TORV2, "f1f2f3f4f5f6f7f8f9fa"},
        {"fd6b88c08724ca978112ca1bbdcafac2", BTC_NET_IPV6, "fd6b88c08724ca978112ca1bbdcafac2"},
        {"00000000000000000000000000000000", BTC_NET_IPV6, "00000000000000000000000000000000"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char hex[100];
        struct decoded d;
        const struct btc_addr *got;

        snprintf(hex, sizeof hex, "0161bc66490900000000000000%s208d", rows[i].ip);
        ck_assert_int_eq(decode_hex(&d, BTC_CMD_ADDR, hex), 0);
        got = &d.m.u.addr.items[0];
        ck_assert_uint_eq(got->network, rows[i].network);
        check_hex(got->addr.data, got->addr.len, rows[i].addr);
        check_encodes_to(&d.m, hex);
        decoded_free(&d);
    }
}
END_TEST

/* Core, src/test/net_tests.cpp, cnetaddr_unserialize_v2: network id, length, address. */
START_TEST(addrv2_wants_the_length_of_each_known_network)
{
#define TEN     "f1f2f3f4f5f6f7f8f9fa"
#define SIXTEEN "0102030405060708090a0b0c0d0e0f10"
    static const struct {
        const char *entry;
        int rc;
    } rows[] = {
        {"0104"
         "01020304",
         0},
        {"0105"
         "0102030405",
         PN_EFORMAT},
        {"0100", PN_EFORMAT},
        {"0210" SIXTEEN, 0},
        {"0204"
         "01020304",
         PN_EFORMAT},
        {"0210"
         "00000000000000000000ffff01020304",
         0}, /* the address book's to ignore */
        {"0210"
         "fd87d87eeb430102030405060708090a",
         0},
        {"030a" TEN, 0},
        {"0307"
         "00010203040506",
         PN_EFORMAT},
        {"0420"
         "79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f",
         0},
        {"0410" SIXTEEN, PN_EFORMAT},
        {"0520"
         "a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a87",
         0},
        {"0503"
         "010203",
         PN_EFORMAT},
        {"0610"
         "fc000001000200030004000500060007",
         0},
        {"0601"
         "00",
         PN_EFORMAT},
        {"aa04"
         "01020304",
         0}, /* unknown, of any length */
        {"aa07"
         "01020304050607",
         0},
        {"aa00", 0},
        {"00fe00000002", PN_ETOOLARGE},
        {"01fd0102", PN_ETOOLARGE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char hex[200];
        struct decoded d;
        int rc;

        snprintf(hex, sizeof hex, "0161bc664900%s208d", rows[i].entry);
        rc = decode_hex(&d, BTC_CMD_ADDRV2, hex);
        ck_assert_msg(rc == rows[i].rc, "%s: expected %s, got %s", rows[i].entry,
                      pn_errname(rows[i].rc), pn_errname(rc));
        if (rc == 0)
            check_encodes_to(&d.m, hex);
        decoded_free(&d);
    }
}
END_TEST

/* btcd, wire/msgaddrv2_test.go, TestAddrV2Decode. */
START_TEST(addrv2_fails_where_btcds_tests_fail)
{
    struct decoded d;

    ck_assert_int_eq(decode_hex(&d, BTC_CMD_ADDRV2, "fdffff"), PN_ECOUNT);
    decoded_free(&d);
    ck_assert_int_eq(decode_hex(&d, BTC_CMD_ADDRV2, "0100000000000105"), PN_ECOUNT);
    decoded_free(&d);
    ck_assert_int_eq(decode_hex(&d, BTC_CMD_ADDRV2,
                                "0200000000000104"
                                "7f00000122220000"
                                "0000000210fd87d8"
                                "7eeb43fffecc39a8"
                                "736915ffff2222"),
                     0);
    ck_assert_uint_eq(d.m.u.addrv2.count, 2);
    ck_assert_uint_eq(d.m.u.addrv2.items[0].network, BTC_NET_IPV4);
    ck_assert_uint_eq(d.m.u.addrv2.items[0].port, 0x2222);
    decoded_free(&d);
    ck_assert_int_eq(decode_hex(&d, BTC_CMD_ADDRV2, "01000000000001047f0000"), PN_ETRUNCATED);
    decoded_free(&d);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("wire vectors");
    TCase *t = tcase_create("version"), *addr = tcase_create("addresses");

    suite_add_tcase(s, t);
    tcase_add_test(t, version_decodes_to_the_values_of_btcds_tests);
    tcase_add_test(t, version_without_the_relay_byte_means_relay);
    tcase_add_test(t, version_may_end_where_each_age_of_the_protocol_ended);
    tcase_add_test(t, version_may_have_fields_behind_those_we_know);
    suite_add_tcase(s, addr);
    tcase_add_test(addr, addr_and_addrv2_decode_to_the_addresses_of_cores_tests);
    tcase_add_test(addr, addr_unwraps_ipv4_and_onioncat);
    tcase_add_test(addr, addrv2_wants_the_length_of_each_known_network);
    tcase_add_test(addr, addrv2_fails_where_btcds_tests_fail);
    return harness_run(s);
}
