/* The eth protocol's messages: published encodings, the layouts of each version, and bounds. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "ethereum/types/receipts.h"
#include "ethereum/wire/msg.h"
#include "harness.h"

enum { ROOM = 4096 };

/* go-ethereum v1.16.7 eth/protocols/eth/protocol_test.go, TestMessages */
static const struct {
    unsigned code, first, last;
    const char *hex;
} published[] = {
    {ETH_GET_BLOCK_HEADERS, 66, 70,
     "e8820457e4a000000000000000000000000000000000000000000000000000000000deadc0de050580"},
    {ETH_GET_BLOCK_HEADERS, 66, 70, "ca820457c682270f050580"},
    {ETH_BLOCK_HEADERS, 66, 70,
     "f90202820457f901fcf901f9a000000000000000000000000000000000000000000000000000000000000000"
     "00a0000000000000000000000000000000000000000000000000000000000000000094000000000000000000"
     "0000000000000000000000a00000000000000000000000000000000000000000000000000000000000000000"
     "a00000000000000000000000000000000000000000000000000000000000000000a000000000000000000000"
     "00000000000000000000000000000000000000000000b9010000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "00000000000000000000000000000000008208ae820d0582115c8215b3821a0a827788a00000000000000000"
     "000000000000000000000000000000000000000000000000880000000000000000"},
    {ETH_GET_BLOCK_BODIES, 66, 70,
     "f847820457f842a000000000000000000000000000000000000000000000000000000000deadc0dea0000000"
     "00000000000000000000000000000000000000000000000000feedbeef"},
    {ETH_BLOCK_BODIES, 66, 70,
     "f902dc820457f902d6f902d3f8d2f867088504a817c8088302e2489435353535353535353535353535353535"
     "353535358202008025a064b1702d9298fee62dfeccc57d322a463ad55ca201256d01f62b45b2e1c21c12a064"
     "b1702d9298fee62dfeccc57d322a463ad55ca201256d01f62b45b2e1c21c10f867098504a817c80983033450"
     "9435353535353535353535353535353535353535358202d98025a052f8f61201b2b11a78d6e866abc9c3db2a"
     "e8631fa656bfe5cb53668255367afba052f8f61201b2b11a78d6e866abc9c3db2ae8631fa656bfe5cb536682"
     "55367afbf901fcf901f9a00000000000000000000000000000000000000000000000000000000000000000a0"
     "0000000000000000000000000000000000000000000000000000000000000000940000000000000000000000"
     "000000000000000000a00000000000000000000000000000000000000000000000000000000000000000a000"
     "00000000000000000000000000000000000000000000000000000000000000a0000000000000000000000000"
     "0000000000000000000000000000000000000000b90100000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000008208ae820d0582115c8215b3821a0a827788a000000000000000000000"
     "00000000000000000000000000000000000000000000880000000000000000"},
    {ETH_GET_RECEIPTS, 66, 69,
     "f847820457f842a000000000000000000000000000000000000000000000000000000000deadc0dea0000000"
     "00000000000000000000000000000000000000000000000000feedbeef"},
    {ETH_RECEIPTS, 66, 68,
     "f902e6820457f902e0f902ddf901688082014db9010000000000000010000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0010000000000000000000000000000000000001400000000000000000000000000000000000000000000000"
     "0000000000000000000000000000010000000000000000000000000004000000000000000000000000000040"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000004000000"
     "0000000000000000000000000000000000000000000000000000001000000000000000000000000000000000"
     "0000000000000000000000000000f85ff85d940000000000000000000000000000000000000011f842a00000"
     "00000000000000000000000000000000000000000000000000000000deada000000000000000000000000000"
     "0000000000000000000000000000000000beef830100ffb9016f01f9016b018201bcb9010000000000000000"
     "0000000000000000000000000000000000000000000020000000000000000000000000000000000000008000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000400000000010000000000000000000000000000000000000000000000000400000000000000000000000"
     "0000400000000000000000000000000000000000000000000000000000000800040000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000040f862f8609400000000000000000000"
     "00000000000000000022f842a000000000000000000000000000000000000000000000000000000000000056"
     "68a0000000000000000000000000000000000000000000000000000000000000977386020f0f0f0608"},
    {ETH_RECEIPTS, 69, 69,
     "f8da820457f8d5f8d3f866808082014df85ff85d940000000000000000000000000000000000000011f842a0"
     "000000000000000000000000000000000000000000000000000000000000deada00000000000000000000000"
     "00000000000000000000000000000000000000beef830100fff86901018201bcf862f8609400000000000000"
     "00000000000000000000000022f842a000000000000000000000000000000000000000000000000000000000"
     "00005668a0000000000000000000000000000000000000000000000000000000000000977386020f0f0f0608"},
    {ETH_GET_POOLED_TXS, 66, 70,
     "f847820457f842a000000000000000000000000000000000000000000000000000000000deadc0dea0000000"
     "00000000000000000000000000000000000000000000000000feedbeef"},
    {ETH_POOLED_TXS, 66, 70,
     "f8d7820457f8d2f867088504a817c8088302e248943535353535353535353535353535353535353535820200"
     "8025a064b1702d9298fee62dfeccc57d322a463ad55ca201256d01f62b45b2e1c21c12a064b1702d9298fee6"
     "2dfeccc57d322a463ad55ca201256d01f62b45b2e1c21c10f867098504a817c8098303345094353535353535"
     "35353535353535353535353535358202d98025a052f8f61201b2b11a78d6e866abc9c3db2ae8631fa656bfe5"
     "cb53668255367afba052f8f61201b2b11a78d6e866abc9c3db2ae8631fa656bfe5cb53668255367afb"},
};

