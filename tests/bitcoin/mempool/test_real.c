/* The transactions of real blocks, from the files below $P2PNODE_TEST_DATA: what miners took passes
 * the checks, enters the pool, and leaves it with the block. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bitcoin/mempool/txpool.h"
#include "bitcoin/wire/msg.h"
#include "test_mempool.h"
#include "txs.h"

static const struct {
    const char *file;
    unsigned nonstandard; /* outputs of a form that is relayed no more */
} blocks[] = {
    {"bitcoin/blocks/mainnet-0227835.blk", 0},  {"bitcoin/blocks/mainnet-0300025.blk", 2},
    {"bitcoin/blocks/mainnet-0413567.blk", 0},  {"bitcoin/blocks/mainnet-0426884.blk", 0},
    {"bitcoin/blocks/mainnet-0482683.blk", 0},  {"bitcoin/blocks/mainnet-0540107.blk", 0},
    {"bitcoin/blocks/mainnet-0702861.blk", 0},  {"bitcoin/blocks/mainnet-0866342.blk", 0},
    {"bitcoin/blocks/mainnet-0951658.blk", 0},  {"bitcoin/blocks/signet-0031500.blk", 0},
    {"bitcoin/blocks/testnet3-0928816.blk", 0}, {"bitcoin/blocks/testnet4-0040000.blk", 0},
};

/* Returns: whether the pool has it now. */
static bool offer(struct txpool *pool, const struct btc_tx *tx, unsigned *nonstandard)
{
    enum tx_refusal why = tx_check(tx);
    struct tx_body *body;

    if (why != TX_OK) {
        ck_assert_int_eq(why, TX_OUTPUT_TYPE);
        ++*nonstandard;
        return false;
    }
    ck_assert_int_eq(tx_body_new(&body, tx, txs_magic), 0);
    why = txpool_add(pool, body, 0, false);
    tx_body_unref(body);
    /* Miners take longer chains than are relayed. */
    ck_assert_msg(why == TX_OK || why == TX_CLUSTER, "refused: %s", tx_refusal_name(why));
    return why == TX_OK;
}

START_TEST(what_miners_took_enters_the_pool_and_leaves_with_the_block)
{
    const struct txpool_config config = {
        .max_bytes = 64 << 20, .max_count = 10000, .max_age_ms = 1000000};
    size_t len;
    uint8_t *data = harness_data(&len, blocks[_i].file);
    uint8_t(*txids)[BTC_HASH_BYTES];
    unsigned nonstandard = 0, entered = 0;
    struct txpool_counts counts;
    struct txpool *pool;
    struct btc_msg m;
    struct arena a;

    if (!data)
        return;
    arena_init(&a, BTC_MSG_MEMORY(len));
    ck_assert_int_eq(btc_msg_decode(&m, &a, BTC_CMD_BLOCK, data, len), 0);
    ck_assert_int_eq(txpool_new(&pool, &config, NULL, NULL), 0);
    txids = mem_alloc_array(m.u.block.tx_count, sizeof *txids);
    ck_assert_ptr_nonnull(txids);
    ck_assert_int_eq(btc_tx_id(&m.u.block.txs[0], txids[0]), 0);
    ck_assert_int_eq(tx_check(&m.u.block.txs[0]), TX_COINBASE);
    for (size_t i = 1; i < m.u.block.tx_count; i++) {
        ck_assert_int_eq(btc_tx_id(&m.u.block.txs[i], txids[i]), 0);
        entered += offer(pool, &m.u.block.txs[i], &nonstandard);
    }
    ck_assert_uint_eq(nonstandard, blocks[_i].nonstandard);
    txpool_counts(pool, &counts);
    ck_assert_uint_eq(counts.count, entered);
    ck_assert_uint_ge(entered * 10, (m.u.block.tx_count - 1) * 8);
    txpool_block(pool, m.u.block.txs, (const uint8_t(*)[BTC_HASH_BYTES])txids, m.u.block.tx_count);
    txpool_counts(pool, &counts);
    ck_assert_uint_eq(counts.count, 0);
    mem_free(txids);
    txpool_free(pool);
    arena_free(&a);
    free(data);
}
END_TEST

void add_real_tests(Suite *s)
{
    TCase *t = tcase_create("real");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, what_miners_took_enters_the_pool_and_leaves_with_the_block, 0,
                        sizeof blocks / sizeof blocks[0]);
}
