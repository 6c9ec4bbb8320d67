/* Base32 without padding, and pulling values out of JSON. */
#include <string.h>

#include "base/err.h"
#include "codec/base32.h"
#include "codec/json_scan.h"
#include "harness.h"

/* RFC 4648, section 10. */
static const struct {
    const char *data, *text;
} rfc4648[] = {
    {"", ""},
    {"f", "my"},
    {"fo", "mzxq"},
    {"foo", "mzxw6"},
    {"foob", "mzxw6yq"},
    {"fooba", "mzxw6ytb"},
    {"foobar", "mzxw6ytboi"},
};

START_TEST(base32_gives_the_values_of_rfc_4648)
{
    const char *data = rfc4648[_i].data;
    uint8_t back[8];
    char text[16];

    base32_encode(text, (const uint8_t *)data, strlen(data));
    ck_assert_str_eq(text, rfc4648[_i].text);
    ck_assert_uint_eq(strlen(text), BASE32_CHARS(strlen(data)));
    ck_assert_int_eq(base32_decode(back, strlen(data), text), 0);
    ck_assert_mem_eq(back, data, strlen(data));
}
END_TEST

START_TEST(base32_takes_either_case_and_nothing_else)
{
    uint8_t back[3];

    ck_assert_int_eq(base32_decode(back, 3, "MZXW6"), 0);
    ck_assert_mem_eq(back, "foo", 3);
    ck_assert_int_eq(base32_decode(back, 3, "mzxw7"), PN_EFORMAT); /* a bit left over */
    ck_assert_int_eq(base32_decode(back, 3, "mzxw"), PN_EFORMAT);
    ck_assert_int_eq(base32_decode(back, 3, "mzx16"), PN_EFORMAT);
    ck_assert_int_eq(base32_decode(back, 3, "mzx=6"), PN_EFORMAT);
    ck_assert_int_eq(base32_decode(back, 3, "mz w6"), PN_EFORMAT);
}
END_TEST

/* --- JSON --- */

START_TEST(a_document_is_read_value_by_value)
{
    static const char text[] = " { \"n\" : -12, \"u\":18446744073709551615,\"s\":\"a b\",\n"
                               "\"list\":[1 , 2,3],\"empty\":[], \"none\":{}, \"yes\":true,"
                               "\"no\":false, \"x\":null,\"skip\":{\"a\":[1.5e+3,\"\\\"]\"]}} \n";
    struct json_scan s = json_scan_of(text, strlen(text));
    int64_t sum = 0, seen = 0;
    struct bytes key;
    char out[8];

    json_object(&s);
    while (json_next_key(&s, &key)) {
        seen++;
        if (json_key_is(key, "n")) {
            ck_assert_int_eq(json_int(&s), -12);
        } else if (json_key_is(key, "u")) {
            ck_assert_uint_eq(json_uint(&s), UINT64_MAX);
        } else if (json_key_is(key, "s")) {
            ck_assert_str_eq(json_text(&s, out, sizeof out), "a b");
        } else if (json_key_is(key, "list") || json_key_is(key, "empty")) {
            json_array(&s);
            while (json_next(&s))
                sum += json_int(&s);
        } else if (json_key_is(key, "yes")) {
            ck_assert(json_bool(&s));
        } else if (json_key_is(key, "no")) {
            ck_assert(!json_bool(&s));
        } else if (json_key_is(key, "x")) {
            ck_assert(json_null(&s));
        } else {
            json_skip(&s);
        }
    }
    ck_assert_int_eq(json_finish(&s), 0);
    ck_assert_int_eq(sum, 6);
    ck_assert_int_eq(seen, 10);
}
END_TEST