static size_t from_hex(uint8_t *out, const char *text)
{
    size_t len = strlen(text) / 2;

    ck_assert_uint_le(len, ROOM);
    ck_assert_int_eq(hex_decode(out, len, text), 0);
    return len;
}

/* Read, and written again to the byte. */
static void check_both_ways(struct eth_msg *m, unsigned version, unsigned code, const uint8_t *raw,
                            size_t len)
{
    struct buf b;
    int rc = eth_msg_decode(m, version, code, raw, len);

    ck_assert_msg(rc == 0, "%s in eth/%u: %s", eth_code_name(code), version, pn_errname(rc));
    buf_init(&b, 2 * ROOM);
    ck_assert_int_eq(eth_msg_encode(&b, m, version), 0);
    ck_assert_msg(b.len == len && memcmp(b.data, raw, len) == 0, "%s in eth/%u: written otherwise",
                  eth_code_name(code), version);
    buf_free(&b);
}

START_TEST(messages_are_encoded_as_go_ethereum_publishes_them)
{
    static uint8_t raw[ROOM];

    ck_assert_uint_ge(sizeof published / sizeof published[0], 10);
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        size_t len = from_hex(raw, published[i].hex);

        for (unsigned v = published[i].first; v <= published[i].last; v++) {
            struct eth_msg m;

            check_both_ways(&m, v, published[i].code, raw, len);
            ck_assert_uint_eq(m.request_id, 1111);
        }
    }
}
END_TEST

static size_t find(unsigned code, unsigned version, uint8_t *raw)
{
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++)
        if (published[i].code == code && published[i].first <= version &&
            version <= published[i].last)
            return from_hex(raw, published[i].hex);
    ck_abort_msg("nothing published");
}

START_TEST(queries_for_headers_say_what_they_ask_for)
{
    static uint8_t raw[ROOM];
    uint8_t hash[32] = {[28] = 0xde, 0xad, 0xc0, 0xde};
    struct eth_msg m;

    check_both_ways(&m, 68, ETH_GET_BLOCK_HEADERS, raw,
                    from_hex(raw, "e8820457e4a000000000000000000000000000000000000000000000000000"
                                  "000000deadc0de050580"));
    ck_assert(m.query.by_hash && !m.query.reverse);
    ck_assert_mem_eq(m.query.hash, hash, 32);
    ck_assert_uint_eq(m.query.amount, 5);
    ck_assert_uint_eq(m.query.skip, 5);
    check_both_ways(&m, 68, ETH_GET_BLOCK_HEADERS, raw, from_hex(raw, "ca820457c682270f050501"));
    ck_assert(!m.query.by_hash && m.query.reverse);
    ck_assert_uint_eq(m.query.number, 9999);
    /* eth/62 to eth/65 ask without an id. */
    check_both_ways(&m, 63, ETH_GET_BLOCK_HEADERS, raw, from_hex(raw, "c682270f050580"));
    ck_assert_uint_eq(m.query.number, 9999);
    ck_assert_uint_eq(m.request_id, 0);
}
END_TEST

