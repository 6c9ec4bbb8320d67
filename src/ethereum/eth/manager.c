/* The protocol manager's thread: sole owner of the chain, the pool and what is known of each peer.
 * It waits on its inbox and on what its parts have due, and only try-sends to peers, so that nobody
 * can hold it up; the chain's file is its only other wait. */
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/eth/internal.h"
#include "ethereum/eth/serve.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum { HEARTBEAT_MS = 1000, FLUSH_US = 1000000, FLUSH_CHANGES = 16384 };

struct pm_peer *pm_find(struct eth *e, uint64_t id)
{
    for (unsigned i = 0; i < e->n_peers; i++)
        if (e->peers[i].id == id)
            return &e->peers[i];
    return NULL;
}

void pm_disconnect(struct pm_peer *p, int reason)
{
    peer_disconnect(p->peer, reason);
}

void pm_publish(struct eth *e)
{
    const struct eth_head *headers = eth_chain_head_of_headers(e->config.chain);
    const struct eth_head *blocks = eth_chain_head_of_blocks(e->config.chain);

    mutex_lock(&e->mu);
    e->view.headers = *headers;
    e->view.blocks = *blocks;
    e->view.peers = e->n_peers;
    e->view.pooled = e->pool.n;
    e->view.syncing = downloader_is_syncing(e->downloader);
    e->view.synced_from = e->synced_from;
    mutex_unlock(&e->mu);
    download_board_post(&e->board, downloader_peers(e->downloader));
    metric_set(e->metrics.number, (int64_t)blocks->number);
    metric_set(e->metrics.header_number, (int64_t)headers->number);
    metric_set(e->metrics.receipts_number, (int64_t)downloader_receipts_number(e->downloader));
}

static void peer_comes(struct eth *e, struct peer *p)
{
    struct eth_link *l = p2p_state(p, e->number);
    struct pm_peer *m = &e->peers[e->n_peers];

    if (BUG(e->n_peers == e->config.max_peers || !l)) {
        peer_unref(p);
        return;
    }
    *m = (struct pm_peer){.peer = p, .link = l, .id = peer_id(p), .version = l->version};
    m->total_difficulty = l->status.total_difficulty;
    m->head_number = l->status.range.latest;
    memcpy(m->head, l->version >= 69 ? l->status.range.latest_hash : l->status.head,
           ETH_HASH_BYTES);
    e->n_peers++;
    downloader_peer_ready(e->downloader, m->id, l->version >= 63);
    downloader_peer_head(e->downloader, m->id, m->head, m->total_difficulty, m->head_number);
    e->downloader_us = 0;
    blocks_sync(e, m);
    txs_sync(e, m);
}

static void peer_goes(struct eth *e, struct peer *p)
{
    struct pm_peer *m = pm_find(e, peer_id(p));
    uint64_t id = peer_id(p);

    if (BUG(!m))
        return;
    *m = e->peers[--e->n_peers];
    fetcher_peer_gone(e->fetcher, id);
    txfetch_peer_gone(e->txfetch, id);
    downloader_peer_gone(e->downloader, id);
    e->fetcher_us = e->txfetch_us = e->downloader_us = 0;
    peer_unref(p);
}

static struct bytes first_item(const struct eth_items *items)
{
    struct eth_items all = *items;
    struct bytes item = {0};

    (void)eth_items_next(&all, &item);
    return item;
}

/* An answer goes to whoever asked; one that nobody asked for goes nowhere. */
static void answer(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    switch (pm_answered(e, p, m)) {
    case PM_SYNC_HEADERS:
        downloader_headers(e->downloader, p->id, &m->items);
        break;
    case PM_SYNC_BODIES:
        downloader_bodies(e->downloader, p->id, &m->items);
        break;
    case PM_SYNC_RECEIPTS:
        downloader_receipts(e->downloader, p->id, &m->receipts.lists,
                            p->version >= 69 ? ETH_RECEIPTS_FLAT : ETH_RECEIPTS_CONSENSUS,
                            m->receipts.last_incomplete);
        break;
    case PM_FETCH_HEADER:
        fetcher_header(e->fetcher, p->id, first_item(&m->items));
        break;
    case PM_FETCH_BODY:
        fetcher_body(e->fetcher, p->id, first_item(&m->items));
        break;
    case PM_TXS:
    case PM_REQUESTS:
        return;
    }
    e->downloader_us = e->fetcher_us = 0;
}

static void serve(struct eth *e, struct pm_peer *p, const struct eth_msg *request)
{
    const struct serve_source from = {e->config.chain, &e->pool};
    struct serve_answer a;

    serve_make(&a, &from, request, p->version);
    metric_add(e->metrics.served, (int64_t)a.n);
    (void)pm_send(e, p, &a.msg);
    for (size_t at = 0; at < a.hashes.len; at += ETH_HASH_BYTES)
        peer_add_known(p->peer, a.hashes.data + at);
    serve_answer_free(&a);
}

