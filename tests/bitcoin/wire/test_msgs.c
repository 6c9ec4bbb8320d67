/* What holds for every row of msgs.def. The examples come from tests/fuzz/samples.c; that each row
 * has one is a promise too, so a new message cannot be forgotten here. */
#include <stdlib.h>

#include "base/mem.h"
#include "bitcoin/wire/msg.h"
#include "harness.h"
#include "samples.h"

/* Decode into a fresh arena that has exactly the promised memory. */
static int decode(struct btc_msg *out, struct arena *a, enum btc_cmd cmd, const void *data,
                  size_t len)
{
    arena_init(a, BTC_MSG_MEMORY(len));
    return btc_msg_decode(out, a, cmd, data, len);
}

/* Fails the test unless the bytes decode and encode to themselves. */
static void check_round_trip(enum btc_cmd cmd, const uint8_t *data, size_t len)
{
    struct btc_msg m;
    struct arena a;
    struct buf again;
    int rc = decode(&m, &a, cmd, data, len);

    ck_assert_msg(rc == 0, "%s of %zu bytes: expected ok, got %s", btc_cmd_info(cmd)->name, len,
                  pn_errname(rc));
    ck_assert_int_eq(m.cmd, cmd);
    buf_init(&again, BTC_PAYLOAD_MAX_BYTES);
    ck_assert_int_eq(btc_msg_encode(&again, &m), 0);
    ck_assert_msg(again.len == len, "%s: expected %zu bytes again, got %zu",
                  btc_cmd_info(cmd)->name, len, again.len);
    if (len > 0)
        ck_assert_mem_eq(again.data, data, len);
    buf_free(&again);
    arena_free(&a);
}

/* Each test below runs once for every command. */
static void for_every_sample(void (*check)(enum btc_cmd cmd, const uint8_t *data, size_t len),
                             enum btc_cmd cmd)
{
    unsigned n = 0;

    for (struct buf payload; sample_payload(&payload, cmd, n); n++) {
        check(cmd, payload.data ? payload.data : (const uint8_t *)"", payload.len);
        buf_free(&payload);
    }
    ck_assert_msg(n > 0, "%s has no example in tests/fuzz/samples.c", btc_cmd_info(cmd)->name);
}

START_TEST(every_message_decodes_to_what_encodes_the_same)
{
    for_every_sample(check_round_trip, (enum btc_cmd)_i);
}
END_TEST

/* Three messages have optional fields at their end, so that some of their prefixes are whole. */
static bool prefix_may_be_whole(enum btc_cmd cmd)
{
    return cmd == BTC_CMD_VERSION || cmd == BTC_CMD_PING || cmd == BTC_CMD_REJECT;
}

static void check_cuts(enum btc_cmd cmd, const uint8_t *data, size_t len)
{
    const char *name = btc_cmd_info(cmd)->name;

    for (size_t cut = 0; cut < len; cut++) {
        /* A copy of its own, so that a sanitizer sees a read past the cut. */
        uint8_t *part = malloc(cut + 1);
        struct btc_msg m;
        struct arena a;
        int rc;

        memcpy(part, data, cut);
        part = realloc(part, cut ? cut : 1);
        rc = decode(&m, &a, cmd, part, cut);
        arena_free(&a);
        if (rc == 0 && prefix_may_be_whole(cmd))
            check_round_trip(cmd, part, cut);
        else
            ck_assert_msg(rc == PN_ETRUNCATED || rc == PN_ECOUNT,
                          "%s cut to %zu of %zu: expected truncated or bad_count, got %s", name,
                          cut, len, pn_errname(rc));
        free(part);
    }
}

START_TEST(a_message_cut_at_any_byte_is_truncated)
{
    for_every_sample(check_cuts, (enum btc_cmd)_i);
}
END_TEST

static void check_trailing(enum btc_cmd cmd, const uint8_t *data, size_t len)
{
    size_t limit = btc_cmd_info(cmd)->payload_limit;
    uint8_t *longer = calloc(1, len + 1);
    struct btc_msg m;
    struct arena a;
    int want = len + 1 > limit ? PN_ETOOLARGE : PN_ETRAILING, rc;

    memcpy(longer, data, len);
    rc = decode(&m, &a, cmd, longer, len + 1);
    arena_free(&a);
    free(longer);
    /* A byte after an absent optional field begins that field. */
    if (cmd == BTC_CMD_PING && len == 0)
        want = PN_ETRUNCATED;
    else if (cmd == BTC_CMD_REJECT && len < 32)
        want = PN_ETRUNCATED;
    else if (cmd == BTC_CMD_VERSION)
        want = len < 81 ? PN_ETRUNCATED : 0;
    ck_assert_msg(rc == want, "%s with a byte behind it: expected %s, got %s",
                  btc_cmd_info(cmd)->name, pn_errname(want), pn_errname(rc));
}

START_TEST(a_byte_too_many_is_an_error_but_for_version)
{
    for_every_sample(check_trailing, (enum btc_cmd)_i);
}
END_TEST

START_TEST(a_payload_above_the_limit_is_refused_unread)
{
    enum btc_cmd cmd = (enum btc_cmd)_i;
    size_t len = (size_t)btc_cmd_info(cmd)->payload_limit + 1;
    uint8_t *data = calloc(1, len);
    struct btc_msg m;
    struct arena a;

    ck_assert_int_eq(decode(&m, &a, cmd, data, len), PN_ETOOLARGE);
    ck_assert_uint_eq(a.used, 0);
    arena_free(&a);
    free(data);
}
END_TEST

