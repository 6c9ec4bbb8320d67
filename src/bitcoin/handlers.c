/* What is done with each message once the handshake is over: thread `in` of its peer.
 *
 * Every message of the table is decoded, so that a malformed one ends the connection whether it is
 * of use or not. A handler answers at once what needs no shared state; what does goes to the
 * manager, and this thread waits for room in its inbox, or for the peer to part. */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter_net.h"
#include "bitcoin/internal.h"
#include "log/log.h"

/* Room for the decoded message and for what its handler makes of it. */
enum { ARENA_FACTOR = 2 };

typedef int handler(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);

static int on_ping(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    struct btc_msg pong = {.cmd = BTC_CMD_PONG, .u.pong.nonce = m->u.ping.nonce};

    if (m->u.ping.no_nonce)
        return 0;
    return peer_reply(p, btc_frame(bp->net->config.params.magic, &pong), 0);
}

static int on_pong(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)bp;
    peer_pong(p, m->u.pong.nonce);
    return 0;
}

static int on_addr(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)bp;
    return gossip_on_addrs(p, m->cmd == BTC_CMD_ADDR ? &m->u.addr : &m->u.addrv2);
}

static int on_getaddr(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)bp;
    (void)m;
    return gossip_on_getaddr(p);
}

static int on_sendheaders(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)p;
    (void)m;
    atomic_store(&bp->wants_headers, true);
    return 0;
}

static int on_feefilter(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)p;
    atomic_store(&bp->fee_filter_sat_per_kvb, m->u.feefilter.rate_sat_per_kvb);
    return 0;
}

static int on_headers(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)bp;
    return header_session_take(p, &m->u.headers);
}

/* Of the blocks the last announced one leads to the rest. */
static int on_inv(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    const struct btc_inv_item *last = NULL;
    struct manager_hashes *inv;
    int rc = tx_net_inv(p, &m->u.inv);

    for (size_t i = 0; i < m->u.inv.count; i++)
        if (m->u.inv.items[i].type == BTC_INV_BLOCK) {
            last = &m->u.inv.items[i];
            peer_add_known(p, last->hash);
        }
    if (rc < 0 || !last)
        return rc;
    inv = manager_hashes_new(1);
    if (!inv)
        return PN_ENOMEM;
    memcpy(inv->hashes[0], last->hash, BTC_HASH_BYTES);
    return manager_tell(&bp->net->inbox, p, MANAGER_BLOCK_INV, &inv->head);
}

static int tell_locator(struct peer *p, enum manager_event event, const struct btc_locator *l)
{
    struct manager_hashes *locator = manager_hashes_new(l->count);

    if (!locator)
        return PN_ENOMEM;
    memcpy(locator->hashes, l->hashes, l->count * BTC_HASH_BYTES);
    memcpy(locator->stop, l->stop, BTC_HASH_BYTES);
    peer_hold(p); /* until the manager has answered */
    return manager_tell(&btc_peer_of(p)->net->inbox, p, event, &locator->head);
}

static int on_getheaders(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)bp;
    return tell_locator(p, MANAGER_GETHEADERS, &m->u.getheaders);
}

static int on_getblocks(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)bp;
    return tell_locator(p, MANAGER_GETBLOCKS, &m->u.getblocks);
}

/* A request that costs more to answer than to ask. Returns: PN_ESCORE once there were too many. */
static int add_to_score(struct peer *p, struct btc_peer *bp, unsigned transient)
{
    unsigned value;

    switch (score_add(&bp->score, &value, 0, transient)) {
    case SCORE_BAN:
        return PN_ESCORE;
    case SCORE_WARN:
        log_info("bitcoin", "peer=%" PRIu64 " has a ban score of %u", peer_id(p), value);
        if (bp->net->config.gate)
            gate_note(bp->net->config.gate, JOURNAL_WARNED, peer_addr(p), "bitcoin",
                      pn_errname(PN_ESCORE), NULL);
        break;
    case SCORE_FINE:
        break;
    }
    return 0;
}

static int on_tx(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)bp;
    return tx_net_tx(p, &m->u.tx);
}

static int on_notfound(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    int rc = blocks_on_notfound(p, bp, m);

    return rc == 0 ? tx_net_notfound(p, &m->u.notfound) : rc;
}

static int on_mempool(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)bp;
    (void)m;
    return tx_net_list(p);
}

/* Blocks that we hold and transactions that it was told of, one reply each, so that a slow reader
 * holds this thread up and nobody else; what we do not hold is named in one notfound. */
