/* One server's word, true or false in every way that is checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "chain_double.h"
#include "codec/hex.h"
#include "electrum/peers/check.h"
#include "rpc/json.h"
#include "test_electrum.h"

enum { HEIGHT = 99 };

static struct chain_double *chain;
static struct electrum_chain source;
static struct check c;
static char genesis[65], header[161];

static void set_up(void)
{
    struct check_setup setup = {.software = "us", .host = "server.test.net"};

    json_init();
    chain = chain_double_new(HEIGHT + 1);
    source = (struct electrum_chain){&chain_double_ops, chain};
    setup.chain = &source;
    memcpy(setup.genesis_hash, chain->hashes[0], 32);
    hash_to_hex(genesis, chain->hashes[0]);
    hex_encode(header, chain->headers[HEIGHT - 10], 80);
    check_init(&c, &setup);
}

static void tear_down(void)
{
    chain_double_free(chain);
}

static int say(int id, const char *result)
{
    char line[2000];
    struct buf out;
    int rc;

    snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"result\":%s,\"id\":%d}", result, id);
    buf_init(&out, 10000);
    rc = check_line(&c, &out, line, strlen(line));
    buf_free(&out);
    return rc;
}

static void begin(void)
{
    struct buf out;

    buf_init(&out, 10000);
    check_begin(&c, &out);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "server.version"));
    buf_free(&out);
    ck_assert_int_eq(say(0, "[\"ElectrumX 1.16\",\"1.4\"]"), 0);
}

static int say_tip(int height)
{
    char text[64];

    snprintf(text, sizeof text, "{\"height\":%d,\"hex\":\"00\"}", height);
    return say(1, text);
}

static int say_features(const char *genesis_hash, const char *hosts)
{
    char text[512];

    snprintf(text, sizeof text, "{\"genesis_hash\":\"%s\",\"hosts\":{%s}}", genesis_hash, hosts);
    return say(2, text);
}

static int say_header(const char *hex)
{
    char text[200];

    snprintf(text, sizeof text, "\"%s\"", hex);
    return say(4, text);
}

static void expect_bad(int rc, const char *reason)
{
    ck_assert_int_eq(rc, PN_EPROTO);
    ck_assert_int_eq(c.verdict.kind, VERDICT_BAD);
    ck_assert_str_eq(c.verdict.reason, reason);
}

START_TEST(a_true_server_is_good)
{
    begin();
    ck_assert_int_eq(say_tip(HEIGHT + 5), 0);
    ck_assert_int_eq(say_features(genesis, "\"Server.Test.Net\":{\"tcp_port\":50001}"), 0);
    ck_assert_int_eq(say(3, "[[\"1.2.3.4\",\"other.net\",[\"v1.4\",\"s50002\",\"t\"]]]"), 0);
    ck_assert_int_eq(say_header(header), PN_EDONE);
    ck_assert_int_eq(c.verdict.kind, VERDICT_GOOD);
    ck_assert_str_eq(c.verdict.software, "ElectrumX 1.16");
    ck_assert_uint_eq(c.n_named, 1);
    ck_assert_str_eq(c.named[0].host, "other.net");
    ck_assert_uint_eq(c.named[0].ssl_port, 50002);
    ck_assert_uint_eq(c.named[0].tcp_port, 50001);
}
END_TEST

START_TEST(heights_may_differ_by_five)
{
    begin();
    expect_bad(say_tip(HEIGHT + 6), "its height is off by more than 5");
}
END_TEST

START_TEST(a_lower_height_is_compared_ten_below_it)
{
    char lower[161];

    begin();
    ck_assert_int_eq(say_tip(HEIGHT - 5), 0);
    ck_assert_uint_eq(c.header_height, HEIGHT - 15);
    hex_encode(lower, chain->headers[HEIGHT - 15], 80);
    ck_assert_int_eq(say_header(lower), 0);
}
END_TEST

START_TEST(another_header_is_another_chain)
{
    begin();
    ck_assert_int_eq(say_tip(HEIGHT), 0);
    header[100] = header[100] == '0' ? '1' : '0';
    expect_bad(say_header(header), "another header: it follows another chain");
}
END_TEST

START_TEST(another_genesis_is_another_network)
{
    begin();
    genesis[5] = genesis[5] == '0' ? '1' : '0';
    expect_bad(say_features(genesis, "\"server.test.net\":{}"),
               "another genesis: it serves another network");
}
END_TEST

START_TEST(it_must_list_itself)
{
    begin();
    expect_bad(say_features(genesis, "\"else.test.net\":{}"),
               "it does not list itself among its hosts");
}
END_TEST

START_TEST(junk_in_any_answer_is_bad)
{
    static const struct {
        int id;
        const char *result, *reason;
    } rows[] = {
        {0, "[]", "bad answer to server.version"},
        {0, "[\"x\",7]", "bad answer to server.version"},
        {0, "\"1.4\"", "bad answer to server.version"},
        {1, "{\"height\":\"9\"}", "bad answer to headers.subscribe"},
        {1, "{\"height\":1e99}", "bad answer to headers.subscribe"},
        {1, "[]", "bad answer to headers.subscribe"},
        {2, "{\"genesis_hash\":1}", "bad answer to server.features"},
        {2, "7", "bad answer to server.features"},
        {3, "{}", "bad answer to peers.subscribe"},
        {3, "[[]]", "bad answer to peers.subscribe"},
        {3, "[[\"a\",\"b\",\"c\"]]", "bad answer to peers.subscribe"},
        {4, "\"00\"", "an answer that nobody asked for"},
        {9, "1", "an answer that nobody asked for"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct check_setup setup = c.setup;
        struct buf out;

        check_init(&c, &setup);
        if (rows[i].id == 0) {
            buf_init(&out, 1000);
            check_begin(&c, &out);
            buf_free(&out);
        } else {
            begin();
        }
        expect_bad(say(rows[i].id, rows[i].result), rows[i].reason);
    }
}
END_TEST

START_TEST(an_error_is_a_failure_and_no_lie)
{
    const char line[] =
        "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-102,\"message\":\"busy\"},\"id\":1}";
    struct buf out;

    begin();
    buf_init(&out, 1000);
    ck_assert_int_lt(check_line(&c, &out, line, sizeof line - 1), 0);
    ck_assert_int_eq(c.verdict.kind, VERDICT_FAILED);
    buf_free(&out);
}
END_TEST

START_TEST(talk_without_end_comes_to_an_end)
{
    const char line[] = "{\"jsonrpc\":\"2.0\",\"method\":\"noise\",\"params\":[]}";
    struct buf out;
    int rc = 0, lines = 0;

    begin();
    buf_init(&out, 1000);
    while (rc == 0 && lines++ < 1000)
        rc = check_line(&c, &out, line, sizeof line - 1);
    expect_bad(rc, "it talks without end");
    ck_assert_int_le(lines, CHECK_LINES_MAX);
    buf_free(&out);
}
END_TEST

START_TEST(who_does_not_know_us_is_told_when_we_announce)
{
    struct check_setup setup = c.setup;

    setup.our_features = "[{\"hosts\":{\"us.net\":{}}}]";
    setup.our_host = "us.net";
    check_init(&c, &setup);
    begin();
    ck_assert_int_eq(say_tip(HEIGHT), 0);
    ck_assert_int_eq(say_features(genesis, "\"server.test.net\":{}"), 0);
    ck_assert_int_eq(say(3, "[]"), 0);
    ck_assert_int_eq(say_header(header), 0); /* now add_peer is under way */
    ck_assert_int_eq(c.verdict.kind, VERDICT_GOOD);
    ck_assert_int_eq(say(5, "true"), PN_EDONE);
}
END_TEST

TCase *tcase_check(void)
{
    TCase *t = tcase_create("check");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_true_server_is_good);
    tcase_add_test(t, heights_may_differ_by_five);
    tcase_add_test(t, a_lower_height_is_compared_ten_below_it);
    tcase_add_test(t, another_header_is_another_chain);
    tcase_add_test(t, another_genesis_is_another_network);
    tcase_add_test(t, it_must_list_itself);
    tcase_add_test(t, junk_in_any_answer_is_bad);
    tcase_add_test(t, an_error_is_a_failure_and_no_lie);
    tcase_add_test(t, talk_without_end_comes_to_an_end);
    tcase_add_test(t, who_does_not_know_us_is_told_when_we_announce);
    return t;
}
