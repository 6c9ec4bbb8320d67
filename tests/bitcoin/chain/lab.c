#include "lab.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "bitcoin/chain/pow.h"

void lab_params(struct btc_params *out, const char *network, uint32_t genesis_bits)
{
    const struct btc_params *regtest = btc_params_find("regtest");

    *out = *btc_params_find(network);
    out->pow_limit = regtest->pow_limit;
    out->pow_limit_bits = regtest->pow_limit_bits;
    out->min_work = 0;
    out->checkpoints = NULL;
    out->genesis.bits = genesis_bits;
    out->genesis.time = LAB_START;
    lab_mine(&out->genesis, out->genesis_hash, out);
}

void lab_mine(struct btc_header *header, uint8_t hash[BTC_HASH_BYTES],
              const struct btc_params *params)
{
    for (header->nonce = 0;; header->nonce++) {
        int rc;

        btc_header_hash(hash, header);
        rc = pow_check_hash(hash, header->bits, params);
        if (rc == 0)
            return;
        lab_require(rc == PN_EPOW, "bits %08x can never be met", header->bits);
    }
}

struct btc_header lab_child(const struct chain *chain, uint32_t parent, uint32_t time)
{
    static uint64_t serial;
    struct btc_header h = {
        .version = 4, .time = time, .bits = chain_next_bits(chain, parent, time)};

    memcpy(h.prev, chain_entry(chain, parent)->hash, sizeof h.prev);
    store_le64(h.merkle_root, ++serial);
    return h;
}

int lab_offer(struct chain *chain, struct chain_result *result, struct btc_header header)
{
    uint8_t hash[BTC_HASH_BYTES];

    lab_mine(&header, hash, chain->params);
    return chain_accept(chain, result, &header, hash);
}

uint32_t lab_extend(struct chain *chain, uint32_t parent, uint32_t n, uint32_t spacing_s)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t time = chain_entry(chain, parent)->time + spacing_s;
        struct chain_result result;
        int rc = lab_offer(chain, &result, lab_child(chain, parent, time));

        lab_require(rc == 0, "header %u of %u: %s", i, n, pn_strerror(rc));
        parent = result.index;
    }
    return parent;
}

static void check_entry(const struct chain *chain, uint32_t index)
{
    const struct chain_entry *e = chain_entry(chain, index);
    const struct chain_entry *p = chain_entry(chain, e->parent);
    struct btc_header h;
    uint8_t hash[BTC_HASH_BYTES];

    chain_header(chain, &h, index);
    btc_header_hash(hash, &h);
    lab_require(e->parent < index, "entry %u: parent %u", index, e->parent);
    lab_require(e->height == p->height + 1, "entry %u: height %u", index, e->height);
    lab_require(e->work == p->work + work_of_bits(e->bits), "entry %u: wrong work", index);
    lab_require(p->flags & CHAIN_HAS_CHILD, "entry %u: has a child unawares", e->parent);
    lab_require(chain_find(chain, e->hash) == index, "entry %u is not found", index);
    lab_require(memcmp(hash, e->hash, sizeof hash) == 0, "entry %u: another's hash", index);
}

void lab_check(const struct chain *chain)
{
    const struct chain_entry *tip = chain_entry(chain, chain_tip(chain));
    uint32_t index = chain_tip(chain);

    ck_assert_mem_eq(chain_entry(chain, 0)->hash, chain->params->genesis_hash, BTC_HASH_BYTES);
    ck_assert_uint_le(chain_count(chain), chain->max_headers);
    for (uint32_t i = 1; i < chain_count(chain); i++) {
        const struct chain_entry *e = chain_entry(chain, i);

        check_entry(chain, i);
        if (!(e->flags & CHAIN_INVALID))
            lab_require(e->work < tip->work || (e->work == tip->work && i >= index),
                        "entry %u at height %u should be the tip", i, e->height);
    }
    ck_assert(!(tip->flags & CHAIN_INVALID));
    ck_assert_uint_eq(chain_height(chain), tip->height);
    for (uint32_t height = tip->height;; height--, index = chain_entry(chain, index)->parent) {
        lab_require(chain_at(chain, height) == index, "height %u: not entry %u", height, index);
        if (height == 0)
            break;
    }
    ck_assert_uint_eq(chain_at(chain, tip->height + 1), CHAIN_NONE);
}
