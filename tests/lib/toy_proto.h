/* A toy protocol for the peer runtime: a message is one byte of command, one of length, and the
 * payload. Tests hold the other end of the connection. */
#ifndef TESTS_TOY_PROTO_H
#define TESTS_TOY_PROTO_H

#include <stdatomic.h>

#include "peer/peer.h"

enum toy_cmd {
    TOY_HELLO,  /* the handshake: each side sends one */
    TOY_PING,   /* the runtime's heartbeat; payload: 8 bytes of nonce */
    TOY_PONG,   /* passed to peer_pong */
    TOY_ECHO,   /* the handler replies the same payload as TOY_ANSWER */
    TOY_ASK,    /* sent to the remote side: an answer is due */
    TOY_ANSWER, /* the answer to TOY_ASK */
    TOY_INV,    /* inventory: a byte per item, the first of its hash */
    TOY_LINGER, /* the handler moves the test clock by a minute: it takes long */
    TOY_CMDS
};

/* What happened to the peers that share it. */
struct toy_counts {
    atomic_int ready_calls, gone_calls, released;
};

extern const struct peer_proto_ops toy_proto_ops;
extern const struct peer_transport_ops toy_transport_ops;

/* For struct peer_setup; both are released through the ops tables. */
void *toy_transport_new(void);
void *toy_proto_data_new(struct toy_counts *counts);

struct frame *toy_frame(enum toy_cmd cmd, const void *payload, size_t len);

#endif
