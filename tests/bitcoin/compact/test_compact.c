/* Compact blocks: made, put together again from the pool, and from what was asked for. */
#include <stdlib.h>

#include "base/mem.h"
#include "bitcoin/compact/announcers.h"
#include "bitcoin/compact/encode.h"
#include "bitcoin/compact/partial.h"
#include "bitcoin/mempool/txpool.h"
#include "harness.h"

static const uint8_t magic[BTC_MAGIC_BYTES] = {0xfa, 0xbf, 0xb5, 0xda};

/* A decoded message and what it lives in. */
struct decoded {
    struct btc_msg m;
    struct arena arena;
};

static void decode(struct decoded *d, enum btc_cmd cmd, const uint8_t *data, size_t len)
{
    arena_init(&d->arena, BTC_MSG_MEMORY(len));
    ck_assert_int_eq(btc_msg_decode(&d->m, &d->arena, cmd, data, len), 0);
}

static void decode_frame(struct decoded *d, enum btc_cmd cmd, const struct frame *f)
{
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->cmd, cmd);
    decode(d, cmd, f->data + BTC_FRAME_HEADER_BYTES, f->len - BTC_FRAME_HEADER_BYTES);
}

static void on_left(void *arg, struct tx_body *body, bool own, enum txpool_exit exit)
{
    (void)arg;
    (void)body;
    (void)own;
    (void)exit;
}

static struct txpool *pool_new(void)
{
    const struct txpool_config config = {
        .max_bytes = 64 << 20, .max_count = 10000, .max_age_ms = 3600000};
    struct txpool *pool;

    ck_assert_int_eq(txpool_new(&pool, &config, on_left, NULL), 0);
    return pool;
}

/* Every `step`-th transaction but the coinbase. Returns: how many the pool has taken. */
static size_t fill_pool(struct txpool *pool, const struct btc_block *block, size_t step)
{
    size_t n = 0;

    for (size_t i = step; i < block->tx_count; i += step) {
        struct tx_body *body;

        ck_assert_int_eq(tx_body_new(&body, &block->txs[i], magic), 0);
        n += txpool_add(pool, body, 0, true) == TX_OK;
        tx_body_unref(body);
    }
    return n;
}

static void check_block(const struct compact_partial *c, const uint8_t *raw, size_t len)
{
    struct buf b;

    buf_init(&b, BTC_BLOCK_MAX_BYTES);
    ck_assert_int_eq(compact_partial_encode(c, &b), 0);
    ck_assert_uint_eq(b.len, len);
    ck_assert_mem_eq(b.data, raw, len);
    buf_free(&b);
}

/* Ask for what is missing, as one node of another, and take the answer. */
static void fetch_missing(struct compact_partial *c, const uint8_t *raw, size_t len)
{
    struct btc_getblocktxn request = {0};
    struct frame *answer;
    struct decoded d;

    request.count = compact_partial_missing(c, &request.indexes);
    memcpy(request.block_hash, compact_partial_hash(c), BTC_HASH_BYTES);
    ck_assert_int_eq(compact_transactions(&answer, magic, raw, len, &request), 0);
    decode_frame(&d, BTC_CMD_BLOCKTXN, answer);
    ck_assert_mem_eq(d.m.u.blocktxn.block_hash, request.block_hash, BTC_HASH_BYTES);
    ck_assert_int_eq(compact_partial_fill(c, &d.m.u.blocktxn), 0);
    arena_free(&d.arena);
    frame_unref(answer);
}

static const char *const files[] = {
    "bitcoin/blocks/mainnet-0000001.blk", "bitcoin/blocks/mainnet-0426884.blk",
    "bitcoin/blocks/mainnet-0866342.blk", "bitcoin/blocks/mainnet-0951658.blk",
    "bitcoin/blocks/signet-0031500.blk",
};

START_TEST(a_real_block_is_put_together_again_from_pool_and_answers)
{
    size_t len;
    uint8_t *raw = harness_data(&len, files[_i]);
    struct decoded block, compact;
    struct frame *f;

    if (!raw)
        return;
    decode(&block, BTC_CMD_BLOCK, raw, len);
    f = compact_announcement(magic, raw, len);
    decode_frame(&compact, BTC_CMD_CMPCTBLOCK, f);
    for (size_t step = 0; step <= 3; step++) {
        struct txpool *pool = pool_new();
        size_t have = step ? fill_pool(pool, &block.m.u.block, step) : 0;
        struct compact_partial *c;
        const uint16_t *indexes;

        ck_assert_int_eq(compact_partial_new(&c, &compact.m.u.cmpctblock, pool), 0);
        ck_assert_uint_eq(compact_partial_missing(c, &indexes),
                          block.m.u.block.tx_count - 1 - have);
        fetch_missing(c, raw, len);
        check_block(c, raw, len);
        compact_partial_free(c);
        txpool_free(pool);
    }
    arena_free(&compact.arena);
    arena_free(&block.arena);
    frame_unref(f);
    free(raw);
}
END_TEST