/* Let every allocation fail in turn: what comes is PN_ENOMEM or, with the last, success. */
static void check_no_memory(enum btc_cmd cmd, const uint8_t *data, size_t len)
{
    unsigned long n = 0;
    int rc;

    do {
        struct btc_msg m;
        struct arena a;
        struct buf b;

        mem_fail_at(++n, 0);
        buf_init(&b, BTC_PAYLOAD_MAX_BYTES);
        rc = decode(&m, &a, cmd, data, len);
        if (rc == 0)
            rc = btc_msg_encode(&b, &m);
        ck_assert_msg(rc == 0 || rc == PN_ENOMEM, "%s: expected no_memory, got %s",
                      btc_cmd_info(cmd)->name, pn_errname(rc));
        ck_assert_msg(rc == PN_ENOMEM || !mem_fail_happened(), "%s: a failure was not reported",
                      btc_cmd_info(cmd)->name);
        if (rc < 0)
            ck_assert_uint_eq(b.len, 0);
        buf_free(&b);
        arena_free(&a);
        mem_fail_at(0, 0);
    } while (rc < 0);
}

START_TEST(a_failed_allocation_is_reported_and_nothing_leaks)
{
    for_every_sample(check_no_memory, (enum btc_cmd)_i);
}
END_TEST

START_TEST(a_name_parses_to_its_command)
{
    uint8_t raw[BTC_COMMAND_BYTES] = {0};
    const char *name = btc_cmd_info((enum btc_cmd)_i)->name;
    enum btc_cmd cmd;

    ck_assert_uint_le(strlen(name), sizeof raw);
    memcpy(raw, name, strlen(name));
    ck_assert_int_eq(btc_cmd_parse(&cmd, raw), 0);
    ck_assert_int_eq(cmd, _i);
}
END_TEST

START_TEST(a_command_is_printable_and_zero_padded)
{
    static const struct {
        char raw[BTC_COMMAND_BYTES + 1];
        int rc;
        enum btc_cmd cmd;
    } rows[] = {
        {"verack", 0, BTC_CMD_VERACK},
        {"VERACK", 0, BTC_CMD_UNKNOWN},
        {"verac", 0, BTC_CMD_UNKNOWN},
        {"", 0, BTC_CMD_UNKNOWN},
        {"getcfcheckpt", 0, BTC_CMD_GETCFCHECKPT},
        {"unknownunkno", 0, BTC_CMD_UNKNOWN},
        {"unknown", 0, BTC_CMD_UNKNOWN},
        {"a ~", 0, BTC_CMD_UNKNOWN},
        {"verack\0\0\0\0\0x", PN_ECOMMAND, BTC_CMD_UNKNOWN},
        {"ver\0ck", PN_ECOMMAND, BTC_CMD_UNKNOWN},
        {"\0verack", PN_ECOMMAND, BTC_CMD_UNKNOWN},
        {"ver\x7f", PN_ECOMMAND, BTC_CMD_UNKNOWN},
        {"ver\x1f", PN_ECOMMAND, BTC_CMD_UNKNOWN},
        {"ver\xff", PN_ECOMMAND, BTC_CMD_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum btc_cmd cmd = BTC_CMD_COUNT;

        ck_assert_int_eq(btc_cmd_parse(&cmd, (const uint8_t *)rows[i].raw), rows[i].rc);
        ck_assert_int_eq(cmd, rows[i].cmd);
    }
}
END_TEST

START_TEST(a_command_outside_the_table_is_neither_decoded_nor_encoded)
{
    struct btc_msg m = {.cmd = BTC_CMD_UNKNOWN};
    struct arena a;
    struct buf b;

    buf_init(&b, 100);
    ck_assert_int_eq(decode(&m, &a, BTC_CMD_UNKNOWN, "x", 1), PN_ENOENT);
    ck_assert_int_eq(decode(&m, &a, BTC_CMD_COUNT, "x", 1), PN_ENOENT);
    m.cmd = BTC_CMD_UNKNOWN;
    ck_assert_int_eq(btc_msg_encode(&b, &m), PN_ENOENT);
    buf_free(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("wire messages");
    TCase *every = tcase_create("every message"), *names = tcase_create("names");
    const int first = BTC_CMD_UNKNOWN + 1, end = BTC_CMD_COUNT;

    suite_add_tcase(s, every);
    tcase_set_timeout(every, 120);
    tcase_add_loop_test(every, every_message_decodes_to_what_encodes_the_same, first, end);
    tcase_add_loop_test(every, a_message_cut_at_any_byte_is_truncated, first, end);
    tcase_add_loop_test(every, a_byte_too_many_is_an_error_but_for_version, first, end);
    tcase_add_loop_test(every, a_payload_above_the_limit_is_refused_unread, first, end);
    tcase_add_loop_test(every, a_failed_allocation_is_reported_and_nothing_leaks, first, end);
    suite_add_tcase(s, names);
    tcase_add_loop_test(names, a_name_parses_to_its_command, first, end);
    tcase_add_test(names, a_command_is_printable_and_zero_padded);
    tcase_add_test(names, a_command_outside_the_table_is_neither_decoded_nor_encoded);
    return harness_run(s);
}
