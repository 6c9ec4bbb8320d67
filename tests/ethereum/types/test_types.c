/* Headers, bodies and receipts, against chains that other programs have made. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "ethereum/trie/trie.h"
#include "ethereum/types/body.h"
#include "ethereum/types/receipts.h"
#include "harness.h"

/* Every block of a chain file: its header is written as it was read, its body is the header's, and
 * so it is not the header's when a byte of it is changed. Returns: how many. */
static unsigned check_chain(const char *name)
{
    size_t len;
    uint8_t *file = harness_data(&len, name);
    struct reader r;
    struct buf b;
    unsigned n = 0;

    if (!file)
        return 0;
    r = reader_of(file, len);
    buf_init(&b, 1 << 20);
    for (; reader_left(&r) > 0; n++) {
        struct bytes raw = rlp_read_raw(&r);
        struct eth_block block;
        struct eth_header h;

        ck_assert_int_eq(r.err, 0);
        ck_assert_int_eq(eth_block_decode(&block, raw), 0);
        ck_assert_int_eq(eth_header_decode(&h, block.header), 0);
        buf_reset(&b);
        eth_header_encode(&b, &h);
        ck_assert_int_eq(b.err, 0);
        ck_assert(b.len == block.header.len && memcmp(b.data, block.header.data, b.len) == 0);
        ck_assert_msg(eth_body_check(&block.body, &h) == 0, "%s, block %u", name, n);
        ck_assert(!eth_header_is_empty(&h) ||
                  (block.body.txs.len == 1 && block.body.uncles.len == 1));
        h.tx_root[7] ^= 1;
        ck_assert_int_eq(eth_body_check(&block.body, &h), PN_EMERKLE);
        h.tx_root[7] ^= 1;
        h.uncles_hash[31] ^= 1;
        ck_assert_int_eq(eth_body_check(&block.body, &h), PN_EUNCLES);
    }
    buf_free(&b);
    free(file);
    return n;
}

START_TEST(bodies_of_real_chains_have_the_roots_of_their_headers)
{
    unsigned n = check_chain("ethereum/chains/geth-ethtest-v1.10.26-pow/halfchain.rlp");

    ck_assert(n == 0 || n == 999);
    check_chain("ethereum/chains/besu-fork/fork-upgraded.blocks");
    check_chain("ethereum/chains/besu-mainnet/block_300006.blocks");
    check_chain("ethereum/chains/besu-mainnet/block_4400000.blocks");
    check_chain("ethereum/chains/besu-mainnet/block_4400001.blocks");
}
END_TEST

static struct bytes from_hex(uint8_t *room, const char *text)
{
    size_t len = strlen(text) / 2;

    ck_assert_int_eq(hex_decode(room, len, text), 0);
    return (struct bytes){room, len};
}

/* A header says by the number of its fields which forks it knows. */
/* A header may claim any gas, and so room for any number of transactions; ten megabytes of empty
 * lists are no transactions all the same, and no memory is spent on finding out. */
START_TEST(a_body_of_nothing_but_empty_lists_costs_nothing)
{
    enum { ALL = 10 << 20 };
    struct eth_header h = {.gas_used = INT64_MAX, .gas_limit = INT64_MAX, .n_fields = 15};
    uint8_t *empties = malloc(ALL);
    struct eth_body body;
    struct buf b;
    size_t outer, inner;

    ck_assert_ptr_nonnull(empties);
    memset(empties, 0xc0, ALL);
    buf_init(&b, 2 * ALL);
    outer = rlp_list_begin(&b);
    inner = rlp_list_begin(&b);
    buf_append(&b, empties, ALL);
    rlp_list_end(&b, inner);
    buf_append(&b, empties, 1);
    rlp_list_end(&b, outer);
    ck_assert_int_eq(b.err, 0);
    ck_assert_int_eq(eth_body_decode(&body, (struct bytes){b.data, b.len}), 0);
    mem_fail_at(1, 1);
    ck_assert_int_eq(eth_body_check(&body, &h), PN_ECOUNT);
    ck_assert(!mem_fail_happened());
    mem_fail_at(0, 0);
    buf_free(&b);
    free(empties);
}
END_TEST

