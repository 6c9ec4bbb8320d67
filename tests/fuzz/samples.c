#include "samples.h"

#include <stdlib.h>

/* Arena memory, or the end of a test program that has none. */
static void *take(struct arena *a, size_t count, size_t size)
{
    void *at = arena_alloc(a, count, size);

    if (!at)
        abort();
    memset(at, 0, count * size);
    return at;
}

/* Bytes that differ by position and seed, so that a mixed-up field shows. */
static struct bytes some_bytes(struct arena *a, size_t len, uint8_t seed)
{
    uint8_t *p = take(a, len, 1);

    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(seed + 7 * i);
    return (struct bytes){.data = p, .len = len};
}

static struct bytes text(const char *s)
{
    return (struct bytes){.data = (const uint8_t *)s, .len = strlen(s)};
}

static void some_hash(uint8_t out[BTC_HASH_BYTES], uint8_t seed)
{
    for (uint8_t i = 0; i < BTC_HASH_BYTES; i++)
        out[i] = (uint8_t)(seed ^ (11 * i));
}

static const uint8_t (*some_hashes(struct arena *a, size_t count))[BTC_HASH_BYTES]
{
    uint8_t(*hashes)[BTC_HASH_BYTES] = take(a, count, sizeof *hashes);

    for (size_t i = 0; i < count; i++)
        some_hash(hashes[i], (uint8_t)(i + 1));
    return (const uint8_t(*)[BTC_HASH_BYTES])hashes;
}

static struct btc_header some_header(uint8_t seed)
{
    struct btc_header h = {.version = 0x20000000 + seed,
                           .time = 1231006505u + seed,
                           .bits = 0x207fffff,
                           .nonce = 0xdeadbe00u + seed};

    some_hash(h.prev, (uint8_t)(seed + 1));
    some_hash(h.merkle_root, (uint8_t)(seed + 2));
    return h;
}

/* --- transactions and blocks --- */

static struct btc_txin some_input(struct arena *a, uint8_t seed)
{
    struct btc_txin in = {.prev_index = seed, .sequence = 0xfffffffdu};

    some_hash(in.prev_hash, seed);
    in.script = some_bytes(a, seed, seed);
    return in;
}

static struct btc_tx legacy_tx(struct arena *a, uint8_t seed)
{
    struct btc_txin *in = take(a, 1, sizeof *in);
    struct btc_txout *out = take(a, 1, sizeof *out);

    in[0] = some_input(a, seed);
    out[0] = (struct btc_txout){.value_sat = 5000000000, .script = some_bytes(a, 25, seed)};
    return (struct btc_tx){
        .version = 1, .lock_time = seed, .in_count = 1, .out_count = 1, .in = in, .out = out};
}

/* Three inputs: a stack of three items, one of them empty; no stack; a stack of one long item. */
static struct btc_tx witness_tx(struct arena *a, uint8_t seed)
{
    static const uint8_t stack[] = {2, 0xaa, 0xbb, 0, 1, 0xcc};
    struct btc_txin *in = take(a, 3, sizeof *in);
    struct btc_txout *out = take(a, 2, sizeof *out);
    uint8_t *item = take(a, 303, 1);

    for (uint8_t i = 0; i < 3; i++)
        in[i] = some_input(a, (uint8_t)(seed + i));
    in[0].witness = (struct bytes){.data = stack, .len = sizeof stack};
    in[0].witness_count = 3;
    item[0] = 0xfd; /* 300 bytes */
    store_le16(item + 1, 300);
    in[2].witness = (struct bytes){.data = item, .len = 303};
    in[2].witness_count = 1;
    out[0] = (struct btc_txout){.value_sat = 1, .script = some_bytes(a, 34, seed)};
    out[1] = (struct btc_txout){.value_sat = -1};
    return (struct btc_tx){
        .version = 2, .lock_time = 800000, .in_count = 3, .out_count = 2, .in = in, .out = out};
}

static bool sample_tx(struct btc_tx *out, struct arena *a, unsigned n)
{
    switch (n) {
    case 0:
        *out = (struct btc_tx){.version = -1, .lock_time = 7}; /* Core reads even this */
        return true;
    case 1:
        *out = legacy_tx(a, 3);
        return true;
    case 2:
        *out = witness_tx(a, 100);
        return true;
    default:
        return false;
    }
}

