/* Compact blocks put together from any bytes: whatever is announced and answered, the outcome is a
 * refusal or as many transactions as were announced.
 *
 * The input is two bytes with the length of a cmpctblock, that message, and a blocktxn. */
#include "bitcoin/compact/partial.h"
#include "codec/compact.h"
#include "fuzz.h"

static void check_outcome(const struct compact_partial *c, const struct btc_cmpctblock *m)
{
    struct reader r;
    struct buf raw;

    buf_init(&raw, BTC_BLOCK_MAX_BYTES);
    FUZZ_REQUIRE(compact_partial_encode(c, &raw) == 0);
    r = reader_of(raw.data + BTC_HEADER_BYTES, raw.len - BTC_HEADER_BYTES);
    FUZZ_REQUIRE(read_compact_count(&r, BTC_COMPACT_TXS_MAX, 1) ==
                 m->short_id_count + m->prefilled_count);
    buf_free(&raw);
}

static void answer(struct compact_partial *c, const struct btc_cmpctblock *m, const uint8_t *data,
                   size_t len)
{
    const uint16_t *indexes;
    size_t missing = compact_partial_missing(c, &indexes);
    struct arena arena;
    struct btc_msg reply;

    for (size_t i = 0; i < missing; i++)
        FUZZ_REQUIRE(indexes[i] < m->short_id_count + m->prefilled_count &&
                     (i == 0 || indexes[i] > indexes[i - 1]));
    arena_init(&arena, BTC_MSG_MEMORY(len));
    if (missing == 0)
        check_outcome(c, m);
    else if (btc_msg_decode(&reply, &arena, BTC_CMD_BLOCKTXN, data, len) == 0 &&
             compact_partial_fill(c, &reply.u.blocktxn) == 0)
        check_outcome(c, m);
    arena_free(&arena);
}

void fuzz_reconstruct(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct compact_partial *c;
    struct arena arena;
    struct btc_msg m;
    size_t first;

    (void)t;
    if (len < 2)
        return;
    first = load_le16(data);
    if (first > len - 2)
        return;
    arena_init(&arena, BTC_MSG_MEMORY(first));
    if (btc_msg_decode(&m, &arena, BTC_CMD_CMPCTBLOCK, data + 2, first) == 0 &&
        compact_partial_new(&c, &m.u.cmpctblock, NULL) == 0) {
        answer(c, &m.u.cmpctblock, data + 2 + first, len - 2 - first);
        compact_partial_free(c);
    }
    arena_free(&arena);
}

/* A block of four transactions, of which the message brings two, and the answer that brings the
 * others. */
bool fuzz_corpus_make_reconstruct(const char *dir)
{
    static const uint8_t ids[2][BTC_SHORT_ID_BYTES] = {{1}, {2}};
    struct btc_txin in = {.sequence = UINT32_MAX};
    const struct btc_txout out = {.value_sat = 1000};
    const struct btc_tx tx = {.version = 2, .in = &in, .in_count = 1, .out = &out, .out_count = 1};
    const struct btc_tx two[] = {tx, tx};
    const struct btc_prefilled prefilled[] = {{.index = 0, .tx = tx}, {.index = 2, .tx = tx}};
    const struct btc_msg announced = {
        .cmd = BTC_CMD_CMPCTBLOCK,
        .u.cmpctblock = {
            .short_ids = ids, .short_id_count = 2, .prefilled = prefilled, .prefilled_count = 2}};
    const struct btc_msg reply = {.cmd = BTC_CMD_BLOCKTXN, .u.blocktxn = {.txs = two, .count = 2}};
    struct buf b;
    bool done;

    buf_init(&b, 4096);
    write_le16(&b, 0);
    btc_msg_encode(&b, &announced);
    if (!b.err)
        store_le16(b.data, (uint16_t)(b.len - 2));
    btc_msg_encode(&b, &reply);
    done = b.err == 0 && fuzz_corpus_put(dir, "reconstruct", b.data, b.len, 0);
    buf_free(&b);
    return done;
}