START_TEST(the_receipts_of_both_forms_are_the_same)
{
    static uint8_t raw68[ROOM], raw69[ROOM];
    struct eth_items lists;
    struct bytes list68, list69;
    struct eth_msg m68, m69;
    struct buf b;

    check_both_ways(&m68, 68, ETH_RECEIPTS, raw68, find(ETH_RECEIPTS, 68, raw68));
    check_both_ways(&m69, 69, ETH_RECEIPTS, raw69, find(ETH_RECEIPTS, 69, raw69));
    lists = m68.receipts.lists;
    ck_assert(eth_items_next(&lists, &list68));
    lists = m69.receipts.lists;
    ck_assert(eth_items_next(&lists, &list69));
    buf_init(&b, ROOM);
    ck_assert_int_eq(eth_receipts_write(&b, list69, ETH_RECEIPTS_CONSENSUS), 0);
    ck_assert_uint_eq(b.len, list68.len);
    ck_assert_mem_eq(b.data, list68.data, b.len);
    buf_free(&b);
}
END_TEST

START_TEST(receipts_since_eth_70_come_in_parts)
{
    static uint8_t raw[ROOM];
    struct eth_msg m;

    check_both_ways(&m, 70, ETH_GET_RECEIPTS, raw,
                    from_hex(raw, "e682045703e1a000000000000000000000000000"
                                  "000000000000000000000000000000deadc0de"));
    ck_assert_uint_eq(m.get_receipts.first_index, 3);
    ck_assert_uint_eq(m.get_receipts.hashes.n, 1);
    check_both_ways(&m, 70, ETH_RECEIPTS, raw, from_hex(raw, "c682045701c1c0"));
    ck_assert(m.receipts.last_incomplete);
    ck_assert_uint_eq(m.receipts.lists.n, 1);
    ck_assert_int_eq(eth_msg_decode(&m, 70, ETH_RECEIPTS, raw, from_hex(raw, "c682045702c1c0")),
                     PN_EFORMAT);
}
END_TEST

static size_t encode(uint8_t *raw, const struct eth_msg *m, unsigned version)
{
    struct buf b;
    size_t len;

    buf_init(&b, ROOM);
    ck_assert_int_eq(eth_msg_encode(&b, m, version), 0);
    len = b.len;
    memcpy(raw, b.data, len);
    buf_free(&b);
    return len;
}

START_TEST(a_status_has_the_layout_of_its_version)
{
    static const size_t items[] = {
        [62] = 5, [63] = 5, [64] = 6, [65] = 6, [66] = 6, [67] = 6, [68] = 6, [69] = 7, [70] = 7};
    struct eth_msg m = {.code = ETH_STATUS}, back;
    static uint8_t raw[ROOM];

    m.status = (struct eth_status){.network_id = 1,
                                   .total_difficulty = (eth_u128)1 << 75,
                                   .head = {1},
                                   .genesis = {2},
                                   .fork = {{3, 4, 5, 6}, 1150000},
                                   .range = {7, 8, {9}}};
    for (unsigned v = ETH_VERSION_MIN; v <= ETH_VERSION_MAX; v++) {
        struct reader r, list;
        size_t len;

        m.status.version = v;
        len = encode(raw, &m, v);
        r = reader_of(raw, len);
        list = rlp_read_list(&r);
        ck_assert_uint_eq(rlp_count(&list, 10), items[v]);
        check_both_ways(&back, v, ETH_STATUS, raw, len);
        ck_assert_uint_eq(back.status.version, v);
        ck_assert_uint_eq(back.status.genesis[0], 2);
        ck_assert(back.status.total_difficulty == (v < 69 ? (eth_u128)1 << 75 : 0));
        ck_assert_uint_eq(back.status.fork.next, v < 64 ? 0 : 1150000);
        ck_assert_uint_eq(back.status.range.latest, v < 69 ? 0 : 8);
    }
}
END_TEST

