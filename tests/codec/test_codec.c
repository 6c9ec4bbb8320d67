/* Cursors, compact sizes and hexadecimal text. */
#include <stdlib.h>

#include "base/mem.h"
#include "codec/compact.h"
#include "codec/hex.h"
#include "harness.h"

/* --- cursors --- */

START_TEST(a_reader_gives_numbers_in_wire_order)
{
    static const uint8_t data[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
                                   0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11};
    struct reader r = reader_of(data, sizeof data);

    ck_assert_uint_eq(read_u8(&r), 0x01);
    ck_assert_uint_eq(read_le16(&r), 0x0302);
    ck_assert_uint_eq(read_be16(&r), 0x0405);
    ck_assert_uint_eq(read_le32(&r), 0x09080706);
    ck_assert_uint_eq(read_le64(&r), UINT64_C(0x11100f0e0d0c0b0a));
    ck_assert_int_eq(reader_finish(&r), 0);
}
END_TEST

START_TEST(a_writer_puts_numbers_in_wire_order)
{
    static const uint8_t want[] = {0x01, 0x03, 0x02, 0x04, 0x05, 0x09, 0x08, 0x07, 0x06,
                                   0x11, 0x10, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a};
    struct buf b;

    buf_init(&b, 100);
    write_u8(&b, 0x01);
    write_le16(&b, 0x0203);
    write_be16(&b, 0x0405);
    write_le32(&b, 0x06070809);
    write_le64(&b, UINT64_C(0x0a0b0c0d0e0f1011));
    ck_assert_uint_eq(b.len, sizeof want);
    ck_assert_mem_eq(b.data, want, sizeof want);
    buf_free(&b);
}
END_TEST

/* One byte too few for each read: the error sticks, and all that is read after it is zero. */
START_TEST(after_the_first_failure_a_reader_gives_zeros)
{
    static const uint8_t data[7] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t zeros[4];
    struct reader r = reader_of(data, sizeof data);
    uint8_t copy[4] = {1, 1, 1, 1};
    struct bytes slice;

    ck_assert_uint_eq(read_le64(&r), 0);
    ck_assert_int_eq(r.err, PN_ETRUNCATED);
    ck_assert_uint_eq(reader_left(&r), 0);
    ck_assert_uint_eq(read_u8(&r), 0);
    ck_assert_uint_eq(read_le16(&r), 0);
    ck_assert_uint_eq(read_be16(&r), 0);
    ck_assert_uint_eq(read_le32(&r), 0);
    ck_assert_uint_eq(read_compact_u64(&r), 0);
    read_copy(&r, copy, sizeof copy);
    ck_assert_mem_eq(copy, zeros, sizeof copy);
    slice = read_slice(&r, 1);
    ck_assert(!slice.data && slice.len == 0);
    ck_assert_int_eq(reader_finish(&r), PN_ETRUNCATED);
}
END_TEST

START_TEST(the_first_error_of_a_reader_is_the_one_that_stays)
{
    struct reader r = reader_of("abc", 3);

    ck_assert_int_eq(reader_fail(&r, PN_EFORMAT), PN_EFORMAT);
    ck_assert_int_eq(reader_fail(&r, PN_ECOUNT), PN_EFORMAT);
    read_le64(&r);
    ck_assert_int_eq(reader_finish(&r), PN_EFORMAT);
}
END_TEST

START_TEST(bytes_left_over_are_an_error)
{
    struct reader r = reader_of("abc", 3);

    read_le16(&r);
    ck_assert_int_eq(reader_finish(&r), PN_ETRAILING);
}
END_TEST

START_TEST(a_slice_borrows_from_its_reader)
{
    static const char data[] = "abcdef";
    struct reader r = reader_of(data, 6);
    struct bytes slice;

    read_u8(&r);
    slice = read_slice(&r, 4);
    ck_assert_ptr_eq(slice.data, data + 1);
    ck_assert_uint_eq(slice.len, 4);
    ck_assert_uint_eq(reader_left(&r), 1);
}
END_TEST

START_TEST(the_first_error_of_a_writer_stays)
{
    struct buf b;

    buf_init(&b, 5);
    write_le32(&b, 1);
    write_le16(&b, 2);
    write_u8(&b, 3); /* would fit, but a hole in a message is no message */
    ck_assert_int_eq(b.err, PN_ETOOLARGE);
    ck_assert_uint_eq(b.len, 4);
    buf_free(&b);
    mem_fail_at(1, 0);
    write_u8(&b, 1);
    mem_fail_at(0, 0);
    write_compact(&b, 1);
    ck_assert_int_eq(b.err, PN_ENOMEM);
    ck_assert_uint_eq(b.len, 0);
    buf_free(&b);
}
END_TEST

/* --- compact sizes --- */

