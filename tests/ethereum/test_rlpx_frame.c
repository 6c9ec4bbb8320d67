/* Frames, and the stream in every chunking. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "harness.h"
#include "rlpx_pair.h"

static void assert_hex(const uint8_t *got, size_t len, const char *want)
{
    char text[2 * 64 + 1];

    hex_encode(text, got, len);
    ck_assert_str_eq(text, want);
}

/* go-ethereum, TestFrameReadWrite: the hash of nothing as secrets, code 8, [1, 2, 3, 4]. Its MACs
 * come from a hash that is none; the ciphertext is the real one. */
START_TEST(the_ciphertext_of_the_published_frame_is_the_published_one)
{
    struct rlpx_secrets secrets = {0};
    struct rlpx_half egress;
    struct buf out;

    keccak256(secrets.aes, "", 0);
    keccak256(secrets.mac, "", 0);
    keccak256_init(&secrets.egress);
    rlpx_egress_init(&egress, &secrets);
    buf_init(&out, 4096);
    ck_assert_int_eq(rlpx_frame_seal(&egress, &out, 8,
                                     (struct bytes){(const uint8_t *)"\xc4\1\2\3\4", 5}, false),
                     0);
    ck_assert_uint_eq(out.len, 64);
    assert_hex(out.data, 16, "00828ddae471818bb0bfa6b551d1cb42");
    assert_hex(out.data + 32, 16, "ba628a4ba590cb43f7848f41c4382885");
    buf_free(&out);
}
END_TEST

START_TEST(frames_come_out_as_they_went_in_whatever_the_chunks)
{
    static const size_t sizes[] = {0, 1, 14, 15, 16, 17, 31, 32, 255, 256, 5000, 70000};
    static const size_t chunks[] = {1, 2, 15, 16, 31, 32, 33, 4096, 1000000};
    static uint8_t payload[70000];

    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * i >> 3);
    for (unsigned c = 0; c < sizeof chunks / sizeof chunks[0]; c++) {
        struct link *l;
        size_t at = 0;

        l = link_up();
        for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            ck_assert_int_eq(rlpx_frame_seal(&l->egress, &l->wire, 16 * i,
                                             (struct bytes){payload, sizes[i]}, false),
                             0);
        for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct rlpx_item item;

            ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, chunks[c]), 1);
            ck_assert_uint_eq(item.code, 16 * i);
            ck_assert_uint_eq(item.payload.len, sizes[i]);
            if (sizes[i])
                ck_assert_mem_eq(item.payload.data, payload, sizes[i]);
        }
        ck_assert_uint_eq(at, l->wire.len);
        link_down(l);
    }
}
END_TEST

START_TEST(handshake_packets_and_frames_behind_them_pass_through_one_stream)
{
    struct rlpx_item item;
    struct link *l;
    size_t at = 0;

    l = link_up();
    rlpx_stream_free(&l->stream);
    rlpx_stream_init(&l->stream, RLPX_FRAME_MAX);
    buf_append(&l->wire, l->p->auth.data, l->p->auth.len);
    rlpx_frame_seal(&l->egress, &l->wire, 0, (struct bytes){(const uint8_t *)"hello", 5}, false);
    ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 4096), 1);
    ck_assert_uint_eq(item.payload.len, l->p->auth.len);
    ck_assert_mem_eq(item.payload.data, l->p->auth.data, l->p->auth.len);
    rlpx_stream_encrypt(&l->stream, &l->p->of_b);
    ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 4096), 1);
    ck_assert_uint_eq(item.payload.len, 5);
    link_down(l);
}
END_TEST

START_TEST(a_packet_length_outside_its_bounds_ends_the_stream_at_once)
{
    static const struct {
        uint16_t size;
        int want;
    } cases[] = {
        {0, PN_EHANDSHAKE},   {RLPX_PACKET_MIN - 1, PN_EHANDSHAKE}, {RLPX_PACKET_MIN, 0},
        {RLPX_PACKET_MAX, 0}, {RLPX_PACKET_MAX + 1, PN_EHANDSHAKE}, {0xffff, PN_EHANDSHAKE}};

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rlpx_stream s;
        struct rlpx_item item;
        struct buf wire;
        size_t at = 0;

        rlpx_stream_init(&s, RLPX_FRAME_MAX);
        buf_init(&wire, 16);
        store_be16(buf_extend(&wire, 2), cases[i].size);
        ck_assert_int_eq(feed(&s, &item, &wire, &at, 2), cases[i].want);
        rlpx_stream_free(&s);
        buf_free(&wire);
    }
}
END_TEST

/* One wrong bit anywhere is fatal, and stays so. */
START_TEST(a_frame_with_any_bit_changed_ends_the_stream)
{
    for (size_t bit = 0; bit < 8 * 80; bit += 7) {
        struct rlpx_item item;
        struct link *l;
        size_t at = 0;

        l = link_up();
        rlpx_frame_seal(&l->egress, &l->wire, 3,
                        (struct bytes){(const uint8_t *)"0123456789abcdef", 16}, false);
        ck_assert_uint_eq(l->wire.len, 80);
        l->wire.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 4096), PN_EMAC);
        ck_assert_int_eq(rlpx_stream_next(&l->stream, &item), PN_EMAC);
        ck_assert_ptr_null(rlpx_stream_space(&l->stream, &at));
        link_down(l);
    }
}
END_TEST

