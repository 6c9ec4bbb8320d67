/* Framing: header errors, and that a stream gives the same frames however its bytes arrive, with
 * memory for what arrived and not for what was announced. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/wire/frame.h"
#include "harness.h"
#include "samples.h"

static const uint8_t magic[BTC_MAGIC_BYTES] = {0xfa, 0xbf, 0xb5, 0xda};

/* A verack as every Bitcoin node sends it, on regtest. */
static const uint8_t verack[BTC_FRAME_HEADER_BYTES] = {
    0xfa, 0xbf, 0xb5, 0xda, 'v', 'e', 'r', 'a', 'c',  'k',  0,    0,
    0,    0,    0,    0,    0,   0,   0,   0,   0x5d, 0xf6, 0xe0, 0xe2,
};

START_TEST(a_frame_is_encoded_as_the_network_knows_it)
{
    const struct btc_msg m = {.cmd = BTC_CMD_VERACK};
    struct buf b;

    buf_init(&b, 1000);
    ck_assert_int_eq(btc_frame_encode(&b, magic, &m), 0);
    ck_assert_uint_eq(b.len, sizeof verack);
    ck_assert_mem_eq(b.data, verack, sizeof verack);
    buf_free(&b);
}
END_TEST

START_TEST(a_frame_that_cannot_be_encoded_leaves_the_buffer_as_it_was)
{
    const struct btc_msg bad = {.cmd = BTC_CMD_FILTERLOAD,
                                .u.filterload = {.hash_funcs = BTC_FILTER_MAX_FUNCS + 1}};
    struct buf b;

    buf_init(&b, 1000);
    ck_assert_int_eq(btc_frame_wrap(&b, magic, BTC_CMD_VERACK, NULL, 0), 0);
    ck_assert_int_eq(btc_frame_encode(&b, magic, &bad), PN_ECOUNT);
    ck_assert_uint_eq(b.len, sizeof verack);
    ck_assert_mem_eq(b.data, verack, sizeof verack);
    b.err = 0;
    ck_assert_int_eq(btc_frame_wrap(&b, magic, BTC_CMD_PONG, "123456789", 9), PN_ETOOLARGE);
    ck_assert_uint_eq(b.len, sizeof verack);
    b.err = 0;
    ck_assert_int_eq(btc_frame_wrap(&b, magic, BTC_CMD_UNKNOWN, "", 0), PN_ENOENT);
    ck_assert_uint_eq(b.len, sizeof verack);
    buf_free(&b);
}
END_TEST