static void range_update(struct eth *e, struct pm_peer *p, const struct eth_range *r)
{
    p->head_number = r->latest;
    memcpy(p->head, r->latest_hash, ETH_HASH_BYTES);
    downloader_peer_head(e->downloader, p->id, p->head, p->total_difficulty, p->head_number);
    e->downloader_us = 0;
}

static void message(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    switch (m->code) {
    case ETH_GET_BLOCK_HEADERS:
    case ETH_GET_BLOCK_BODIES:
    case ETH_GET_RECEIPTS:
    case ETH_GET_POOLED_TXS:
    case ETH_GET_NODE_DATA:
        serve(e, p, m);
        break;
    case ETH_NEW_BLOCK_HASHES:
        blocks_announced(e, p, m);
        break;
    case ETH_NEW_BLOCK:
        blocks_arrived(e, p, m);
        break;
    case ETH_NEW_POOLED_TX_HASHES:
        txs_announced(e, p, m);
        break;
    case ETH_BLOCK_RANGE_UPDATE:
        range_update(e, p, &m->range);
        break;
    case ETH_BLOCK_HEADERS:
    case ETH_BLOCK_BODIES:
    case ETH_RECEIPTS:
        answer(e, p, m);
        break;
    default:
        break;
    }
}

static void take_message(struct eth *e, struct pm_peer *p, const struct eth_payload *payload)
{
    struct eth_msg m;
    int rc = eth_msg_decode(&m, p->version, payload->code, payload->data, payload->len);

    if (!BUG(rc < 0)) /* thread `in` has taken it */
        message(e, p, &m);
    if (serve_is_request(payload->code))
        peer_release(p->peer);
}

static void take(struct eth *e, struct eth_note *n)
{
    struct pm_peer *p;

    if (n->event == ETH_EVENT_ORDER) {
        orders_run(e, n->order);
        return;
    }
    if (n->event == ETH_EVENT_READY) {
        peer_comes(e, n->peer);
    } else if (n->event == ETH_EVENT_GONE) {
        peer_goes(e, n->peer);
    } else {
        p = pm_find(e, peer_id(n->peer));
        if (!BUG(!p) && n->event == ETH_EVENT_MESSAGE)
            take_message(e, p, n->payload);
        else if (p)
            txs_arrived(e, p, n->payload);
    }
    eth_payload_free(n->payload);
}

static void flush(struct eth *e, int64_t now_us)
{
    unsigned changes = eth_chain_unflushed(e->config.chain);
    int rc;

    if (changes == 0 || (changes < FLUSH_CHANGES && now_us < e->flush_us))
        return;
    e->flush_us = now_us + FLUSH_US;
    rc = eth_chain_flush(e->config.chain);
    if (rc < 0) {
        log_error("ethereum", "cannot write the chain: %s", pn_strerror(rc));
        downloader_chain_shrank(e->downloader);
    }
}

static void note_sync(struct eth *e)
{
    bool syncing = downloader_is_syncing(e->downloader);

    if (e->was_syncing && !syncing)
        blocks_announce_head(e);
    if (!e->was_syncing && syncing)
        e->synced_from = eth_chain_head_of_blocks(e->config.chain)->number;
    e->was_syncing = syncing;
}

/* What is due. Returns: when to come again. */
static int64_t tick(struct eth *e)
{
    int64_t now_us = clock_mono_us(), next_us = clock_deadline_ms(HEARTBEAT_MS);

    if (now_us >= e->fetcher_us)
        e->fetcher_us = fetcher_tick(e->fetcher, now_us);
    if (now_us >= e->txfetch_us)
        e->txfetch_us = txfetch_tick(e->txfetch, now_us);
    if (now_us >= e->downloader_us)
        e->downloader_us = downloader_tick(e->downloader, now_us);
    note_sync(e);
    flush(e, now_us);
    if (e->fetcher_us < next_us)
        next_us = e->fetcher_us;
    if (e->txfetch_us < next_us)
        next_us = e->txfetch_us;
    return e->downloader_us < next_us ? e->downloader_us : next_us;
}

void pm_run(void *arg)
{
    struct eth *e = arg;
    struct eth_note n;
    struct chan_case cases[] = {
        {.chan = &e->inbox, .op = CHAN_RECV, .elem = &n},
        {.chan = &e->quit, .op = CHAN_RECV},
    };

    blocks_recall_mined(e);
    for (;;) {
        int64_t next_us = tick(e);
        int which;

        pm_publish(e);
        which = chan_select(cases, 2, next_us);
        if (which == 0)
            take(e, &n);
        else if (which == 1)
            break;
    }
    /* Every peer is gone: what is left in the inbox gives their references back, and what an
     * operator has asked for is answered. */
    chan_close(&e->inbox);
    while (chan_try_recv(&e->inbox, &n) == 0)
        take(e, &n);
    (void)eth_chain_flush(e->config.chain);
}
