/* Compressed payloads, Hello and Disconnect. */
#include <string.h>

#include "base/err.h"
#include "base/random.h"
#include "codec/hex.h"
#include "ethereum/rlpx/compress.h"
#include "ethereum/rlpx/hello.h"
#include "harness.h"

static struct bytes bytes_of(const struct buf *b)
{
    return (struct bytes){.data = b->data, .len = b->len};
}

START_TEST(payloads_survive_compression)
{
    struct buf small, large;
    uint8_t payload[3000];

    buf_init(&small, 100000);
    buf_init(&large, 100000);
    for (size_t len = 0; len <= sizeof payload; len += 250) {
        random_bytes(payload, len / 2);
        memset(payload + len / 2, 7, len - len / 2);
        buf_reset(&small);
        buf_reset(&large);
        ck_assert_int_eq(rlpx_compress(&small, (struct bytes){payload, len}), 0);
        ck_assert_int_eq(rlpx_decompress(&large, bytes_of(&small), len), 0);
        ck_assert_uint_eq(large.len, len);
        if (len)
            ck_assert_mem_eq(large.data, payload, len);
        if (len) {
            buf_reset(&large);
            ck_assert_int_eq(rlpx_decompress(&large, bytes_of(&small), len - 1), PN_ETOOLARGE);
        }
    }
    buf_free(&small);
    buf_free(&large);
}
END_TEST

/* R4: the claim is checked before anything is allocated. */
START_TEST(a_claimed_length_costs_nothing)
{
    static const struct {
        const char *data;
        size_t len;
        int want;
    } cases[] = {
        {"\xff\xff\xff\xff\x0f", 5, PN_ETOOLARGE},                /* 4 GiB */
        {"\x80\x80\x80\x08", 4, PN_ETOOLARGE},                    /* 16 MiB */
        {"\x80\x80\x80\x04 in a few bytes", 20, PN_ECOMPRESSION}, /* 8 MiB: below the limit */
        {"", 0, PN_ECOMPRESSION},
        {"\xff\xff\xff\xff\xff\xff", 6, PN_ECOMPRESSION},
        {"\x05\x10"
         "abc",
         5, PN_ECOMPRESSION}, /* ends early */
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes in = {.data = (const uint8_t *)cases[i].data, .len = cases[i].len};
        struct buf out;

        buf_init(&out, 64 * 1024 * 1024);
        ck_assert_int_eq(rlpx_decompress(&out, in, 10 * 1024 * 1024), cases[i].want);
        ck_assert_uint_le(out.cap, 128);
        buf_free(&out);
    }
}
END_TEST

START_TEST(a_hello_survives_its_encoding)
{
    struct rlpx_hello in = {.version = 5,
                            .client = "p2pnode/0.1.0/linux",
                            .caps = {{"eth", 68}, {"eth", 69}, {"snap", 1}},
                            .n_caps = 3,
                            .port = 30303};
    struct rlpx_hello out;
    struct buf b;

    random_bytes(in.pubkey, sizeof in.pubkey);
    buf_init(&b, RLPX_BASE_MESSAGE_MAX);
    ck_assert_int_eq(rlpx_hello_encode(&b, &in), 0);
    ck_assert_int_eq(rlpx_hello_decode(&out, bytes_of(&b)), 0);
    ck_assert_mem_eq(&in, &out, sizeof in);
    for (size_t len = 0; len < b.len; len++)
        ck_assert_int_lt(rlpx_hello_decode(&out, (struct bytes){b.data, len}), 0);
    buf_free(&b);
}
END_TEST

