#include "bitcoin/frames.h"

struct frame *btc_frame(const uint8_t magic[BTC_MAGIC_BYTES], const struct btc_msg *m)
{
    struct frame *f = NULL;
    struct buf b;

    buf_init(&b, BTC_FRAME_HEADER_BYTES + BTC_PAYLOAD_MAX_BYTES);
    if (btc_frame_encode(&b, magic, m) == 0)
        f = frame_new(m->cmd, b.data, b.len);
    buf_free(&b);
    return f;
}

struct frame *btc_frame_empty(const uint8_t magic[BTC_MAGIC_BYTES], enum btc_cmd cmd)
{
    const struct btc_msg m = {.cmd = cmd};

    return btc_frame(magic, &m);
}
