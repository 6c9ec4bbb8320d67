#include "maker.h"

#include <check.h>
#include <string.h>

#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "ethereum/chain/rules.h"
#include "ethereum/trie/trie.h"

void make_params(struct eth_params *p, bool london)
{
    eth_params_init(p, "test");
    p->chain_id = p->network_id = 1337;
    p->homestead = p->eip155 = p->byzantium = 0;
    if (london)
        p->constantinople = p->muir_glacier = p->berlin = p->london = 0;
    p->genesis.n_fields = london ? ETH_FIELDS_LONDON : ETH_FIELDS_FRONTIER;
    p->genesis.base_fee = 1000000000;
    p->genesis.difficulty = 131072;
    p->genesis.gas_limit = 8000000;
    memcpy(p->genesis.state_root, trie_empty_root, ETH_HASH_BYTES);
    memcpy(p->genesis.tx_root, trie_empty_root, ETH_HASH_BYTES);
    memcpy(p->genesis.receipts_root, trie_empty_root, ETH_HASH_BYTES);
    ck_assert_int_eq(eth_header_rehash(&p->genesis), 0);
}

enum { TXS_MAX = 512, TX_BYTES = 16 };

/* A body of transactions that are lists of a number and nothing much, as short as transactions can
 * be. */
static void make_body(struct buf *body, uint8_t root[ETH_HASH_BYTES], unsigned tag, unsigned n_txs)
{
    static const uint8_t nothing[8];
    static uint8_t items[TXS_MAX][TX_BYTES];
    static struct bytes values[TXS_MAX];
    size_t outer, list;

    ck_assert_uint_le(n_txs, TXS_MAX);
    buf_init(body, TXS_MAX * TX_BYTES + 64);
    outer = rlp_list_begin(body);
    list = rlp_list_begin(body);
    for (unsigned i = 0; i < n_txs; i++) {
        struct buf one;
        size_t mark;

        buf_init(&one, sizeof items[0]);
        mark = rlp_list_begin(&one);
        rlp_write_u64(&one, 1000 * tag + i);
        rlp_write_bytes(&one, nothing, sizeof nothing);
        rlp_list_end(&one, mark);
        ck_assert_int_eq(one.err, 0);
        memcpy(items[i], one.data, one.len);
        values[i] = (struct bytes){items[i], one.len};
        buf_append(body, one.data, one.len);
        buf_free(&one);
    }
    rlp_list_end(body, list);
    list = rlp_list_begin(body);
    rlp_list_end(body, list);
    rlp_list_end(body, outer);
    ck_assert_int_eq(body->err, 0);
    ck_assert_int_eq(trie_list_root(root, values, n_txs), 0);
}

void make_block(struct made_block *out, const struct eth_params *p, const struct eth_header *parent,
                unsigned seconds, unsigned tag, unsigned n_txs)
{
    struct eth_header *h = &out->h;
    uint8_t extra[2] = {(uint8_t)(tag >> 8), (uint8_t)tag};
    int rc;

    memset(out, 0, sizeof *out);
    memcpy(h->parent, parent->hash, ETH_HASH_BYTES);
    memcpy(h->uncles_hash, eth_empty_list_hash, ETH_HASH_BYTES);
    memcpy(h->state_root, trie_empty_root, ETH_HASH_BYTES);
    memcpy(h->receipts_root, trie_empty_root, ETH_HASH_BYTES);
    make_body(&out->body, h->tx_root, tag, n_txs);
    h->number = parent->number + 1;
    h->gas_limit = parent->gas_limit;
    h->gas_used = 21000 * n_txs;
    h->time = parent->time + seconds;
    h->difficulty = eth_difficulty(p, parent, h->time);
    h->extra = (struct bytes){extra, sizeof extra};
    h->n_fields = parent->n_fields;
    h->base_fee = h->n_fields >= ETH_FIELDS_LONDON ? eth_base_fee(p, parent) : 0;
    buf_init(&out->rlp, 4096);
    eth_header_encode(&out->rlp, h);
    rc = eth_header_decode(h, made_rlp(out));
    ck_assert_int_eq(rc, 0);
}

void made_free(struct made_block *b)
{
    buf_free(&b->rlp);
    buf_free(&b->body);
}

struct bytes made_rlp(const struct made_block *b)
{
    return (struct bytes){b->rlp.data, b->rlp.len};
}

struct eth_body made_body(const struct made_block *b)
{
    struct eth_body body;

    ck_assert_int_eq(eth_body_decode(&body, (struct bytes){b->body.data, b->body.len}), 0);
    return body;
}
