/* The v1 transport: the wire's push parser behind the runtime's ops table. A frame is written as
 * it is, so there is nothing to seal. */
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/internal.h"

void *btc_transport_new(const uint8_t magic[BTC_MAGIC_BYTES])
{
    struct btc_stream *s = mem_zalloc(sizeof *s);

    if (s)
        btc_stream_init(s, magic);
    return s;
}

static uint8_t *transport_space(void *transport, size_t *len)
{
    return btc_stream_space(transport, len);
}

static void transport_commit(void *transport, size_t len)
{
    btc_stream_commit(transport, len);
}

static int transport_next(void *transport, struct peer_message *out)
{
    struct btc_frame f;
    int rc = btc_stream_next(transport, &f);

    if (rc <= 0)
        return rc;
    *out = (struct peer_message){
        .cmd = f.header.cmd,
        .payload = f.payload.data,
        .len = f.payload.len,
        .wire_bytes = BTC_FRAME_HEADER_BYTES + f.payload.len,
        .framed = f.payload.data - BTC_FRAME_HEADER_BYTES, /* btc_stream cuts it in one piece */
    };
    return 1;
}

static void transport_free(void *transport)
{
    btc_stream_free(transport);
    mem_free(transport);
}

const struct peer_transport_ops btc_transport_ops = {
    .space = transport_space,
    .commit = transport_commit,
    .next = transport_next,
    .free = transport_free,
};
