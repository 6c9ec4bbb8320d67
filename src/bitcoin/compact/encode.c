#include "bitcoin/compact/encode.h"

#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/block/shortid.h"

/* A kept block, decoded. */
struct opened {
    struct btc_msg m;
    struct arena arena;
};

static int open_block(struct opened *o, const void *raw, size_t len)
{
    /* Beside the block itself: short ids, or the transactions that are asked for. */
    arena_init(&o->arena, 2 * BTC_MSG_MEMORY(len));
    return btc_msg_decode(&o->m, &o->arena, BTC_CMD_BLOCK, raw, len);
}

static struct frame *frame_of(const uint8_t magic[BTC_MAGIC_BYTES], const struct btc_msg *m)
{
    struct frame *f = NULL;
    struct buf b;

    buf_init(&b, BTC_FRAME_HEADER_BYTES + BTC_PAYLOAD_MAX_BYTES);
    if (btc_frame_encode(&b, magic, m) == 0)
        f = frame_new(m->cmd, b.data, b.len);
    buf_free(&b);
    return f;
}

static void store_short_id(uint8_t out[BTC_SHORT_ID_BYTES], uint64_t id)
{
    for (unsigned i = 0; i < BTC_SHORT_ID_BYTES; i++)
        out[i] = (uint8_t)(id >> (8 * i));
}

struct frame *compact_announcement(const uint8_t magic[BTC_MAGIC_BYTES], const void *raw,
                                   size_t len)
{
    struct btc_msg m = {.cmd = BTC_CMD_CMPCTBLOCK, .u.cmpctblock.nonce = random_u64()};
    struct btc_cmpctblock *c = &m.u.cmpctblock;
    uint8_t(*ids)[BTC_SHORT_ID_BYTES];
    struct btc_prefilled coinbase;
    struct frame *f = NULL;
    struct siphash_key key;
    struct opened o;
    const struct btc_block *block = &o.m.u.block;
    int rc = open_block(&o, raw, len);

    ids = rc == 0 ? arena_alloc(&o.arena, block->tx_count, sizeof *ids) : NULL;
    if (ids && block->tx_count > 0 && block->tx_count <= BTC_COMPACT_TXS_MAX) {
        key = btc_short_id_key(&block->header, c->nonce);
        for (size_t i = 1; i < block->tx_count && rc == 0; i++) {
            uint8_t wtxid[BTC_HASH_BYTES];

            rc = btc_tx_wtxid(&block->txs[i], wtxid);
            store_short_id(ids[i - 1], btc_short_id(&key, wtxid));
        }
        coinbase = (struct btc_prefilled){.index = 0, .tx = block->txs[0]};
        c->header = block->header;
        c->short_ids = (const uint8_t(*)[BTC_SHORT_ID_BYTES])ids;
        c->short_id_count = block->tx_count - 1;
        c->prefilled = &coinbase;
        c->prefilled_count = 1;
        f = rc == 0 ? frame_of(magic, &m) : NULL;
    }
    arena_free(&o.arena);
    return f;
}

int compact_transactions(struct frame **out, const uint8_t magic[BTC_MAGIC_BYTES], const void *raw,
                         size_t len, const struct btc_getblocktxn *request)
{
    struct btc_msg m = {.cmd = BTC_CMD_BLOCKTXN, .u.blocktxn.count = request->count};
    struct btc_tx *txs = NULL;
    struct opened o;
    const struct btc_block *block = &o.m.u.block;
    int rc = open_block(&o, raw, len);

    if (rc == 0 && request->count > block->tx_count)
        rc = PN_EFORMAT;
    if (rc == 0)
        txs = arena_alloc(&o.arena, request->count, sizeof *txs);
    if (rc == 0 && !txs)
        rc = PN_ENOMEM;
    for (size_t i = 0; i < request->count && rc == 0; i++) {
        if (request->indexes[i] < block->tx_count)
            txs[i] = block->txs[request->indexes[i]];
        else
            rc = PN_EFORMAT;
    }
    if (rc == 0) {
        memcpy(m.u.blocktxn.block_hash, request->block_hash, BTC_HASH_BYTES);
        m.u.blocktxn.txs = txs;
        *out = frame_of(magic, &m);
        rc = *out ? 0 : PN_ENOMEM;
    }
    arena_free(&o.arena);
    return rc;
}