static const struct btc_tx *some_txs(struct arena *a, size_t *count)
{
    struct btc_tx *txs = take(a, 3, sizeof *txs);

    for (unsigned i = 0; i < 3; i++)
        sample_tx(&txs[i], a, i);
    *count = 3;
    return txs;
}

static void sample_block(struct btc_block *out, struct arena *a, unsigned n)
{
    *out = (struct btc_block){.header = some_header(9)};
    if (n > 0)
        out->txs = some_txs(a, &out->tx_count);
}

static void sample_cmpctblock(struct btc_cmpctblock *out, struct arena *a, unsigned n)
{
    uint8_t(*ids)[BTC_SHORT_ID_BYTES];
    struct btc_prefilled *prefilled;

    *out = (struct btc_cmpctblock){.header = some_header(4), .nonce = 0x0123456789abcdef};
    if (n == 0)
        return;
    out->short_id_count = 300;
    ids = take(a, out->short_id_count, sizeof *ids);
    memset(ids, 0x5a, out->short_id_count * sizeof *ids);
    out->short_ids = (const uint8_t(*)[BTC_SHORT_ID_BYTES])ids;
    prefilled = take(a, 3, sizeof *prefilled);
    prefilled[0] = (struct btc_prefilled){.index = 0, .tx = legacy_tx(a, 1)};
    prefilled[1] = (struct btc_prefilled){.index = 1, .tx = witness_tx(a, 2)};
    prefilled[2] = (struct btc_prefilled){.index = 302, .tx = legacy_tx(a, 9)};
    out->prefilled = prefilled;
    out->prefilled_count = 3;
}

static void sample_getblocktxn(struct btc_getblocktxn *out, unsigned n)
{
    static const uint16_t indexes[] = {0, 1, 5, 300, 65535};

    *out = (struct btc_getblocktxn){.indexes = indexes};
    some_hash(out->block_hash, 0x21);
    if (n > 0)
        out->count = sizeof indexes / sizeof indexes[0];
}

/* --- addresses and inventory --- */

static void sample_version(struct btc_version *out, struct arena *a, unsigned n)
{
    *out = (struct btc_version){.version = 70016, .services = 0x409, .time = 1700000000};
    memcpy(out->recv.ip, some_bytes(a, 16, 1).data, 16);
    out->recv.port = 8333;
    if (n == 0) {
        out->missing = BTC_VERSION_OPTIONAL;
        out->height = -1;
        out->relay = true;
        return;
    }
    out->from.services = 9;
    out->from.port = 18444;
    out->nonce = 0x8877665544332211;
    out->user_agent = n == 1 ? text("/p2pnode:0.1.0/") : some_bytes(a, BTC_USER_AGENT_MAX, 3);
    out->height = 840000;
    out->relay = n == 1;
}

static struct btc_addr some_addr(struct arena *a, uint8_t network, size_t len)
{
    return (struct btc_addr){.services = UINT64_C(1) << (4 * network % 64),
                             .addr = some_bytes(a, len, network),
                             .time = 1700000000u + network,
                             .port = (uint16_t)(8333 + network),
                             .network = network};
}

static void sample_addr(struct btc_addrs *out, struct arena *a, unsigned n)
{
    struct btc_addr *items = take(a, 3, sizeof *items);

    items[0] = some_addr(a, BTC_NET_IPV4, 4);
    items[1] = some_addr(a, BTC_NET_IPV6, 16);
    items[2] = some_addr(a, BTC_NET_TORV2, 10);
    *out = (struct btc_addrs){.items = items, .count = n ? 3 : 0};
}

/* Each network that we know, and two that we do not, the shortest and the longest possible. */
static void sample_addrv2(struct btc_addrs *out, struct arena *a, unsigned n)
{
    struct btc_addr *items = take(a, BTC_NET_CJDNS + 2, sizeof *items);
    size_t count = 0;

    for (uint8_t net = BTC_NET_IPV4; net <= BTC_NET_CJDNS; net++)
        items[count++] = some_addr(a, net, btc_network_addr_len(net));
    items[count++] = some_addr(a, 0x99, 0);
    items[count++] = some_addr(a, 0, BTC_ADDRV2_MAX_BYTES);
    *out = (struct btc_addrs){.items = items, .count = n ? count : 0};
}

