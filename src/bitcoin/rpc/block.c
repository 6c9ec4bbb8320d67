/* A block by its hash, fetched if it is not kept: as bytes, as an object, or with its transactions
 * taken apart. */
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"
#include "bitcoin/wire/frame.h"
#include "codec/compact.h"
#include "codec/hex.h"

/* Memory for a decoded block: its scripts stay in the frame. */
enum { ARENA_MAX_BYTES = 64 << 20 };

static cJSON *hex_text(const uint8_t *data, size_t len)
{
    char *text = mem_alloc(2 * len + 1);
    cJSON *value;

    if (!text)
        return cJSON_CreateNull();
    hex_encode(text, data, len);
    value = json_new_text(text);
    mem_free(text);
    return value;
}

static cJSON *script_object(struct bytes script)
{
    cJSON *o = json_new_object();

    json_set(o, "hex", hex_text(script.data, script.len));
    return o;
}

static cJSON *input_object(const struct btc_txin *in, bool coinbase)
{
    struct bytes rest = in->witness;
    cJSON *o = json_new_object(), *stack;

    if (coinbase) {
        json_set(o, "coinbase", hex_text(in->script.data, in->script.len));
    } else {
        json_set(o, "txid", rpc_hash(in->prev_hash));
        json_set(o, "vout", json_new_uint(in->prev_index));
        json_set(o, "scriptSig", script_object(in->script));
    }
    if (in->witness_count > 0) {
        stack = json_set(o, "txinwitness", json_new_array());
        for (uint32_t i = 0; i < in->witness_count; i++) {
            struct bytes item = btc_witness_next(&rest);

            json_push(stack, hex_text(item.data, item.len));
        }
    }
    json_set(o, "sequence", json_new_uint(in->sequence));
    return o;
}

static cJSON *tx_object(const struct btc_tx *tx)
{
    cJSON *o = json_new_object(), *in = json_new_array(), *out = json_new_array();
    uint8_t txid[BTC_HASH_BYTES], wtxid[BTC_HASH_BYTES];
    size_t weight = btc_tx_weight(tx);

    if (btc_tx_id(tx, txid) == 0)
        json_set(o, "txid", rpc_hash(txid));
    if (btc_tx_wtxid(tx, wtxid) == 0)
        json_set(o, "hash", rpc_hash(wtxid));
    json_set(o, "version", json_new_uint((uint32_t)tx->version));
    json_set(o, "size", json_new_uint(btc_tx_size(tx)));
    json_set(o, "vsize", json_new_uint((weight + 3) / 4));
    json_set(o, "weight", json_new_uint(weight));
    json_set(o, "locktime", json_new_uint(tx->lock_time));
    for (uint32_t i = 0; i < tx->in_count; i++)
        json_push(in, input_object(&tx->in[i], btc_tx_is_coinbase(tx)));
    json_set(o, "vin", in);
    for (uint32_t i = 0; i < tx->out_count; i++) {
        cJSON *value = json_new_object();

        json_set(value, "value", rpc_amount(tx->out[i].value_sat));
        json_set(value, "n", json_new_uint(i));
        json_set(value, "scriptPubKey", script_object(tx->out[i].script));
        json_push(out, value);
    }
    json_set(o, "vout", out);
    json_set(o, "hex", hex_text(tx->raw.data, tx->raw.len));
    return o;
}

static void set_transactions(cJSON *o, const struct btc_block *block, size_t bytes, bool whole)
{
    cJSON *list = json_new_array();
    size_t stripped = BTC_HEADER_BYTES + compact_size(block->tx_count);
    uint8_t txid[BTC_HASH_BYTES];

    for (size_t i = 0; i < block->tx_count; i++) {
        stripped += btc_tx_stripped_size(&block->txs[i]);
        if (whole)
            json_push(list, tx_object(&block->txs[i]));
        else if (btc_tx_id(&block->txs[i], txid) == 0)
            json_push(list, rpc_hash(txid));
    }
    json_set(o, "strippedsize", json_new_uint(stripped));
    json_set(o, "size", json_new_uint(bytes));
    json_set(o, "weight", json_new_uint(3 * stripped + bytes));
    json_set(o, "tx", list);
}

static void describe(struct rpc_call *c, const uint8_t *raw, size_t len, bool whole)
{
    struct reader r = reader_of(raw, len);
    struct btc_block block;
    struct arena arena;

    arena_init(&arena, ARENA_MAX_BYTES);
    btc_block_decode(&r, &block, &arena);
    if (r.err)
        rpc_fail(c, RPC_MISC_ERROR, "the block cannot be decoded: %s", pn_strerror(r.err));
    else
        set_transactions(c->result, &block, len, whole);
    arena_free(&arena);
}

/* A block that is not kept: have it fetched, for which the call moves to where it may wait.
 * Owns: returns a reference, or NULL when there is none yet. */
static struct frame *fetch(struct rpc_call *c, const struct chain_point *point)
{
    const struct btc_rpc *context = c->arg;
    struct frame *frame = NULL;
    int rc;

    if (rpc_put_off(c))
        return NULL;
    if (!c->wait) {
        rpc_fail(c, RPC_MISC_ERROR,
                 "Block not available (pruned data); asked for alone, not in a batch, it is "
                 "fetched from a peer");
        return NULL;
    }
    rc = bitcoin_fetch_block(context->bitcoin, &frame, point->hash, point->height, c->wait->quit,
                             c->wait->deadline_us);
    if (rc == PN_ENOENT)
        rpc_fail(c, RPC_MISC_ERROR,
                 "Block not available (pruned data, and no connected peer serves old blocks)");
    else if (rc == PN_ETIMEDOUT)
        rpc_fail(c, RPC_MISC_ERROR,
                 "Block not available (pruned data, and no peer sent it in "
                 "time)");
    else if (rc == PN_ELIMIT)
        rpc_fail(c, RPC_MISC_ERROR,
                 "Block not available (pruned data, and too many blocks are "
                 "being fetched; try again in a few seconds)");
    else if (rc < 0)
        rpc_fail(c, RPC_MISC_ERROR, "Block not available: %s", pn_strerror(rc));
    return frame;
}

void rpc_getblock(struct rpc_call *c)
{
    const struct btc_rpc *context = c->arg;
    struct block_store *store = context->bitcoin->blocks.store;
    int64_t verbosity = rpc_given(c, 1) ? rpc_int(c, 1, 0, 3) : 1;
    struct chain_point point;
    struct btc_header header;
    struct frame *frame;

    if (!rpc_find_block(c, &point, &header))
        return;
    frame = store ? block_store_get(store, NULL, point.hash) : NULL;
    if (!frame)
        frame = fetch(c, &point);
    if (!frame)
        return;
    if (verbosity == 0) {
        c->result =
            hex_text(frame->data + BTC_FRAME_HEADER_BYTES, frame->len - BTC_FRAME_HEADER_BYTES);
    } else {
        c->result = rpc_header_object(c, &point, &header);
        describe(c, frame->data + BTC_FRAME_HEADER_BYTES, frame->len - BTC_FRAME_HEADER_BYTES,
                 verbosity >= 2);
    }
    frame_unref(frame);
}