START_TEST(headers_of_every_fork_survive_a_round_trip)
{
    static const unsigned counts[] = {15, 16, 17, 20, 21};
    static const uint8_t extra[] = {0x77, 0x88};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct eth_header h = {.difficulty = (eth_u128)1 << 70,
                               .number = 3333,
                               .gas_limit = 4444,
                               .gas_used = 5555,
                               .time = 6666,
                               .extra = {extra, sizeof extra},
                               .n_fields = counts[i],
                               .base_fee = 7,
                               .blob_gas_used = 131072,
                               .excess_blob_gas = 1},
                          back;
        struct buf b;

        buf_init(&b, 4096);
        eth_header_encode(&b, &h);
        ck_assert_int_eq(b.err, 0);
        ck_assert_int_eq(eth_header_rehash(&h), 0);
        ck_assert_int_eq(eth_header_decode(&back, (struct bytes){b.data, b.len}), 0);
        ck_assert_mem_eq(back.hash, h.hash, sizeof h.hash);
        ck_assert_uint_eq(back.n_fields, counts[i]);
        ck_assert(back.difficulty == h.difficulty);
        ck_assert_uint_eq(back.blob_gas_used, counts[i] >= 20 ? 131072 : 0);
        buf_free(&b);
    }
}
END_TEST

START_TEST(a_header_with_parts_of_a_fork_is_refused)
{
    struct eth_header h = {.n_fields = ETH_FIELDS_SHANGHAI};
    struct reader r, list;
    struct buf b, longer;
    size_t mark;

    buf_init(&b, 4096);
    buf_init(&longer, 4096);
    eth_header_encode(&b, &h);
    r = reader_of(b.data, b.len);
    list = rlp_read_list(&r);
    mark = rlp_list_begin(&longer);
    buf_append(&longer, list.pos, reader_left(&list));
    rlp_write_u64(&longer, 131072); /* blob gas without what belongs to it */
    rlp_list_end(&longer, mark);
    ck_assert_int_eq(eth_header_decode(&h, (struct bytes){longer.data, longer.len}), PN_ETRUNCATED);
    buf_free(&longer);
    buf_free(&b);
}
END_TEST

/* Two receipts in both forms, from go-ethereum eth/protocols/eth/protocol_test.go. */
static const char receipts_flat[] = "f8d3f866808082014df85ff85d940000000000000000000000000000000000"
                                    "000011f842a0000000000000000000000000"
                                    "000000000000000000000000000000000000deada000000000000000000000"
                                    "00000000000000000000000000000000000000"
                                    "00beef830100fff86901018201bcf862f86094000000000000000000000000"
                                    "0000000000000022f842a00000000000000000"
                                    "000000000000000000000000000000000000000000005668a0000000000000"
                                    "00000000000000000000000000000000000000"
                                    "00000000009773860"
                                    "20f0f0f0608";

/* A header for a list of receipts in consensus form, which is checked against nothing but the trie
 * (which has vectors of its own) and the blooms that come in that form. */
static void make_header(struct eth_header *h, struct bytes consensus)
{
    struct reader r = reader_of(consensus.data, consensus.len), list = rlp_read_list(&r);
    struct bytes values[4];
    size_t n = 0;

    *h = (struct eth_header){.gas_used = 100000};
    for (; reader_left(&list) > 0; n++) {
        struct reader ahead = list, fields, skipped;
        uint8_t bloom[ETH_BLOOM_BYTES];
        uint64_t gas;

        ck_assert_uint_lt(n, 4);
        if (rlp_next_is_list(&list)) {
            values[n] = rlp_read_raw(&list);
            fields = rlp_read_list(&ahead);
        } else {
            values[n] = rlp_read_bytes(&list, SIZE_MAX);
            skipped = reader_of(values[n].data + 1, values[n].len - 1);
            fields = rlp_read_list(&skipped);
        }
        rlp_read_bytes(&fields, 32);
        gas = rlp_read_u64(&fields);
        rlp_read_fixed(&fields, bloom, sizeof bloom);
        ck_assert_int_eq(fields.err, 0);
        ck_assert_uint_gt(gas, 0);
        for (size_t i = 0; i < sizeof bloom; i++)
            h->bloom[i] |= bloom[i];
    }
    ck_assert_int_eq(trie_list_root(h->receipts_root, values, n), 0);
}