START_TEST(announced_transactions_have_types_and_sizes_since_eth_68)
{
    static const uint8_t types[] = {0, 3}, sizes[] = {100, 0x82, 0x10, 0x00};
    uint8_t hashes[66] = {[0] = 0xa0, [1] = 1, [33] = 0xa0, [34] = 2}, raw[256], hash[32], type;
    struct eth_msg m = {.code = ETH_NEW_POOLED_TX_HASHES}, back;
    uint64_t size;
    size_t len;

    m.announce = (struct eth_tx_announce){{types, 2}, {sizes, 4}, {{hashes, 66}, 2}};
    len = encode(raw, &m, 68);
    check_both_ways(&back, 68, ETH_NEW_POOLED_TX_HASHES, raw, len);
    ck_assert(eth_announce_next(&back.announce, hash, &type, &size));
    ck_assert(hash[0] == 1 && type == 0 && size == 100);
    ck_assert(eth_announce_next(&back.announce, hash, &type, &size));
    ck_assert(hash[0] == 2 && type == 3 && size == 4096);
    ck_assert(!eth_announce_next(&back.announce, hash, &type, &size));
    len = encode(raw, &m, 65);
    check_both_ways(&back, 65, ETH_NEW_POOLED_TX_HASHES, raw, len);
    ck_assert(eth_announce_next(&back.announce, hash, &type, &size));
    ck_assert(hash[0] == 1 && type == 0 && size == 0);
    m.announce.types.len = 1; /* fewer types than hashes */
    len = encode(raw, &m, 68);
    ck_assert_int_eq(eth_msg_decode(&back, 68, ETH_NEW_POOLED_TX_HASHES, raw, len), PN_ECOUNT);
}
END_TEST

START_TEST(a_version_has_its_messages_and_no_others)
{
    static const struct {
        unsigned version, code;
    } absent[] = {{62, ETH_GET_RECEIPTS},
                  {64, ETH_NEW_POOLED_TX_HASHES},
                  {67, ETH_GET_NODE_DATA},
                  {69, ETH_NEW_BLOCK},
                  {69, ETH_NEW_BLOCK_HASHES},
                  {68, 0x11},
                  {70, 0x0b},
                  {70, 0x12},
                  {66, 1000}};
    struct eth_msg m;

    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        ck_assert_int_eq(eth_msg_decode(&m, absent[i].version, absent[i].code, "\xc0", 1),
                         PN_ECOMMAND);
    ck_assert_uint_eq(eth_version_codes(62), 8);
    ck_assert_uint_eq(eth_version_codes(63), 17);
    ck_assert_uint_eq(eth_version_codes(68), 17);
    ck_assert_uint_eq(eth_version_codes(70), 18);
}
END_TEST

/* A total difficulty of megabytes, lists of millions of nothing: go-ethereum's conformance tests
 * send them. */
START_TEST(what_is_too_much_is_refused_before_it_is_looked_at)
{
    enum { MANY = 1 << 20 };
    uint8_t *empties = malloc(MANY);
    struct eth_msg m;
    struct buf b;
    size_t outer, inner;

    ck_assert_ptr_nonnull(empties);
    memset(empties, 0xc0, MANY);
    buf_init(&b, 2 * MANY);
    outer = rlp_list_begin(&b);
    rlp_write_u64(&b, 1);
    inner = rlp_list_begin(&b);
    buf_append(&b, empties, MANY);
    rlp_list_end(&b, inner);
    rlp_list_end(&b, outer);
    ck_assert_int_eq(b.err, 0);
    ck_assert_int_eq(eth_msg_decode(&m, 68, ETH_BLOCK_HEADERS, b.data, b.len), PN_ECOUNT);
    ck_assert_int_eq(eth_msg_decode(&m, 68, ETH_BLOCK_BODIES, b.data, b.len), PN_ECOUNT);
    ck_assert_int_eq(eth_msg_decode(&m, 68, ETH_RECEIPTS, b.data, b.len), PN_ECOUNT);
    ck_assert_int_eq(eth_msg_decode(&m, 68, ETH_POOLED_TXS, b.data, b.len), PN_ECOUNT);
    buf_reset(&b);
    outer = rlp_list_begin(&b);
    rlp_write_u64(&b, 68);
    rlp_write_u64(&b, 1);
    rlp_write_bytes(&b, empties, MANY);
    rlp_list_end(&b, outer);
    ck_assert_int_eq(eth_msg_decode(&m, 68, ETH_STATUS, b.data, b.len), PN_ETOOLARGE);
    buf_free(&b);
    free(empties);
}
END_TEST

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The least time of several tries: what others do on the machine does not count. */
static double time_of_decoding(unsigned version, unsigned code, const struct buf *b)
{
    double least = 1e9;

    for (int i = 0; i < 5; i++) {
        double begin = cpu_seconds(), took;
        struct eth_msg m;

        (void)eth_msg_decode(&m, version, code, b->data, b->len);
        took = cpu_seconds() - begin;
        least = took < least ? took : least;
    }
    return least;
}