static int on_getdata(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    struct btc_msg missing = {.cmd = BTC_CMD_NOTFOUND};
    struct btc_inv_item *absent;
    size_t n = 0;
    /* btcd server.go, OnGetData: a full message is worth 99, and each minute halves it. */
    int rc = add_to_score(p, bp, (unsigned)(m->u.getdata.count * 99 / BTC_INV_MAX));

    if (rc < 0)
        return rc;
    absent = arena_alloc(&bp->arena, m->u.getdata.count, sizeof *absent);
    if (!absent)
        return PN_ENOMEM;
    for (size_t i = 0; i < m->u.getdata.count && rc == 0; i++) {
        const struct btc_inv_item *it = &m->u.getdata.items[i];

        rc = blocks_serve(p, bp, it);
        if (rc == PN_ENOENT)
            rc = tx_net_serve(p, it);
        if (rc == PN_ENOENT) {
            absent[n++] = *it;
            rc = 0;
        }
    }
    if (rc < 0 || n == 0)
        return rc;
    missing.u.notfound = (struct btc_inv){.items = absent, .count = n};
    return peer_reply(p, btc_frame(bp->net->config.params.magic, &missing), 0);
}

static int on_reject(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    const struct btc_reject *r = &m->u.reject;

    (void)bp;
    log_debug("bitcoin", "peer=%" PRIu64 " rejects %.*s: %.*s", peer_id(p), (int)r->command.len,
              (const char *)r->command.data, (int)r->reason.len, (const char *)r->reason.data);
    return 0;
}

/* Asks for a service that our version message did not offer, or negotiates after verack: Core
 * parts over these too (net_processing.cpp), and BIP111, 155, 157, 339 and 434 say so. */
static int on_not_allowed(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)bp;
    log_debug("bitcoin", "peer=%" PRIu64 " sent %s out of place", peer_id(p),
              btc_cmd_info(m->cmd)->name);
    return PN_EPROTO;
}

static int on_second_version(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    (void)p;
    (void)bp;
    (void)m;
    return PN_EDUPLICATE;
}

/* What is not here is decoded and passed over. */
static handler *const handlers[BTC_CMD_COUNT] = {
    [BTC_CMD_VERSION] = on_second_version,
    [BTC_CMD_VERACK] = on_second_version,
    [BTC_CMD_PING] = on_ping,
    [BTC_CMD_PONG] = on_pong,
    [BTC_CMD_ADDR] = on_addr,
    [BTC_CMD_ADDRV2] = on_addr,
    [BTC_CMD_GETADDR] = on_getaddr,
    [BTC_CMD_SENDHEADERS] = on_sendheaders,
    [BTC_CMD_FEEFILTER] = on_feefilter,
    [BTC_CMD_HEADERS] = on_headers,
    [BTC_CMD_INV] = on_inv,
    [BTC_CMD_GETHEADERS] = on_getheaders,
    [BTC_CMD_GETBLOCKS] = on_getblocks,
    [BTC_CMD_GETDATA] = on_getdata,
    [BTC_CMD_BLOCK] = blocks_on_block,
    [BTC_CMD_SENDCMPCT] = blocks_on_sendcmpct,
    [BTC_CMD_CMPCTBLOCK] = blocks_on_cmpctblock,
    [BTC_CMD_GETBLOCKTXN] = blocks_on_getblocktxn,
    [BTC_CMD_BLOCKTXN] = blocks_on_blocktxn,
    [BTC_CMD_TX] = on_tx,
    [BTC_CMD_NOTFOUND] = on_notfound,
    [BTC_CMD_REJECT] = on_reject,
    [BTC_CMD_MEMPOOL] = on_mempool,
    [BTC_CMD_FILTERLOAD] = bloom_on_load,
    [BTC_CMD_FILTERADD] = bloom_on_add,
    [BTC_CMD_FILTERCLEAR] = bloom_on_clear,
    [BTC_CMD_GETCFILTERS] = filter_serve_filters,
    [BTC_CMD_GETCFHEADERS] = filter_serve_headers,
    [BTC_CMD_GETCFCHECKPT] = filter_serve_checkpoints,
    [BTC_CMD_CFILTER] = filter_net_answer,
    [BTC_CMD_CFHEADERS] = filter_net_answer,
    [BTC_CMD_CFCHECKPT] = filter_net_answer,
    [BTC_CMD_WTXIDRELAY] = on_not_allowed,
    [BTC_CMD_SENDADDRV2] = on_not_allowed,
    [BTC_CMD_SENDTXRCNCL] = on_not_allowed,
    [BTC_CMD_FEATURE] = on_not_allowed,
};

int btc_handle(struct peer *p, const struct peer_message *m)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct btc_msg msg;
    int rc;

    if (m->cmd == BTC_CMD_UNKNOWN)
        return 0;
    bp->raw = (struct bytes){.data = m->payload, .len = m->len};
    bp->framed = m->framed;
    arena_init(&bp->arena, ARENA_FACTOR * BTC_MSG_MEMORY(m->len));
    rc = btc_msg_decode(&msg, &bp->arena, (enum btc_cmd)m->cmd, m->payload, m->len);
    if (rc == 0 && handlers[m->cmd])
        rc = handlers[m->cmd](p, bp, &msg);
    arena_free(&bp->arena);
    return rc;
}