START_TEST(receipts_are_checked_in_both_forms_and_kept_flat)
{
    static uint8_t room[1024];
    struct bytes flat = from_hex(room, receipts_flat), consensus;
    struct buf c, kept;
    struct eth_header h;

    buf_init(&c, 4096);
    buf_init(&kept, 4096);
    ck_assert_int_eq(eth_receipts_write(&c, flat, ETH_RECEIPTS_CONSENSUS), 0);
    consensus = (struct bytes){c.data, c.len};
    make_header(&h, consensus);
    ck_assert_int_eq(eth_receipts_check(&kept, consensus, ETH_RECEIPTS_CONSENSUS, &h), 0);
    ck_assert_uint_eq(kept.len, flat.len);
    ck_assert_mem_eq(kept.data, flat.data, flat.len);
    buf_reset(&kept);
    ck_assert_int_eq(eth_receipts_check(&kept, flat, ETH_RECEIPTS_FLAT, &h), 0);
    ck_assert_mem_eq(kept.data, flat.data, flat.len);
    h.bloom[0] ^= 1;
    ck_assert_int_eq(eth_receipts_check(&kept, flat, ETH_RECEIPTS_FLAT, &h), PN_ERECEIPTS);
    h.bloom[0] ^= 1;
    h.receipts_root[0] ^= 1;
    ck_assert_int_eq(eth_receipts_check(&kept, flat, ETH_RECEIPTS_FLAT, &h), PN_ERECEIPTS);
    h.gas_used = 0; /* more receipts than gas can have paid for */
    ck_assert_int_eq(eth_receipts_check(&kept, flat, ETH_RECEIPTS_FLAT, &h), PN_ECOUNT);
    buf_free(&c);
    buf_free(&kept);
}
END_TEST

START_TEST(numbers_of_128_bits_are_read_and_shown)
{
    static const char *const texts[] = {"0", "1", "58750000000000000000000",
                                        "340282366920938463463374607431768211455"};
    char shown[ETH_U128_TEXT_BYTES];
    uint8_t raw[16];
    eth_u128 v;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ck_assert_int_eq(eth_u128_parse(&v, texts[i], strlen(texts[i])), 0);
        ck_assert_str_eq(eth_u128_text(shown, v), texts[i]);
        eth_u128_store(raw, v);
        ck_assert(eth_u128_load(raw) == v);
    }
    ck_assert_int_eq(eth_u128_parse(&v, "0x20000", 7), 0);
    ck_assert(v == 131072);
    ck_assert_int_eq(eth_u128_parse(&v, "340282366920938463463374607431768211456", 39),
                     PN_ETOOLARGE);
    ck_assert_int_eq(eth_u128_parse(&v, "12a", 3), PN_EFORMAT);
    ck_assert_int_eq(eth_u128_parse(&v, "", 0), PN_EFORMAT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eth types");
    TCase *tc = tcase_create("blocks");

    tcase_add_test(tc, bodies_of_real_chains_have_the_roots_of_their_headers);
    tcase_add_test(tc, headers_of_every_fork_survive_a_round_trip);
    tcase_add_test(tc, a_body_of_nothing_but_empty_lists_costs_nothing);
    tcase_add_test(tc, a_header_with_parts_of_a_fork_is_refused);
    tcase_add_test(tc, receipts_are_checked_in_both_forms_and_kept_flat);
    tcase_add_test(tc, numbers_of_128_bits_are_read_and_shown);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