/* EIP-8: a Hello of a later version, with further elements. */
START_TEST(the_hello_of_eip_8_is_understood)
{
    static const char text[] =
        "f87137916b6e6574682f76302e39312f706c616e39cdc5836574683dc6846d6f726b1682270fb840fda1cff674"
        "c90c9a197539fe3dfb53086ace64f83ed7c6eabec741f7f381cc803e52ab2cd55d5569bce4347107a310dfd5f8"
        "8a010cd2ffd1005ca406f1842877c883666f6f836261720304";
    uint8_t raw[sizeof text / 2];
    struct rlpx_hello h;

    ck_assert_int_eq(hex_decode(raw, sizeof raw, text), 0);
    ck_assert_int_eq(rlpx_hello_decode(&h, (struct bytes){raw, sizeof raw}), 0);
    ck_assert_uint_eq(h.version, 55);
    ck_assert_str_eq(h.client, "kneth/v0.91/plan9");
    ck_assert_uint_eq(h.n_caps, 2);
    ck_assert_str_eq(h.caps[0].name, "eth");
    ck_assert_uint_eq(h.caps[0].version, 61);
    ck_assert_str_eq(h.caps[1].name, "mork");
    ck_assert_uint_eq(h.port, 9999);
}
END_TEST

START_TEST(what_a_peer_calls_itself_is_made_printable)
{
    struct rlpx_hello in = {.version = 5, .client = "evil\x1b[31m\nname"};
    struct rlpx_hello out;
    struct buf b;

    buf_init(&b, RLPX_BASE_MESSAGE_MAX);
    ck_assert_int_eq(rlpx_hello_encode(&b, &in), 0);
    ck_assert_int_eq(rlpx_hello_decode(&out, bytes_of(&b)), 0);
    ck_assert_str_eq(out.client, "evil?[31m?name");
    buf_free(&b);
}
END_TEST

START_TEST(more_capabilities_than_there_is_room_for_are_passed_over)
{
    struct buf b;
    struct rlpx_hello out;
    uint8_t key[EC_PUBKEY_BYTES] = {9};

    buf_init(&b, 8192);
    /* [5, "x", [["a", 1] x 300], 0, key] */
    buf_append(&b, "\xf9\x04\xf8\x05x\xf9\x04\xb0", 8);
    for (int i = 0; i < 300; i++)
        buf_append(&b,
                   "\xc2"
                   "a\x01\xc0",
                   3);
    for (int i = 0; i < 300; i++)
        buf_append(&b, "\xc0", 1);
    buf_append(&b, "\x80\xb8\x40", 3);
    buf_append(&b, key, sizeof key);
    store_be16(b.data + 1, (uint16_t)(b.len - 3));
    ck_assert_int_eq(rlpx_hello_decode(&out, bytes_of(&b)), 0);
    ck_assert_uint_eq(out.n_caps, RLPX_CAPS_MAX);
    ck_assert_mem_eq(out.pubkey, key, sizeof key);
    buf_free(&b);
}
END_TEST

START_TEST(a_disconnect_is_read_in_both_of_its_forms)
{
    static const struct {
        const char *data;
        size_t len;
        int rc;
        unsigned reason;
    } cases[] = {
        {"\xc1\x04", 2, 0, 4},      {"\x04", 1, 0, 4},
        {"\xc0", 1, 0, 0},          {"\x80", 1, 0, 0},
        {"\xc1\x80", 2, 0, 0},      {"\xc2\x10\x01", 3, 0, 16},
        {"\x10", 1, 0, 16},         {"\xc3\x82\xff\xff", 4, 0, 255},
        {"", 0, PN_EFORMAT, 0},     {"\xc5\x04", 2, PN_EFORMAT, 0},
        {"\xb8", 1, PN_EFORMAT, 0},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned reason = 0;
        struct bytes in = {.data = (const uint8_t *)cases[i].data, .len = cases[i].len};

        ck_assert_msg(rlpx_disconnect_decode(&reason, in) == cases[i].rc, "case %u", i);
        ck_assert_msg(reason == cases[i].reason, "case %u gives %u", i, reason);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rlpx_hello");
    TCase *t = tcase_create("rlpx_hello");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, payloads_survive_compression);
    tcase_add_test(t, a_claimed_length_costs_nothing);
    tcase_add_test(t, a_hello_survives_its_encoding);
    tcase_add_test(t, the_hello_of_eip_8_is_understood);
    tcase_add_test(t, what_a_peer_calls_itself_is_made_printable);
    tcase_add_test(t, more_capabilities_than_there_is_room_for_are_passed_over);
    tcase_add_test(t, a_disconnect_is_read_in_both_of_its_forms);
    return harness_run(s);
}
