#include "bitcoin/blockstore/strip.h"

struct bytes block_frame_payload(const struct frame *block)
{
    return (struct bytes){.data = block->data + BTC_FRAME_HEADER_BYTES,
                          .len = block->len - BTC_FRAME_HEADER_BYTES};
}

struct frame *block_frame_wrap(const uint8_t magic[BTC_MAGIC_BYTES], const void *payload,
                               size_t len)
{
    struct frame *f = frame_alloc(BTC_CMD_BLOCK, BTC_FRAME_HEADER_BYTES + len);

    if (!f)
        return NULL;
    memcpy(f->data + BTC_FRAME_HEADER_BYTES, payload, len);
    btc_frame_header_store(f->data, magic, BTC_CMD_BLOCK, (uint32_t)len);
    return f;
}

static bool has_witness(const struct btc_block *block)
{
    for (size_t i = 0; i < block->tx_count; i++)
        if (btc_tx_has_witness(&block->txs[i]))
            return true;
    return false;
}

struct frame *block_frame_strip(struct frame *block, const uint8_t magic[BTC_MAGIC_BYTES])
{
    struct bytes payload = block_frame_payload(block);
    struct frame *stripped = NULL;
    struct arena arena;
    struct btc_msg m;
    struct buf b;

    arena_init(&arena, BTC_MSG_MEMORY(payload.len));
    buf_init(&b, BTC_BLOCK_MAX_BYTES);
    if (btc_msg_decode(&m, &arena, BTC_CMD_BLOCK, payload.data, payload.len) == 0) {
        if (!has_witness(&m.u.block)) {
            stripped = frame_ref(block);
        } else {
            btc_block_encode_stripped(&b, &m.u.block);
            stripped = b.err ? NULL : block_frame_wrap(magic, b.data, b.len);
        }
    }
    arena_free(&arena);
    buf_free(&b);
    frame_unref(block);
    return stripped;
}
