/* RLP: the published vectors of ethereum/tests, every rule of the canonical form, and bombs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/hex.h"
#include "codec/rlp.h"
#include "harness.h"

/* --- a reader of the vectors' JSON: strings, numbers, arrays --- */

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* Plain text and \uXXXX below 0x80. Returns: behind the closing quote. */
static const char *read_string(struct buf *out, const char *p)
{
    ck_assert_int_eq(*p, '"');
    for (p++; *p != '"'; p++) {
        if (*p == '\\') {
            ck_assert_int_eq(p[1], 'u');
            write_u8(out, (uint8_t)strtoul((char[]){p[2], p[3], p[4], p[5], 0}, NULL, 16));
            p += 5;
        } else {
            write_u8(out, (uint8_t)*p);
        }
    }
    return p + 1;
}

/* A decimal number of any length as bytes, the highest first. */
static size_t decimal_to_bytes(uint8_t out[64], const char *digits)
{
    memset(out, 0, 64);
    for (; *digits >= '0' && *digits <= '9'; digits++) {
        unsigned carry = (unsigned)(*digits - '0');

        for (size_t i = 64; i-- > 0;) {
            carry += out[i] * 10u;
            out[i] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    return 64;
}

/* Write the JSON value at p as RLP. Returns: behind it. */
static const char *write_value(struct buf *out, const char *p)
{
    uint8_t number[64];
    struct buf text;

    p = skip_blanks(p);
    if (*p == '[') {
        size_t mark = rlp_list_begin(out);

        for (p = skip_blanks(p + 1); *p != ']'; p = skip_blanks(*p == ',' ? p + 1 : p))
            p = write_value(out, p);
        rlp_list_end(out, mark);
        return p + 1;
    }
    if (*p != '"') {
        rlp_write_u64(out, strtoull(p, (char **)&p, 10));
        return p;
    }
    buf_init(&text, 1 << 16);
    p = read_string(&text, p);
    if (text.len > 0 && text.data[0] == '#')
        rlp_write_uint(out, number, decimal_to_bytes(number, buf_cstr(&text) + 1));
    else
        rlp_write_bytes(out, text.data, text.len);
    ck_assert_int_eq(text.err, 0);
    buf_free(&text);
    return p;
}

/* The hexadecimal text at p, with or without 0x. Owns: the caller frees. */
static uint8_t *read_hex(size_t *len, const char **at)
{
    const char *p = *at;
    uint8_t *out;
    char *digits;

    ck_assert_int_eq(*p, '"');
    p++;
    if (p[0] == '0' && p[1] == 'x')
        p += 2;
    *len = strcspn(p, "\"") / 2;
    digits = strndup(p, 2 * *len);
    out = malloc(*len + 1);
    ck_assert(digits && out);
    ck_assert_int_eq(hex_decode(out, *len, digits), 0);
    free(digits);
    *at = strchr(p, '"') + 1;
    return out;
}

static const char *next_field(const char *p, const char *name)
{
    p = strstr(p, name);
    if (!p)
        return NULL;
    p = strchr(p + strlen(name), ':');
    ck_assert_ptr_nonnull(p);
    return skip_blanks(p + 1);
}

static char *load(const char *name)
{
    size_t len;
    char *text = (char *)harness_data(&len, name);

    if (text)
        text[len] = '\0';
    return text;
}

START_TEST(encoding_gives_the_published_bytes)
{
    char *text = load("ethereum/vectors/rlp-trie/RLPTests/rlptest.json");
    const char *p = text;
    unsigned cases = 0;

    if (!text)
        return;
    while ((p = next_field(p, "\"in\""))) {
        struct buf got;
        size_t len;
        uint8_t *want;

        buf_init(&got, 1 << 20);
        p = next_field(write_value(&got, p), "\"out\"");
        want = read_hex(&len, &p);
        ck_assert_int_eq(got.err, 0);
        ck_assert_uint_eq(got.len, len);
        ck_assert_mem_eq(got.data, want, len);
        ck_assert_int_eq(rlp_check(want, len), 0);
        buf_free(&got);
        free(want);
        cases++;
    }
    ck_assert_uint_eq(cases, 28);
    free(text);
}
END_TEST

START_TEST(the_published_invalid_encodings_are_refused)
{
    char *text = load("ethereum/vectors/rlp-trie/RLPTests/invalidRLPTest.json");
    const char *p = text;
    unsigned cases = 0;

    if (!text)
        return;
    while ((p = next_field(p, "\"out\""))) {
        size_t len;
        uint8_t *data = read_hex(&len, &p);
        int rc = rlp_check(data, len);

        ck_assert_msg(rc < 0, "case %u was accepted", cases);
        free(data);
        cases++;
    }
    ck_assert_uint_ge(cases, 26);
    free(text);
}
END_TEST

/* --- rules --- */

static struct reader hex_reader(uint8_t out[64], const char *hex)
{
    ck_assert_int_eq(hex_decode(out, strlen(hex) / 2, hex), 0);
    return reader_of(out, strlen(hex) / 2);
}

START_TEST(integers_are_read_in_their_shortest_form_only)
{
    static const struct {
        const char *hex;
        uint64_t value;
        int err;
    } rows[] = {
        {"80", 0, 0},
        {"01", 1, 0},
        {"7f", 127, 0},
        {"8180", 128, 0},
        {"820400", 1024, 0},
        {"88ffffffffffffffff", UINT64_MAX, 0},
        {"00", 0, PN_ENONCANONICAL},
        {"8100", 0, PN_ENONCANONICAL},
        {"817f", 0, PN_ENONCANONICAL},
        {"820001", 0, PN_ENONCANONICAL},
        {"89010000000000000000", 0, PN_ETOOLARGE},
        {"c0", 0, PN_EFORMAT},
        {"82ff", 0, PN_ETRUNCATED},
        {"", 0, PN_ETRUNCATED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t raw[64];
        struct reader r = hex_reader(raw, rows[i].hex);
        uint64_t v = rlp_read_u64(&r);

        ck_assert_msg(v == rows[i].value && r.err == rows[i].err, "%s: %llu, %s", rows[i].hex,
                      (unsigned long long)v, pn_errname(r.err));
    }
}
END_TEST

START_TEST(a_list_that_is_left_closed_refuses_what_follows_and_left_open_passes_it_over)
{
    uint8_t raw[64];
    struct reader r = hex_reader(raw, "c3010203"), list = rlp_read_list(&r);

    ck_assert_uint_eq(rlp_read_u64(&list), 1);
    rlp_leave(&r, &list);
    ck_assert_int_eq(r.err, PN_ETRAILING);
    r = hex_reader(raw, "c3010203");
    list = rlp_read_list(&r);
    ck_assert_uint_eq(rlp_read_u64(&list), 1);
    rlp_leave_open(&r, &list);
    ck_assert_int_eq(reader_finish(&r), 0);
}
END_TEST

START_TEST(an_element_cannot_reach_behind_its_list)
{
    uint8_t raw[64];
    struct reader r = hex_reader(raw, "c2830102030405"), list = rlp_read_list(&r);

    ck_assert_uint_eq(rlp_read_bytes(&list, 10).len, 0);
    ck_assert_int_eq(list.err, PN_ETRUNCATED);
    ck_assert_int_lt(rlp_check(raw, 7), 0);
}
END_TEST

START_TEST(counting_stops_at_the_limit)
{
    uint8_t raw[64];
    struct reader r = hex_reader(raw, "c501c0820102"), list = rlp_read_list(&r), again = list;

    ck_assert_uint_eq(rlp_count(&list, 3), 3);
    ck_assert_int_eq(list.err, 0);
    ck_assert_uint_eq(rlp_count(&again, 2), 0);
    ck_assert_int_eq(again.err, PN_ECOUNT);
}
END_TEST

START_TEST(nesting_is_bounded)
{
    uint8_t deep[RLP_MAX_DEPTH + 2];

    for (size_t n = 1; n <= sizeof deep; n++) {
        for (size_t i = 0; i < n; i++)
            deep[i] = (uint8_t)(0xc0 + n - 1 - i);
        ck_assert_int_eq(rlp_check(deep, n), n <= RLP_MAX_DEPTH ? 0 : PN_ELIMIT);
    }
}
END_TEST

START_TEST(every_cut_of_a_valid_item_is_refused)
{
    uint8_t raw[64];
    struct reader r = hex_reader(raw, "d083646f67c3c0c180b8380102030405060708");
    size_t len = reader_left(&r);

    ck_assert_int_eq(rlp_check(raw, 17), PN_ETRUNCATED); /* the long string's bytes are missing */
    for (size_t cut = 0; cut < 4; cut++)
        ck_assert_int_lt(rlp_check(raw + 1, cut), 0);
    ck_assert_int_eq(rlp_check(raw + 1, 4), 0);
    ck_assert_int_eq(rlp_check(raw + 1, 5), PN_ETRAILING);
    (void)len;
}
END_TEST

START_TEST(lists_of_every_length_around_the_short_form_read_back)
{
    for (size_t n = 0; n < 70; n++) {
        struct buf b;
        struct reader r, list;
        size_t mark;

        buf_init(&b, 1000);
        mark = rlp_list_begin(&b);
        for (size_t i = 0; i < n; i++)
            rlp_write_u64(&b, 5);
        rlp_list_end(&b, mark);
        ck_assert_int_eq(rlp_check(b.data, b.len), 0);
        r = reader_of(b.data, b.len);
        list = rlp_read_list(&r);
        ck_assert_uint_eq(rlp_count(&list, 100), n);
        buf_free(&b);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rlp");
    TCase *t = tcase_create("rlp");

    suite_add_tcase(s, t);
    tcase_add_test(t, encoding_gives_the_published_bytes);
    tcase_add_test(t, the_published_invalid_encodings_are_refused);
    tcase_add_test(t, integers_are_read_in_their_shortest_form_only);
    tcase_add_test(t, a_list_that_is_left_closed_refuses_what_follows_and_left_open_passes_it_over);
    tcase_add_test(t, an_element_cannot_reach_behind_its_list);
    tcase_add_test(t, counting_stops_at_the_limit);
    tcase_add_test(t, nesting_is_bounded);
    tcase_add_test(t, every_cut_of_a_valid_item_is_refused);
    tcase_add_test(t, lists_of_every_length_around_the_short_form_read_back);
    return harness_run(s);
}
