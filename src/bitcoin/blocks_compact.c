/* Compact blocks (BIP152, version 2) on thread in. A cmpctblock that comes unasked, as one of those
 * that we want announced so, names a header that the manager may not know: it is told (and counts
 * the block as on its way from here), while the block is put together already. What is missing is
 * asked of the same peer, once; should the result not be what the header commits to, the whole
 * block is. Nobody is blamed for a block that was announced so: BIP152 lets nodes pass one on after
 * a look at its header. */
#include "base/err.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/chain/pow.h"
#include "bitcoin/compact/encode.h"
#include "bitcoin/compact/partial.h"
#include "bitcoin/internal.h"

enum {
    ANSWERED_DEPTH = 10, /* getblocktxn; beyond, the block is sent whole (Core,
                            MAX_BLOCKTXN_DEPTH) */
    OLD_DEPTH = 2,       /* announcements of blocks that lie deeper are no news */
};

int blocks_on_sendcmpct(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)p;
    if (m->u.sendcmpct.version == BTC_COMPACT_VERSION)
        atomic_store(&bp->compact, m->u.sendcmpct.high_bandwidth ? COMPACT_HIGH : COMPACT_LOW);
    return 0;
}

/* --- one that comes --- */

static void forget_partial(struct btc_peer *bp)
{
    compact_partial_free(bp->partial);
    bp->partial = NULL;
}

static int ask_for_whole(struct peer *p, struct btc_peer *bp, const uint8_t hash[BTC_HASH_BYTES])
{
    struct btc_inv_item item = {.type = BTC_INV_BLOCK | BTC_INV_WITNESS};
    const struct btc_msg m = {.cmd = BTC_CMD_GETDATA, .u.getdata = {.items = &item, .count = 1}};

    memcpy(item.hash, hash, sizeof item.hash);
    block_wants_add(&bp->wants, hash);
    return peer_reply(p, btc_frame(bp->net->config.params.magic, &m), PEER_SEND_NO_STALL);
}

static int ask_for_missing(struct peer *p, struct btc_peer *bp)
{
    struct btc_msg m = {.cmd = BTC_CMD_GETBLOCKTXN};

    m.u.getblocktxn.count = compact_partial_missing(bp->partial, &m.u.getblocktxn.indexes);
    memcpy(m.u.getblocktxn.block_hash, compact_partial_hash(bp->partial), BTC_HASH_BYTES);
    return peer_reply(p, btc_frame(bp->net->config.params.magic, &m), PEER_SEND_NO_STALL);
}

/* Whether what was put together is not the block that was meant. */
static bool is_another_block(int verdict)
{
    return verdict == PN_EMERKLE || verdict == PN_EMUTATED || verdict == PN_EWITNESS;
}

static int judge_raw(struct peer *p, const struct buf *raw, const uint8_t hash[BTC_HASH_BYTES],
                     int *verdict)
{
    struct arena arena;
    struct btc_msg m;
    int rc;

    arena_init(&arena, 2 * BTC_MSG_MEMORY(raw->len));
    *verdict = btc_msg_decode(&m, &arena, BTC_CMD_BLOCK, raw->data, raw->len);
    if (*verdict < 0 && *verdict != PN_ENOMEM)
        *verdict = PN_EMERKLE;
    rc = *verdict == 0
             ? blocks_judge(p, &m.u.block, hash, (struct bytes){.data = raw->data, .len = raw->len},
                            &arena, verdict)
             : 0;
    arena_free(&arena);
    return rc;
}

/* Nothing is missing any more. */
static int finish(struct peer *p, struct btc_peer *bp)
{
    uint8_t hash[BTC_HASH_BYTES];
    struct buf raw;
    int verdict, rc = 0;

    memcpy(hash, compact_partial_hash(bp->partial), sizeof hash);
    buf_init(&raw, BTC_BLOCK_MAX_BYTES);
    verdict = compact_partial_encode(bp->partial, &raw);
    forget_partial(bp);
    if (verdict == 0)
        rc = judge_raw(p, &raw, hash, &verdict);
    buf_free(&raw);
    if (rc < 0)
        return rc;
    if (is_another_block(verdict) || verdict == PN_ETOOLARGE)
        return ask_for_whole(p, bp, hash);
    block_wants_take(&bp->wants, hash);
    return blocks_tell(p, hash, verdict);
}

