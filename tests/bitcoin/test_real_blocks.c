/* Blocks from the middle of public networks, delivered by a peer: asked for, checked under the
 * rules of their height, kept, and handed out again. The headers that lead to them are not at hand.
 * In their place stand as many made ones, the last of which has the hash that the block names as
 * its parent; so all is real but the way there and, with it, whether the difficulty is right. The
 * files are below $P2PNODE_TEST_DATA; each absent one is said to be skipped. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "bitcoin/chain/chain.h"
#include "bitcoin/chain/pow.h"
#include "bitcoin/compact/encode.h"
#include "bitcoin/mempool/txpool.h"
#include "bitcoin/transactions.h"
#include "node_fixture.h"
#include "test_bitcoin.h"

static const struct {
    const char *network, *file;
    uint32_t height;
} samples[] = {
    {"mainnet", "bitcoin/blocks/mainnet-0227835.blk", 227835},
    {"mainnet", "bitcoin/blocks/mainnet-0300025.blk", 300025},
    {"mainnet", "bitcoin/blocks/mainnet-0413567.blk", 413567},
    {"mainnet", "bitcoin/blocks/mainnet-0426884.blk", 426884},
    {"mainnet", "bitcoin/blocks/mainnet-0482683.blk", 482683},
    {"mainnet", "bitcoin/blocks/mainnet-0540107.blk", 540107},
    {"mainnet", "bitcoin/blocks/mainnet-0702861.blk", 702861},
    {"mainnet", "bitcoin/blocks/mainnet-0866342.blk", 866342},
    {"mainnet", "bitcoin/blocks/mainnet-0951658.blk", 951658},
    {"signet", "bitcoin/blocks/signet-0031500.blk", 31500},
    {"testnet3", "bitcoin/blocks/testnet3-0928816.blk", 928816},
    {"testnet4", "bitcoin/blocks/testnet4-0040000.blk", 40000},
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

/* A real block, decoded. */
struct real_block {
    uint8_t *raw;
    size_t len;
    struct arena arena;
    struct btc_block block;
    uint8_t hash[BTC_HASH_BYTES];
};

static bool real_block_load(struct real_block *r, const char *file)
{
    struct btc_msg m;

    r->raw = harness_data(&r->len, file);
    if (!r->raw)
        return false;
    arena_init(&r->arena, BTC_MSG_MEMORY(r->len));
    ck_assert_int_eq(btc_msg_decode(&m, &r->arena, BTC_CMD_BLOCK, r->raw, r->len), 0);
    r->block = m.u.block;
    btc_header_hash(r->hash, &r->block.header);
    return true;
}

static void real_block_free(struct real_block *r)
{
    arena_free(&r->arena);
    free(r->raw);
}

/* The network of that name, except that its difficulty is always the block's. */
static struct btc_params network_of(const struct real_block *r, const char *name, uint32_t height)
{
    struct btc_params p = *btc_params_find(name);

    memcpy(p.magic, btc_params_find("regtest")->magic, sizeof p.magic);
    p.genesis.bits = r->block.header.bits;
    p.genesis.time = r->block.header.time - POW_SPACING_S * height;
    p.no_retarget = true;
    p.checkpoints = NULL;
    p.min_work = 0;
    return p;
}

/* Headers up to the block's parent, one every ten minutes. Their hashes are made up as well: small
 * numbers, which meet every target. */
static void lead_to(struct chain *chain, const struct real_block *r, uint32_t height)
{
    struct btc_header h = {.version = 0x20000000, .bits = r->block.header.bits};
    uint8_t hash[BTC_HASH_BYTES] = {0};
    struct chain_result result;

    memcpy(hash, chain->params->genesis_hash, sizeof hash);
    for (uint32_t i = 1; i < height; i++) {
        memcpy(h.prev, hash, sizeof h.prev);
        h.time = r->block.header.time - POW_SPACING_S * (height - i);
        memset(hash, 0, sizeof hash);
        store_le32(hash, i);
        if (i == height - 1)
            memcpy(hash, r->block.header.prev, sizeof hash);
        ck_assert_int_eq(chain_accept(chain, &result, &h, hash), 0);
    }
}

static void start(struct node_fixture *n, const struct real_block *r, const char *network,
                  uint32_t height, enum bitcoin_tx_relay tx_relay)
{
    const struct btc_params params = network_of(r, network, height);

    node_prepare_network(n, &params, 1, tx_relay);
    lead_to(bitcoin_chain(n->bitcoin), r, height);
    node_run(n);
}

static void send_item(struct remote *r, enum btc_cmd cmd, uint32_t type, const uint8_t *hash)
{
    struct btc_inv_item item = {.type = type};
    const struct btc_msg m = {.cmd = cmd, .u.inv = {.items = &item, .count = 1}};

    memcpy(item.hash, hash, BTC_HASH_BYTES);
    remote_send(r, &m);
}

static void expect_request(struct remote *r, uint32_t type, const uint8_t *hash)
{
    struct btc_msg m;

    remote_await(r, &m, BTC_CMD_GETDATA);
    ck_assert_uint_eq(m.u.getdata.count, 1);
    ck_assert_uint_eq(m.u.getdata.items[0].type, type);
    ck_assert_mem_eq(m.u.getdata.items[0].hash, hash, BTC_HASH_BYTES);
}

/* The node hands out what it was given. */
static void expect_held(struct remote *r, const struct real_block *b)
{
    int got;

    send_item(r, BTC_CMD_GETDATA, BTC_INV_BLOCK | BTC_INV_WITNESS, b->hash);
    do {
        got = remote_next(r);
        ck_assert_int_ge(got, 0);
        ck_assert_int_ne(got, BTC_CMD_NOTFOUND);
    } while (got != BTC_CMD_BLOCK);
    ck_assert_uint_eq(r->last.payload.len, b->len);
    ck_assert_mem_eq(r->last.payload.data, b->raw, b->len);
}