static void sample_inv(struct btc_inv *out, struct arena *a, unsigned n)
{
    static const uint32_t types[] = {
        BTC_INV_TX,  BTC_INV_BLOCK, BTC_INV_FILTERED_BLOCK,          BTC_INV_CMPCT_BLOCK,
        BTC_INV_WTX, 0xffffffffu,   BTC_INV_BLOCK | BTC_INV_WITNESS,
    };
    size_t count = sizeof types / sizeof types[0];
    struct btc_inv_item *items = take(a, count, sizeof *items);

    for (size_t i = 0; i < count; i++) {
        items[i].type = types[i];
        some_hash(items[i].hash, (uint8_t)i);
    }
    *out = (struct btc_inv){.items = items, .count = n ? count : 0};
}

static void sample_locator(struct btc_locator *out, struct arena *a, unsigned n)
{
    *out = (struct btc_locator){.version = 70016, .count = n ? 12 : 0};
    out->hashes = some_hashes(a, out->count);
    some_hash(out->stop, 0xee);
}

static void sample_headers(struct btc_headers *out, struct arena *a, unsigned n)
{
    struct btc_header *items = take(a, 3, sizeof *items);

    for (uint8_t i = 0; i < 3; i++)
        items[i] = some_header(i);
    *out = (struct btc_headers){.items = items, .count = n ? 3 : 0};
}

/* --- filters --- */

static void sample_filterload(struct btc_filterload *out, struct arena *a, unsigned n)
{
    *out = (struct btc_filterload){.filter = some_bytes(a, n ? 300 : 0, 1),
                                   .hash_funcs = n ? BTC_FILTER_MAX_FUNCS : 0,
                                   .tweak = 0x12345678,
                                   .flags = 1};
}

static void sample_merkleblock(struct btc_merkleblock *out, struct arena *a, unsigned n)
{
    *out = (struct btc_merkleblock){
        .header = some_header(1), .tx_count = n ? 500 : 1, .hash_count = n ? 10 : 0};
    out->hashes = some_hashes(a, out->hash_count);
    out->flags = some_bytes(a, n ? 4 : 0, 0x1d);
}

static void sample_cfheaders(struct btc_cfheaders *out, struct arena *a, unsigned n)
{
    *out = (struct btc_cfheaders){.type = BTC_CFILTER_BASIC, .count = n ? 5 : 0};
    out->hashes = some_hashes(a, out->count);
    some_hash(out->stop_hash, 1);
    some_hash(out->prev_header, 2);
}

static void sample_cfcheckpt(struct btc_cfcheckpt *out, struct arena *a, unsigned n)
{
    *out = (struct btc_cfcheckpt){.type = BTC_CFILTER_BASIC, .count = n ? 5 : 0};
    out->headers = some_hashes(a, out->count);
    some_hash(out->stop_hash, 1);
}

static void sample_getcfilters(struct btc_getcfilters *out)
{
    *out = (struct btc_getcfilters){.type = BTC_CFILTER_BASIC, .start_height = 840000};
    some_hash(out->stop_hash, 0x71);
}

static void sample_cfilter(struct btc_cfilter *out, struct arena *a, unsigned n)
{
    *out = (struct btc_cfilter){.filter = some_bytes(a, n ? 1000 : 0, 3)};
    some_hash(out->block_hash, 0x72);
}

/* --- the rest --- */

static void sample_reject(struct btc_reject *out, struct arena *a, unsigned n)
{
    *out = (struct btc_reject){.command = text("tx"), .code = 0x42, .reason = text("dust")};
    if (n > 0)
        out->hash = some_bytes(a, BTC_HASH_BYTES, 5);
}

