/* Requests in both versions, what is refused before a parser sees it, and answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "electrum/jsonrpc/answer.h"
#include "electrum/jsonrpc/method.h"
#include "electrum/jsonrpc/prescan.h"
#include "rpc/json.h"
#include "test_electrum.h"

static int prescan(const char *text)
{
    return jrpc_prescan(text, strlen(text));
}

START_TEST(depth_is_bounded_before_a_parser_recurses)
{
    static char text[1000001];

    memset(text, '[', 32);
    ck_assert_int_eq(prescan(text), 0);
    text[32] = '{';
    ck_assert_int_eq(prescan(text), PN_ETOOLARGE);
    memset(text, '[', 1000000);
    ck_assert_int_eq(prescan(text), PN_ETOOLARGE);
    for (size_t i = 0; i + 5 < sizeof text; i += 5)
        memcpy(text + i, "{\"a\":", 5);
    ck_assert_int_eq(prescan(text), PN_ETOOLARGE);
    /* What stands in a string is no bracket. */
    ck_assert_int_eq(prescan("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""), 0);
}
END_TEST

START_TEST(the_number_of_values_is_bounded)
{
    static char text[2 * JRPC_MAX_VALUES + 8];
    char *at = text;

    *at++ = '[';
    for (int i = 0; i < JRPC_MAX_VALUES - 2; i++) {
        *at++ = '1';
        *at++ = ',';
    }
    at[-1] = ']';
    ck_assert_int_eq(prescan(text), 0);
    memcpy(at - 1, ",1,1]", 6);
    ck_assert_int_eq(prescan(text), PN_ECOUNT);
}
END_TEST

START_TEST(strings_are_utf8_without_zeros_and_controls)
{
    ck_assert_int_eq(prescan("\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\""), 0);
    ck_assert_int_eq(prescan("\"a\\\"b\\\\\""), 0);
    ck_assert_int_eq(prescan("\"\\u0001\""), 0);
    ck_assert_int_eq(prescan("\"\\u0000\""), PN_EFORMAT);
    ck_assert_int_eq(prescan("\"\xc0\x80\""), PN_EFORMAT);         /* too long a form */
    ck_assert_int_eq(prescan("\"\xed\xa0\x80\""), PN_EFORMAT);     /* a surrogate */
    ck_assert_int_eq(prescan("\"\xf4\x90\x80\x80\""), PN_EFORMAT); /* past the last character */
    ck_assert_int_eq(prescan("\"\xe2\x82\""), PN_EFORMAT);
    ck_assert_int_eq(prescan("\"a\nb\""), PN_EFORMAT);
    ck_assert_int_eq(prescan("\"open"), PN_EFORMAT);
    ck_assert_int_eq(prescan("\"open\\"), PN_EFORMAT);
    ck_assert_int_eq(jrpc_prescan("\"a\0b\"", 5), PN_EFORMAT);
}
END_TEST

/* Returns: what jrpc_request_read says; *out borrows from *tree. */
static int read_request(struct jrpc_request *out, cJSON **tree, const char *text)
{
    json_init();
    ck_assert_int_eq(jrpc_parse(tree, text, strlen(text)), 0);
    return jrpc_request_read(out, *tree);
}

START_TEST(both_versions_are_told_apart)
{
    static const struct {
        const char *text;
        int rc;
        enum jrpc_version version;
        bool notification;
    } rows[] = {
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":0}", 0, JRPC_V2, false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", 0, JRPC_V2, true},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":null}", 0, JRPC_V2, false},
        {"{\"method\":\"m\",\"params\":[],\"id\":\"x\"}", 0, JRPC_V1, false},
        {"{\"method\":\"m\",\"params\":[],\"id\":null}", 0, JRPC_V1, true},
        {"{\"method\":\"m\",\"id\":1   \t          }", 0, JRPC_V1, false},
        {"{\"jsonrpc\":\"2.0\",\"method\":7,\"id\":1}", PN_EPROTO, JRPC_V2, false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":1,\"id\":1}", PN_EPROTO, JRPC_V2, false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":{}}", PN_EPROTO, JRPC_V2, false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":1.5}", PN_EPROTO, JRPC_V2, false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":1e999}", PN_EPROTO, JRPC_V2, false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":9007199254740994}", PN_EPROTO, JRPC_V2,
         false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"method\":\"n\",\"id\":1}", PN_EPROTO, JRPC_V2,
         false},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}", PN_EPROTO, JRPC_V2, false},
        {"7", PN_EPROTO, JRPC_V2, false},
        {"{}", PN_EPROTO, JRPC_V1, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jrpc_request r;
        cJSON *tree = NULL;

        ck_assert_msg(read_request(&r, &tree, rows[i].text) == rows[i].rc, "%s", rows[i].text);
        ck_assert_msg(r.version == rows[i].version, "%s", rows[i].text);
        if (rows[i].rc == 0)
            ck_assert_msg(jrpc_is_notification(&r) == rows[i].notification, "%s", rows[i].text);
        cJSON_Delete(tree);
    }
}
END_TEST

START_TEST(answers_are_made_out_in_both_versions)
{
    struct jrpc_request r;
    cJSON *tree = NULL;

    ck_assert_int_eq(read_request(&r, &tree, "{\"result\":[1],\"error\":null,\"id\":3}"), 0);
    ck_assert_ptr_null(r.method);
    ck_assert_ptr_nonnull(r.result);
    ck_assert_ptr_null(r.error);
    cJSON_Delete(tree);
    ck_assert_int_eq(
        read_request(&r, &tree, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1},\"id\":3}"), 0);
    ck_assert_ptr_nonnull(r.error);
    cJSON_Delete(tree);
}
END_TEST