START_TEST(a_header_is_judged_by_magic_then_command_then_length)
{
    static const struct {
        size_t at;
        uint8_t value;
        int rc;
    } rows[] = {
        {0, 0xfa, 0},
        {0, 0xfb, PN_EMAGIC},
        {3, 0xdb, PN_EMAGIC},
        {4, 0x07, PN_ECOMMAND},
        {15, 0x41, PN_ECOMMAND},
        {16, 1, PN_ETOOLARGE},
        {19, 1, PN_ETOOLARGE},
        {23, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t raw[sizeof verack];
        struct btc_frame_header h;

        memcpy(raw, verack, sizeof raw);
        raw[rows[i].at] = rows[i].value;
        ck_assert_int_eq(btc_frame_header_decode(&h, raw, magic), rows[i].rc);
        if (rows[i].rc == 0 || rows[i].rc == PN_ETOOLARGE) {
            ck_assert_int_eq(h.cmd, BTC_CMD_VERACK);
            ck_assert_str_eq(h.command, "verack");
        }
    }
}
END_TEST

/* A header of that command and length, with an empty payload's checksum. */
static void header_of(uint8_t raw[BTC_FRAME_HEADER_BYTES], const char *command, uint32_t len)
{
    memcpy(raw, verack, BTC_FRAME_HEADER_BYTES);
    memset(raw + 4, 0, 12);
    memcpy(raw + 4, command, strlen(command));
    store_le32(raw + 16, len);
}

START_TEST(each_command_announces_up_to_its_own_limit)
{
    const struct btc_cmd_info *info = btc_cmd_info((enum btc_cmd)_i);
    uint8_t raw[BTC_FRAME_HEADER_BYTES];
    struct btc_frame_header h;

    header_of(raw, info->name, info->payload_limit);
    ck_assert_int_eq(btc_frame_header_decode(&h, raw, magic), 0);
    ck_assert_uint_eq(h.len, info->payload_limit);
    ck_assert_int_eq(h.cmd, _i);
    header_of(raw, info->name, info->payload_limit + 1);
    ck_assert_int_eq(btc_frame_header_decode(&h, raw, magic), PN_ETOOLARGE);
    ck_assert_int_eq(h.cmd, _i);
    header_of(raw, info->name, UINT32_MAX);
    ck_assert_int_eq(btc_frame_header_decode(&h, raw, magic), PN_ETOOLARGE);
}
END_TEST

START_TEST(a_payload_is_checked_for_length_and_checksum)
{
    struct btc_frame_header h;

    ck_assert_int_eq(btc_frame_header_decode(&h, verack, magic), 0);
    ck_assert_int_eq(btc_frame_check(&h, "", 0), 0);
    ck_assert_int_eq(btc_frame_check(&h, "x", 1), PN_ETRUNCATED);
    h.checksum[3] ^= 1;
    ck_assert_int_eq(btc_frame_check(&h, "", 0), PN_ECHECKSUM);
}
END_TEST

/* --- streams --- */

/* Every example of every message, framed one after the other. */
static void make_traffic(struct buf *out, size_t *frames)
{
    *frames = 0;
    buf_init(out, 10000000);
    for (unsigned cmd = BTC_CMD_UNKNOWN + 1; cmd < BTC_CMD_COUNT; cmd++) {
        struct buf payload;

        for (unsigned n = 0; sample_payload(&payload, (enum btc_cmd)cmd, n); n++) {
            ck_assert_int_eq(
                btc_frame_wrap(out, magic, (enum btc_cmd)cmd, payload.data, payload.len), 0);
            buf_free(&payload);
            *frames += 1;
        }
    }
}

/* Take all frames that are complete, and write what they hold behind each other. */
static size_t take_all(struct btc_stream *s, struct buf *seen)
{
    struct btc_frame f;
    size_t frames = 0;
    int rc;

    while ((rc = btc_stream_next(s, &f)) > 0) {
        ck_assert_int_eq(btc_frame_wrap(seen, magic, f.header.cmd, f.payload.data, f.payload.len),
                         0);
        frames++;
    }
    ck_assert_int_eq(rc, 0);
    return frames;
}

/* Feed `data` in pieces of `chunk` bytes, or of random size for 0. */
static size_t feed_chunked(struct btc_stream *s, struct buf *seen, const uint8_t *data, size_t len,
                           size_t chunk)
{
    size_t frames = 0;

    for (size_t at = 0; at < len;) {
        size_t piece = chunk ? chunk : 1 + random_below(3000);
        ssize_t took = btc_stream_feed(s, data + at, piece < len - at ? piece : len - at);

        ck_assert_int_gt(took, 0);
        at += (size_t)took;
        frames += take_all(s, seen);
        ck_assert_uint_le(s->cap, 2 * btc_stream_pending(s) + BTC_STREAM_FIRST_BYTES);
    }
    return frames;
}

START_TEST(any_chunking_gives_the_same_frames)
{
    static const size_t chunks[] = {1, 2, 3, 23, 24, 25, 4096, 0, SIZE_MAX};
    struct buf traffic, seen;
    struct btc_stream s;
    size_t frames;

    random_test_start(1);
    make_traffic(&traffic, &frames);
    ck_assert_uint_ge(frames, BTC_CMD_COUNT - 1);
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        buf_init(&seen, traffic.len);
        btc_stream_init(&s, magic);
        ck_assert_uint_eq(feed_chunked(&s, &seen, traffic.data, traffic.len, chunks[i]), frames);
        ck_assert_uint_eq(seen.len, traffic.len);
        ck_assert_mem_eq(seen.data, traffic.data, traffic.len);
        ck_assert_msg(!s.data, "an empty stream holds %zu bytes", s.cap);
        btc_stream_free(&s);
        buf_free(&seen);
    }
    buf_free(&traffic);
    random_test_stop();
}
END_TEST

