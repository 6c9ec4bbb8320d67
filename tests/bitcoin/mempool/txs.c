#include "txs.h"

#include <check.h>
#include <string.h>

#include "bitcoin/wire/limits.h"

const uint8_t txs_magic[4] = {0xfa, 0xbf, 0xb5, 0xda};

static const uint8_t key_hash_script[22] = {0x00, 0x14, 1, 2, 3};

void txs_init(struct made_tx *m, unsigned n)
{
    memset(m, 0, sizeof *m);
    m->tx =
        (struct btc_tx){.version = 2, .in = m->in, .in_count = 1, .out = m->out, .out_count = 1};
    for (unsigned i = 0; i < TXS_MAX_PARTS; i++) {
        m->in[i].prev_hash[0] = (uint8_t)i;
        m->in[i].sequence = UINT32_MAX;
        m->out[i].value_sat = 10000;
        m->out[i].script = (struct bytes){key_hash_script, sizeof key_hash_script};
    }
    store_le32(m->in[0].prev_hash + 8, n);
    m->in[0].prev_hash[31] = 0xee;
}

void txs_spend(struct made_tx *m, unsigned i, const struct tx_body *parent, uint32_t index)
{
    memcpy(m->in[i].prev_hash, parent->txid, BTC_HASH_BYTES);
    m->in[i].prev_index = index;
}

void txs_witness(struct made_tx *m, const uint8_t *item)
{
    static uint8_t stacks[256][2];
    uint8_t *stack = stacks[*item];

    stack[0] = 1;
    stack[1] = *item;
    m->in[0].witness = (struct bytes){stack, 2};
    m->in[0].witness_count = 1;
}

struct tx_body *txs_body(const struct made_tx *m)
{
    struct tx_body *body = NULL;
    struct buf b;
    int rc;

    buf_init(&b, BTC_PAYLOAD_MAX_BYTES);
    btc_tx_encode(&b, &m->tx);
    ck_assert_int_eq(b.err, 0);
    rc = tx_body_parse(&body, txs_magic, b.data, b.len);
    ck_assert_int_eq(rc, 0);
    buf_free(&b);
    return body;
}

struct tx_body *txs_simple(unsigned n)
{
    struct made_tx m;

    txs_init(&m, n);
    return txs_body(&m);
}

struct tx_body *txs_child(const struct tx_body *parent, uint32_t index, unsigned outs)
{
    struct made_tx m;

    txs_init(&m, 0);
    txs_spend(&m, 0, parent, index);
    m.tx.out_count = outs;
    for (unsigned i = 0; i < outs; i++)
        m.out[i].value_sat = 1000;
    return txs_body(&m);
}
