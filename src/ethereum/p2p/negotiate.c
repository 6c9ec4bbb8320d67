/* From a connected stream to a peer that may be used. Thread in, under the runtime's deadline:
 *
 *     auth, ack        both sides prove who they are, and have keys
 *     checkpoint       trusted, full, already connected, ourselves?
 *     Hello            there and back, in the clear of compression
 *     capabilities     none in common: of no use
 *     checkpoint       the same questions; the place is taken
 *     subprotocols     each with its own time (protocol.h)
 *
 * (go-ethereum p2p/server.go, setupConn.) What goes wrong is the reason to part; base.c tells the
 * remote side. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "ethereum/p2p/internal.h"
#include "ethereum/p2p/reason.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum { PACKET_BUF_MAX = 4096, FIRST_SNAPPY_VERSION = 5 };

void p2p_reach(struct p2p_peer *s, enum p2p_stage stage)
{
    s->stage = stage;
    metric_add(s->net->stages[(s->flags & P2P_INBOUND) != 0][stage], 1);
}

/* --- encryption --- */

static int write_packet(struct peer *p, unsigned cmd, const struct buf *packet)
{
    return peer_write_message(p, frame_new(cmd, packet->data, packet->len));
}

static int read_packet(struct peer *p, struct bytes *out, unsigned cmd)
{
    struct peer_message m;
    int rc = peer_read_message(p, &m);

    if (rc < 0)
        return rc;
    *out = (struct bytes){.data = m.payload, .len = m.len};
    return m.cmd == cmd ? 0 : PN_EHANDSHAKE;
}

/* The secrets are in place when the packet leaves or has come: both sides write frames next. */
static int use_secrets(struct p2p_peer *s, const struct rlpx_handshake *h, struct bytes auth,
                       struct bytes ack)
{
    struct rlpx_secrets secrets;
    int rc = rlpx_secrets_derive(&secrets, h, auth, ack);

    if (rc == 0)
        p2p_transport_encrypt(s->transport, &secrets);
    explicit_bzero(&secrets, sizeof secrets);
    return rc;
}

static int dial_in(struct peer *p, struct p2p_peer *s, struct rlpx_handshake *h, struct buf *own)
{
    struct bytes ack;
    int rc = rlpx_auth_make(own, h, s->pubkey);

    if (rc == 0)
        rc = write_packet(p, P2P_AUTH, own);
    if (rc == 0)
        rc = read_packet(p, &ack, P2P_ACK);
    if (rc == 0)
        rc = rlpx_ack_take(h, ack);
    if (rc == 0)
        rc = use_secrets(s, h, (struct bytes){.data = own->data, .len = own->len}, ack);
    return rc;
}

static int take_in(struct peer *p, struct p2p_peer *s, struct rlpx_handshake *h, struct buf *own)
{
    struct bytes auth;
    int rc = read_packet(p, &auth, P2P_AUTH);

    if (rc == 0)
        rc = rlpx_auth_take(h, auth);
    if (rc == 0)
        rc = rlpx_ack_make(own, h);
    if (rc < 0)
        return rc;
    memcpy(s->pubkey, h->remote_pubkey, sizeof s->pubkey);
    rc = use_secrets(s, h, auth, (struct bytes){.data = own->data, .len = own->len});
    return rc == 0 ? write_packet(p, P2P_ACK, own) : rc;
}

static int encrypt(struct peer *p, struct p2p_peer *s)
{
    struct rlpx_handshake h;
    struct buf own;
    int rc;

    rlpx_handshake_init(&h, s->net->secret, NULL);
    buf_init(&own, PACKET_BUF_MAX);
    rc = s->transport->initiator ? dial_in(p, s, &h, &own) : take_in(p, s, &h, &own);
    buf_free(&own);
    rlpx_handshake_wipe(&h);
    if (rc == 0)
        atomic_store(&s->may_speak, true);
    return rc;
}

/* --- who it is --- */

static int first_checkpoint(struct p2p_peer *s)
{
    if (p2p_is_trusted(s->net, s->pubkey))
        s->flags |= P2P_TRUSTED;
    return p2p_roster_check(&s->net->roster, s->pubkey, s->flags);
}

static int second_checkpoint(struct peer *p, struct p2p_peer *s)
{
    int rc = p2p_roster_add(&s->net->roster, p, s->pubkey, s->flags);

    s->added = rc == 0;
    return rc;
}

