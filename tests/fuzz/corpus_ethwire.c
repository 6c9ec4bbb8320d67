/* Seeds for the eth protocol's messages: one of each, in every version that has it. */
#include <string.h>

#include "codec/hex.h"
#include "codec/rlp.h"
#include "ethereum/types/tx.h"
#include "ethereum/wire/msg.h"
#include "fuzz.h"

/* go-ethereum eth/protocols/eth/protocol_test.go */
const char fuzz_eth_tx_hex[] =
    "f867088504a817c8088302e2489435353535353535353535353535353535353535358"
    "202008025a064b1702d9298fee6"
    "2dfeccc57d322a463ad55ca201256d01f62b45b2e1c21c12a064b1702d9298fee62df"
    "eccc57d322a463ad55ca201256d"
    "01f62b45b2e1c21c10";

/* Two flat receipts with a log each, from the same place. */
static const char receipts_hex[] = "f8d3f866808082014df85ff85d9400000000000000000000000000000000000"
                                   "00011f842a00000000000000000000000"
                                   "00000000000000000000000000000000000000deada00000000000000000000"
                                   "000000000000000000000000000000000"
                                   "00000000beef830100fff86901018201bcf862f860940000000000000000000"
                                   "000000000000000000022f842a0000000"
                                   "0000000000000000000000000000000000000000000000000000005668a0000"
                                   "000000000000000000000000000000000"
                                   "0000000000000000000000009773860"
                                   "20f0f0f0608";

struct material {
    uint8_t tx[256], receipts[256], header[1024], block[2048], hashes[66], pairs[70];
    size_t tx_len, receipts_len, header_len, block_len, pairs_len;
};

static size_t from_hex(uint8_t *out, const char *text)
{
    size_t len = strlen(text) / 2;

    FUZZ_REQUIRE(hex_decode(out, len, text) == 0);
    return len;
}

static size_t keep(uint8_t *out, size_t room, struct buf *b)
{
    size_t len = b->len;

    FUZZ_REQUIRE(b->err == 0 && len <= room);
    memcpy(out, b->data, len);
    buf_free(b);
    return len;
}

static void make_material(struct material *m)
{
    static uint8_t txs[300];
    static const uint8_t none[] = {0xc0};
    struct eth_header h = {.difficulty = 131072, .number = 5, .n_fields = ETH_FIELDS_PRAGUE};
    struct eth_block block = {
        .body = {.uncles = {none, 1}, .withdrawals = {none, 1}, .has_withdrawals = true}};
    struct buf b;
    size_t mark;

    m->tx_len = from_hex(m->tx, fuzz_eth_tx_hex);
    m->receipts_len = from_hex(m->receipts, receipts_hex);
    memset(m->hashes, 7, sizeof m->hashes);
    m->hashes[0] = m->hashes[33] = 0xa0;
    buf_init(&b, 4096);
    mark = rlp_list_begin(&b);
    buf_append(&b, m->tx, m->tx_len);
    rlp_list_end(&b, mark);
    block.body.txs = (struct bytes){txs, keep(txs, sizeof txs, &b)};
    eth_header_encode(&b, &h);
    m->header_len = keep(m->header, sizeof m->header, &b);
    block.header = (struct bytes){m->header, m->header_len};
    eth_block_encode(&b, &block);
    m->block_len = keep(m->block, sizeof m->block, &b);
    mark = rlp_list_begin(&b);
    buf_append(&b, m->hashes, 33);
    rlp_write_u64(&b, 77);
    rlp_list_end(&b, mark);
    m->pairs_len = keep(m->pairs, sizeof m->pairs, &b);
}

static void fill(struct eth_msg *msg, const struct material *m, unsigned code)
{
    static const uint8_t types[] = {0, 2}, sizes[] = {100, 101};
    const struct eth_items hashes = {{m->hashes, sizeof m->hashes}, 2};

    memset(msg, 0, sizeof *msg);
    msg->code = code;
    msg->request_id = 1111;
    if (code == ETH_STATUS) {
        msg->status.version = 68;
        msg->status.total_difficulty = 1000000;
        msg->status.range.latest = 9;
    } else if (code == ETH_NEW_BLOCK_HASHES) {
        msg->items = (struct eth_items){{m->pairs, m->pairs_len}, 1};
    } else if (code == ETH_BLOCK_HEADERS) {
        msg->items = (struct eth_items){{m->header, m->header_len}, 1};
    } else if (code == ETH_TRANSACTIONS || code == ETH_POOLED_TXS) {
        msg->items = (struct eth_items){{m->tx, m->tx_len}, 1};
    } else if (code == ETH_BLOCK_BODIES || code == ETH_NODE_DATA) {
        msg->items = (struct eth_items){{m->hashes, sizeof m->hashes}, 2};
    } else if (code == ETH_RECEIPTS) {
        msg->receipts.lists = (struct eth_items){{m->receipts, m->receipts_len}, 1};
    } else if (code == ETH_GET_RECEIPTS) {
        msg->get_receipts.hashes = hashes;
    } else if (code == ETH_NEW_BLOCK) {
        FUZZ_REQUIRE(
            eth_block_decode(&msg->new_block.block, (struct bytes){m->block, m->block_len}) == 0);
        msg->new_block.total_difficulty = 131073;
    } else if (code == ETH_NEW_POOLED_TX_HASHES) {
        msg->announce = (struct eth_tx_announce){{types, 2}, {sizes, 2}, hashes};
    } else if (code == ETH_GET_BLOCK_HEADERS) {
        msg->query = (struct eth_header_query){.number = 9999, .amount = 5, .skip = 5};
    } else if (code == ETH_BLOCK_RANGE_UPDATE) {
        msg->range.latest = 600;
    } else {
        msg->items = hashes;
    }
}

static bool make_message(const char *dir, const struct material *m, unsigned code, unsigned first,
                         unsigned last)
{
    bool done = true;

    for (unsigned version = first; version <= last && done; version++) {
        char name[64];
        struct eth_msg msg;
        struct buf b;

        snprintf(name, sizeof name, "eth_%s", eth_code_name(code));
        fill(&msg, m, code);
        buf_init(&b, 4096);
        write_u8(&b, (uint8_t)(version - ETH_VERSION_MIN));
        done = eth_msg_encode(&b, &msg, version) == 0 &&
               fuzz_corpus_put(dir, name, b.data, b.len, version);
        buf_free(&b);
    }
    return done;
}

bool fuzz_corpus_make_ethwire(const char *dir)
{
    static struct material m;
    bool done = true;

    make_material(&m);
#define ETH_MSG(id, code, name, first, last, part, max, has_id) \
    done = done && make_message(dir, &m, code, first, last);
#include "ethereum/wire/msgs.def"
#undef ETH_MSG
    return done && fuzz_corpus_put(dir, "eth_header", m.header, m.header_len, 0) &&
           fuzz_corpus_put(dir, "eth_block", m.block, m.block_len, 0) &&
           fuzz_corpus_put(dir, "eth_tx", m.tx, m.tx_len, 0) &&
           fuzz_corpus_put(dir, "eth_receipts_list", m.receipts, m.receipts_len, 0);
}
