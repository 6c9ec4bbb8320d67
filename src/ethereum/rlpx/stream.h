/* The receiving side of an RLPx connection: bytes in any chunking become the packets of the
 * handshake, and then frames.
 *
 *     space = rlpx_stream_space(s, &len);            NULL: no memory, or the stream is dead
 *     n = read(fd, space, len); rlpx_stream_commit(s, n);
 *     while ((rc = rlpx_stream_next(s, &item)) > 0)
 *         handle it; its bytes live until the next call on the stream
 *
 * After the last packet of the handshake rlpx_stream_encrypt says that frames follow; what has been
 * read ahead by then is part of them. Memory: RLPX_STREAM_FIRST_BYTES, or twice what has arrived of
 * the frame under way; never what a header announces. */
#ifndef ETHEREUM_RLPX_STREAM_H
#define ETHEREUM_RLPX_STREAM_H

#include "ethereum/rlpx/frame.h"

#define RLPX_STREAM_FIRST_BYTES 2048
/* How much of a busy stream may be read at once. */
#define RLPX_STREAM_AHEAD_BYTES 65536

enum rlpx_stage {
    RLPX_STAGE_PACKET, /* the handshake */
    RLPX_STAGE_HEADER, /* of the next frame */
    RLPX_STAGE_BODY,   /* of the frame under way */
    RLPX_STAGE_SKIP,   /* likewise, of one that is refused */
};

struct rlpx_stream {
    uint8_t *data;
    size_t start, end, cap; /* data[start, end) is not yet handed out */
    size_t last_read;
    enum rlpx_stage stage;
    struct rlpx_half ingress;
    uint32_t size;      /* of the frame under way */
    size_t skip;        /* bytes left of one that is refused */
    uint32_t max_frame; /* frame data that is accepted */
    int err;            /* sticky */
};

/* A whole packet, prefix included; or a frame with its code. */
struct rlpx_item {
    unsigned code; /* of a frame */
    struct bytes payload;
    size_t wire_bytes;
};

/* Frames of more than max_frame bytes of data are refused, which is told when they have passed by
 * unread, or the sender would never get to hear of it. max_frame may be changed at any time.
 * Thread: its owner's, as for all that follow. */
void rlpx_stream_init(struct rlpx_stream *s, uint32_t max_frame);

/* Wipes the keys. Accepts a zeroed struct. */
void rlpx_stream_free(struct rlpx_stream *s);

void rlpx_stream_encrypt(struct rlpx_stream *s, const struct rlpx_secrets *secrets);

/* Room for the next bytes, at least one. Returns: NULL without memory or after an error. */
uint8_t *rlpx_stream_space(struct rlpx_stream *s, size_t *len);
void rlpx_stream_commit(struct rlpx_stream *s, size_t len);

/* Returns: 1 with the next item; 0 when more bytes are needed; PN_EHANDSHAKE for a packet whose
 * length cannot be; PN_EMAC; PN_ETOOLARGE; PN_EFORMAT for a frame without a good code. Every error
 * is final. */
int rlpx_stream_next(struct rlpx_stream *s, struct rlpx_item *out);

#endif
