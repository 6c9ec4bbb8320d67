/* A block that comes: thread in of the peer that sent it. All checks are made here, in parallel for
 * all peers, and what fails them is blamed on this peer alone: its connection ends. A block that
 * was not asked of this peer is passed over. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/internal.h"
#include "bitcoin/transactions.h"

static int tell(struct peer *p, const uint8_t hash[BTC_HASH_BYTES], int rc)
{
    struct manager_block *result = mem_alloc(sizeof *result);

    if (!result)
        return PN_ENOMEM;
    *result = (struct manager_block){.head.bytes = sizeof *result, .rc = rc};
    memcpy(result->hash, hash, sizeof result->hash);
    return manager_tell(&btc_peer_of(p)->net->inbox, p, MANAGER_BLOCK, &result->head);
}

static int keep(struct peer *p, struct bitcoin *net, const uint8_t hash[BTC_HASH_BYTES],
                uint32_t height, struct bytes raw)
{
    struct frame *f = block_frame_wrap(net->config.params.magic, raw.data, raw.len);

    if (!f)
        return PN_ENOMEM;
    return block_store_add(net->blocks.store, hash, height, f, peer_quit(p));
}

int blocks_on_block(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    const struct btc_block *block = &m->u.block;
    struct bitcoin *net = bp->net;
    struct btc_block_place place;
    uint8_t hash[BTC_HASH_BYTES];
    int checked, rc = 0;

    btc_header_hash(hash, &block->header);
    peer_add_known(p, hash);
    if (!block_wants_take(&bp->wants, hash) || !blocks_place(net, &place, &block->header))
        return 0;
    checked = btc_block_check_at(block, &bp->arena, &place);
    if (checked == 0)
        rc = keep(p, net, hash, place.height, bp->raw);
    if (rc == PN_EQUIT)
        return rc;
    if (checked == 0)
        bitcoin_block_connected(net, block);
    rc = tell(p, hash, checked < 0 ? checked : rc);
    return checked < 0 && checked != PN_ENOMEM ? checked : rc;
}

int blocks_on_notfound(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    int rc = 0;

    for (size_t i = 0; i < m->u.notfound.count && rc == 0; i++)
        if (block_wants_take(&bp->wants, m->u.notfound.items[i].hash))
            rc = tell(p, m->u.notfound.items[i].hash, PN_ENOENT);
    return rc;
}
