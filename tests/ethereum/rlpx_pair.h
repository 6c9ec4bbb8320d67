/* Two sides of an RLPx handshake in one process, and the way from the one to the other. */
#ifndef TESTS_RLPX_PAIR_H
#define TESTS_RLPX_PAIR_H

#include "ethereum/rlpx/stream.h"

struct side {
    uint8_t secret[EC_SECRET_BYTES], pubkey[EC_PUBKEY_BYTES];
    struct rlpx_handshake h;
};

struct pair {
    struct side a, b; /* a has dialled b */
    struct buf auth, ack;
    struct rlpx_secrets of_a, of_b;
};

/* A node of its own, with a handshake not yet begun. */
void side_new(struct side *s);

/* Owns: the caller frees with pair_free. */
struct pair *shake_hands(void);
void pair_free(struct pair *p);

/* What a writes and b reads. */
struct link {
    struct pair *p;
    struct rlpx_half egress;   /* of a */
    struct rlpx_stream stream; /* of b */
    struct buf wire;
};

/* Owns: the caller frees with link_down. */
struct link *link_up(void);
void link_down(struct link *l);

/* Give the stream the wire's bytes from *at on, `chunk` at a time at most, until there is an item
 * or an error. Returns: as rlpx_stream_next. */
int feed(struct rlpx_stream *s, struct rlpx_item *item, struct buf *wire, size_t *at, size_t chunk);

struct bytes bytes_of(const struct buf *b);

#endif