/* Of real transactions the pool refuses some, conflicting or in large clusters. */
START_TEST(the_real_compact_block_426884_is_put_together_again)
{
    size_t compact_len, len;
    uint8_t *message = harness_data(&compact_len, "bitcoin/blocks/bcoin-compact426884.raw");
    uint8_t *raw = message ? harness_data(&len, "bitcoin/blocks/mainnet-0426884.blk") : NULL;
    struct decoded block, compact;
    struct compact_partial *c;
    const uint16_t *indexes;
    struct txpool *pool;
    size_t have;

    if (!raw) {
        free(message);
        return;
    }
    decode(&block, BTC_CMD_BLOCK, raw, len);
    decode(&compact, BTC_CMD_CMPCTBLOCK, message, compact_len);
    pool = pool_new();
    have = fill_pool(pool, &block.m.u.block, 1);
    ck_assert_uint_gt(have, 300);
    ck_assert_int_eq(compact_partial_new(&c, &compact.m.u.cmpctblock, pool), 0);
    ck_assert_uint_le(compact_partial_missing(c, &indexes),
                      compact.m.u.cmpctblock.short_id_count - have +
                          compact.m.u.cmpctblock.prefilled_count);
    fetch_missing(c, raw, len);
    check_block(c, raw, len);
    compact_partial_free(c);
    txpool_free(pool);
    arena_free(&compact.arena);
    arena_free(&block.arena);
    free(raw);
    free(message);
}
END_TEST

/* --- without real data --- */

/* A message of these short ids and no transactions. */
static struct btc_cmpctblock message_of(const uint8_t (*ids)[BTC_SHORT_ID_BYTES], size_t n)
{
    return (struct btc_cmpctblock){.nonce = 1, .short_ids = ids, .short_id_count = n};
}

START_TEST(a_block_without_transactions_is_refused)
{
    const struct btc_cmpctblock m = message_of(NULL, 0);
    struct compact_partial *c;

    ck_assert_int_eq(compact_partial_new(&c, &m, NULL), PN_EFORMAT);
}
END_TEST

START_TEST(equal_short_ids_call_for_the_whole_block)
{
    static const uint8_t ids[3][BTC_SHORT_ID_BYTES] = {{1}, {2}, {1}};
    const struct btc_cmpctblock m = message_of(ids, 3);
    struct compact_partial *c;

    ck_assert_int_eq(compact_partial_new(&c, &m, NULL), PN_EDUPLICATE);
}
END_TEST

START_TEST(an_answer_has_as_many_transactions_as_were_asked_for)
{
    static const uint8_t ids[2][BTC_SHORT_ID_BYTES] = {{1}, {2}};
    const struct btc_cmpctblock m = message_of(ids, 2);
    const struct btc_tx tx = {.raw = {.data = (const uint8_t *)"tx", .len = 2}};
    const struct btc_tx two[] = {tx, tx};
    struct btc_blocktxn answer = {.txs = two, .count = 1};
    struct compact_partial *c;
    const uint16_t *indexes;
    struct buf b;

    ck_assert_int_eq(compact_partial_new(&c, &m, NULL), 0);
    ck_assert_uint_eq(compact_partial_missing(c, &indexes), 2);
    ck_assert_int_eq(compact_partial_fill(c, &answer), PN_ECOUNT);
    answer.count = 2;
    ck_assert_int_eq(compact_partial_fill(c, &answer), 0);
    ck_assert_int_eq(compact_partial_fill(c, &answer), PN_ECOUNT); /* a second answer */
    buf_init(&b, 1000);
    ck_assert_int_eq(compact_partial_encode(c, &b), 0);
    ck_assert_uint_eq(b.len, BTC_HEADER_BYTES + 1 + 4);
    buf_free(&b);
    compact_partial_free(c);
}
END_TEST

START_TEST(without_memory_nothing_is_put_together)
{
    static const uint8_t ids[2][BTC_SHORT_ID_BYTES] = {{1}, {2}};
    const struct btc_cmpctblock m = message_of(ids, 2);

    for (unsigned n = 1;; n++) {
        struct compact_partial *c = NULL;
        int rc;

        mem_fail_at(n, 0);
        rc = compact_partial_new(&c, &m, NULL);
        if (!mem_fail_happened()) {
            ck_assert_int_eq(rc, 0);
            compact_partial_free(c);
            break;
        }
        ck_assert_int_eq(rc, PN_ENOMEM);
    }
    mem_fail_at(0, 0);
}
END_TEST

START_TEST(the_last_three_that_were_first_announce)
{
    struct announcers a = {0};
    uint64_t gone;

    ck_assert(announcers_first(&a, &gone, 1));
    ck_assert(announcers_first(&a, &gone, 2));
    ck_assert(announcers_first(&a, &gone, 3));
    ck_assert_uint_eq(gone, 0);
    ck_assert(!announcers_first(&a, &gone, 1)); /* again: now the last to go */
    ck_assert_uint_eq(gone, 0);
    ck_assert(announcers_first(&a, &gone, 4));
    ck_assert_uint_eq(gone, 2);
    announcers_remove(&a, 3);
    announcers_remove(&a, 99);
    ck_assert(announcers_first(&a, &gone, 5));
    ck_assert_uint_eq(gone, 0);
    ck_assert(announcers_first(&a, &gone, 6));
    ck_assert_uint_eq(gone, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("compact blocks");
    TCase *t = tcase_create("compact");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_real_block_is_put_together_again_from_pool_and_answers, 0,
                        sizeof files / sizeof files[0]);
    tcase_add_test(t, the_real_compact_block_426884_is_put_together_again);
    tcase_add_test(t, a_block_without_transactions_is_refused);
    tcase_add_test(t, equal_short_ids_call_for_the_whole_block);
    tcase_add_test(t, an_answer_has_as_many_transactions_as_were_asked_for);
    tcase_add_test(t, without_memory_nothing_is_put_together);
    tcase_add_test(t, the_last_three_that_were_first_announce);
    return harness_run(s);
}
