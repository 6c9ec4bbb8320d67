#include "bitcoin/wire/frame.h"

#include "bitcoin/wire/field.h"
#include "crypto/sha256.h"

enum { COMMAND_AT = 4, LEN_AT = 16, CHECKSUM_AT = 20, CHECKSUM_BYTES = 4 };

int btc_frame_header_decode(struct btc_frame_header *out, const uint8_t raw[BTC_FRAME_HEADER_BYTES],
                            const uint8_t magic[BTC_MAGIC_BYTES])
{
    int rc;

    *out = (struct btc_frame_header){0};
    if (memcmp(raw, magic, BTC_MAGIC_BYTES) != 0)
        return PN_EMAGIC;
    rc = btc_cmd_parse(&out->cmd, raw + COMMAND_AT);
    if (rc < 0)
        return rc;
    memcpy(out->command, raw + COMMAND_AT, BTC_COMMAND_BYTES);
    out->len = load_le32(raw + LEN_AT);
    memcpy(out->checksum, raw + CHECKSUM_AT, CHECKSUM_BYTES);
    return out->len > btc_cmd_info(out->cmd)->payload_limit ? PN_ETOOLARGE : 0;
}

int btc_frame_check(const struct btc_frame_header *h, const void *payload, size_t len)
{
    uint8_t hash[SHA256_BYTES];

    if (len != h->len)
        return PN_ETRUNCATED;
    sha256d(hash, payload, len);
    return memcmp(hash, h->checksum, CHECKSUM_BYTES) == 0 ? 0 : PN_ECHECKSUM;
}

void btc_frame_header_store(uint8_t *out, const uint8_t magic[BTC_MAGIC_BYTES], enum btc_cmd cmd,
                            uint32_t len)
{
    const char *name = btc_cmd_info(cmd)->name;
    uint8_t hash[SHA256_BYTES];

    memset(out, 0, BTC_FRAME_HEADER_BYTES);
    memcpy(out, magic, BTC_MAGIC_BYTES);
    memcpy(out + COMMAND_AT, name, strlen(name));
    store_le32(out + LEN_AT, len);
    sha256d(hash, out + BTC_FRAME_HEADER_BYTES, len);
    memcpy(out + CHECKSUM_AT, hash, CHECKSUM_BYTES);
}

/* Give the payload behind `start` the header that was left room for, or take both back. */
static int frame_close(struct buf *b, const uint8_t magic[BTC_MAGIC_BYTES], enum btc_cmd cmd,
                       size_t start)
{
    if (b->err)
        b->len = start;
    else
        btc_frame_header_store(b->data + start, magic, cmd,
                               (uint32_t)(b->len - start - BTC_FRAME_HEADER_BYTES));
    return b->err;
}

int btc_frame_encode(struct buf *b, const uint8_t magic[BTC_MAGIC_BYTES], const struct btc_msg *m)
{
    size_t start = b->len;

    buf_extend(b, BTC_FRAME_HEADER_BYTES);
    btc_msg_encode(b, m);
    return frame_close(b, magic, m->cmd, start);
}

int btc_frame_wrap(struct buf *b, const uint8_t magic[BTC_MAGIC_BYTES], enum btc_cmd cmd,
                   const void *payload, size_t len)
{
    size_t start = b->len;

    if (cmd == BTC_CMD_UNKNOWN)
        buf_fail(b, PN_ENOENT);
    else if (len > btc_cmd_info(cmd)->payload_limit)
        buf_fail(b, PN_ETOOLARGE);
    buf_extend(b, BTC_FRAME_HEADER_BYTES);
    buf_append(b, payload, len);
    return frame_close(b, magic, cmd, start);
}