static const struct {
    const char *text;
    int err;
} skipped[] = {
    {"0", 0},
    {"[[],{}]", 0},
    {"\"\\u00e9\\\\\"", 0},
    {"-0.5E-3", 0},
    {"", PN_ETRUNCATED},
    {"[1,]", PN_EFORMAT},
    {"[,1]", PN_EFORMAT},
    {"[1 2]", PN_EFORMAT},
    {"[1", PN_ETRUNCATED},
    {"{\"a\":1,}", PN_EFORMAT},
    {"{\"a\" 1}", PN_EFORMAT},
    {"{a:1}", PN_EFORMAT},
    {"{\"a\":}", PN_EFORMAT},
    {"{\"a\":1", PN_ETRUNCATED},
    {"\"abc", PN_ETRUNCATED},
    {"\"a\nb\"", PN_EFORMAT},
    {"\"a\\", PN_ETRUNCATED},
    {"tru", PN_EFORMAT},
    {"nul", PN_EFORMAT},
    {"1 1", PN_EFORMAT},
    {"]", PN_EFORMAT},
    {"-", PN_ETRUNCATED},
    {"// no", PN_EFORMAT},
    {"1.2.3.4", PN_EFORMAT},
    {"1.", PN_ETRUNCATED},
    {"[1.]", PN_EFORMAT},
    {".5", PN_EFORMAT},
    {"01", PN_EFORMAT},
    {"-01", PN_EFORMAT},
    {"+1", PN_EFORMAT},
    {"1e", PN_ETRUNCATED},
    {"1e5e5", PN_EFORMAT},
    {"1-2", PN_EFORMAT},
    {"1e+05", 0},
    {"-0", 0},
    {"10.25", 0},
};

START_TEST(what_is_no_json_is_refused)
{
    struct json_scan s = json_scan_of(skipped[_i].text, strlen(skipped[_i].text));

    json_skip(&s);
    ck_assert_msg(json_finish(&s) == skipped[_i].err, "\"%s\": expected %s, got %s",
                  skipped[_i].text, pn_errname(skipped[_i].err), pn_errname(s.err));
}
END_TEST

START_TEST(numbers_that_are_not_whole_or_too_large_are_refused)
{
    static const char *const rows[] = {
        "1.5", "1e3",   "01", "-", "18446744073709551616", "9223372036854775808",
        "+1",  "\"1\"", "--1"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_scan s = json_scan_of(rows[i], strlen(rows[i]));

        ck_assert_int_eq(json_int(&s), 0);
        ck_assert_msg(json_finish(&s) < 0, "%s was taken", rows[i]);
    }
}
END_TEST

START_TEST(strings_with_escapes_or_too_long_are_refused)
{
    static const char *const rows[] = {"\"a\\u0020\"", "\"12345678\"", "12"};
    char out[8];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_scan s = json_scan_of(rows[i], strlen(rows[i]));

        ck_assert_str_eq(json_text(&s, out, sizeof out), "");
        ck_assert_int_eq(json_finish(&s), PN_EFORMAT);
    }
}
END_TEST

START_TEST(deep_nesting_ends_in_an_error_not_in_a_full_stack)
{
    static char text[100000];
    struct json_scan s = json_scan_of(text, sizeof text);

    memset(text, '[', sizeof text);
    json_skip(&s);
    ck_assert_int_eq(json_finish(&s), PN_EFORMAT);
    ck_assert_uint_le(s.err_at, JSON_MAX_DEPTH + 1);
}
END_TEST

START_TEST(after_a_failure_everything_is_empty)
{
    struct json_scan s = json_scan_of("[1,x,3]", 7);
    int n = 0;

    json_array(&s);
    while (json_next(&s)) {
        json_int(&s);
        n++;
    }
    ck_assert_int_eq(n, 2);
    json_object(&s);
    ck_assert_uint_eq(json_uint(&s), 0);
    ck_assert(!json_next(&s));
    ck_assert_int_eq(json_finish(&s), PN_EFORMAT);
    ck_assert_uint_eq(s.err_at, 3);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("codec texts");
    TCase *t = tcase_create("base32");
    TCase *j = tcase_create("json");

    suite_add_tcase(s, t);
    suite_add_tcase(s, j);
    tcase_add_loop_test(t, base32_gives_the_values_of_rfc_4648, 0,
                        sizeof rfc4648 / sizeof rfc4648[0]);
    tcase_add_test(t, base32_takes_either_case_and_nothing_else);
    tcase_add_test(j, a_document_is_read_value_by_value);
    tcase_add_loop_test(j, what_is_no_json_is_refused, 0, sizeof skipped / sizeof skipped[0]);
    tcase_add_test(j, numbers_that_are_not_whole_or_too_large_are_refused);
    tcase_add_test(j, strings_with_escapes_or_too_long_are_refused);
    tcase_add_test(j, deep_nesting_ends_in_an_error_not_in_a_full_stack);
    tcase_add_test(j, after_a_failure_everything_is_empty);
    return harness_run(s);
}
