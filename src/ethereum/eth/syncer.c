/* What the downloader wants of peers. */
#include "codec/rlp.h"
#include "ethereum/eth/internal.h"

static bool ask_headers(void *arg, uint64_t peer, const struct eth_header_query *q)
{
    struct eth *e = arg;
    struct pm_peer *p = pm_find(e, peer);
    struct eth_msg m = {.code = ETH_GET_BLOCK_HEADERS, .query = *q};

    return p && pm_ask(e, p, PM_SYNC_HEADERS, &m);
}

static void write_hashes(struct buf *b, const uint8_t (*hashes)[ETH_HASH_BYTES], unsigned n)
{
    buf_init(b, (size_t)n * (1 + ETH_HASH_BYTES));
    for (unsigned i = 0; i < n; i++)
        rlp_write_bytes(b, hashes[i], ETH_HASH_BYTES);
}

static bool ask_bodies(void *arg, uint64_t peer, const uint8_t (*hashes)[ETH_HASH_BYTES],
                       unsigned n)
{
    struct eth *e = arg;
    struct pm_peer *p = pm_find(e, peer);
    struct eth_msg m = {.code = ETH_GET_BLOCK_BODIES};
    struct buf b;
    bool sent;

    write_hashes(&b, hashes, n);
    m.items = (struct eth_items){{b.data, b.len}, n};
    sent = p && !b.err && pm_ask(e, p, PM_SYNC_BODIES, &m);
    buf_free(&b);
    return sent;
}

static bool ask_receipts(void *arg, uint64_t peer, const uint8_t (*hashes)[ETH_HASH_BYTES],
                         unsigned n)
{
    struct eth *e = arg;
    struct pm_peer *p = pm_find(e, peer);
    struct eth_msg m = {.code = ETH_GET_RECEIPTS};
    struct buf b;
    bool sent;

    write_hashes(&b, hashes, n);
    m.get_receipts.hashes = (struct eth_items){{b.data, b.len}, n};
    sent = p && !b.err && pm_ask(e, p, PM_SYNC_RECEIPTS, &m);
    buf_free(&b);
    return sent;
}

static void drop(void *arg, uint64_t peer, int reason)
{
    struct pm_peer *p = pm_find(arg, peer);

    if (p)
        pm_disconnect(p, reason);
}

static void advanced(void *arg)
{
    blocks_head_moved(arg);
}

const struct downloader_ops pm_downloader_ops = {.ask_headers = ask_headers,
                                                 .ask_bodies = ask_bodies,
                                                 .ask_receipts = ask_receipts,
                                                 .drop = drop,
                                                 .advanced = advanced};
