/* A p2p network with one peer at a time, whose other end is scripted: it speaks RLPx by the codecs
 * alone, and says whatever the test wants. The network has one subprotocol, "toy", versions 1 (two
 * messages) and 2 (four), of at most TOY_MAX_BYTES. */
#ifndef TESTS_P2P_RIG_H
#define TESTS_P2P_RIG_H

#include <stdatomic.h>

#include "ethereum/p2p/internal.h"
#include "ethereum/rlpx/hello.h"

#define TOY_MAX_BYTES 100000

enum {
    TOY_CODE_STATUS,  /* each side sends one: the handshake */
    TOY_CODE_ECHO,    /* answered by the same */
    TOY_CODE_REFUSED, /* version 2: the handler returns PN_EFORMAT */
    TOY_CODE_TAKEN    /* version 2: nothing happens */
};

/* What the subprotocol has seen. */
struct toy_log {
    atomic_int attached, negotiated, ready, messages, gone, released;
    atomic_uint version;
};

struct rig {
    struct p2p *net;
    struct toy_log log;
    struct p2p_protocol toy;
    struct peer_metrics *metrics;
    struct peer *peer;
    struct chan done; /* closed when the peer has gone */

    /* the other end */
    int fd;
    uint8_t secret[EC_SECRET_BYTES], pubkey[EC_PUBKEY_BYTES];
    struct rlpx_stream stream;
    struct rlpx_half egress;
    struct buf wire, plain;
    bool compress;
};

/* A network of our own with max_peers, and a remote node with a fresh key. */
void rig_setup(struct rig *r, unsigned max_peers);

/* The same with another subprotocol in the place of "toy"; quit_class must be registered. Returns:
 * the number that it got. */
unsigned rig_setup_with(struct rig *r, unsigned max_peers, const struct p2p_protocol *protocol);
void rig_teardown(struct rig *r);

/* A connection: the remote side has dialled us, or we have dialled it. The peer runs. */
void rig_connect_inbound(struct rig *r);
void rig_connect_outbound(struct rig *r);

/* The peer has gone for this reason; everything of it is freed. */
int rig_finish(struct rig *r);

/* The remote side of the encryption handshake, as the one who dialled or was dialled. */
void remote_dial(struct rig *r);
void remote_accept(struct rig *r);

/* A frame, as the codes are on the wire; compressed once Hello is through. */
void remote_send(struct rig *r, unsigned code, const void *payload, size_t len);
/* The next frame's payload in r->plain. Returns: its code, or -1 at the end of the stream. */
int remote_recv(struct rig *r);
/* The next frame is a Disconnect with this reason, and then the stream ends. */
void remote_expect_disconnect(struct rig *r, unsigned reason);

/* Hello of a node with these capabilities ("toy/2 snap/1"); and reading the network's. */
void remote_send_hello(struct rig *r, const char *caps);
void remote_expect_hello(struct rig *r);

/* All of it: encryption, Hello, Status, as an inbound connection. */
void rig_shake_hands(struct rig *r, const char *caps);

void remote_write(struct rig *r, const void *data, size_t len);

#endif
