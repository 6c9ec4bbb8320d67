/* RLPx behind the peer runtime's table: bytes become messages with the runtime's numbers, and
 * frames become bytes. In the handshake the two packets pass through as P2P_AUTH and P2P_ACK. */
#include "base/bug.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/p2p/internal.h"
#include "ethereum/rlpx/compress.h"

enum {
    PLAIN_KEEP = 16 * 1024,     /* bytes kept between messages */
    FRAME_SLACK = 64,           /* a frame's code, and what compression may add to little */
    DISCONNECT_PLAIN_BYTES = 2, /* the longest Disconnect that cannot be a compressed one */
    HANDSHAKE_FRAME_MAX = RLPX_BASE_MESSAGE_MAX + FRAME_SLACK
};

struct p2p_transport *p2p_transport_new(struct p2p *net, bool initiator)
{
    struct p2p_transport *t = mem_zalloc(sizeof *t);

    if (!t)
        return NULL;
    t->net = net;
    t->initiator = initiator;
    rlpx_stream_init(&t->stream, HANDSHAKE_FRAME_MAX);
    buf_init(&t->plain, RLPX_FRAME_MAX);
    return t;
}

static void transport_free(void *transport)
{
    struct p2p_transport *t = transport;

    rlpx_stream_free(&t->stream);
    buf_free(&t->plain);
    explicit_bzero(&t->egress, sizeof t->egress);
    mem_free(t);
}

void p2p_transport_encrypt(struct p2p_transport *t, const struct rlpx_secrets *secrets)
{
    rlpx_stream_encrypt(&t->stream, secrets);
    rlpx_egress_init(&t->egress, secrets);
    t->encrypted = true;
}

/* What compression makes of `len` bytes at most (snappy's bound). */
static size_t compressed_max(size_t len)
{
    return 32 + len + len / 6;
}

void p2p_transport_agree(struct p2p_transport *t, const struct p2p_match *matches)
{
    size_t max = RLPX_BASE_MESSAGE_MAX;

    memcpy(t->matches, matches, sizeof t->matches);
    for (unsigned i = 0; i < t->net->n_protocols; i++)
        if (matches[i].version && t->net->protocols[i]->max_message_bytes > max)
            max = t->net->protocols[i]->max_message_bytes;
    max = compressed_max(max) + FRAME_SLACK;
    t->stream.max_frame = max < RLPX_FRAME_MAX ? (uint32_t)max : RLPX_FRAME_MAX;
}

/* --- reading --- */

static uint8_t *transport_space(void *transport, size_t *len)
{
    struct p2p_transport *t = transport;

    return rlpx_stream_space(&t->stream, len);
}

static void transport_commit(void *transport, size_t len)
{
    struct p2p_transport *t = transport;

    rlpx_stream_commit(&t->stream, len);
}

/* The payload as it was before compression, at most `max` bytes. */
static int unpack(struct p2p_transport *t, struct peer_message *out, struct bytes raw, size_t max)
{
    int rc;

    if (!t->compress) {
        out->payload = raw.data;
        out->len = raw.len;
        return raw.len > max ? PN_ETOOLARGE : 0;
    }
    buf_reset(&t->plain);
    if (t->plain.cap > PLAIN_KEEP)
        buf_free(&t->plain);
    rc = rlpx_decompress(&t->plain, raw, max);
    out->payload = t->plain.data;
    out->len = t->plain.len;
    return rc;
}

/* Some implementations never compress a Disconnect, others always do. */
static int unpack_disconnect(struct p2p_transport *t, struct peer_message *out, struct bytes raw)
{
    if (raw.len > DISCONNECT_PLAIN_BYTES)
        return unpack(t, out, raw, RLPX_BASE_MESSAGE_MAX);
    out->payload = raw.data;
    out->len = raw.len;
    return 0;
}

/* Of pings, pongs and reserved codes nothing but the code counts. */
static int read_base(struct p2p_transport *t, struct peer_message *out,
                     const struct rlpx_item *item)
{
    out->cmd = item->code <= P2P_PONG ? item->code : P2P_RESERVED;
    switch (out->cmd) {
    case P2P_HELLO:
        return unpack(t, out, item->payload, RLPX_BASE_MESSAGE_MAX);
    case P2P_DISCONNECT:
        return unpack_disconnect(t, out, item->payload);
    default:
        return item->payload.len > compressed_max(RLPX_BASE_MESSAGE_MAX) ? PN_ETOOLARGE : 0;
    }
}

static int read_frame(struct p2p_transport *t, struct peer_message *out,
                      const struct rlpx_item *item)
{
    unsigned protocol, code;
    int rc;

    if (item->code < P2P_BASE_CODES)
        return read_base(t, out, item);
    rc = p2p_caps_find(&protocol, &code, t->matches, item->code);
    if (rc < 0)
        return rc;
    out->cmd = p2p_cmd(protocol, code);
    return unpack(t, out, item->payload, t->net->protocols[protocol]->max_message_bytes);
}

static int transport_next(void *transport, struct peer_message *out)
{
    struct p2p_transport *t = transport;
    struct rlpx_item item;
    int rc = rlpx_stream_next(&t->stream, &item);

    if (rc <= 0)
        return rc;
    *out = (struct peer_message){.wire_bytes = item.wire_bytes};
    if (t->encrypted) {
        rc = read_frame(t, out, &item);
        return rc < 0 ? rc : 1;
    }
    out->cmd = t->initiator ? P2P_ACK : P2P_AUTH;
    out->payload = item.payload.data;
    out->len = item.payload.len;
    return 1;
}

/* --- writing --- */

/* Returns: 0, or PN_ENOENT for a message that this peer's version does not have. */
static int wire_code(unsigned *code, const struct p2p_transport *t, unsigned cmd)
{
    const struct p2p_match *m;
    unsigned relative;

    *code = cmd;
    if (cmd < P2P_BASE_CODES)
        return 0;
    m = &t->matches[(cmd - P2P_BASE_CODES) / P2P_CODES_MAX];
    relative = (cmd - P2P_BASE_CODES) % P2P_CODES_MAX;
    *code = m->offset + relative;
    return m->version && relative < m->codes ? 0 : PN_ENOENT;
}

/* A frame for many peers may reach one that cannot understand it: it is left out. */
static int transport_seal(void *transport, struct buf *out, const struct frame *f)
{
    struct p2p_transport *t = transport;
    struct bytes payload = {.data = f->data, .len = f->len};
    unsigned code;

    if (f->cmd == P2P_AUTH || f->cmd == P2P_ACK)
        return buf_append(out, f->data, f->len);
    if (BUG(!t->encrypted))
        return PN_EPROTO;
    if (wire_code(&code, t, f->cmd) < 0)
        return 0;
    return rlpx_frame_seal(&t->egress, out, code, payload, t->compress);
}

const struct peer_transport_ops p2p_transport_ops = {
    .space = transport_space,
    .commit = transport_commit,
    .next = transport_next,
    .seal = transport_seal,
    .free = transport_free,
};
