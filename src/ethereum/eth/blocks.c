/* Block gossip, where the network still has it: announced and pushed blocks go through the fetcher;
 * a good one is passed on whole to a few peers as soon as its header is checked, and announced to
 * the others when its body is there too (go-ethereum eth/handler.go, BroadcastBlock; the seeds'
 * minedBroadcastLoop does both for blocks of its own, which a node without an EVM cannot make). */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "codec/rlp.h"
#include "ethereum/eth/internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

/* Below a merged head nobody gossips blocks, and go-ethereum parts from who does. */
static bool gossips(const struct eth *e)
{
    const struct eth_head *head = eth_chain_head_of_headers(e->config.chain);

    return !e->config.params->merged && head->total_difficulty < e->config.params->merge_difficulty;
}

/* --- what comes in --- */

void blocks_announced(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    struct eth_items items = m->items;
    uint8_t hash[ETH_HASH_BYTES];
    uint64_t number;

    if (!gossips(e))
        return;
    while (eth_items_next_block_hash(&items, hash, &number)) {
        peer_add_known(p->peer, hash);
        fetcher_announced(e->fetcher, p->id, hash, number);
    }
    e->fetcher_us = 0;
}

void blocks_arrived(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    const struct eth_block *block = &m->new_block.block;
    eth_u128 td = m->new_block.total_difficulty;
    struct eth_header h;
    int rc = eth_header_decode(&h, block->header);

    if (rc == 0)
        rc = eth_body_check(&block->body, &h);
    if (rc < 0) {
        if (!eth_chain_failed_itself(rc))
            pm_disconnect(p, rc);
        return;
    }
    if (!gossips(e))
        return;
    peer_add_known(p->peer, h.hash);
    fetcher_pushed(e->fetcher, p->id, &h, block);
    /* What it has for sure is the parent (go-ethereum eth/handler_eth.go, handleBlockBroadcast). */
    if (td >= h.difficulty && td - h.difficulty > p->total_difficulty) {
        p->total_difficulty = td - h.difficulty;
        memcpy(p->head, h.parent, ETH_HASH_BYTES);
        downloader_peer_head(e->downloader, p->id, p->head, p->total_difficulty, 0);
        e->downloader_us = 0;
    }
    e->fetcher_us = 0;
}

/* --- what goes out --- */

static unsigned count_wholes(const struct eth *e)
{
    unsigned n = (unsigned)sqrt(e->n_peers);

    return n < PM_MIN_BROADCAST_PEERS ? PM_MIN_BROADCAST_PEERS : n;
}

static void propagate(struct eth *e, const struct eth_header *h, const struct eth_block *block,
                      eth_u128 td)
{
    struct eth_msg m = {.code = ETH_NEW_BLOCK};
    unsigned left = count_wholes(e);

    m.new_block.block = *block;
    m.new_block.total_difficulty = td;
    for (unsigned i = 0; i < e->n_peers && left > 0; i++) {
        struct pm_peer *to = &e->peers[i];

        if (to->version >= 69 || peer_has_known(to->peer, h->hash))
            continue;
        peer_add_known(to->peer, h->hash);
        (void)pm_send(e, to, &m);
        left--;
    }
}

static void announce_to(struct eth *e, struct pm_peer *to, const uint8_t hash[ETH_HASH_BYTES],
                        uint64_t number)
{
    struct eth_msg m = {.code = ETH_NEW_BLOCK_HASHES};
    struct buf b;
    size_t mark;

    if (to->version >= 69 || peer_has_known(to->peer, hash))
        return;
    peer_add_known(to->peer, hash);
    buf_init(&b, 128);
    mark = rlp_list_begin(&b);
    rlp_write_bytes(&b, hash, ETH_HASH_BYTES);
    rlp_write_u64(&b, number);
    rlp_list_end(&b, mark);
    m.items = (struct eth_items){{b.data, b.len}, 1};
    if (!b.err)
        (void)pm_send(e, to, &m);
    buf_free(&b);
}

static void announce(struct eth *e, const struct eth_header *h)
{
    for (unsigned i = 0; i < e->n_peers; i++)
        announce_to(e, &e->peers[i], h->hash, h->number);
}

void blocks_sync(struct eth *e, struct pm_peer *p)
{
    const struct eth_head *head = eth_chain_head_of_blocks(e->config.chain);

    if (gossips(e) && memcmp(p->link->told_head, head->hash, ETH_HASH_BYTES) != 0)
        announce_to(e, p, head->hash, head->number);
}

void blocks_announce_head(struct eth *e)
{
    const struct eth_head *head = eth_chain_head_of_blocks(e->config.chain);

    for (unsigned i = 0; i < e->n_peers && gossips(e); i++)
        announce_to(e, &e->peers[i], head->hash, head->number);
}

/* --- the fetcher's wishes --- */

static uint64_t height(void *arg)
{
    struct eth *e = arg;

    return eth_chain_head_of_blocks(e->config.chain)->number;
}