/* The largest message there may be, of nothing but empty lists, or of lists within lists: no
 * message of any version takes memory for it, or more time than it takes to come in. */
START_TEST(ten_megabytes_of_nothing_cost_nothing)
{
    enum { ALL = 10 << 20, DEPTH = 100000 };
    uint8_t *empties = malloc(ALL);
    struct buf flat, deep;
    size_t outer, inner;

    ck_assert_ptr_nonnull(empties);
    memset(empties, 0xc0, ALL);
    buf_init(&flat, 2 * ALL);
    outer = rlp_list_begin(&flat);
    rlp_write_u64(&flat, 1);
    inner = rlp_list_begin(&flat);
    buf_append(&flat, empties, ALL);
    rlp_list_end(&flat, inner);
    rlp_list_end(&flat, outer);
    buf_init(&deep, ALL);
    for (size_t left = DEPTH; left > 0; left--) { /* the list's rest is `left - 1` such headers */
        const uint8_t header[] = {0xfb, (uint8_t)((left - 1) * 5 >> 24),
                                  (uint8_t)((left - 1) * 5 >> 16), (uint8_t)((left - 1) * 5 >> 8),
                                  (uint8_t)((left - 1) * 5)};

        buf_append(&deep, header, sizeof header);
    }
    ck_assert_int_eq(flat.err + deep.err, 0);
    mem_fail_at(1, 1);
    for (unsigned version = ETH_VERSION_MIN; version <= ETH_VERSION_MAX; version++)
        for (unsigned code = 0; code < eth_version_codes(version); code++) {
            double took = time_of_decoding(version, code, &flat);

            ck_assert_msg(took < 0.05, "eth/%u, code %u: %.3f s", version, code, took);
            took = time_of_decoding(version, code, &deep);
            ck_assert_msg(took < 0.05, "eth/%u, code %u, nested: %.3f s", version, code, took);
        }
    ck_assert(!mem_fail_happened());
    mem_fail_at(0, 0);
    buf_free(&flat);
    buf_free(&deep);
    free(empties);
}
END_TEST

/* Captured on a network: a NewBlock of eth/66, in hexadecimal. */
START_TEST(a_block_from_the_network_is_read_and_written)
{
    size_t len;
    char *text = (char *)harness_data(&len, "ethereum/vectors/reth-eth-wire/new_block_network_rlp");
    struct eth_header h;
    struct eth_msg m;
    uint8_t *raw;
    struct buf b;

    if (!text)
        return;
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    raw = malloc(len / 2);
    ck_assert_ptr_nonnull(raw);
    text = realloc(text, len + 1);
    ck_assert_ptr_nonnull(text);
    text[len] = '\0';
    ck_assert_int_eq(hex_decode(raw, len / 2, text), 0);
    ck_assert_int_eq(eth_msg_decode(&m, 66, ETH_NEW_BLOCK, raw, len / 2), 0);
    ck_assert_int_eq(eth_header_decode(&h, m.new_block.block.header), 0);
    ck_assert_int_eq(eth_body_check(&m.new_block.block.body, &h), 0);
    buf_init(&b, len);
    ck_assert_int_eq(eth_msg_encode(&b, &m, 66), 0);
    ck_assert_uint_eq(b.len, len / 2);
    ck_assert_mem_eq(b.data, raw, b.len);
    buf_free(&b);
    free(raw);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eth wire");
    TCase *tc = tcase_create("messages");

    tcase_add_test(tc, messages_are_encoded_as_go_ethereum_publishes_them);
    tcase_add_test(tc, queries_for_headers_say_what_they_ask_for);
    tcase_add_test(tc, the_receipts_of_both_forms_are_the_same);
    tcase_add_test(tc, receipts_since_eth_70_come_in_parts);
    tcase_add_test(tc, a_status_has_the_layout_of_its_version);
    tcase_add_test(tc, announced_transactions_have_types_and_sizes_since_eth_68);
    tcase_add_test(tc, a_version_has_its_messages_and_no_others);
    tcase_add_test(tc, what_is_too_much_is_refused_before_it_is_looked_at);
    tcase_add_test(tc, ten_megabytes_of_nothing_cost_nothing);
    tcase_add_test(tc, a_block_from_the_network_is_read_and_written);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
