/* Serving blocks: thread in of the peer that asks.
 *
 * No deeper than BIP159 says, whatever is kept: how much that is would tell nodes apart. A block is
 * loaded only when at most half of the send buffer waits to be written, so that one who asks and
 * does not read costs that and one block. */
#include "base/err.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/internal.h"

/* BIP159's promise, and by how much a peer's view of our tip may lag (Core, net_processing.cpp,
 * NODE_NETWORK_LIMITED_ALLOW_CONN_BLOCKS and ProcessGetBlockData). */
enum { SERVED_DEPTH = 288 + 2 };

static bool may_serve(const struct bitcoin *net, uint32_t height)
{
    return (net->config.services & BTC_NODE_NETWORK) ||
           height + SERVED_DEPTH >= atomic_load(&net->height);
}

int blocks_serve(struct peer *p, struct btc_peer *bp, const struct btc_inv_item *item)
{
    struct bitcoin *net = bp->net;
    struct frame *block;
    uint32_t height;
    int rc;

    if ((item->type & ~(uint32_t)BTC_INV_WITNESS) != BTC_INV_BLOCK || !net->blocks.store ||
        !block_store_has(net->blocks.store, item->hash))
        return PN_ENOENT;
    rc = peer_rest(p);
    if (rc < 0)
        return rc;
    block = block_store_get(net->blocks.store, &height, item->hash);
    if (!block)
        return PN_ENOENT;
    if (!may_serve(net, height)) {
        frame_unref(block);
        return PN_ENOENT;
    }
    if (!(item->type & BTC_INV_WITNESS))
        block = block_frame_strip(block, net->config.params.magic);
    return peer_reply(p, block, 0);
}
