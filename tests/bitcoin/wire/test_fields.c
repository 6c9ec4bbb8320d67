/* Each length and count on the wire, at its limits and beyond, and the memory it can cost. */
#include <stdlib.h>

#include "bitcoin/wire/field.h"
#include "bitcoin/wire/msg.h"
#include "harness.h"

/* A message with one field of variable length: what stands before it, how many elements it may
 * have and how large they are at least, and how many zero bytes follow. */
struct field {
    enum btc_cmd cmd;
    const char *name;
    size_t before_len;
    const char *before; /* zeros when NULL */
    size_t min, max, elem_bytes, after_len;
    int above; /* the error above max */
};

/* The smallest transaction that could be valid: one input, one output, no scripts. */
static const char small_tx[BTC_TX_VALID_MIN_BYTES] = {[4] = 1, [46] = 1};

/* merkleblock: a header and a transaction count that allows for the most hashes. */
static const char tree_before[84] = {[80] = 0x1a, [81] = 0x41};

/* addrv2: one entry of an unknown network, up to its address. */
static const char address_before[] = {1, 0, 0, 0, 0, 0, (char)0x99};

static const struct field fields[] = {
    {BTC_CMD_VERSION, "user agent", 80, NULL, 0, BTC_USER_AGENT_MAX, 1, 5, PN_ETOOLARGE},
    {BTC_CMD_ADDR, "entries", 0, NULL, 0, BTC_ADDR_MAX, 30, 0, PN_ECOUNT},
    {BTC_CMD_ADDRV2, "entries", 0, NULL, 0, BTC_ADDR_MAX, 9, 0, PN_ECOUNT},
    {BTC_CMD_ADDRV2, "address", 7, address_before, 0, BTC_ADDRV2_MAX_BYTES, 1, 2, PN_ETOOLARGE},
    {BTC_CMD_INV, "entries", 0, NULL, 0, BTC_INV_MAX, 36, 0, PN_ECOUNT},
    {BTC_CMD_GETDATA, "entries", 0, NULL, 0, BTC_INV_MAX, 36, 0, PN_ECOUNT},
    {BTC_CMD_NOTFOUND, "entries", 0, NULL, 0, BTC_INV_MAX, 36, 0, PN_ECOUNT},
    {BTC_CMD_GETBLOCKS, "locator", 4, NULL, 0, BTC_LOCATOR_MAX, 32, 32, PN_ECOUNT},
    {BTC_CMD_GETHEADERS, "locator", 4, NULL, 0, BTC_LOCATOR_MAX, 32, 32, PN_ECOUNT},
    {BTC_CMD_HEADERS, "headers", 0, NULL, 0, BTC_HEADERS_MAX, 81, 0, PN_ECOUNT},
    {BTC_CMD_REJECT, "command", 0, NULL, 0, 12, 1, 2, PN_ETOOLARGE},
    {BTC_CMD_REJECT, "reason", 2, NULL, 0, BTC_REJECT_REASON_MAX, 1, 0, PN_ETOOLARGE},
    {BTC_CMD_FILTERLOAD, "filter", 0, NULL, 0, BTC_FILTER_MAX_BYTES, 1, 9, PN_ETOOLARGE},
    {BTC_CMD_FILTERADD, "data", 0, NULL, 0, BTC_FILTERADD_MAX_BYTES, 1, 0, PN_ETOOLARGE},
    {BTC_CMD_MERKLEBLOCK, "hashes", 84, tree_before, 0, BTC_BLOCK_TXS_MAX, 32, 1, PN_ECOUNT},
    {BTC_CMD_CMPCTBLOCK, "short ids", 88, NULL, 0, BTC_COMPACT_TXS_MAX, 6, 1, PN_ECOUNT},
    {BTC_CMD_GETBLOCKTXN, "indexes", 32, NULL, 0, BTC_COMPACT_TXS_MAX, 1, 0, PN_ECOUNT},
    {BTC_CMD_BLOCKTXN, "transactions", 32, NULL, 0, BTC_COMPACT_TXS_MAX, sizeof small_tx, 0,
     PN_ECOUNT},
    {BTC_CMD_CFILTER, "filter", 33, NULL, 0, BTC_CFILTER_MAX_BYTES, 1, 0, PN_ETOOLARGE},
    {BTC_CMD_CFHEADERS, "hashes", 65, NULL, 0, BTC_CFHEADERS_MAX, 32, 0, PN_ECOUNT},
    {BTC_CMD_CFCHECKPT, "headers", 33, NULL, 0, BTC_CFCHECKPT_MAX, 32, 0, PN_ECOUNT},
    {BTC_CMD_FEATURE, "id", 0, NULL, BTC_FEATURE_ID_MIN, BTC_FEATURE_ID_MAX, 1, 1, PN_ETOOLARGE},
    {BTC_CMD_FEATURE, "data", 5, "\4abcd", 0, BTC_FEATURE_DATA_MAX, 1, 0, PN_ETOOLARGE},
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

/* Decode the message whose field announces `count` elements and holds `present` of them. */
static int decode_with(const struct field *f, uint64_t count, size_t present)
{
    static const char zeros[1000];
    const char *elem = f->cmd == BTC_CMD_BLOCKTXN ? small_tx : zeros;
    struct buf b;
    struct btc_msg m;
    struct arena a;
    int rc;

    buf_init(&b, 2 * BTC_PAYLOAD_MAX_BYTES);
    buf_append(&b, f->before ? f->before : zeros, f->before_len);
    write_compact(&b, count);
    for (size_t i = 0; i < present; i++)
        buf_append(&b, elem, f->elem_bytes);
    buf_append(&b, zeros, f->after_len);
    ck_assert_int_eq(b.err, 0);
    arena_init(&a, BTC_MSG_MEMORY(b.len));
    rc = btc_msg_decode(&m, &a, f->cmd, b.data, b.len);
    if (rc < 0)
        ck_assert_msg(m.cmd == f->cmd && a.used <= BTC_MSG_MEMORY(b.len), "memory out of bounds");
    arena_free(&a);
    buf_free(&b);
    return rc;
}

static void expect(const struct field *f, uint64_t count, size_t present, int want)
{
    int rc = decode_with(f, count, present);

    ck_assert_msg(rc == want, "%s, %s: %llu announced, %zu present: expected %s, got %s",
                  btc_cmd_info(f->cmd)->name, f->name, (unsigned long long)count, present,
                  pn_errname(want), pn_errname(rc));
}

START_TEST(a_count_is_taken_up_to_its_limit)
{
    const struct field *f = &fields[_i];

    expect(f, f->min, f->min, 0);
    expect(f, f->max - 1, f->max - 1, 0);
    expect(f, f->max, f->max, 0);
    if (f->min > 0)
        expect(f, f->min - 1, f->min - 1, PN_EFORMAT);
}
END_TEST

START_TEST(a_count_above_its_limit_is_refused)
{
    const struct field *f = &fields[_i];
    size_t count = f->max + 1;
    size_t whole = f->before_len + compact_size(count) + count * f->elem_bytes + f->after_len;
    bool too_long = whole > btc_cmd_info(f->cmd)->payload_limit;

    expect(f, count, 0, f->above);
    expect(f, count, count, too_long ? PN_ETOOLARGE : f->above);
}
END_TEST

START_TEST(a_count_that_the_bytes_cannot_hold_is_refused_without_memory_for_it)
{
    static const uint64_t counts[] = {0xfc,        0xfd,
                                      0xffff,      0x10000,
                                      COMPACT_MAX, COMPACT_MAX + 1,
                                      UINT32_MAX,  UINT64_C(1) << 32,
                                      UINT64_MAX};
    const struct field *f = &fields[_i];

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        int rc = decode_with(f, counts[i], 0);

        ck_assert_msg(rc == PN_ECOUNT || rc == PN_ETOOLARGE || rc == PN_ETRUNCATED,
                      "%s, %s: %llu announced: got %s", btc_cmd_info(f->cmd)->name, f->name,
                      (unsigned long long)counts[i], pn_errname(rc));
    }
}
END_TEST

