/* Bitcoin as the peer runtime knows it: the ops table. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/compact/partial.h"
#include "bitcoin/filter_net.h"
#include "bitcoin/internal.h"

static const char *cmd_name(unsigned cmd)
{
    return btc_cmd_info((enum btc_cmd)cmd)->name;
}

static struct frame *make_ping(struct peer *p, uint64_t nonce)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct btc_msg m = {.cmd = BTC_CMD_PING, .u.ping.nonce = nonce};

    /* Before BIP31 a ping has no answer. */
    return bp->version >= BTC_PROTO_BIP31 ? btc_frame(bp->net->config.params.magic, &m) : NULL;
}

static struct frame *make_inv(struct peer *p, const struct peer_inventory *items, unsigned n)
{
    struct btc_inv_item *list = mem_alloc_array(n, sizeof *list);
    struct btc_msg m = {.cmd = BTC_CMD_INV, .u.inv = {.items = list, .count = n}};
    struct frame *f;

    if (!list)
        return NULL;
    for (unsigned i = 0; i < n; i++) {
        list[i].type = items[i].type;
        memcpy(list[i].hash, items[i].hash, BTC_HASH_BYTES);
    }
    f = btc_frame(btc_peer_of(p)->net->config.params.magic, &m);
    mem_free(list);
    return f;
}

/* What a completed handshake tells the address book. Returns: PN_EDONE for a feeler. */
static int learn_from_handshake(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct addrbook *book = bp->net->config.book;

    gossip_init(&bp->gossip);
    if (!book || peer_inbound(p))
        return 0;
    addrbook_good(book, peer_addr(p));
    addrbook_set_services(book, peer_addr(p), bp->services);
    addrbook_local_seen(book, &bp->seen_us_at);
    return peer_kind(p) == CONN_FEELER ? PN_EDONE : 0;
}

/* The handshake is done: the manager takes over with a reference of its own. */
static int on_ready(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);
    int rc = learn_from_handshake(p);

    if (rc == 0 && bp->version >= BTC_PROTO_SENDHEADERS)
        rc = peer_reply(p, btc_frame_empty(bp->net->config.params.magic, BTC_CMD_SENDHEADERS), 0);
    if (rc == 0 && bp->version >= BTC_PROTO_COMPACT && bp->net->blocks.store)
        rc = peer_reply(p, btc_frame_sendcmpct(bp->net->config.params.magic, false), 0);
    if (rc == 0)
        rc = gossip_greet(p);
    if (rc < 0)
        return rc;
    rc = manager_tell(&bp->net->inbox, peer_ref(p), MANAGER_PEER_READY, NULL);
    if (rc < 0)
        peer_unref(p);
    else
        bp->told_manager = true;
    if (rc == 0)
        rc = filter_net_peer_ready(p);
    return rc == 0 ? tx_net_peer_ready(p) : rc;
}

static void on_gone(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct manager_msg m = {.event = MANAGER_PEER_GONE, .peer = p};

    tx_net_peer_gone(p);
    filter_net_peer_gone(p);
    /* The manager drains its inbox until every peer is gone, so this ends. */
    if (bp->told_manager && !peer_inbound(p) && bp->net->config.book)
        addrbook_connected(bp->net->config.book, peer_addr(p));
    if (bp->told_manager)
        chan_send(&bp->net->inbox, &m, CLOCK_NEVER);
}

static void on_release(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);

    arena_free(&bp->arena);
    header_session_free(&bp->headers);
    score_destroy(&bp->score);
    block_wants_destroy(&bp->wants);
    peer_bloom_free(&bp->bloom);
    compact_partial_free(bp->partial);
    tx_told_free(&bp->tx_told);
    mem_free(bp);
}

static void usefulness(const struct peer *p, struct peer_usefulness *out)
{
    const struct btc_peer *bp = btc_peer_of(p);

    *out = (struct peer_usefulness){
        .last_block_us = atomic_load(&bp->last_block_us),
        .last_tx_us = atomic_load(&bp->last_tx_us),
        .relevant_services = bp->services & (BTC_NODE_NETWORK | BTC_NODE_NETWORK_LIMITED),
        .relays_txs = atomic_load(&bp->relay),
    };
}

/* Responses that are due (btcd peer.go, maybeAddDeadline): headers within three response times,
 * because a full node may be busy with a block. */
static const struct peer_stall_rule stall_rules[] = {
    {.sent_cmd = BTC_CMD_GETHEADERS, .answers = UINT64_C(1) << BTC_CMD_HEADERS, .factor = 3},
    {.sent_cmd = BTC_CMD_GETBLOCKS, .answers = UINT64_C(1) << BTC_CMD_INV, .factor = 1},
    {.sent_cmd = BTC_CMD_MEMPOOL, .answers = UINT64_C(1) << BTC_CMD_INV, .factor = 1},
    {.sent_cmd = BTC_CMD_GETDATA,
     .answers = UINT64_C(1) << BTC_CMD_BLOCK | UINT64_C(1) << BTC_CMD_MERKLEBLOCK |
                UINT64_C(1) << BTC_CMD_TX | UINT64_C(1) << BTC_CMD_NOTFOUND,
     .factor = 1},
};

const struct peer_proto_ops btc_proto_ops = {
    .network = "bitcoin",
    .cmd_count = BTC_CMD_COUNT,
    .cmd_name = cmd_name,
    .negotiate = btc_negotiate,
    .ready = on_ready,
    .handle = btc_handle,
    .gone = on_gone,
    .release = on_release,
    .ping = make_ping,
    .ping_cmd = BTC_CMD_PING,
    .inventory = make_inv,
    .usefulness = usefulness,
    .stall_rules = stall_rules,
    .n_stall_rules = sizeof stall_rules / sizeof stall_rules[0],
};

int btc_attach(void *arg, struct peer_setup *setup)
{
    struct bitcoin *net = arg;
    struct btc_peer *bp = mem_zalloc(sizeof *bp);

    setup->transport = btc_transport_new(net->config.params.magic);
    setup->transport_ops = &btc_transport_ops;
    setup->proto_data = bp;
    if (!bp || !setup->transport) {
        btc_detach(arg, setup);
        return PN_ENOMEM;
    }
    bp->net = net;
    block_wants_init(&bp->wants);
    peer_bloom_init(&bp->bloom);
    score_init(&bp->score, SCORE_BAN_THRESHOLD);
    tx_told_init(&bp->tx_told);
    return 0;
}

void btc_detach(void *arg, struct peer_setup *setup)
{
    (void)arg;
    if (setup->transport)
        btc_transport_ops.free(setup->transport);
    mem_free(setup->proto_data);
}