START_TEST(a_frame_repeated_or_left_out_ends_the_stream)
{
    struct rlpx_item item;
    struct link *l;
    size_t at = 0, first;

    l = link_up();
    rlpx_frame_seal(&l->egress, &l->wire, 3, (struct bytes){(const uint8_t *)"a", 1}, false);
    first = l->wire.len;
    buf_extend(&l->wire, first);
    memcpy(l->wire.data + first, l->wire.data, first);
    ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 4096), 1);
    ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 4096), PN_EMAC);
    link_down(l);

    l = link_up();
    rlpx_frame_seal(&l->egress, &l->wire, 3, (struct bytes){(const uint8_t *)"a", 1}, false);
    at = l->wire.len;
    rlpx_frame_seal(&l->egress, &l->wire, 3, (struct bytes){(const uint8_t *)"a", 1}, false);
    ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 4096), PN_EMAC);
    link_down(l);
}
END_TEST

/* R3: memory follows what arrives, not what a header announces. */
START_TEST(an_announced_frame_costs_no_memory_before_it_arrives)
{
    static uint8_t payload[8 * 1024 * 1024];
    struct rlpx_item item;
    struct link *l;
    size_t at = 0;

    l = link_up();
    ck_assert_int_eq(
        rlpx_frame_seal(&l->egress, &l->wire, 1, (struct bytes){payload, sizeof payload}, false),
        0);
    l->wire.len = RLPX_HEADER_BYTES + 1;
    ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 4096), 0);
    ck_assert_uint_eq(at, RLPX_HEADER_BYTES + 1);
    ck_assert_uint_le(l->stream.cap, RLPX_STREAM_FIRST_BYTES);
    for (size_t have = 100000; have <= 4000000; have *= 2) {
        l->wire.len = have;
        ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 1000000), 0);
        ck_assert_uint_le(l->stream.cap, 2 * have + RLPX_STREAM_AHEAD_BYTES);
    }
    link_down(l);
}
END_TEST

START_TEST(a_frame_above_the_limit_passes_by_and_is_refused)
{
    static uint8_t payload[5000];
    struct rlpx_item item;
    struct link *l;
    size_t at = 0;

    l = link_up();
    l->stream.max_frame = 4999;
    rlpx_frame_seal(&l->egress, &l->wire, 1, (struct bytes){payload, 4998}, false);
    ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 100000), 1);
    rlpx_frame_seal(&l->egress, &l->wire, 1, (struct bytes){payload, 4999}, false);
    l->wire.len--; /* its last byte is still to come */
    ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 100), 0);
    ck_assert_uint_lt(l->stream.cap, 20000); /* what the frame before it has left */
    l->wire.len++;
    ck_assert_int_eq(feed(&l->stream, &item, &l->wire, &at, 100000), PN_ETOOLARGE);
    link_down(l);
}
END_TEST

START_TEST(what_does_not_fit_into_a_frame_is_not_sent)
{
    static uint8_t payload[RLPX_FRAME_MAX];
    struct link *l;

    l = link_up();
    ck_assert_int_eq(
        rlpx_frame_seal(&l->egress, &l->wire, 1, (struct bytes){payload, sizeof payload}, false),
        PN_ETOOLARGE);
    ck_assert_uint_eq(l->wire.len, 0);
    ck_assert_int_eq(rlpx_frame_seal(&l->egress, &l->wire, 1,
                                     (struct bytes){payload, sizeof payload - 1}, false),
                     0);
    link_down(l);
}
END_TEST

START_TEST(frame_data_without_a_good_code_is_refused)
{
    static const char *const data[] = {"",         "\xc0",    "\x82\x00\x01", "\x83\x01\x00\x00",
                                       "\x81\x05", "\x82\xff"};
    static const size_t sizes[] = {0, 1, 3, 4, 2, 2};

    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct bytes payload;
        unsigned code;

        ck_assert_int_eq(
            rlpx_data_parse(&code, &payload, (struct bytes){(const uint8_t *)data[i], sizes[i]}),
            PN_EFORMAT);
    }
}
END_TEST

START_TEST(a_stream_without_memory_says_so_and_goes_on_later)
{
    struct rlpx_stream s;
    size_t len;

    rlpx_stream_init(&s, RLPX_FRAME_MAX);
    mem_fail_at(1, 0);
    ck_assert_ptr_null(rlpx_stream_space(&s, &len));
    ck_assert_ptr_nonnull(rlpx_stream_space(&s, &len));
    ck_assert_uint_eq(len, RLPX_STREAM_FIRST_BYTES);
    rlpx_stream_free(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rlpx_frame");
    TCase *t = tcase_create("rlpx_frame");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_ciphertext_of_the_published_frame_is_the_published_one);
    tcase_add_test(t, frames_come_out_as_they_went_in_whatever_the_chunks);
    tcase_add_test(t, handshake_packets_and_frames_behind_them_pass_through_one_stream);
    tcase_add_test(t, a_packet_length_outside_its_bounds_ends_the_stream_at_once);
    tcase_add_test(t, a_frame_with_any_bit_changed_ends_the_stream);
    tcase_add_test(t, a_frame_repeated_or_left_out_ends_the_stream);
    tcase_add_test(t, an_announced_frame_costs_no_memory_before_it_arrives);
    tcase_add_test(t, a_frame_above_the_limit_passes_by_and_is_refused);
    tcase_add_test(t, what_does_not_fit_into_a_frame_is_not_sent);
    tcase_add_test(t, frame_data_without_a_good_code_is_refused);
    tcase_add_test(t, a_stream_without_memory_says_so_and_goes_on_later);
    return harness_run(s);
}