START_TEST(an_announced_length_costs_nothing_before_its_bytes_arrive)
{
    uint8_t raw[BTC_FRAME_HEADER_BYTES];
    struct btc_stream s;
    struct btc_frame f;
    size_t room;

    header_of(raw, "block", BTC_BLOCK_MAX_BYTES);
    btc_stream_init(&s, magic);
    ck_assert_int_eq(btc_stream_feed(&s, raw, sizeof raw), sizeof raw);
    ck_assert_int_eq(btc_stream_next(&s, &f), 0);
    ck_assert_uint_le(s.cap, BTC_STREAM_FIRST_BYTES);
    ck_assert_ptr_nonnull(btc_stream_space(&s, &room));
    ck_assert_uint_le(s.cap, BTC_STREAM_FIRST_BYTES);
    btc_stream_free(&s);
}
END_TEST

/* So that of a long message no byte of the next is read, and the buffer need not move. */
START_TEST(the_buffer_grows_to_the_end_of_the_message_and_no_further)
{
    static const uint8_t payload[5000];
    struct btc_stream s;
    struct btc_frame f;
    struct buf b;
    size_t at = 0, largest = 0;

    buf_init(&b, 10000);
    ck_assert_int_eq(btc_frame_wrap(&b, magic, BTC_CMD_TX, payload, sizeof payload), 0);
    btc_stream_init(&s, magic);
    while (btc_stream_next(&s, &f) == 0) {
        ssize_t took = btc_stream_feed(&s, b.data + at, b.len - at);

        ck_assert_int_gt(took, 0);
        at += (size_t)took;
        largest = s.cap > largest ? s.cap : largest;
    }
    ck_assert_uint_eq(f.payload.len, sizeof payload);
    ck_assert_uint_eq(largest, b.len);
    btc_stream_free(&s);
    buf_free(&b);
}
END_TEST

/* The largest message there is, read as a peer does; then memory must be back where it was. */
START_TEST(a_block_of_four_megabytes_passes_and_leaves_nothing_behind)
{
    struct btc_stream s;
    struct btc_frame f;
    static const uint8_t zeros[BTC_BLOCK_MAX_BYTES];
    struct buf b;
    size_t at = 0, largest = 0;
    int rc;

    buf_init(&b, 5000000);
    ck_assert_int_eq(btc_frame_wrap(&b, magic, BTC_CMD_BLOCK, zeros, sizeof zeros), 0);
    buf_append(&b, verack, 10); /* and the start of another */
    btc_stream_init(&s, magic);
    while (at < b.len) {
        size_t room;
        uint8_t *space = btc_stream_space(&s, &room);

        ck_assert_ptr_nonnull(space);
        if (room > b.len - at)
            room = b.len - at;
        memcpy(space, b.data + at, room);
        btc_stream_commit(&s, room);
        at += room;
        largest = s.cap > largest ? s.cap : largest;
        rc = btc_stream_next(&s, &f);
        if (rc > 0)
            ck_assert_uint_eq(f.payload.len, BTC_BLOCK_MAX_BYTES);
    }
    ck_assert_int_eq(btc_stream_next(&s, &f), 0);
    ck_assert_uint_eq(largest, BTC_FRAME_HEADER_BYTES + BTC_BLOCK_MAX_BYTES);
    ck_assert_uint_eq(btc_stream_pending(&s), 10);
    ck_assert_uint_le(s.cap, BTC_STREAM_FIRST_BYTES);
    btc_stream_free(&s);
    buf_free(&b);
}
END_TEST

START_TEST(a_stream_that_is_never_emptied_stays_below_the_largest_message)
{
    struct btc_stream s;
    size_t fed = 0;

    btc_stream_init(&s, magic);
    for (;;) {
        ssize_t took = btc_stream_feed(&s, verack, sizeof verack);

        ck_assert_int_ge(took, 0);
        if (took == 0)
            break;
        fed += (size_t)took;
    }
    ck_assert_uint_eq(fed, BTC_FRAME_HEADER_BYTES + BTC_PAYLOAD_MAX_BYTES);
    btc_stream_free(&s);
}
END_TEST