/* Announce the block by its header, be asked for it, and send it. */
static void deliver(struct remote *r, const struct real_block *b, bool witness)
{
    const struct btc_msg m = {.cmd = BTC_CMD_HEADERS,
                              .u.headers = {.items = &b->block.header, .count = 1}};

    remote_send(r, &m);
    expect_request(r, witness ? BTC_INV_BLOCK | BTC_INV_WITNESS : BTC_INV_BLOCK, b->hash);
    remote_send_raw(r, "block", b->raw, b->len);
}

START_TEST(a_real_block_that_a_peer_sends_is_kept_and_handed_out)
{
    bool witness = btc_params_find(samples[_i].network)->segwit_height <= samples[_i].height;
    struct real_block b;
    struct node_fixture n;
    struct remote r;

    if (!real_block_load(&b, samples[_i].file))
        return;
    start(&n, &b, samples[_i].network, samples[_i].height, BITCOIN_TX_RELAY_OFF);
    remote_join(&r, &n);
    deliver(&r, &b, witness);
    expect_held(&r, &b);
    ck_assert_uint_eq(bitcoin_height(n.bitcoin), samples[_i].height);
    remote_close(&r);
    node_stop(&n);
    real_block_free(&b);
}
END_TEST

START_TEST(a_real_block_is_refused_at_another_height_than_its_own)
{
    const char *reason = pn_errname(PN_EHEIGHT);
    long before = disconnects(reason);
    struct real_block b;
    struct node_fixture n;
    struct remote r;

    if (!real_block_load(&b, "bitcoin/blocks/mainnet-0540107.blk"))
        return;
    start(&n, &b, "mainnet", 540108, BITCOIN_TX_RELAY_OFF);
    remote_join(&r, &n);
    deliver(&r, &b, true);
    remote_await_end(&r);
    await_disconnect(reason, before);
    remote_close(&r);
    node_stop(&n);
    real_block_free(&b);
}
END_TEST

/* Every other transaction of the block comes in advance. The relay takes them in order: when it
 * asks for one that comes after them, it has looked at them all. Returns: what the pool has kept,
 * which refuses conflicts and large clusters. */
static size_t give_transactions(struct remote *r, struct node_fixture *n,
                                const struct real_block *b)
{
    static const uint8_t unknown[BTC_HASH_BYTES] = {1};
    struct txpool_counts counts;

    for (size_t i = 1; i < b->block.tx_count; i += 2) {
        const struct btc_msg m = {.cmd = BTC_CMD_TX, .u.tx = b->block.txs[i]};
        uint8_t id[BTC_HASH_BYTES];

        ck_assert_int_eq(btc_tx_id(&b->block.txs[i], id), 0);
        send_item(r, BTC_CMD_INV, BTC_INV_TX, id);
        expect_request(r, BTC_INV_TX, id);
        remote_send(r, &m);
    }
    send_item(r, BTC_CMD_INV, BTC_INV_TX, unknown);
    expect_request(r, BTC_INV_TX, unknown);
    txpool_counts(bitcoin_txpool(n->bitcoin), &counts);
    return counts.count;
}

/* Answer the node's question for what it lacks. Returns: how many transactions that is. */
static size_t send_missing(struct remote *r, const struct real_block *b)
{
    struct frame *answer;
    struct btc_msg m;
    size_t count;

    remote_await(r, &m, BTC_CMD_GETBLOCKTXN);
    ck_assert_mem_eq(m.u.getblocktxn.block_hash, b->hash, BTC_HASH_BYTES);
    count = m.u.getblocktxn.count;
    ck_assert_int_eq(compact_transactions(&answer, btc_params_find("regtest")->magic, b->raw,
                                          b->len, &m.u.getblocktxn),
                     0);
    remote_send_raw(r, "blocktxn", answer->data + BTC_FRAME_HEADER_BYTES,
                    answer->len - BTC_FRAME_HEADER_BYTES);
    frame_unref(answer);
    return count;
}

START_TEST(the_real_compact_block_426884_is_put_together_from_the_pool_and_what_is_asked_for)
{
    const struct net_addr anybody = {.kind = NET_IPV4, .bytes = {127, 0, 0, 1}, .port = 9};
    size_t len, had, asked;
    uint8_t *compact = harness_data(&len, "bitcoin/blocks/bcoin-compact426884.raw");
    struct real_block b;
    struct node_fixture n;
    struct remote r;

    if (!compact || !real_block_load(&b, "bitcoin/blocks/mainnet-0426884.blk")) {
        free(compact);
        return;
    }
    start(&n, &b, "mainnet", 426884, BITCOIN_TX_RELAY_ON);
    remote_open_as(&r, &n, CONN_MANUAL, &anybody);
    remote_shake_hands_as(&r, true, false);
    had = give_transactions(&r, &n, &b);
    remote_send_raw(&r, "cmpctblock", compact, len);
    asked = send_missing(&r, &b);
    ck_assert_uint_gt(had, 150);
    ck_assert_uint_le(asked, b.block.tx_count - 1 - had);
    expect_held(&r, &b);
    remote_close(&r);
    node_stop(&n);
    real_block_free(&b);
    free(compact);
}
END_TEST

void add_real_block_tests(Suite *s)
{
    TCase *t = tcase_create("real blocks");

    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, a_real_block_that_a_peer_sends_is_kept_and_handed_out, 0, SAMPLES);
    tcase_add_test(t, a_real_block_is_refused_at_another_height_than_its_own);
    tcase_add_test(
        t, the_real_compact_block_426884_is_put_together_from_the_pool_and_what_is_asked_for);
    suite_add_tcase(s, t);
}
