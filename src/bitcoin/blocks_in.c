/* A block that comes: thread in of the peer that sent it. All checks are made here, in parallel for
 * all peers, and what fails them is blamed on this peer alone: its connection ends. A block that
 * was not asked of this peer is passed over, one that was asked to answer a question is not kept
 * (loans.h). */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/filter_net.h"
#include "bitcoin/internal.h"
#include "bitcoin/transactions.h"

int blocks_tell(struct peer *p, const uint8_t hash[BTC_HASH_BYTES], int rc)
{
    struct manager_block *result = mem_alloc(sizeof *result);

    if (!result)
        return PN_ENOMEM;
    *result = (struct manager_block){.head.bytes = sizeof *result, .rc = rc};
    memcpy(result->hash, hash, sizeof result->hash);
    return manager_tell(&btc_peer_of(p)->net->inbox, p, MANAGER_BLOCK, &result->head);
}

static int keep(struct peer *p, const uint8_t hash[BTC_HASH_BYTES], uint32_t height,
                struct bytes raw)
{
    const struct btc_peer *bp = btc_peer_of(p);
    struct frame *f = blocks_frame_of(bp, raw);

    if (!f)
        return PN_ENOMEM;
    return block_store_add(bp->net->blocks.store, hash, height, f, peer_quit(p));
}

int blocks_judge(struct peer *p, const struct btc_block *block, const uint8_t hash[BTC_HASH_BYTES],
                 struct bytes raw, struct arena *scratch, int *verdict)
{
    struct bitcoin *net = btc_peer_of(p)->net;
    struct btc_block_place place;

    if (!blocks_place(net, &place, &block->header)) {
        *verdict = PN_EORPHAN;
        return 0;
    }
    *verdict = btc_block_check_at(block, scratch, &place);
    if (*verdict < 0)
        return 0;
    *verdict = keep(p, hash, place.height, raw);
    if (*verdict == 0)
        bitcoin_block_connected(net, block);
    return *verdict == PN_EQUIT ? PN_EQUIT : 0;
}

int blocks_on_block(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    const struct btc_block *block = &m->u.block;
    uint8_t hash[BTC_HASH_BYTES];
    int verdict, rc;

    btc_header_hash(hash, &block->header);
    peer_add_known(p, hash);
    rc = loans_on_block(p, bp, block, hash, bp->raw);
    if (rc < 0 || !block_wants_take(&bp->wants, hash))
        return rc;
    rc = blocks_judge(p, block, hash, bp->raw, &bp->arena, &verdict);
    if (rc == 0 && verdict == 0)
        rc = filter_net_block(p, hash);
    if (rc == 0)
        rc = blocks_tell(p, hash, verdict);
    return rc == 0 && blocks_is_fault(verdict) ? verdict : rc;
}

int blocks_on_notfound(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    int rc = 0;

    for (size_t i = 0; i < m->u.notfound.count && rc == 0; i++) {
        loans_on_notfound(p, m->u.notfound.items[i].hash);
        if (block_wants_take(&bp->wants, m->u.notfound.items[i].hash))
            rc = blocks_tell(p, m->u.notfound.items[i].hash, PN_ENOENT);
    }
    return rc;
}
