#include "bitcoin/frames.h"

#include "base/mem.h"
#include "bitcoin/addr_convert.h"

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

struct frame *btc_frame_sendcmpct(const uint8_t magic[BTC_MAGIC_BYTES], bool high_bandwidth)
{
    const struct btc_msg m = {
        .cmd = BTC_CMD_SENDCMPCT,
        .u.sendcmpct = {.high_bandwidth = high_bandwidth, .version = BTC_COMPACT_VERSION}};

    return btc_frame(magic, &m);
}

struct frame *btc_frame_addrs(const uint8_t magic[BTC_MAGIC_BYTES],
                              const struct addrbook_seen *seen, size_t n, bool v2)
{
    struct btc_addr *items = mem_alloc_array(n, sizeof *items);
    struct btc_addrs list = {.items = items};
    struct btc_msg m;
    struct frame *f;

    if (!items)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (v2 || addr_fits_v1(&seen[i].addr))
            addr_to_wire(&items[list.count++], &seen[i]);
    if (v2)
        m = (struct btc_msg){.cmd = BTC_CMD_ADDRV2, .u.addrv2 = list};
    else
        m = (struct btc_msg){.cmd = BTC_CMD_ADDR, .u.addr = list};
    f = btc_frame(magic, &m);
    mem_free(items);
    return f;
}