/* Two bytes would have done for 1, and so on: a second spelling is refused in every field. */
START_TEST(a_count_that_is_not_in_its_shortest_form_is_refused)
{
    static const struct {
        uint8_t raw[9];
        size_t len;
    } rows[] = {
        {{0xfd, 0x01, 0x00}, 3},
        {{0xfd, 0xfc, 0x00}, 3},
        {{0xfe, 0x01, 0x00, 0x00, 0x00}, 5},
        {{0xfe, 0xff, 0xff, 0x00, 0x00}, 5},
        {{0xff, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}, 9},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00}, 9},
    };
    const struct field *f = &fields[_i];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t data[100] = {0};
        struct btc_msg m;
        struct arena a;

        if (f->before)
            memcpy(data, f->before, f->before_len);
        memcpy(data + f->before_len, rows[i].raw, rows[i].len);
        arena_init(&a, BTC_MSG_MEMORY(sizeof data));
        ck_assert_msg(btc_msg_decode(&m, &a, f->cmd, data, f->before_len + rows[i].len) ==
                          PN_ENONCANONICAL,
                      "%s, %s: row %zu was not refused as non-canonical",
                      btc_cmd_info(f->cmd)->name, f->name, i);
        arena_free(&a);
    }
}
END_TEST

static int decode_raw(enum btc_cmd cmd, const void *data, size_t len)
{
    struct btc_msg m;
    struct arena a;
    int rc;

    arena_init(&a, BTC_MSG_MEMORY(len));
    rc = btc_msg_decode(&m, &a, cmd, data, len);
    arena_free(&a);
    return rc;
}

