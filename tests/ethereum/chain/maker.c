#include "maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "ethereum/chain/rules.h"
#include "ethereum/trie/trie.h"

static void need(bool cond, const char *what)
{
    if (cond)
        return;
    fprintf(stderr, "cannot make a chain: %s\n", what);
    abort();
}

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
    need(eth_header_rehash(&p->genesis) == 0, "genesis");
}

enum { TXS_MAX = 512, ITEM_BYTES = 300, GAS_EACH = 21000 };

/* A list that can be counted on: its items one after the other, and where each of them lies. */
struct item_list {
    struct buf b;
    size_t ends[TXS_MAX];
    unsigned n;
};

static void list_root(uint8_t root[ETH_HASH_BYTES], const struct item_list *list)
{
    static struct bytes values[TXS_MAX];

    for (unsigned i = 0; i < list->n; i++) {
        size_t start = i > 0 ? list->ends[i - 1] : 0;

        values[i] = (struct bytes){list->b.data + start, list->ends[i] - start};
    }
    need(list->b.err == 0 && trie_list_root(root, values, list->n) == 0, "root");
}

static void list_begin(struct item_list *list)
{
    list->n = 0;
    buf_init(&list->b, (size_t)TXS_MAX * ITEM_BYTES);
}

static void item_ends(struct item_list *list, size_t mark)
{
    rlp_list_end(&list->b, mark);
    list->ends[list->n++] = list->b.len;
}

/* With its header, into b. */
static void list_put(struct buf *b, struct item_list *list)
{
    size_t mark = rlp_list_begin(b);

    buf_append(b, list->b.data, list->b.len);
    rlp_list_end(b, mark);
    buf_free(&list->b);
}

/* Transactions that are lists of a number and nothing much, as short as transactions can be. */
static void make_body(struct buf *body, uint8_t root[ETH_HASH_BYTES], unsigned tag, unsigned n_txs)
{
    static const uint8_t nothing[8];
    static struct item_list txs;
    struct bytes none = {(const uint8_t *)"\xc0", 1};
    size_t outer;

    list_begin(&txs);
    for (unsigned i = 0; i < n_txs; i++) {
        size_t mark = rlp_list_begin(&txs.b);

        rlp_write_u64(&txs.b, 1000 * tag + i);
        rlp_write_bytes(&txs.b, nothing, sizeof nothing);
        item_ends(&txs, mark);
    }
    list_root(root, &txs);
    buf_init(body, (size_t)TXS_MAX * ITEM_BYTES);
    outer = rlp_list_begin(body);
    list_put(body, &txs);
    buf_append(body, none.data, none.len);
    rlp_list_end(body, outer);
    need(body->err == 0, "body");
}

/* Success, the gas of all up to it, and no logs. */
static void make_receipts(struct buf *out, uint8_t root[ETH_HASH_BYTES], unsigned n)
{
    static const uint8_t bloom[ETH_BLOOM_BYTES];
    static struct item_list receipts;

    list_begin(&receipts);
    for (unsigned i = 0; i < n; i++) {
        size_t mark = rlp_list_begin(&receipts.b);

        rlp_write_u64(&receipts.b, 1);
        rlp_write_u64(&receipts.b, (i + 1) * (uint64_t)GAS_EACH);
        rlp_write_bytes(&receipts.b, bloom, sizeof bloom);
        rlp_list_end(&receipts.b, rlp_list_begin(&receipts.b));
        item_ends(&receipts, mark);
    }
    list_root(root, &receipts);
    buf_init(out, (size_t)TXS_MAX * ITEM_BYTES);
    list_put(out, &receipts);
    need(out->err == 0, "receipts");
}

void make_block(struct made_block *out, const struct eth_params *p, const struct eth_header *parent,
                unsigned seconds, unsigned tag, unsigned n_txs)
{
    struct eth_header *h = &out->h;
    uint8_t extra[2] = {(uint8_t)(tag >> 8), (uint8_t)tag};

    need(n_txs <= TXS_MAX, "too many transactions");
    memset(out, 0, sizeof *out);
    memcpy(h->parent, parent->hash, ETH_HASH_BYTES);
    memcpy(h->uncles_hash, eth_empty_list_hash, ETH_HASH_BYTES);
    memcpy(h->state_root, trie_empty_root, ETH_HASH_BYTES);
    make_body(&out->body, h->tx_root, tag, n_txs);
    make_receipts(&out->receipts, h->receipts_root, n_txs);
    h->number = parent->number + 1;
    h->gas_limit = parent->gas_limit;
    h->gas_used = (uint64_t)GAS_EACH * n_txs;
    h->time = parent->time + seconds;
    h->difficulty = eth_difficulty(p, parent, h->time);
    h->extra = (struct bytes){extra, sizeof extra};
    h->n_fields = parent->n_fields;
    h->base_fee = h->n_fields >= ETH_FIELDS_LONDON ? eth_base_fee(p, parent) : 0;
    buf_init(&out->rlp, 4096);
    eth_header_encode(&out->rlp, h);
    need(eth_header_decode(h, made_rlp(out)) == 0, "header");
}

void made_free(struct made_block *b)
{
    buf_free(&b->rlp);
    buf_free(&b->body);
    buf_free(&b->receipts);
}

struct bytes made_rlp(const struct made_block *b)
{
    return (struct bytes){b->rlp.data, b->rlp.len};
}

struct eth_body made_body(const struct made_block *b)
{
    struct eth_body body;

    need(eth_body_decode(&body, (struct bytes){b->body.data, b->body.len}) == 0, "body");
    return body;
}

void made_chain_open(struct made_chain *m, bool london)
{
    memset(m, 0, sizeof *m);
    make_params(&m->params, london);
    snprintf(m->folder, sizeof m->folder, "/tmp/p2pnode-chain-XXXXXX");
    need(mkdtemp(m->folder) != NULL, "folder");
    snprintf(m->path, sizeof m->path, "%s/chain", m->folder);
    need(eth_chain_open(&m->chain, m->path, &m->params) == 0, "file");
}

void made_chain_close(struct made_chain *m)
{
    char lock[64];

    eth_chain_close(m->chain);
    snprintf(lock, sizeof lock, "%s-lock", m->path);
    unlink(lock);
    unlink(m->path);
    rmdir(m->folder);
}

void made_chain_add(struct made_chain *m, const struct made_block *b)
{
    const struct bytes receipts = {b->receipts.data, b->receipts.len};
    const struct eth_body body = made_body(b);
    struct eth_added added;

    need(eth_chain_add_header(m->chain, &added, &b->h, made_rlp(b), false) == 0 &&
             eth_chain_add_body(m->chain, b->h.hash, &body) == 0 &&
             eth_chain_add_receipts(m->chain, b->h.hash, receipts, ETH_RECEIPTS_CONSENSUS) == 0,
         "block");
}