static bool known(void *arg, const uint8_t hash[ETH_HASH_BYTES])
{
    struct eth *e = arg;
    struct eth_body body;

    return eth_chain_body(e->config.chain, &body, hash) == 0;
}

static bool ask_header(void *arg, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES])
{
    struct eth *e = arg;
    struct pm_peer *p = pm_find(e, peer);
    struct eth_msg m = {.code = ETH_GET_BLOCK_HEADERS};

    m.query = (struct eth_header_query){.by_hash = true, .amount = 1};
    memcpy(m.query.hash, hash, ETH_HASH_BYTES);
    return p && pm_ask(e, p, PM_FETCH_HEADER, &m);
}

static bool ask_body(void *arg, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES])
{
    struct eth *e = arg;
    struct pm_peer *p = pm_find(e, peer);
    struct eth_msg m = {.code = ETH_GET_BLOCK_BODIES};
    uint8_t item[1 + ETH_HASH_BYTES] = {0xa0};

    memcpy(item + 1, hash, ETH_HASH_BYTES);
    m.items = (struct eth_items){{item, sizeof item}, 1};
    return p && pm_ask(e, p, PM_FETCH_BODY, &m);
}

static void misbehaved(void *arg, uint64_t peer, int reason)
{
    struct pm_peer *p = pm_find(arg, peer);

    if (p)
        pm_disconnect(p, reason);
}

static void insert(void *arg, uint64_t peer, const struct eth_block *block, bool pushed)
{
    struct eth *e = arg;
    struct eth_chain *c = e->config.chain;
    struct eth_added added;
    struct eth_header h;
    struct bytes rlp;
    eth_u128 td;
    int rc = eth_header_decode(&h, block->header);

    if (rc == 0)
        rc = eth_chain_add_header(c, &added, &h, block->header, false);
    if (rc == PN_ETIMENEW || eth_chain_failed_itself(rc))
        return; /* perhaps later, perhaps our fault */
    if (rc < 0) {
        misbehaved(e, peer, rc);
        return;
    }
    if (pushed && eth_chain_header(c, &rlp, &td, h.hash) == 0)
        propagate(e, &h, block, td);
    rc = eth_chain_add_body(c, h.hash, &block->body);
    if (rc < 0)
        return;
    metric_add(e->metrics.imported, 1);
    log_debug("ethereum", "block %llu imported", (unsigned long long)h.number);
    announce(e, &h);
    blocks_note_mined(e, &block->body);
    blocks_head_moved(e);
}

const struct fetcher_ops pm_fetcher_ops = {.height = height,
                                           .known = known,
                                           .ask_header = ask_header,
                                           .ask_body = ask_body,
                                           .insert = insert,
                                           .misbehaved = misbehaved};

/* --- after a block --- */

void blocks_note_mined(struct eth *e, const struct eth_body *body)
{
    struct reader outer = reader_of(body->txs.data, body->txs.len), list = rlp_read_list(&outer);

    while (reader_left(&list) > 0) {
        uint8_t sender[ETH_ADDRESS_BYTES];
        struct eth_tx t;

        if (eth_tx_decode(&t, rlp_read_raw(&list)) == 0 && eth_tx_sender(sender, &t) == 0)
            pool_note_mined(&e->pool, sender, t.nonce);
    }
    pool_sweep(&e->pool);
}

void blocks_recall_mined(struct eth *e)
{
    enum { BLOCKS = 1024, SENDERS = 2000 };
    struct eth_chain *c = e->config.chain;
    uint64_t number = eth_chain_head_of_blocks(c)->number;
    uint8_t hash[ETH_HASH_BYTES];
    struct eth_body body;

    for (unsigned i = 0; i < BLOCKS && number > 0 && e->pool.n_senders < SENDERS; i++, number--)
        if (eth_chain_hash_at(c, hash, number) == 0 && eth_chain_body(c, &body, hash) == 0)
            blocks_note_mined(e, &body);
}

/* Peers of eth/69 hear of our range when it has moved by an epoch, not before: go-ethereum's
 * conformance tests do not expect it at once (devp2p caps/eth.md, BlockRangeUpdate). */
void blocks_head_moved(struct eth *e)
{
    enum { EPOCH = 32 };
    const struct eth_head *head = eth_chain_head_of_blocks(e->config.chain);
    struct eth_msg m = {.code = ETH_BLOCK_RANGE_UPDATE};

    pm_publish(e);
    if (head->number < e->told_range.latest + EPOCH && head->number >= e->told_range.latest)
        return;
    e->told_range.latest = head->number;
    memcpy(e->told_range.latest_hash, head->hash, ETH_HASH_BYTES);
    m.range = e->told_range;
    for (unsigned i = 0; i < e->n_peers; i++)
        if (e->peers[i].version >= 69)
            (void)pm_send(e, &e->peers[i], &m);
}
