/* Real blocks and messages, from the files below $P2PNODE_TEST_DATA: they decode, encode to the
 * same bytes, and are what their headers commit to. Each absent file is said to be skipped. */
#include <stdlib.h>

#include "bitcoin/block/check.h"
#include "bitcoin/block/coinbase.h"
#include "bitcoin/block/place.h"
#include "bitcoin/block/shortid.h"
#include "bitcoin/wire/msg.h"
#include "harness.h"

static const struct {
    const char *file;
    size_t txs;
    int32_t height; /* that the coinbase gives; -1 before BIP34 */
    bool commits;   /* to witnesses */
} blocks[] = {
    {"bitcoin/blocks/mainnet-0000001.blk", 1, -1, false},
    {"bitcoin/blocks/mainnet-0227835.blk", 122, -1, false},
    {"bitcoin/blocks/mainnet-0300025.blk", 461, 300025, false},
    {"bitcoin/blocks/mainnet-0413567.blk", 1557, 413567, false},
    {"bitcoin/blocks/mainnet-0426884.blk", 409, 426884, false},
    {"bitcoin/blocks/mainnet-0482683.blk", 12, 482683, true},
    {"bitcoin/blocks/mainnet-0540107.blk", 230, 540107, true},
    {"bitcoin/blocks/mainnet-0702861.blk", 2500, 702861, true},
    {"bitcoin/blocks/mainnet-0866342.blk", 4864, 866342, true},
    {"bitcoin/blocks/mainnet-0951658.blk", 374, 951658, true},
    {"bitcoin/blocks/signet-0031500.blk", 3, 31500, true},
    {"bitcoin/blocks/testnet3-0928816.blk", 889, 928816, true},
    {"bitcoin/blocks/testnet4-0040000.blk", 16, 40000, true},
};

enum { BLOCKS = sizeof blocks / sizeof blocks[0] };

/* One message from a file. */
struct sample {
    uint8_t *data;
    size_t len;
    struct arena arena, scratch;
    struct btc_msg m;
};

static bool sample_load(struct sample *s, enum btc_cmd cmd, const char *file)
{
    s->data = harness_data(&s->len, file);
    if (!s->data)
        return false;
    arena_init(&s->arena, BTC_MSG_MEMORY(s->len));
    arena_init(&s->scratch, 10 * s->len);
    ck_assert_int_eq(btc_msg_decode(&s->m, &s->arena, cmd, s->data, s->len), 0);
    return true;
}

static void sample_free(struct sample *s)
{
    arena_free(&s->arena);
    arena_free(&s->scratch);
    free(s->data);
}

static void check_encodes_to_itself(const struct sample *s)
{
    struct buf b;

    buf_init(&b, BTC_PAYLOAD_MAX_BYTES);
    ck_assert_int_eq(btc_msg_encode(&b, &s->m), 0);
    ck_assert_uint_eq(b.len, s->len);
    ck_assert_mem_eq(b.data, s->data, s->len);
    buf_free(&b);
}

START_TEST(a_real_block_encodes_to_itself_and_keeps_the_rules)
{
    struct sample s;
    const struct btc_block *block = &s.m.u.block;
    struct btc_block_place place = {
        .height = blocks[_i].height >= 0 ? (uint32_t)blocks[_i].height : 227835,
        .rules = BTC_RULE_WITNESS | (blocks[_i].height >= 0 ? BTC_RULE_HEIGHT : 0),
    };
    int32_t height = -1;

    if (!sample_load(&s, BTC_CMD_BLOCK, blocks[_i].file))
        return;
    ck_assert_uint_eq(block->tx_count, blocks[_i].txs);
    check_encodes_to_itself(&s);
    place.lock_time_cutoff = block->header.time;
    ck_assert_int_eq(btc_block_check_at(block, &s.scratch, &place), 0);
    ck_assert_uint_eq(btc_block_size(block), s.len);
    ck_assert_uint_le(btc_block_weight(block), BTC_BLOCK_MAX_WEIGHT);
    ck_assert(!!btc_coinbase_commitment(&block->txs[0]) == blocks[_i].commits);
    if (blocks[_i].height >= 0) {
        ck_assert_int_eq(btc_coinbase_height(&block->txs[0], &height), 0);
        ck_assert_int_eq(height, blocks[_i].height);
    }
    sample_free(&s);
}
END_TEST

/* What a peer without witness support is sent: smaller, and still under the same merkle root. */
START_TEST(a_stripped_block_keeps_its_merkle_root)
{
    struct sample s;
    struct buf b;
    struct btc_msg m;

    if (!sample_load(&s, BTC_CMD_BLOCK, blocks[_i].file))
        return;
    buf_init(&b, BTC_PAYLOAD_MAX_BYTES);
    btc_block_encode_stripped(&b, &s.m.u.block);
    ck_assert_uint_eq(b.len, btc_block_stripped_size(&s.m.u.block));
    arena_reset(&s.scratch, 0);
    ck_assert_int_eq(btc_msg_decode(&m, &s.scratch, BTC_CMD_BLOCK, b.data, b.len), 0);
    ck_assert_int_eq(btc_block_check(&m.u.block, &s.scratch, 0), 0);
    buf_free(&b);
    sample_free(&s);
}
END_TEST