/* --- Hello --- */

static int send_hello(struct peer *p, const struct p2p *n)
{
    struct rlpx_hello hello = {.version = RLPX_BASE_VERSION, .port = n->port};
    struct frame *f;
    struct buf b;

    strncpy(hello.client, n->client, sizeof hello.client - 1);
    memcpy(hello.pubkey, n->pubkey, sizeof hello.pubkey);
    p2p_caps_announce(&hello, n->protocols, n->n_protocols);
    buf_init(&b, RLPX_BASE_MESSAGE_MAX);
    f = rlpx_hello_encode(&b, &hello) == 0 ? frame_new(P2P_HELLO, b.data, b.len) : NULL;
    buf_free(&b);
    return peer_write_message(p, f);
}

static int take_hello(struct p2p_peer *s, const struct peer_message *m,
                      struct p2p_match matches[P2P_PROTOCOLS_MAX])
{
    struct rlpx_hello hello;
    int rc = rlpx_hello_decode(&hello, (struct bytes){.data = m->payload, .len = m->len});

    if (rc < 0)
        return rc;
    memcpy(s->client, hello.client, sizeof s->client);
    s->transport->compress = hello.version >= FIRST_SNAPPY_VERSION; /* a Disconnect too */
    if (memcmp(hello.pubkey, s->pubkey, sizeof s->pubkey) != 0)
        return PN_EIDENTITY;
    p2p_reach(s, P2P_STAGE_GREETED);
    rc = p2p_caps_match(matches, s->net->protocols, s->net->n_protocols, &hello);
    if (rc == 0)
        p2p_transport_agree(s->transport, matches);
    return rc;
}

/* Who has no place for us may say so in the place of its Hello. */
static int greet(struct peer *p, struct p2p_peer *s)
{
    struct p2p_match matches[P2P_PROTOCOLS_MAX];
    struct peer_message m;
    int rc = send_hello(p, s->net);

    if (rc == 0)
        rc = peer_read_message(p, &m);
    if (rc < 0)
        return rc;
    if (m.cmd == P2P_HELLO)
        return take_hello(s, &m, matches);
    return m.cmd == P2P_DISCONNECT ? p2p_base_message(p, &m) : PN_EPROTO;
}

/* --- subprotocols --- */

static int negotiate_protocols(struct peer *p, struct p2p_peer *s)
{
    int rc = 0;

    for (unsigned i = 0; i < s->net->n_protocols && rc == 0; i++) {
        const struct p2p_protocol *proto = s->net->protocols[i];

        if (s->transport->matches[i].version == 0)
            continue;
        peer_grant_time(p, P2P_NEGOTIATE_MS);
        s->negotiated[i] = true;
        rc = proto->negotiate ? proto->negotiate(p, s->state[i]) : 0;
    }
    if (rc < 0)
        atomic_store(&s->in_subprotocol, true);
    return rc;
}

int p2p_read(struct peer *p, unsigned protocol, struct p2p_message *out)
{
    for (;;) {
        struct peer_message m;
        int rc = peer_read_message(p, &m);

        if (rc < 0)
            return rc;
        if (m.cmd >= p2p_cmd(protocol, 0) && m.cmd < p2p_cmd(protocol + 1, 0)) {
            *out = (struct p2p_message){
                .code = m.cmd - p2p_cmd(protocol, 0), .payload = m.payload, .len = m.len};
            return 0;
        }
        rc = m.cmd < P2P_BASE_CODES ? p2p_base_message(p, &m) : PN_EPROTO;
        if (rc < 0)
            return rc;
    }
}

int p2p_negotiate(struct peer *p)
{
    struct p2p_peer *s = p2p_peer_of(p);
    int rc;

    p2p_reach(s, P2P_STAGE_CONNECTED);
    if (s->flags & P2P_INBOUND)
        p2p_roster_begin(&s->net->roster, p, clock_mono_us());
    rc = encrypt(p, s);
    if (rc == 0) {
        p2p_reach(s, P2P_STAGE_ENCRYPTED);
        rc = first_checkpoint(s);
    }
    if (rc == 0)
        rc = greet(p, s);
    if (rc == 0)
        rc = second_checkpoint(p, s);
    if (rc < 0)
        return rc;
    p2p_reach(s, P2P_STAGE_ADMITTED);
    return negotiate_protocols(p, s);
}
