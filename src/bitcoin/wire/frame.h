/* The v1 framing of messages: 24 bytes of magic, command, length and checksum, then the payload
 * (protocol documentation, "Message structure"; Core, net.cpp, V1Transport). Pure: no I/O.
 *
 * A stream takes bytes in any chunking and gives frames. Reading from a socket:
 *
 *     poll the socket, then                          (an idle stream holds no memory)
 *     space = btc_stream_space(s, &len);             NULL: out of memory
 *     n = recv(fd, space, len, 0);
 *     btc_stream_commit(s, n);
 *     while ((rc = btc_stream_next(s, &frame)) > 0)
 *         handle frame, whose payload is valid until the next call on the stream
 *     rc is 0: poll again; or an error
 */
#ifndef BITCOIN_WIRE_FRAME_H
#define BITCOIN_WIRE_FRAME_H

#include <sys/types.h>

#include "bitcoin/wire/msg.h"

#define BTC_MAGIC_BYTES        4
#define BTC_FRAME_HEADER_BYTES 24

struct btc_frame_header {
    enum btc_cmd cmd;
    char command[BTC_COMMAND_BYTES + 1]; /* printable ASCII */
    uint32_t len;                        /* of the payload, in bytes */
    uint8_t checksum[4];                 /* the first bytes of the payload's sha256d */
};

/* Thread: any. Returns: 0; PN_EMAGIC; PN_ECOMMAND; or PN_ETOOLARGE for a length above the
 * command's limit (BTC_UNKNOWN_MAX_BYTES for one not in the table), with `out` filled. */
int btc_frame_header_decode(struct btc_frame_header *out, const uint8_t raw[BTC_FRAME_HEADER_BYTES],
                            const uint8_t magic[BTC_MAGIC_BYTES]);

/* Thread: any. Returns: 0; PN_ECHECKSUM; or PN_ETRUNCATED when len is not the announced one. */
int btc_frame_check(const struct btc_frame_header *h, const void *payload, size_t len);

/* Append one complete message, header and payload. On failure the buffer's error sticks and its
 * length is as before. Thread: any. Returns: 0 or what btc_msg_encode returns. */
int btc_frame_encode(struct buf *b, const uint8_t magic[BTC_MAGIC_BYTES], const struct btc_msg *m);

/* The same for a payload that is encoded already, a stored block for example.
 * Thread: any. Returns: 0, PN_ETOOLARGE, PN_ENOMEM, or PN_ENOENT for BTC_CMD_UNKNOWN. */
int btc_frame_wrap(struct buf *b, const uint8_t magic[BTC_MAGIC_BYTES], enum btc_cmd cmd,
                   const void *payload, size_t len);

/* Write the header of a payload of `len` bytes that stands right behind it, at
 * out + BTC_FRAME_HEADER_BYTES. Thread: any. */
void btc_frame_header_store(uint8_t *out, const uint8_t magic[BTC_MAGIC_BYTES], enum btc_cmd cmd,
                            uint32_t len);

/* One complete message of a stream. */
struct btc_frame {
    struct btc_frame_header header;
    struct bytes payload; /* in the stream's buffer */
};

/* Memory: nothing while empty; else at most BTC_STREAM_FIRST_BYTES or twice what arrived of the
 * message under way, whichever is more; never what a length field announces. */
#define BTC_STREAM_FIRST_BYTES 1024

struct btc_stream {
    uint8_t magic[BTC_MAGIC_BYTES];
    uint8_t *data;
    size_t start, end, cap; /* data[start, end) is not yet handed out */
    size_t want; /* bytes of the message under way, header included; 0 before its header */
    struct btc_frame_header header; /* of the message under way */
    int err;                        /* sticky */
};

/* Thread: its owner's, as for all that follows. */
void btc_stream_init(struct btc_stream *s, const uint8_t magic[BTC_MAGIC_BYTES]);

/* Release the memory. Accepts a zeroed struct. */
void btc_stream_free(struct btc_stream *s);

/* Room for the next bytes, at least one. Returns: where to put up to *len of them, valid until the
 * next call on the stream; NULL, with *len 0, after an error (btc_stream_next says which), or when
 * the largest possible message is held and has not been taken. */
uint8_t *btc_stream_space(struct btc_stream *s, size_t *len);

/* The first `len` bytes of that room have been filled. Take all frames before asking for room
 * again: only then is memory bounded as said above. */
void btc_stream_commit(struct btc_stream *s, size_t len);

/* The same for bytes that are elsewhere: takes as many as there is room for in one step.
 * Returns: how many it took, 0 only when len is 0 or btc_stream_next must take a message first; or
 * the sticky error. */
ssize_t btc_stream_feed(struct btc_stream *s, const void *data, size_t len);

/* Returns: 1 with the next frame, its checksum verified; 0 when it needs more bytes;
 * PN_ECHECKSUM for a frame to be skipped: `out` says which, and the stream goes on behind it, as
 * Core does; PN_EMAGIC, PN_ECOMMAND, PN_ETOOLARGE (out->header says of what), PN_ENOMEM, from
 * which there is no going on. */
int btc_stream_next(struct btc_stream *s, struct btc_frame *out);

/* Bytes that are held and not yet handed out. */
static inline size_t btc_stream_pending(const struct btc_stream *s)
{
    return s->end - s->start;
}

#endif