START_TEST(a_bad_checksum_skips_one_frame)
{
    uint8_t raw[2 * sizeof verack];
    struct btc_stream s;
    struct btc_frame f;

    memcpy(raw, verack, sizeof verack);
    memcpy(raw + sizeof verack, verack, sizeof verack);
    raw[20] ^= 1;
    btc_stream_init(&s, magic);
    ck_assert_int_eq(btc_stream_feed(&s, raw, sizeof raw), sizeof raw);
    ck_assert_int_eq(btc_stream_next(&s, &f), PN_ECHECKSUM);
    ck_assert_int_eq(f.header.cmd, BTC_CMD_VERACK);
    ck_assert_int_eq(btc_stream_next(&s, &f), 1);
    ck_assert_int_eq(btc_stream_next(&s, &f), 0);
    btc_stream_free(&s);
}
END_TEST

START_TEST(a_bad_header_ends_the_stream_and_frees_it)
{
    static const struct {
        size_t at;
        int rc;
    } rows[] = {{0, PN_EMAGIC}, {4, PN_ECOMMAND}, {19, PN_ETOOLARGE}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t raw[sizeof verack];
        struct btc_stream s;
        struct btc_frame f;
        size_t room;

        memcpy(raw, verack, sizeof raw);
        raw[rows[i].at] = 1;
        btc_stream_init(&s, magic);
        ck_assert_int_eq(btc_stream_feed(&s, raw, sizeof raw), sizeof raw);
        ck_assert_int_eq(btc_stream_next(&s, &f), rows[i].rc);
        if (rows[i].rc == PN_ETOOLARGE)
            ck_assert_str_eq(f.header.command, "verack");
        ck_assert_int_eq(btc_stream_next(&s, &f), rows[i].rc);
        ck_assert_int_eq(btc_stream_feed(&s, verack, sizeof verack), rows[i].rc);
        ck_assert_ptr_null(btc_stream_space(&s, &room));
        ck_assert_ptr_null(s.data);
        btc_stream_free(&s);
    }
}
END_TEST

START_TEST(without_memory_the_stream_says_so)
{
    struct btc_stream s;
    struct btc_frame f;
    size_t room;

    btc_stream_init(&s, magic);
    mem_fail_at(1, 0);
    ck_assert_ptr_null(btc_stream_space(&s, &room));
    mem_fail_at(0, 0);
    ck_assert_uint_eq(room, 0);
    ck_assert_int_eq(btc_stream_next(&s, &f), PN_ENOMEM);
    btc_stream_free(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("wire frames");
    TCase *frames = tcase_create("frames"), *streams = tcase_create("streams");

    suite_add_tcase(s, frames);
    tcase_add_test(frames, a_frame_is_encoded_as_the_network_knows_it);
    tcase_add_test(frames, a_frame_that_cannot_be_encoded_leaves_the_buffer_as_it_was);
    tcase_add_test(frames, a_header_is_judged_by_magic_then_command_then_length);
    tcase_add_loop_test(frames, each_command_announces_up_to_its_own_limit, BTC_CMD_UNKNOWN,
                        BTC_CMD_COUNT);
    tcase_add_test(frames, a_payload_is_checked_for_length_and_checksum);
    suite_add_tcase(s, streams);
    tcase_set_timeout(streams, 60);
    tcase_add_test(streams, any_chunking_gives_the_same_frames);
    tcase_add_test(streams, an_announced_length_costs_nothing_before_its_bytes_arrive);
    tcase_add_test(streams, the_buffer_grows_to_the_end_of_the_message_and_no_further);
    tcase_add_test(streams, a_block_of_four_megabytes_passes_and_leaves_nothing_behind);
    tcase_add_test(streams, a_stream_that_is_never_emptied_stays_below_the_largest_message);
    tcase_add_test(streams, a_bad_checksum_skips_one_frame);
    tcase_add_test(streams, a_bad_header_ends_the_stream_and_frees_it);
    tcase_add_test(streams, without_memory_the_stream_says_so);
    return harness_run(s);
}