/* Every bit matters: one flipped in a transaction, or in a witness, is noticed. */
START_TEST(a_changed_bit_of_a_real_block_is_noticed)
{
    struct sample s;
    const struct btc_tx *tx;
    uint8_t *byte;

    if (!sample_load(&s, BTC_CMD_BLOCK, blocks[_i].file))
        return;
    tx = &s.m.u.block.txs[s.m.u.block.tx_count - 1];
    byte = s.data + (tx->raw.data - s.data) + tx->raw.len - 1; /* its lock time */
    *byte ^= 1;
    ck_assert_int_eq(btc_block_check(&s.m.u.block, &s.scratch, BTC_RULE_WITNESS), PN_EMERKLE);
    *byte ^= 1;
    if (btc_tx_has_witness(tx)) {
        *(s.data + (tx->in[0].witness.data - s.data) + 1) ^= 1;
        ck_assert_int_eq(btc_block_check(&s.m.u.block, &s.scratch, BTC_RULE_WITNESS), PN_EWITNESS);
    }
    sample_free(&s);
}
END_TEST

START_TEST(every_transaction_hashes_the_same_from_bytes_and_from_fields)
{
    struct sample s;
    const struct btc_block *block = &s.m.u.block;

    if (!sample_load(&s, BTC_CMD_BLOCK, blocks[_i].file))
        return;
    for (size_t i = 0; i < block->tx_count; i++) {
        uint8_t a[2][BTC_HASH_BYTES], b[2][BTC_HASH_BYTES];
        struct btc_tx tx = block->txs[i];

        ck_assert_uint_eq(btc_tx_size(&tx), tx.raw.len);
        ck_assert_int_eq(btc_tx_id(&tx, a[0]) | btc_tx_wtxid(&tx, a[1]), 0);
        tx.raw = (struct bytes){0};
        ck_assert_int_eq(btc_tx_id(&tx, b[0]) | btc_tx_wtxid(&tx, b[1]), 0);
        ck_assert_mem_eq(a, b, sizeof a);
    }
    sample_free(&s);
}
END_TEST

START_TEST(a_real_compact_block_names_the_transactions_of_its_block)
{
    struct sample compact, block;
    const struct btc_cmpctblock *c = &compact.m.u.cmpctblock;
    struct siphash_key key;
    size_t prefilled = 0;

    if (!sample_load(&compact, BTC_CMD_CMPCTBLOCK, "bitcoin/blocks/bcoin-compact426884.raw"))
        return;
    check_encodes_to_itself(&compact);
    if (sample_load(&block, BTC_CMD_BLOCK, "bitcoin/blocks/mainnet-0426884.blk")) {
        ck_assert_uint_eq(c->short_id_count + c->prefilled_count, block.m.u.block.tx_count);
        key = btc_short_id_key(&c->header, c->nonce);
        for (size_t i = 0; i < block.m.u.block.tx_count; i++) {
            const struct btc_tx *tx = &block.m.u.block.txs[i];
            uint8_t id[BTC_HASH_BYTES], given[BTC_HASH_BYTES];

            ck_assert_int_eq(btc_tx_wtxid(tx, id), 0);
            if (prefilled < c->prefilled_count && c->prefilled[prefilled].index == i) {
                ck_assert_int_eq(btc_tx_wtxid(&c->prefilled[prefilled++].tx, given), 0);
                ck_assert_mem_eq(id, given, sizeof id);
            } else {
                ck_assert_uint_eq(btc_short_id(&key, id),
                                  btc_short_id_load(c->short_ids[i - prefilled]));
            }
        }
        ck_assert_uint_eq(prefilled, c->prefilled_count);
        sample_free(&block);
    }
    sample_free(&compact);
}
END_TEST

START_TEST(a_real_merkleblock_belongs_to_its_block)
{
    struct sample tree, block;
    const struct btc_merkleblock *m = &tree.m.u.merkleblock;

    if (!sample_load(&tree, BTC_CMD_MERKLEBLOCK, "bitcoin/blocks/bcoin-merkle300025.raw"))
        return;
    check_encodes_to_itself(&tree);
    ck_assert_uint_gt(m->hash_count, 0);
    if (sample_load(&block, BTC_CMD_BLOCK, "bitcoin/blocks/mainnet-0300025.blk")) {
        uint8_t a[BTC_HASH_BYTES], b[BTC_HASH_BYTES];

        btc_header_hash(a, &m->header);
        btc_header_hash(b, &block.m.u.block.header);
        ck_assert_mem_eq(a, b, sizeof a);
        ck_assert_uint_eq(m->tx_count, block.m.u.block.tx_count);
        sample_free(&block);
    }
    sample_free(&tree);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("real blocks");
    TCase *t = tcase_create("blocks"), *messages = tcase_create("messages about blocks");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, a_real_block_encodes_to_itself_and_keeps_the_rules, 0, BLOCKS);
    tcase_add_loop_test(t, a_stripped_block_keeps_its_merkle_root, 0, BLOCKS);
    tcase_add_loop_test(t, a_changed_bit_of_a_real_block_is_noticed, 0, BLOCKS);
    tcase_add_loop_test(t, every_transaction_hashes_the_same_from_bytes_and_from_fields, 0, BLOCKS);
    suite_add_tcase(s, messages);
    tcase_set_timeout(messages, 60);
    tcase_add_test(messages, a_real_compact_block_names_the_transactions_of_its_block);
    tcase_add_test(messages, a_real_merkleblock_belongs_to_its_block);
    return harness_run(s);
}