static bool two_of(enum btc_cmd cmd, struct btc_msg *out, struct arena *a, unsigned n)
{
    switch (cmd) {
    case BTC_CMD_ADDR:
        sample_addr(&out->u.addr, a, n);
        break;
    case BTC_CMD_ADDRV2:
        sample_addrv2(&out->u.addrv2, a, n);
        break;
    case BTC_CMD_INV:
    case BTC_CMD_GETDATA:
    case BTC_CMD_NOTFOUND:
        sample_inv(&out->u.inv, a, n);
        break;
    case BTC_CMD_GETBLOCKS:
    case BTC_CMD_GETHEADERS:
        sample_locator(&out->u.getblocks, a, n);
        break;
    case BTC_CMD_HEADERS:
        sample_headers(&out->u.headers, a, n);
        break;
    case BTC_CMD_BLOCK:
        sample_block(&out->u.block, a, n);
        break;
    case BTC_CMD_PING:
        out->u.ping = (struct btc_ping){.nonce = n ? 0xfedcba9876543210 : 0, .no_nonce = n == 0};
        break;
    case BTC_CMD_REJECT:
        sample_reject(&out->u.reject, a, n);
        break;
    case BTC_CMD_ALERT:
        out->u.alert.payload = some_bytes(a, n ? 96 : 0, 1);
        out->u.alert.signature = some_bytes(a, n ? 71 : 0, 2);
        break;
    case BTC_CMD_FILTERLOAD:
        sample_filterload(&out->u.filterload, a, n);
        break;
    case BTC_CMD_FILTERADD:
        out->u.filteradd.data = some_bytes(a, n ? BTC_FILTERADD_MAX_BYTES : 0, 4);
        break;
    case BTC_CMD_MERKLEBLOCK:
        sample_merkleblock(&out->u.merkleblock, a, n);
        break;
    case BTC_CMD_SENDCMPCT:
        out->u.sendcmpct = (struct btc_sendcmpct){.high_bandwidth = n, .version = 1 + n};
        break;
    case BTC_CMD_CMPCTBLOCK:
        sample_cmpctblock(&out->u.cmpctblock, a, n);
        break;
    case BTC_CMD_GETBLOCKTXN:
        sample_getblocktxn(&out->u.getblocktxn, n);
        break;
    case BTC_CMD_BLOCKTXN:
        some_hash(out->u.blocktxn.block_hash, 0x33);
        if (n > 0)
            out->u.blocktxn.txs = some_txs(a, &out->u.blocktxn.count);
        break;
    case BTC_CMD_CFILTER:
        sample_cfilter(&out->u.cfilter, a, n);
        break;
    case BTC_CMD_CFHEADERS:
        sample_cfheaders(&out->u.cfheaders, a, n);
        break;
    case BTC_CMD_CFCHECKPT:
        sample_cfcheckpt(&out->u.cfcheckpt, a, n);
        break;
    case BTC_CMD_FEATURE:
        out->u.feature.id = text(n ? "https://example.org/feature" : "feat");
        out->u.feature.data = some_bytes(a, n ? BTC_FEATURE_DATA_MAX : 0, 6);
        break;
    default:
        return false;
    }
    return n < 2;
}

static bool one_of(enum btc_cmd cmd, struct btc_msg *out, unsigned n)
{
    switch (cmd) {
    case BTC_CMD_VERACK:
    case BTC_CMD_GETADDR:
    case BTC_CMD_SENDADDRV2:
    case BTC_CMD_SENDHEADERS:
    case BTC_CMD_MEMPOOL:
    case BTC_CMD_FILTERCLEAR:
    case BTC_CMD_WTXIDRELAY:
        break;
    case BTC_CMD_FEEFILTER:
        out->u.feefilter.rate_sat_per_kvb = 1000;
        break;
    case BTC_CMD_PONG:
        out->u.pong.nonce = 0x0f1e2d3c4b5a6978;
        break;
    case BTC_CMD_GETCFILTERS:
    case BTC_CMD_GETCFHEADERS:
        sample_getcfilters(&out->u.getcfilters);
        break;
    case BTC_CMD_GETCFCHECKPT:
        some_hash(out->u.getcfcheckpt.stop_hash, 0x73);
        break;
    case BTC_CMD_SENDTXRCNCL:
        out->u.sendtxrcncl = (struct btc_sendtxrcncl){.version = 1, .salt = 0x1122334455667788};
        break;
    default:
        return false;
    }
    return n < 1;
}

bool sample_msg(struct btc_msg *out, struct arena *a, enum btc_cmd cmd, unsigned n)
{
    *out = (struct btc_msg){.cmd = cmd};
    switch (cmd) {
    case BTC_CMD_VERSION:
        sample_version(&out->u.version, a, n);
        return n < 3;
    case BTC_CMD_TX:
        return sample_tx(&out->u.tx, a, n);
    default:
        return one_of(cmd, out, n) || two_of(cmd, out, a, n);
    }
}

bool sample_payload(struct buf *out, enum btc_cmd cmd, unsigned n)
{
    struct btc_msg m;
    struct arena a;
    bool found;

    buf_init(out, BTC_PAYLOAD_MAX_BYTES);
    arena_init(&a, SAMPLE_ARENA_BYTES);
    found = sample_msg(&m, &a, cmd, n);
    if (found && btc_msg_encode(out, &m) < 0)
        abort();
    arena_free(&a);
    return found;
}