/* Whether the header is news: of a block near the tip, on as much work as any branch must have
 * (Core, CMPCTBLOCK: the check against too little work). */
static bool is_news(struct bitcoin *net, const struct chain_point *parent,
                    const struct btc_header *header)
{
    return !parent->invalid && parent->height + OLD_DEPTH >= atomic_load(&net->height) &&
           parent->work + headers_work(header, 1) >= chain_view_dos_work(&net->chain);
}

/* Of a block whose parent is not known, the headers are asked for. */
static int tell_announced(struct peer *p, const uint8_t hash[BTC_HASH_BYTES])
{
    struct manager_hashes *one = manager_hashes_new(1);

    if (!one)
        return PN_ENOMEM;
    memcpy(one->hashes[0], hash, BTC_HASH_BYTES);
    return manager_tell(&btc_peer_of(p)->net->inbox, p, MANAGER_BLOCK_INV, &one->head);
}

static int tell_header(struct peer *p, const struct btc_header *header,
                       const uint8_t hash[BTC_HASH_BYTES])
{
    struct manager_headers *one = manager_headers_new(1);

    if (!one)
        return PN_ENOMEM;
    one->headers[0] = *header;
    memcpy(one->hashes[0], hash, BTC_HASH_BYTES);
    return manager_tell(&btc_peer_of(p)->net->inbox, p, MANAGER_COMPACT, &one->head);
}

static int put_together(struct peer *p, struct btc_peer *bp, const struct btc_cmpctblock *m,
                        const uint8_t hash[BTC_HASH_BYTES])
{
    const uint16_t *indexes;
    int rc;

    forget_partial(bp);
    rc = compact_partial_new(&bp->partial, m, bitcoin_txpool(bp->net));
    if (rc == PN_EDUPLICATE)
        return ask_for_whole(p, bp, hash);
    if (rc < 0)
        return rc;
    return compact_partial_missing(bp->partial, &indexes) > 0 ? ask_for_missing(p, bp)
                                                              : finish(p, bp);
}

int blocks_on_cmpctblock(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    const struct btc_cmpctblock *c = &m->u.cmpctblock;
    struct bitcoin *net = bp->net;
    struct chain_point parent;
    uint8_t hash[1][BTC_HASH_BYTES];
    int rc = headers_precheck(hash, &c->header, 1, &net->config.params);

    if (rc < 0 || !net->blocks.store)
        return rc;
    peer_add_known(p, hash[0]);
    if (block_store_has(net->blocks.store, hash[0]))
        return 0;
    if (!block_wants_has(&bp->wants, hash[0])) {
        if (!chain_view_find(&net->chain, &parent, c->header.prev))
            return tell_announced(p, hash[0]);
        if (!is_news(net, &parent, &c->header))
            return 0;
        rc = tell_header(p, &c->header, hash[0]);
        if (rc < 0)
            return rc;
    }
    return put_together(p, bp, c, hash[0]);
}

/* One answer for one question; another is passed over. */
int blocks_on_blocktxn(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    const struct btc_blocktxn *b = &m->u.blocktxn;
    int rc;

    if (!bp->partial ||
        memcmp(compact_partial_hash(bp->partial), b->block_hash, BTC_HASH_BYTES) != 0)
        return 0;
    rc = compact_partial_fill(bp->partial, b);
    return rc < 0 ? rc : finish(p, bp);
}

/* --- one that goes --- */

int blocks_on_getblocktxn(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    const struct btc_getblocktxn *request = &m->u.getblocktxn;
    struct bitcoin *net = bp->net;
    struct frame *block, *answer;
    uint32_t height;
    struct bytes raw;
    int rc;

    if (!net->blocks.store || !block_store_has(net->blocks.store, request->block_hash))
        return 0;
    rc = peer_rest(p);
    if (rc < 0)
        return rc;
    block = block_store_get(net->blocks.store, &height, request->block_hash);
    if (!block || !blocks_may_serve(net, height)) {
        frame_unref(block);
        return 0;
    }
    if (height + ANSWERED_DEPTH < atomic_load(&net->height))
        return peer_reply(p, block, 0);
    raw = block_frame_payload(block);
    rc = compact_transactions(&answer, net->config.params.magic, raw.data, raw.len, request);
    frame_unref(block);
    return rc < 0 ? rc : peer_reply(p, answer, 0);
}
