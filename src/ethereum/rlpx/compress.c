#include "ethereum/rlpx/compress.h"

#include <snappy-c.h>

#include "base/err.h"

/* The densest element of the format is a copy of 64 bytes in three. */
enum { EXPANSION_MAX = 22 };

int rlpx_compress(struct buf *out, struct bytes payload)
{
    size_t len = snappy_max_compressed_length(payload.len);
    size_t start = out->len;
    uint8_t *at = buf_extend(out, len);

    if (!at)
        return out->err;
    if (snappy_compress((const char *)payload.data, payload.len, (char *)at, &len) != SNAPPY_OK)
        return PN_ECOMPRESSION;
    out->len = start + len;
    return 0;
}

int rlpx_decompress(struct buf *out, struct bytes compressed, size_t max)
{
    const char *in = (const char *)compressed.data;
    size_t start = out->len, len;
    uint8_t *at;

    if (snappy_uncompressed_length(in, compressed.len, &len) != SNAPPY_OK)
        return PN_ECOMPRESSION;
    if (len > max)
        return PN_ETOOLARGE;
    if (len / EXPANSION_MAX > compressed.len)
        return PN_ECOMPRESSION;
    at = buf_extend(out, len);
    if (!at)
        return out->err;
    if (snappy_uncompress(in, compressed.len, (char *)at, &len) == SNAPPY_OK)
        return 0;
    out->len = start;
    return PN_ECOMPRESSION;
}
