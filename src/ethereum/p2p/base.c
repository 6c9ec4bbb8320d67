/* The base protocol: Ping, Pong, Disconnect (devp2p rlpx.md, "p2p Capability"). */
#include "base/err.h"
#include "ethereum/p2p/internal.h"
#include "ethereum/p2p/reason.h"

static const uint8_t empty_list[] = {0xc0};

static int take_disconnect(const struct peer_message *m)
{
    unsigned number;
    int rc = rlpx_disconnect_decode(&number, (struct bytes){.data = m->payload, .len = m->len});

    return rc < 0 ? PN_EREMOTE_OTHER : p2p_reason_from_wire(number);
}

/* During the handshake thread in writes itself. */
static int answer_ping(struct peer *p)
{
    struct frame *f = frame_new(P2P_PONG, empty_list, sizeof empty_list);
    struct peer_stats stats;

    peer_stats(p, &stats);
    return stats.ready ? peer_reply(p, f, PEER_SEND_NO_STALL) : peer_write_message(p, f);
}

int p2p_base_message(struct peer *p, const struct peer_message *m)
{
    switch (m->cmd) {
    case P2P_DISCONNECT:
        return take_disconnect(m);
    case P2P_PING:
        return answer_ping(p);
    case P2P_PONG:
        peer_pong(p, atomic_load(&p2p_peer_of(p)->ping_nonce));
        return 0;
    case P2P_RESERVED:
        return 0;
    default:
        return PN_EPROTO; /* a second Hello */
    }
}

/* Nothing is sent unasked right behind the handshake: the first ping waits for its interval. */
struct frame *p2p_make_ping(struct peer *p, uint64_t nonce)
{
    struct p2p_peer *s = p2p_peer_of(p);

    if (!atomic_exchange(&s->pinged, true))
        return NULL;
    atomic_store(&s->ping_nonce, nonce);
    return frame_new(P2P_PING, empty_list, sizeof empty_list);
}

struct frame *p2p_make_disconnect(struct peer *p, int reason)
{
    struct p2p_peer *s = p2p_peer_of(p);
    enum rlpx_disconnect number;
    struct frame *f = NULL;
    struct buf b;

    if (!atomic_load(&s->may_speak) ||
        !p2p_reason_to_wire(&number, reason, atomic_load(&s->in_subprotocol)))
        return NULL;
    buf_init(&b, RLPX_BASE_MESSAGE_MAX);
    if (rlpx_disconnect_encode(&b, number) == 0)
        f = frame_new(P2P_DISCONNECT, b.data, b.len);
    buf_free(&b);
    return f;
}
