/* Serving blocks: thread in of the peer that asks.
 *
 * No deeper than BIP159 says, whatever is kept: how much that is would tell nodes apart. A block is
 * loaded only when at most half of the send buffer waits to be written, so that one who asks and
 * does not read costs that and one block. */
#include "base/err.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/compact/encode.h"
#include "bitcoin/internal.h"

/* BIP159's promise, and by how much a peer's view of our tip may lag (Core, net_processing.cpp,
 * NODE_NETWORK_LIMITED_ALLOW_CONN_BLOCKS and ProcessGetBlockData). */
enum {
    SERVED_DEPTH = 288 + 2,
    COMPACT_DEPTH = 5 /* deeper blocks are sent whole (Core, MAX_CMPCTBLOCK_DEPTH) */
};

bool blocks_may_serve(const struct bitcoin *net, uint32_t height)
{
    return (net->config.services & BTC_NODE_NETWORK) ||
           height + SERVED_DEPTH >= atomic_load(&net->height);
}

static bool asks_for_block(const struct bitcoin *net, uint32_t type)
{
    if (type == BTC_INV_FILTERED_BLOCK)
        return net->config.bloom_filters;
    return (type & ~(uint32_t)BTC_INV_WITNESS) == BTC_INV_BLOCK || type == BTC_INV_CMPCT_BLOCK;
}

/* The encoding that was asked for. Owns: takes the reference to the block, and returns one. */
static struct frame *encode_as(struct frame *block, const struct bitcoin *net, uint32_t type,
                               uint32_t height)
{
    const uint8_t *magic = net->config.params.magic;
    struct bytes raw = block_frame_payload(block);
    struct frame *compact;

    if (type == BTC_INV_BLOCK)
        return block_frame_strip(block, magic);
    if (type != BTC_INV_CMPCT_BLOCK || height + COMPACT_DEPTH < atomic_load(&net->height))
        return block;
    compact = compact_announcement(magic, raw.data, raw.len);
    frame_unref(block);
    return compact;
}

int blocks_serve(struct peer *p, struct btc_peer *bp, const struct btc_inv_item *item)
{
    struct bitcoin *net = bp->net;
    struct frame *block;
    uint32_t height;
    int rc;

    if (!asks_for_block(net, item->type) || !net->blocks.store ||
        !block_store_has(net->blocks.store, item->hash))
        return PN_ENOENT;
    rc = peer_rest(p);
    if (rc < 0)
        return rc;
    block = block_store_get(net->blocks.store, &height, item->hash);
    if (!block)
        return PN_ENOENT;
    if (!blocks_may_serve(net, height)) {
        frame_unref(block);
        return PN_ENOENT;
    }
    if (item->type == BTC_INV_FILTERED_BLOCK) {
        rc = bloom_send_block(p, bp, block_frame_payload(block));
        frame_unref(block);
        return rc;
    }
    return peer_reply(p, encode_as(block, net, item->type, height), 0);
}