static const struct {
    uint64_t value;
    size_t size;
    uint8_t raw[9];
} compacts[] = {
    {0, 1, {0x00}},
    {1, 1, {0x01}},
    {0xfc, 1, {0xfc}},
    {0xfd, 3, {0xfd, 0xfd, 0x00}},
    {0xff, 3, {0xfd, 0xff, 0x00}},
    {0x100, 3, {0xfd, 0x00, 0x01}},
    {0xffff, 3, {0xfd, 0xff, 0xff}},
    {0x10000, 5, {0xfe, 0x00, 0x00, 0x01, 0x00}},
    {0x02000000, 5, {0xfe, 0x00, 0x00, 0x00, 0x02}},
    {0xffffffff, 5, {0xfe, 0xff, 0xff, 0xff, 0xff}},
    {UINT64_C(0x100000000), 9, {0xff, 0x00, 0x00, 0x00, 0x00, 0x01}},
    {UINT64_MAX, 9, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
};

enum { COMPACTS = sizeof compacts / sizeof compacts[0] };

START_TEST(a_compact_size_has_one_encoding_of_known_length)
{
    struct reader r = reader_of(compacts[_i].raw, compacts[_i].size);
    struct buf b;

    ck_assert_uint_eq(read_compact_u64(&r), compacts[_i].value);
    ck_assert_int_eq(reader_finish(&r), 0);
    ck_assert_uint_eq(compact_size(compacts[_i].value), compacts[_i].size);
    buf_init(&b, 9);
    write_compact(&b, compacts[_i].value);
    ck_assert_uint_eq(b.len, compacts[_i].size);
    ck_assert_mem_eq(b.data, compacts[_i].raw, b.len);
    buf_free(&b);
}
END_TEST

START_TEST(a_compact_size_cut_short_is_truncated)
{
    for (size_t cut = 0; cut < compacts[_i].size; cut++) {
        struct reader r = reader_of(compacts[_i].raw, cut);

        ck_assert_uint_eq(read_compact_u64(&r), 0);
        ck_assert_int_eq(r.err, PN_ETRUNCATED);
    }
}
END_TEST

START_TEST(a_longer_encoding_than_needed_is_refused)
{
    static const struct {
        size_t size;
        uint8_t raw[9];
    } rows[] = {
        {3, {0xfd, 0x00, 0x00}},
        {3, {0xfd, 0xfc, 0x00}},
        {5, {0xfe, 0x00, 0x00, 0x00, 0x00}},
        {5, {0xfe, 0xfd, 0x00, 0x00, 0x00}},
        {5, {0xfe, 0xff, 0xff, 0x00, 0x00}},
        {9, {0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
        {9, {0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reader r = reader_of(rows[i].raw, rows[i].size);

        ck_assert_uint_eq(read_compact_u64(&r), 0);
        ck_assert_msg(r.err == PN_ENONCANONICAL, "row %zu: got %s", i, pn_errname(r.err));
    }
}
END_TEST

/* `left` bytes follow the length or count. */
struct announced {
    uint64_t value;
    size_t left, max, elem_bytes;
    int rc;
};

static struct reader announce(uint8_t data[32], const struct announced *row)
{
    struct buf b;
    struct reader r;

    buf_init(&b, 9);
    write_compact(&b, row->value);
    memset(data, 0, 32);
    memcpy(data, b.data, b.len);
    r = reader_of(data, b.len + row->left);
    buf_free(&b);
    return r;
}

START_TEST(a_length_is_at_most_its_limit_and_what_is_left)
{
    static const struct announced rows[] = {
        {0, 0, 0, 1, 0},
        {5, 5, 5, 1, 0},
        {5, 5, 4, 1, PN_ETOOLARGE},
        {6, 5, 100, 1, PN_ETRUNCATED},
        {COMPACT_MAX, 5, SIZE_MAX, 1, PN_ETRUNCATED},
        {COMPACT_MAX + 1, 5, SIZE_MAX, 1, PN_ETOOLARGE},
        {UINT64_MAX, 5, SIZE_MAX, 1, PN_ETOOLARGE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t data[32];
        struct reader r = announce(data, &rows[i]);

        ck_assert_uint_eq(read_compact_len(&r, rows[i].max), rows[i].rc ? 0 : rows[i].value);
        ck_assert_msg(r.err == rows[i].rc, "row %zu: got %s", i, pn_errname(r.err));
    }
}
END_TEST

START_TEST(a_count_is_at_most_its_limit_and_what_the_bytes_left_can_hold)
{
    static const struct announced rows[] = {
        {0, 0, 0, 36, 0},
        {2, 20, 2, 10, 0},
        {2, 19, 2, 10, PN_ECOUNT},
        {3, 20, 2, 1, PN_ECOUNT},
        {5, 5, 5, 0, 0}, /* an element has a byte at least */
        {6, 5, 9, 0, PN_ECOUNT},
        {COMPACT_MAX + 1, 20, SIZE_MAX, 1, PN_ECOUNT},
        {UINT64_MAX, 20, SIZE_MAX, 10, PN_ECOUNT},
        {UINT64_MAX / 10 + 1, 20, SIZE_MAX, 10, PN_ECOUNT}, /* the product wraps to 4 */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t data[32];
        struct reader r = announce(data, &rows[i]);
        size_t count = read_compact_count(&r, rows[i].max, rows[i].elem_bytes);

        ck_assert_uint_eq(count, rows[i].rc ? 0 : rows[i].value);
        ck_assert_msg(r.err == rows[i].rc, "row %zu: got %s", i, pn_errname(r.err));
    }
}
END_TEST

/* Core's MAX_SIZE holds also where the caller has no limit and the bytes would be there. */
START_TEST(nothing_on_the_wire_counts_beyond_32_mib)
{
    size_t len = COMPACT_MAX + 10;
    uint8_t *data = calloc(1, len); /* untouched but for the first page */
    struct reader r;

    ck_assert_ptr_nonnull(data);
    data[0] = 0xfe;
    for (uint32_t beyond = 0; beyond <= 1; beyond++) {
        store_le32(data + 1, (uint32_t)COMPACT_MAX + beyond);
        r = reader_of(data, len);
        ck_assert_uint_eq(read_compact_count(&r, SIZE_MAX, 1), beyond ? 0 : COMPACT_MAX);
        ck_assert_int_eq(r.err, beyond ? PN_ECOUNT : 0);
        r = reader_of(data, len);
        ck_assert_uint_eq(read_compact_len(&r, SIZE_MAX), beyond ? 0 : COMPACT_MAX);
        ck_assert_int_eq(r.err, beyond ? PN_ETOOLARGE : 0);
    }
    free(data);
}
END_TEST

/* --- hex --- */

START_TEST(hex_goes_both_ways)
{
    static const uint8_t data[] = {0x00, 0x01, 0x7f, 0x80, 0xab, 0xff};
    char text[2 * sizeof data + 1];
    uint8_t back[sizeof data];

    hex_encode(text, data, sizeof data);
    ck_assert_str_eq(text, "00017f80abff");
    ck_assert_int_eq(hex_decode(back, sizeof back, text), 0);
    ck_assert_mem_eq(back, data, sizeof data);
    ck_assert_int_eq(hex_decode(back, sizeof back, "00017F80aBFf"), 0);
    ck_assert_mem_eq(back, data, sizeof data);
    hex_encode(text, data, 0);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(hex_decode(back, 0, ""), 0);
}
END_TEST

START_TEST(hex_is_digits_and_nothing_else)
{
    static const char *const rows[] = {
        "",       "0",      "0011",   "00112",  "0011223", "00112g", "00112G",   "00112/",
        "00112:", "00112@", "00112`", " 00112", "0x0011",  "+00112", "00 112\n", "00112\xff"};
    uint8_t out[3];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(hex_decode(out, sizeof out, rows[i]) == PN_EFORMAT, "\"%s\" was taken",
                      rows[i]);
}
END_TEST

/* The genesis block's hash: the zeros that are shown first are stored last. */
START_TEST(a_hash_is_shown_reversed)
{
    static const char shown[] = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    uint8_t hash[32];
    char text[65];

    ck_assert_int_eq(hash_from_hex(hash, shown), 0);
    ck_assert_uint_eq(hash[0], 0x6f);
    ck_assert_uint_eq(hash[31], 0x00);
    hash_to_hex(text, hash);
    ck_assert_str_eq(text, shown);
    ck_assert_int_eq(hash_from_hex(hash, shown + 1), PN_EFORMAT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("codec");
    TCase *cursor = tcase_create("cursor"), *compact = tcase_create("compact"),
          *hex = tcase_create("hex");

    suite_add_tcase(s, cursor);
    tcase_add_test(cursor, a_reader_gives_numbers_in_wire_order);
    tcase_add_test(cursor, a_writer_puts_numbers_in_wire_order);
    tcase_add_test(cursor, after_the_first_failure_a_reader_gives_zeros);
    tcase_add_test(cursor, the_first_error_of_a_reader_is_the_one_that_stays);
    tcase_add_test(cursor, bytes_left_over_are_an_error);
    tcase_add_test(cursor, a_slice_borrows_from_its_reader);
    tcase_add_test(cursor, the_first_error_of_a_writer_stays);
    suite_add_tcase(s, compact);
    tcase_add_loop_test(compact, a_compact_size_has_one_encoding_of_known_length, 0, COMPACTS);
    tcase_add_loop_test(compact, a_compact_size_cut_short_is_truncated, 0, COMPACTS);
    tcase_add_test(compact, a_longer_encoding_than_needed_is_refused);
    tcase_add_test(compact, a_length_is_at_most_its_limit_and_what_is_left);
    tcase_add_test(compact, a_count_is_at_most_its_limit_and_what_the_bytes_left_can_hold);
    tcase_add_test(compact, nothing_on_the_wire_counts_beyond_32_mib);
    suite_add_tcase(s, hex);
    tcase_add_test(hex, hex_goes_both_ways);
    tcase_add_test(hex, hex_is_digits_and_nothing_else);
    tcase_add_test(hex, a_hash_is_shown_reversed);
    return harness_run(s);
}
