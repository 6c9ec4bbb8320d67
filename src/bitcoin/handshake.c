/* The handshake, on thread `in` under the runtime's deadline.
 *
 *   we dial:   -> version   <- version   -> wtxidrelay sendaddrv2 verack   <- verack
 *   they dial: <- version   -> version wtxidrelay sendaddrv2 verack        <- verack
 *
 * Whatever else comes before verack is passed over, known or not: new negotiation messages have
 * appeared there again and again (BIP155, BIP339, BIP330, BIP434), and implementations that parted
 * over an unknown one lost all their peers. */
#include <inttypes.h>
#include <string.h>

#include "addrbook/addrbook.h"
#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/internal.h"
#include "log/log.h"
#include "net/addr.h"

static int send_version(struct peer *p, uint64_t nonce)
{
    const struct bitcoin *net = btc_peer_of(p)->net;
    struct btc_msg m = {.cmd = BTC_CMD_VERSION};
    struct btc_version *v = &m.u.version;

    v->version = BTC_PROTOCOL_VERSION;
    v->services = blocks_services(net);
    v->time = clock_wall_s();
    net_addr_to_ipv6_bytes(v->recv.ip, peer_addr(p));
    v->recv.port = peer_addr(p)->port;
    v->from.services = v->services;
    v->nonce = nonce;
    v->user_agent = (struct bytes){.data = (const uint8_t *)net->config.user_agent,
                                   .len = strlen(net->config.user_agent)};
    v->height = (int32_t)atomic_load(&net->height);
    v->relay = tx_net_welcomes(p); /* BIP37 */
    return peer_write_message(p, btc_frame(net->config.params.magic, &m));
}

static int send_empty(struct peer *p, enum btc_cmd cmd)
{
    return peer_write_message(p, btc_frame_empty(btc_peer_of(p)->net->config.params.magic, cmd));
}

/* Everything that follows our knowledge of their version. */
static int send_acknowledgement(struct peer *p)
{
    int rc = 0;

    if (btc_peer_of(p)->version >= BTC_PROTO_WTXID) {
        rc = send_empty(p, BTC_CMD_WTXIDRELAY);
        if (rc == 0)
            rc = send_empty(p, BTC_CMD_SENDADDRV2);
    }
    return rc == 0 ? send_empty(p, BTC_CMD_VERACK) : rc;
}

/* We have dialled ourselves: the side that was dialled finds out first. An address that led back
 * here is not dialled again; it need not be ours, since anybody can pass connections on. */
static void know_ourselves(const struct peer *p, const struct net_addr *own)
{
    struct addrbook *book = btc_peer_of(p)->net->config.book;

    if (book && peer_inbound(p))
        addrbook_self_add(book, own);
}

static int take_version(struct peer *p, const struct btc_version *v)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct net_addr own;

    if (nonces_find(&bp->net->nonces, &own, v->nonce)) {
        know_ourselves(p, &own);
        return PN_ESELF;
    }
    if (v->version < BTC_MIN_PROTOCOL_VERSION)
        return PN_EVERSION;
    bp->version = v->version < BTC_PROTOCOL_VERSION ? v->version : BTC_PROTOCOL_VERSION;
    bp->services = v->services;
    bp->start_height = v->height;
    atomic_store(&bp->relay, v->relay);
    net_addr_from_ipv6_bytes(&bp->seen_us_at, v->recv.ip, v->recv.port);
    if (__builtin_sub_overflow(v->time, clock_wall_s(), &bp->time_offset_s))
        bp->time_offset_s = v->time < 0 ? INT64_MIN : INT64_MAX;
    if (v->user_agent.len)
        memcpy(bp->user_agent, v->user_agent.data, v->user_agent.len);
    bp->user_agent[v->user_agent.len] = '\0';
    return 0;
}

/* The next message with this command; those that negotiate something are noted on the way. */
static int await(struct peer *p, struct btc_msg *out, enum btc_cmd wanted)
{
    struct btc_peer *bp = btc_peer_of(p);

    for (;;) {
        struct peer_message m;
        int rc = peer_read_message(p, &m);

        if (rc < 0)
            return rc;
        if (m.cmd == BTC_CMD_VERSION && wanted != BTC_CMD_VERSION)
            return PN_EDUPLICATE;
        if (m.cmd == BTC_CMD_WTXIDRELAY)
            bp->wtxid_relay = true;
        else if (m.cmd == BTC_CMD_SENDADDRV2)
            bp->addr_v2 = true;
        if (m.cmd != wanted)
            continue;
        /* version and verack borrow from the payload alone and need no arena */
        return btc_msg_decode(out, &bp->arena, wanted, m.payload, m.len);
    }
}

static int exchange(struct peer *p, uint64_t nonce)
{
    struct btc_msg m;
    int rc = peer_inbound(p) ? 0 : send_version(p, nonce);

    if (rc == 0)
        rc = await(p, &m, BTC_CMD_VERSION);
    if (rc == 0)
        rc = take_version(p, &m.u.version);
    if (rc == 0 && peer_inbound(p))
        rc = send_version(p, nonce);
    if (rc == 0)
        rc = send_acknowledgement(p);
    return rc == 0 ? await(p, &m, BTC_CMD_VERACK) : rc;
}

int btc_negotiate(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);
    uint64_t nonce = nonces_add(&bp->net->nonces, peer_addr(p));
    int rc = exchange(p, nonce);

    nonces_remove(&bp->net->nonces, nonce);
    if (rc < 0)
        return rc;
    log_info("bitcoin",
             "peer=%" PRIu64 " %s %s connected: version %d, %s, services 0x%" PRIx64
             ", height %d, clock %+" PRId64 " s",
             peer_id(p), peer_addr_text(p), peer_inbound(p) ? "inbound" : "outbound", bp->version,
             bp->user_agent, bp->services, bp->start_height, bp->time_offset_s);
    return 0;
}