START_TEST(texts_that_are_no_json_are_refused)
{
    static const char *const rows[] = {"",          "{",   "{}}",  "[1,]",
                                       "{\"a\" 1}", "nul", "{} x", "[\"\\ud800\"]"};

    json_init();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cJSON *tree = NULL;

        ck_assert_msg(jrpc_parse(&tree, rows[i], strlen(rows[i])) < 0, "%s", rows[i]);
        ck_assert_ptr_null(tree);
    }
}
END_TEST

static void expect_text(struct buf *b, const char *want)
{
    ck_assert_str_eq(buf_cstr(b), want);
    buf_reset(b);
}

static void put_result(struct buf *b, enum jrpc_version version, const cJSON *id)
{
    jrpc_begin_result(b, version);
    buf_puts(b, "[1]");
    jrpc_end_result(b, version, id);
}

START_TEST(answers_have_the_form_of_their_version)
{
    const struct bytes params = {(const uint8_t *)"[1]", 3};
    struct jrpc_request r;
    cJSON *tree = NULL;
    struct buf b;

    buf_init(&b, 1000);
    ck_assert_int_eq(read_request(&r, &tree, "{\"method\":\"m\",\"id\":\"a\\\"\\u00e9\"}"), 0);
    put_result(&b, JRPC_V2, r.id);
    expect_text(&b, "{\"jsonrpc\": \"2.0\", \"result\": [1], \"id\": \"a\\\"\xc3\xa9\"}");
    put_result(&b, JRPC_V1, r.id);
    expect_text(&b, "{\"result\": [1], \"error\": null, \"id\": \"a\\\"\xc3\xa9\"}");
    jrpc_put_error(&b, JRPC_V2, NULL, -32700, "no\n");
    expect_text(&b, "{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32700, \"message\": \"no\\n\"}, "
                    "\"id\": null}");
    jrpc_put_error(&b, JRPC_V1, NULL, 1, "no");
    expect_text(&b,
                "{\"result\": null, \"error\": {\"code\": 1, \"message\": \"no\"}, \"id\": null}");
    jrpc_put_notification(&b, JRPC_V1, "m", params);
    expect_text(&b, "{\"method\": \"m\", \"params\": [1], \"id\": null}");
    jrpc_put_notification(&b, JRPC_V2, "m", params);
    expect_text(&b, "{\"jsonrpc\": \"2.0\", \"method\": \"m\", \"params\": [1]}");
    jrpc_put_request(&b, 7, "m", params);
    expect_text(&b, "{\"jsonrpc\": \"2.0\", \"method\": \"m\", \"params\": [1], \"id\": 7}");
    jrpc_put_text(&b, "\x01\xff\xc3");
    expect_text(&b, "\"\\u0001\\ufffd\\ufffd\"");
    cJSON_Delete(tree);
    buf_free(&b);
}
END_TEST

static void run_add(struct jrpc_call *c)
{
    uint64_t a = 0, b = 10;

    if (jrpc_param_uint(c, &a, 0, 1000) && jrpc_param_uint(c, &b, 1, 1000))
        buf_printf(c->result, "%u", (unsigned)(a + b));
}

START_TEST(parameters_come_by_place_or_by_name)
{
    static const struct jrpc_method add = {"add", {"a", "b"}, 1, false, run_add};
    static const struct {
        const char *params, *result;
    } rows[] = {
        {"[1]", "11"},     {"[1,2]", "3"},    {"{\"a\":1}", "11"}, {"{\"b\":2,\"a\":1}", "3"},
        {"[]", NULL},      {"[1,2,3]", NULL}, {"{\"b\":2}", NULL}, {"{\"a\":1,\"c\":2}", NULL},
        {"[-1]", NULL},    {"[1.5]", NULL},   {"[1001]", NULL},    {"[\"1\"]", NULL},
        {"[1e999]", NULL}, {"[null]", NULL},
    };

    json_init();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jrpc_call c = {.method = &add};
        struct buf out;
        cJSON *tree = NULL;

        ck_assert_int_eq(jrpc_parse(&tree, rows[i].params, strlen(rows[i].params)), 0);
        buf_init(&out, 100);
        c.params = tree;
        c.result = &out;
        ck_assert_msg(jrpc_method_run(&c) == (rows[i].result ? 0 : JRPC_INVALID_PARAMS), "%s",
                      rows[i].params);
        if (rows[i].result)
            ck_assert_str_eq(buf_cstr(&out), rows[i].result);
        cJSON_Delete(tree);
        buf_free(&out);
    }
}
END_TEST

TCase *tcase_jsonrpc(void)
{
    TCase *t = tcase_create("jsonrpc");

    tcase_add_test(t, depth_is_bounded_before_a_parser_recurses);
    tcase_add_test(t, the_number_of_values_is_bounded);
    tcase_add_test(t, strings_are_utf8_without_zeros_and_controls);
    tcase_add_test(t, both_versions_are_told_apart);
    tcase_add_test(t, answers_are_made_out_in_both_versions);
    tcase_add_test(t, texts_that_are_no_json_are_refused);
    tcase_add_test(t, answers_have_the_form_of_their_version);
    tcase_add_test(t, parameters_come_by_place_or_by_name);
    return t;
}
