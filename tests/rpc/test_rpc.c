/* Requests become calls and calls become answers, in the two versions that clients speak. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "rpc/rpc.h"

enum { ANSWER_MAX = 1 << 16 };

static void run_echo(struct rpc_call *c)
{
    const char *text = rpc_text(c, 0);
    int64_t times = rpc_given(c, 1) ? rpc_int(c, 1, 1, 1000000) : 1;
    bool loud = rpc_given(c, 2) && rpc_bool(c, 2);

    if (c->code)
        return;
    c->result = json_new_array();
    for (int64_t i = 0; i < times; i++)
        json_push(c->result, json_new_text(text));
    if (loud)
        json_push(c->result, json_new_text("!"));
}

static void run_numbers(struct rpc_call *c)
{
    c->result = json_new_object();
    json_set(c->result, "least", json_new_int(INT64_MIN));
    json_set(c->result, "most", json_new_uint(UINT64_MAX));
    json_set(c->result, "half", json_new_number(0.5));
    json_set(c->result, "yes", json_new_bool(true));
}

static void run_fail(struct rpc_call *c)
{
    rpc_fail(c, RPC_NODE_NOT_CONNECTED, "Node not found in connected nodes");
    rpc_fail(c, RPC_MISC_ERROR, "a later failure");
}

static void run_null(struct rpc_call *c)
{
    (void)c;
}

static void run_wait(struct rpc_call *c)
{
    if (rpc_put_off(c))
        return;
    if (c->wait)
        c->result = json_new_int(c->wait->deadline_us);
    else
        rpc_fail(c, RPC_MISC_ERROR, "not here");
}

static const struct rpc_method methods[] = {
    {"echo", "text [times] [loud]", "Says it again.", run_echo},
    {"numbers", "", "Numbers.", run_numbers},
    {"fail", "", "Fails.", run_fail},
    {"nothing", "", "Gives null.", run_null},
    {"wait", "", "Waits.", run_wait},
};

static const struct rpc_table table = {"test", methods, 5, NULL};

static const char WAIT[] = "{\"jsonrpc\":\"2.0\",\"method\":\"wait\",\"id\":1}";

struct observed {
    unsigned calls;
    char method[32];
    int code;
};

static void observe(void *arg, const char *method, int code)
{
    struct observed *o = arg;

    o->calls++;
    snprintf(o->method, sizeof o->method, "%s", method);
    o->code = code;
}

static void expect(const char *request, enum rpc_status status, const char *answer)
{
    const struct rpc_set set = {.tables = {&table}, .n = 1};
    struct buf out;
    enum rpc_status got;

    buf_init(&out, ANSWER_MAX);
    got = rpc_answer(&out, &set, request, strlen(request), NULL);
    ck_assert_msg(got == status, "%s: status %d, expected %d", request, got, status);
    ck_assert_int_eq(buf_append(&out, "", 1), 0);
    ck_assert_str_eq((const char *)out.data, answer);
    buf_free(&out);
}

START_TEST(a_call_that_must_wait_is_put_off_to_where_it_may)
{
    const struct rpc_set set = {.tables = {&table}, .n = 1};
    const struct rpc_wait wait = {.deadline_us = 77};
    struct buf out;

    expect(WAIT, RPC_STATUS_LATER, "");
    expect("{\"method\":\"wait\"}", RPC_STATUS_LATER, "");
    buf_init(&out, ANSWER_MAX);
    ck_assert_int_eq(rpc_answer(&out, &set, WAIT, strlen(WAIT), &wait), RPC_STATUS_OK);
    ck_assert_int_eq(buf_append(&out, "", 1), 0);
    ck_assert_str_eq((const char *)out.data, "{\"jsonrpc\":\"2.0\",\"result\":77,\"id\":1}\n");
    buf_free(&out);
}
END_TEST

START_TEST(in_a_batch_nothing_is_put_off)
{
    char batch[128];

    snprintf(batch, sizeof batch, "[%s]", WAIT);
    expect(batch, RPC_STATUS_OK,
           "[{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-1,\"message\":\"not here\"},\"id\":1}]\n");
}
END_TEST

START_TEST(version_1_has_result_and_error_and_its_own_status)
{
    expect("{\"method\":\"echo\",\"params\":[\"a\"],\"id\":7}", RPC_STATUS_OK,
           "{\"result\":[\"a\"],\"error\":null,\"id\":7}\n");
    expect("{\"jsonrpc\":\"1.0\",\"method\":\"fail\",\"id\":\"x\"}", RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-29,\"message\":\"Node not found in connected "
           "nodes\"},\"id\":\"x\"}\n");
    expect("{\"method\":\"none\",\"params\":[],\"id\":1}", RPC_STATUS_NOT_FOUND,
           "{\"result\":null,\"error\":{\"code\":-32601,\"message\":\"Method not "
           "found\"},\"id\":1}\n");
    expect("{\"params\":[],\"id\":1}", RPC_STATUS_BAD_REQUEST,
           "{\"result\":null,\"error\":{\"code\":-32600,\"message\":\"Missing "
           "method\"},\"id\":1}\n");
    expect("{\"method\":\"nothing\"}", RPC_STATUS_OK,
           "{\"result\":null,\"error\":null,\"id\":null}\n");
}
END_TEST

START_TEST(version_2_has_one_of_them_and_status_200)
{
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[\"a\",2],\"id\":null}",
           RPC_STATUS_OK, "{\"jsonrpc\":\"2.0\",\"result\":[\"a\",\"a\"],\"id\":null}\n");
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"none\",\"id\":[1]}", RPC_STATUS_OK,
           "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":\"Method not "
           "found\"},\"id\":[1]}\n");
}
END_TEST

START_TEST(a_notification_is_run_and_not_answered)
{
    struct observed seen = {.calls = 0};
    const struct rpc_set set = {
        .tables = {&table}, .n = 1, .observe = observe, .observe_arg = &seen};
    const char *request = "{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}";
    struct buf out;

    buf_init(&out, ANSWER_MAX);
    ck_assert_int_eq(rpc_answer(&out, &set, request, strlen(request), NULL), RPC_STATUS_NO_CONTENT);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_uint_eq(seen.calls, 1);
    ck_assert_str_eq(seen.method, "nothing");
    buf_free(&out);
}
END_TEST

START_TEST(the_observer_hears_the_code_and_no_name_from_outside)
{
    struct observed seen = {.calls = 0};
    const struct rpc_set set = {
        .tables = {&table}, .n = 1, .observe = observe, .observe_arg = &seen};
    const char *request = "{\"method\":\"rm -rf\",\"id\":1}";
    struct buf out;

    buf_init(&out, ANSWER_MAX);
    rpc_answer(&out, &set, request, strlen(request), NULL);
    ck_assert_str_eq(seen.method, "unknown");
    ck_assert_int_eq(seen.code, RPC_METHOD_NOT_FOUND);
    buf_free(&out);
}
END_TEST

START_TEST(parameters_go_by_position_or_by_name)
{
    expect("{\"method\":\"echo\",\"params\":{\"loud\":true,\"text\":\"b\"},\"id\":1}",
           RPC_STATUS_OK, "{\"result\":[\"b\",\"!\"],\"error\":null,\"id\":1}\n");
    expect("{\"method\":\"echo\",\"params\":[\"b\",null,true],\"id\":1}", RPC_STATUS_OK,
           "{\"result\":[\"b\",\"!\"],\"error\":null,\"id\":1}\n");
    expect("{\"method\":\"echo\",\"params\":{\"volume\":1},\"id\":1}", RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-8,\"message\":\"Unknown named parameter "
           "volume\"},\"id\":1}\n");
    expect("{\"method\":\"echo\",\"params\":{\"\":1},\"id\":1}", RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-8,\"message\":\"Unknown named parameter "
           "\"},\"id\":1}\n");
}
END_TEST

START_TEST(parameters_that_do_not_fit_are_errors)
{
    expect("{\"method\":\"echo\",\"id\":1}", RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-1,\"message\":\"echo text [times] "
           "[loud]\"},\"id\":1}\n");
    expect("{\"method\":\"echo\",\"params\":[\"a\",1,true,4],\"id\":1}", RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-1,\"message\":\"echo text [times] "
           "[loud]\"},\"id\":1}\n");
    expect("{\"method\":\"numbers\",\"params\":[1],\"id\":1}", RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-1,\"message\":\"numbers \"},\"id\":1}\n");
    expect("{\"method\":\"echo\",\"params\":[5],\"id\":1}", RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-3,\"message\":\"parameter 1 of echo is not of "
           "type string\"},\"id\":1}\n");
    expect("{\"method\":\"echo\",\"params\":[\"a\",1.5],\"id\":1}", RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-3,\"message\":\"parameter 2 of echo is not a "
           "whole number\"},\"id\":1}\n");
    expect("{\"method\":\"echo\",\"params\":[\"a\",1e300],\"id\":1}", RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-8,\"message\":\"parameter 2 of echo is not "
           "between 1 and 1000000\"},\"id\":1}\n");
    expect("{\"method\":\"echo\",\"params\":\"a\",\"id\":1}", RPC_STATUS_BAD_REQUEST,
           "{\"result\":null,\"error\":{\"code\":-32600,\"message\":\"Params must be an array or "
           "object\"},\"id\":1}\n");
}
END_TEST

START_TEST(numbers_keep_all_their_digits)
{
    expect("{\"method\":\"numbers\",\"id\":1}", RPC_STATUS_OK,
           "{\"result\":{\"least\":-9223372036854775808,\"most\":18446744073709551615,\"half\":0.5,"
           "\"yes\":true},\"error\":null,\"id\":1}\n");
}
END_TEST

START_TEST(a_batch_is_answered_call_by_call)
{
    expect("[{\"method\":\"echo\",\"params\":[\"a\"],\"id\":1},5,"
           "{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"},"
           "{\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"id\":2}]",
           RPC_STATUS_OK,
           "[{\"result\":[\"a\"],\"error\":null,\"id\":1},"
           "{\"result\":null,\"error\":{\"code\":-32600,\"message\":\"Invalid Request "
           "object\"},\"id\":null},"
           "{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":2}]\n");
    expect("[]", RPC_STATUS_OK, "[]\n");
    expect("[{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}]", RPC_STATUS_NO_CONTENT, "");
}
END_TEST

START_TEST(a_batch_is_bounded)
{
    static char request[8 * (RPC_BATCH_MAX + 1)];
    size_t len = 0;

    for (int i = 0; i <= RPC_BATCH_MAX; i++)
        len += (size_t)snprintf(request + len, sizeof request - len, "%s1", i ? "," : "[");
    snprintf(request + len, sizeof request - len, "]");
    expect(request, RPC_STATUS_BAD_REQUEST,
           "{\"result\":null,\"error\":{\"code\":-32600,\"message\":\"Too many calls in one "
           "batch\"},\"id\":null}\n");
}
END_TEST

START_TEST(what_is_not_json_is_a_parse_error)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"method\":\"echo\",}",
                                      "{\"method\":\"echo\"} x",
                                      "nonsense",
                                      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                                      "{\"method\":\"\\ud800\"}"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(bad[i], RPC_STATUS_ERROR,
               "{\"result\":null,\"error\":{\"code\":-32700,\"message\":\"Parse "
               "error\"},\"id\":null}\n");
}
END_TEST

START_TEST(many_values_in_few_bytes_are_refused_before_a_tree_is_built)
{
    static char text[2 * JSON_MAX_VALUES + 8];
    cJSON *tree = NULL;
    size_t len = 0;

    text[len++] = '[';
    for (size_t i = 0; i <= JSON_MAX_VALUES; i++) {
        text[len++] = '1';
        text[len++] = ',';
    }
    text[len - 1] = ']';
    ck_assert_int_eq(json_parse(&tree, text, len), PN_ELIMIT);
    /* Commas in a text are no values. */
    text[0] = '"';
    text[len - 1] = '"';
    ck_assert_int_eq(json_parse(&tree, text, len), 0);
    cJSON_Delete(tree);
}
END_TEST