START_TEST(values_that_a_rule_forbids_are_refused)
{
    static const struct {
        enum btc_cmd cmd;
        const char *why;
        size_t len, at; /* zeros, with `value` at `at` */
        uint8_t value;
        int rc;
    } rows[] = {
        {BTC_CMD_SENDCMPCT, "BIP152: the first byte is 0 or 1", 9, 0, 1, 0},
        {BTC_CMD_SENDCMPCT, "BIP152: the first byte is 0 or 1", 9, 0, 2, PN_EFORMAT},
        {BTC_CMD_FILTERLOAD, "BIP37: at most 50 functions", 10, 1, 50, 0},
        {BTC_CMD_FILTERLOAD, "BIP37: at most 50 functions", 10, 1, 51, PN_ECOUNT},
        {BTC_CMD_MERKLEBLOCK, "a block has a transaction", 86, 80, 1, 0},
        {BTC_CMD_MERKLEBLOCK, "a block has a transaction", 86, 80, 0, PN_ECOUNT},
        {BTC_CMD_MERKLEBLOCK, "more transactions than fit a block", 86, 83, 1, PN_ECOUNT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t data[100] = {0};
        int rc;

        data[rows[i].at] = rows[i].value;
        rc = decode_raw(rows[i].cmd, data, rows[i].len);
        ck_assert_msg(rc == rows[i].rc, "%s, %s: expected %s, got %s",
                      btc_cmd_info(rows[i].cmd)->name, rows[i].why, pn_errname(rows[i].rc),
                      pn_errname(rc));
    }
}
END_TEST

START_TEST(a_tree_has_no_more_hashes_than_transactions)
{
    uint8_t data[84 + 1 + 2 * BTC_HASH_BYTES + 1] = {[80] = 2, [84] = 2};

    ck_assert_int_eq(decode_raw(BTC_CMD_MERKLEBLOCK, data, sizeof data), 0);
    data[80] = 1;
    ck_assert_int_eq(decode_raw(BTC_CMD_MERKLEBLOCK, data, sizeof data), PN_ECOUNT);
}
END_TEST

/* Inputs of 41 bytes, outputs of 9, witness items of 1: as many as the bytes left can hold are
 * read on, and then end too early; one more is refused for its number. */
START_TEST(what_a_transaction_counts_must_fit_what_is_left)
{
    static const struct {
        const char *what;
        size_t at, elem_bytes; /* of the count, behind what makes it that count */
        uint8_t before[60];
    } rows[] = {
        {"inputs", 4, 41, {0}},
        {"outputs", 4 + 1 + 41, 9, {[4] = 1}},
        {"witness items", 4 + 2 + 1 + 41 + 1, 1, {[5] = 1, [6] = 1}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t data[200] = {0};
        size_t fit = (sizeof data - rows[i].at - 1) / rows[i].elem_bytes;

        memcpy(data, rows[i].before, sizeof rows[i].before);
        data[rows[i].at] = (uint8_t)fit;
        ck_assert_msg(decode_raw(BTC_CMD_TX, data, sizeof data) == PN_ETRUNCATED ||
                          decode_raw(BTC_CMD_TX, data, sizeof data) == PN_ETRAILING,
                      "%s: %zu were refused", rows[i].what, fit);
        data[rows[i].at] = (uint8_t)(fit + 1);
        ck_assert_msg(decode_raw(BTC_CMD_TX, data, sizeof data) == PN_ECOUNT, "%s: %zu were taken",
                      rows[i].what, fit + 1);
    }
}
END_TEST

START_TEST(a_header_announced_with_transactions_is_refused)
{
    uint8_t data[1 + 81] = {1};

    ck_assert_int_eq(decode_raw(BTC_CMD_HEADERS, data, sizeof data), 0);
    data[81] = 1;
    ck_assert_int_eq(decode_raw(BTC_CMD_HEADERS, data, sizeof data), PN_EFORMAT);
}
END_TEST

/* --- BIP152's differential indexes --- */

/* getblocktxn with these differences, each up to 16 bits. */
static int decode_indexes(const uint32_t *diffs, size_t count, const uint16_t *want)
{
    static const uint8_t hash[BTC_HASH_BYTES];
    struct buf b;
    struct btc_msg m;
    struct arena a;
    int rc;

    buf_init(&b, 1000);
    buf_append(&b, hash, sizeof hash);
    write_compact(&b, count);
    for (size_t i = 0; i < count; i++)
        write_compact(&b, diffs[i]);
    arena_init(&a, BTC_MSG_MEMORY(b.len));
    rc = btc_msg_decode(&m, &a, BTC_CMD_GETBLOCKTXN, b.data, b.len);
    if (rc == 0) {
        ck_assert_uint_eq(m.u.getblocktxn.count, count);
        ck_assert_mem_eq(m.u.getblocktxn.indexes, want, count * sizeof *want);
    }
    arena_free(&a);
    buf_free(&b);
    return rc;
}

START_TEST(differential_indexes_add_up_and_end_at_16_bits)
{
    /* BIP152's own example: 0, 0, 0, 0 are the transactions 0 to 3. */
    ck_assert_int_eq(decode_indexes((uint32_t[]){0, 0, 0, 0}, 4, (uint16_t[]){0, 1, 2, 3}), 0);
    ck_assert_int_eq(decode_indexes((uint32_t[]){0, 65534}, 2, (uint16_t[]){0, 65535}), 0);
    ck_assert_int_eq(decode_indexes((uint32_t[]){65535}, 1, (uint16_t[]){65535}), 0);
    ck_assert_int_eq(decode_indexes((uint32_t[]){0, 65535}, 2, NULL), PN_EFORMAT);
    ck_assert_int_eq(decode_indexes((uint32_t[]){65535, 0}, 2, NULL), PN_EFORMAT);
    ck_assert_int_eq(decode_indexes((uint32_t[]){65536}, 1, NULL), PN_EFORMAT);
    ck_assert_int_eq(decode_indexes((uint32_t[]){1, 0xffffffff}, 2, NULL), PN_EFORMAT);
}
END_TEST

/* A compact block of `ids` short ids and one empty transaction at a position. */
static int decode_prefilled(size_t ids, uint16_t index)
{
    static const uint8_t zeros[BTC_COMPACT_TXS_MAX * BTC_SHORT_ID_BYTES];
    struct buf b;
    int rc;

    buf_init(&b, BTC_PAYLOAD_MAX_BYTES);
    buf_append(&b, zeros, 88);
    write_compact(&b, ids);
    buf_append(&b, zeros, ids * BTC_SHORT_ID_BYTES);
    write_compact(&b, 1);
    write_compact(&b, index);
    buf_append(&b, small_tx, sizeof small_tx);
    rc = decode_raw(BTC_CMD_CMPCTBLOCK, b.data, b.len);
    buf_free(&b);
    return rc;
}

START_TEST(a_prefilled_transaction_lies_inside_the_block)
{
    ck_assert_int_eq(decode_prefilled(0, 0), 0);
    ck_assert_int_eq(decode_prefilled(0, 1), PN_EFORMAT);
    ck_assert_int_eq(decode_prefilled(5, 5), 0);
    ck_assert_int_eq(decode_prefilled(5, 6), PN_EFORMAT);
    ck_assert_int_eq(decode_prefilled(BTC_COMPACT_TXS_MAX - 1, BTC_COMPACT_TXS_MAX - 1), 0);
    ck_assert_int_eq(decode_prefilled(BTC_COMPACT_TXS_MAX, 0), PN_ECOUNT);
}
END_TEST

START_TEST(an_encoder_refuses_what_the_decoder_would_refuse)
{
    static const uint8_t bytes[BTC_FILTER_MAX_BYTES + 1];
    static const struct btc_addr torv3 = {.network = BTC_NET_TORV3, .addr = {bytes, 32}};
    static const struct btc_addr short_ip = {.network = BTC_NET_IPV4, .addr = {bytes, 3}};
    static const uint16_t falling[] = {5, 5};
    static const struct btc_txout txout;
    const struct {
        struct btc_msg m;
        int rc;
    } rows[] = {
        {{BTC_CMD_ADDR, {.addr = {&torv3, 1}}}, PN_EFORMAT},
        {{BTC_CMD_ADDR, {.addr = {&short_ip, 1}}}, PN_EFORMAT},
        {{BTC_CMD_ADDRV2, {.addrv2 = {&short_ip, 1}}}, PN_EFORMAT},
        {{BTC_CMD_GETBLOCKTXN, {.getblocktxn = {.indexes = falling, .count = 2}}}, PN_EFORMAT},
        {{BTC_CMD_FILTERLOAD, {.filterload = {.filter = {bytes, sizeof bytes}}}}, PN_ETOOLARGE},
        {{BTC_CMD_FILTERLOAD, {.filterload = {.hash_funcs = 51}}}, PN_ECOUNT},
        {{BTC_CMD_FILTERADD, {.filteradd = {{bytes, 521}}}}, PN_ETOOLARGE},
        {{BTC_CMD_MERKLEBLOCK, {.merkleblock = {.tx_count = 0}}}, PN_ECOUNT},
        {{BTC_CMD_FEATURE, {.feature = {.id = {bytes, 3}}}}, PN_EFORMAT},
        {{BTC_CMD_FEATURE, {.feature = {.id = {bytes, 81}}}}, PN_ETOOLARGE},
        {{BTC_CMD_REJECT, {.reject = {.hash = {bytes, 31}}}}, PN_EFORMAT},
        {{BTC_CMD_TX, {.tx = {.out = &txout, .out_count = 1}}}, PN_EFORMAT},
        {{BTC_CMD_VERSION, {.version = {.user_agent = {bytes, 257}}}}, PN_ETOOLARGE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        int rc;

        buf_init(&b, BTC_PAYLOAD_MAX_BYTES);
        buf_puts(&b, "before");
        rc = btc_msg_encode(&b, &rows[i].m);
        ck_assert_msg(rc == rows[i].rc, "row %zu: expected %s, got %s", i, pn_errname(rows[i].rc),
                      pn_errname(rc));
        ck_assert_uint_eq(b.len, 6);
        buf_free(&b);
    }
}
END_TEST

/* --- memory --- */

/* A header and as many of the smallest transactions as fit into 4 MB: the costliest block. */
START_TEST(the_costliest_block_decodes_within_its_memory)
{
    size_t count = (BTC_BLOCK_MAX_BYTES - BTC_HEADER_BYTES - 5) / sizeof small_tx;
    uint8_t *data = calloc(1, BTC_BLOCK_MAX_BYTES);
    size_t len = BTC_HEADER_BYTES + 5;
    struct btc_msg m;
    struct arena a;

    data[BTC_HEADER_BYTES] = 0xfe;
    store_le32(data + BTC_HEADER_BYTES + 1, (uint32_t)count);
    for (size_t i = 0; i < count; i++, len += sizeof small_tx)
        memcpy(data + len, small_tx, sizeof small_tx);
    arena_init(&a, BTC_MSG_MEMORY(len));
    ck_assert_int_eq(btc_msg_decode(&m, &a, BTC_CMD_BLOCK, data, len), 0);
    ck_assert_uint_eq(m.u.block.tx_count, count);
    ck_assert_uint_gt(a.used, 5 * len / 2);
    arena_free(&a);
    free(data);
}
END_TEST

/* Promises inside promises, none of them kept: still an error of the bytes, not of memory. */
START_TEST(a_block_that_promises_too_much_fails_within_its_memory)
{
    uint8_t *data = calloc(1, BTC_BLOCK_MAX_BYTES);
    uint8_t *p = data + BTC_HEADER_BYTES;
    struct btc_msg m;
    struct arena a;

    p[0] = 0xfe;
    store_le32(p + 1, (BTC_BLOCK_MAX_BYTES - BTC_HEADER_BYTES - 5) / sizeof small_tx);
    p += 5 + 4; /* the first transaction's version */
    p[0] = 1;   /* one input of 41 bytes */
    p += 1 + 41;
    p[0] = 0xfe; /* as many outputs as could be, the first with a script longer than the rest */
    store_le32(p + 1, (uint32_t)(BTC_BLOCK_MAX_BYTES - 200) / 9);
    memset(p + 5 + 8, 0xfe, 5);
    arena_init(&a, BTC_MSG_MEMORY(BTC_BLOCK_MAX_BYTES));
    ck_assert_int_eq(btc_msg_decode(&m, &a, BTC_CMD_BLOCK, data, BTC_BLOCK_MAX_BYTES),
                     PN_ETOOLARGE);
    ck_assert_uint_gt(a.used, 3 * (size_t)BTC_BLOCK_MAX_BYTES);
    ck_assert_ptr_null(m.u.block.txs);
    arena_free(&a);
    free(data);
}
END_TEST

START_TEST(a_block_counts_no_more_transactions_than_valid_ones_would_fit)
{
    uint8_t data[BTC_HEADER_BYTES + 1 + 3 * sizeof small_tx] = {0};
    uint8_t *p = data + BTC_HEADER_BYTES;

    *p++ = 3;
    for (int i = 0; i < 3; i++)
        memcpy(p + i * (int)sizeof small_tx, small_tx, sizeof small_tx);
    ck_assert_int_eq(decode_raw(BTC_CMD_BLOCK, data, sizeof data), 0);
    data[BTC_HEADER_BYTES] = 4;
    ck_assert_int_eq(decode_raw(BTC_CMD_BLOCK, data, sizeof data), PN_ECOUNT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("wire fields");
    TCase *counts = tcase_create("counts"), *rules = tcase_create("rules"),
          *memory = tcase_create("memory");

    suite_add_tcase(s, counts);
    tcase_set_timeout(counts, 60);
    tcase_add_loop_test(counts, a_count_is_taken_up_to_its_limit, 0, FIELDS);
    tcase_add_loop_test(counts, a_count_above_its_limit_is_refused, 0, FIELDS);
    tcase_add_loop_test(counts, a_count_that_the_bytes_cannot_hold_is_refused_without_memory_for_it,
                        0, FIELDS);
    tcase_add_loop_test(counts, a_count_that_is_not_in_its_shortest_form_is_refused, 0, FIELDS);
    suite_add_tcase(s, rules);
    tcase_add_test(rules, values_that_a_rule_forbids_are_refused);
    tcase_add_test(rules, a_tree_has_no_more_hashes_than_transactions);
    tcase_add_test(rules, what_a_transaction_counts_must_fit_what_is_left);
    tcase_add_test(rules, a_header_announced_with_transactions_is_refused);
    tcase_add_test(rules, differential_indexes_add_up_and_end_at_16_bits);
    tcase_add_test(rules, a_prefilled_transaction_lies_inside_the_block);
    tcase_add_test(rules, an_encoder_refuses_what_the_decoder_would_refuse);
    suite_add_tcase(s, memory);
    tcase_set_timeout(memory, 60);
    tcase_add_test(memory, the_costliest_block_decodes_within_its_memory);
    tcase_add_test(memory, a_block_counts_no_more_transactions_than_valid_ones_would_fit);
    tcase_add_test(memory, a_block_that_promises_too_much_fails_within_its_memory);
    return harness_run(s);
}
