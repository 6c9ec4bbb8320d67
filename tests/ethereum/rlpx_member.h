/* One Ethereum node that a test plays, made of the codecs alone: it dials, shakes hands, and then
 * says and hears messages, blocking. What goes wrong ends the process. */
#ifndef TESTS_RLPX_MEMBER_H
#define TESTS_RLPX_MEMBER_H

#include "ethereum/enr/node.h"
#include "ethereum/rlpx/stream.h"

/* As they are on the wire for who offers eth/68 alone. */
enum {
    MEMBER_HELLO = 0,
    MEMBER_DISCONNECT = 1,
    MEMBER_PING = 2,
    MEMBER_PONG = 3,
    MEMBER_STATUS = 16, /* the first of eth's */
};

struct member {
    int fd; /* -1: gone */
    struct rlpx_stream stream;
    struct rlpx_half egress;
    bool compress;
};

/* Say what is wrong and end the process, unless cond holds. */
void member_need(bool cond, const char *what);

/* With a fresh key, up to both sides' Hello. */
void member_connect(struct member *m, const struct eth_node *node);

/* The node's Status comes first in eth; then the member's, which may be the same. */
void member_read_status(struct member *m, struct buf *status);
void member_say_status(struct member *m, const struct buf *status);

/* Bytes, and a message. A closed connection is seen by who reads. */
void member_write(const struct member *m, const uint8_t *data, size_t len);
void member_send(struct member *m, unsigned code, struct bytes payload);

/* Returns: false at the end of the stream. */
bool member_next(struct member *m, struct rlpx_item *item);

/* Close and free. */
void member_free(struct member *m);

#endif
