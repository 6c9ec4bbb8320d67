/* Any bytes as the payload of a message: decoding fails with an error, or gives what encodes to
 * the same bytes. */
#include "bitcoin/block/check.h"
#include "bitcoin/block/coinbase.h"
#include "fuzz.h"

static int decode(struct btc_msg *m, struct arena *a, enum btc_cmd cmd, const void *data,
                  size_t len)
{
    int rc;

    arena_init(a, BTC_MSG_MEMORY(len));
    rc = btc_msg_decode(m, a, cmd, data, len);
    FUZZ_REQUIRE(rc != PN_ENOMEM);
    FUZZ_REQUIRE(rc <= 0 && m->cmd == cmd);
    return rc;
}

static void encode(struct buf *b, const struct btc_msg *m)
{
    buf_init(b, BTC_PAYLOAD_MAX_BYTES);
    FUZZ_REQUIRE(btc_msg_encode(b, m) == 0);
}

/* Sizes and ids are the same whether taken from the bytes or from the fields. */
static void check_tx(const struct btc_tx *tx)
{
    struct btc_tx fields = *tx;
    uint8_t a[BTC_HASH_BYTES], b[BTC_HASH_BYTES];
    int32_t height;

    fields.raw = (struct bytes){0};
    FUZZ_REQUIRE(btc_tx_size(tx) == tx->raw.len);
    FUZZ_REQUIRE(btc_tx_weight(tx) >= btc_tx_size(tx));
    FUZZ_REQUIRE(btc_tx_id(tx, a) == 0 && btc_tx_id(&fields, b) == 0);
    FUZZ_REQUIRE(memcmp(a, b, sizeof a) == 0);
    FUZZ_REQUIRE(btc_tx_wtxid(tx, a) == 0 && btc_tx_wtxid(&fields, b) == 0);
    FUZZ_REQUIRE(memcmp(a, b, sizeof a) == 0);
    for (size_t i = 0; i < tx->in_count; i++) {
        struct bytes rest = tx->in[i].witness;

        for (size_t n = 0; n < tx->in[i].witness_count; n++)
            btc_witness_next(&rest);
        FUZZ_REQUIRE(rest.len == 0);
    }
    btc_coinbase_commitment(tx);
    if (btc_coinbase_height(tx, &height) == 0)
        FUZZ_REQUIRE(height >= 0);
}

static void check_block(const struct btc_block *block, size_t len)
{
    struct arena scratch;

    FUZZ_REQUIRE(btc_block_size(block) == len);
    for (size_t i = 0; i < block->tx_count; i++)
        check_tx(&block->txs[i]);
    arena_init(&scratch, 64 * block->tx_count);
    FUZZ_REQUIRE(btc_block_check(block, &scratch, BTC_RULE_WITNESS) != PN_ENOMEM);
    arena_free(&scratch);
}

void fuzz_msg(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct btc_msg m, again;
    struct arena a, b;
    struct buf first, second;

    if (decode(&m, &a, t->cmd, data, len) < 0) {
        arena_free(&a);
        return;
    }
    if (t->cmd == BTC_CMD_TX)
        check_tx(&m.u.tx);
    if (t->cmd == BTC_CMD_BLOCK)
        check_block(&m.u.block, len);
    encode(&first, &m);
    /* The one message whose reading forgives something: bytes at its end, and a relay byte that
     * is neither 0 nor 1. */
    if (t->cmd != BTC_CMD_VERSION)
        FUZZ_REQUIRE(first.len == len && (len == 0 || memcmp(first.data, data, len) == 0));
    FUZZ_REQUIRE(decode(&again, &b, t->cmd, first.data, first.len) == 0);
    encode(&second, &again);
    FUZZ_REQUIRE(first.len == second.len);
    FUZZ_REQUIRE(first.len == 0 || memcmp(first.data, second.data, first.len) == 0);
    buf_free(&first);
    buf_free(&second);
    arena_free(&a);
    arena_free(&b);
}