START_TEST(an_answer_that_does_not_fit_is_an_error)
{
    expect("{\"method\":\"echo\",\"params\":[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",10000],\"id\":1}",
           RPC_STATUS_ERROR,
           "{\"result\":null,\"error\":{\"code\":-1,\"message\":\"The answer is too "
           "large\"},\"id\":null}\n");
}
END_TEST

/* With the n-th allocation failing, for every n, there is an error or the right answer. */
START_TEST(memory_may_run_out_anywhere)
{
    static const char request[] =
        "{\"method\":\"echo\",\"params\":[\"a\",3,true],\"id\":{\"k\":1}}";
    const struct rpc_set set = {.tables = {&table}, .n = 1};
    unsigned failed = 0;

    for (unsigned long n = 1; n < 200; n++) {
        enum rpc_status status;
        struct buf out;
        bool happened;

        buf_init(&out, ANSWER_MAX);
        mem_fail_at(n, 0);
        status = rpc_answer(&out, &set, request, sizeof request - 1, NULL);
        happened = mem_fail_happened();
        mem_fail_at(0, 0);
        failed += happened;
        if (!happened)
            ck_assert_int_eq(status, RPC_STATUS_OK);
        else if (status == RPC_STATUS_OK)
            ck_assert_ptr_nonnull(
                memmem(out.data, out.len, "\"id\":{\"k\":1}", strlen("\"id\":{\"k\":1}")));
        else
            ck_assert_int_eq(status, RPC_STATUS_ERROR);
        buf_free(&out);
    }
    ck_assert_uint_gt(failed, 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rpc");
    TCase *tc = tcase_create("calls");

    json_init();
    tcase_add_test(tc, version_1_has_result_and_error_and_its_own_status);
    tcase_add_test(tc, a_call_that_must_wait_is_put_off_to_where_it_may);
    tcase_add_test(tc, in_a_batch_nothing_is_put_off);
    tcase_add_test(tc, version_2_has_one_of_them_and_status_200);
    tcase_add_test(tc, a_notification_is_run_and_not_answered);
    tcase_add_test(tc, the_observer_hears_the_code_and_no_name_from_outside);
    tcase_add_test(tc, parameters_go_by_position_or_by_name);
    tcase_add_test(tc, parameters_that_do_not_fit_are_errors);
    tcase_add_test(tc, numbers_keep_all_their_digits);
    tcase_add_test(tc, a_batch_is_answered_call_by_call);
    tcase_add_test(tc, a_batch_is_bounded);
    tcase_add_test(tc, what_is_not_json_is_a_parse_error);
    tcase_add_test(tc, many_values_in_few_bytes_are_refused_before_a_tree_is_built);
    tcase_add_test(tc, an_answer_that_does_not_fit_is_an_error);
    tcase_add_test(tc, memory_may_run_out_anywhere);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
