#include "bitcoin/block/check.h"

#include "bitcoin/block/coinbase.h"
#include "bitcoin/block/merkle.h"
#include "bitcoin/wire/limits.h"
#include "codec/compact.h"

static size_t block_size(const struct btc_block *block, size_t (*tx_size)(const struct btc_tx *))
{
    size_t size = BTC_HEADER_BYTES + compact_size(block->tx_count);

    for (size_t i = 0; i < block->tx_count; i++)
        size += tx_size(&block->txs[i]);
    return size;
}

size_t btc_block_size(const struct btc_block *block)
{
    return block_size(block, btc_tx_size);
}

size_t btc_block_stripped_size(const struct btc_block *block)
{
    return block_size(block, btc_tx_stripped_size);
}

size_t btc_block_weight(const struct btc_block *block)
{
    return (BTC_WITNESS_SCALE - 1) * btc_block_stripped_size(block) + btc_block_size(block);
}

static int check_merkle_root(const struct btc_block *block, struct arena *scratch)
{
    uint8_t root[BTC_HASH_BYTES];
    int rc = btc_block_merkle_root(block, root, scratch);

    if (rc < 0 && rc != PN_EMUTATED)
        return rc;
    return memcmp(root, block->header.merkle_root, sizeof root) == 0 ? rc : PN_EMERKLE;
}

/* Inner nodes of the tree are 64 bytes that hash to a leaf's id, so that a true block can be made
 * into one of 64-byte transactions under the same root (Core, validation.cpp, IsBlockMutated). To
 * keep a coinbase in front meanwhile takes 224 bits of work. */
static bool may_be_inner_nodes(const struct btc_block *block)
{
    for (size_t i = 0; i < block->tx_count; i++)
        if (btc_tx_stripped_size(&block->txs[i]) == 2 * BTC_HASH_BYTES)
            return true;
    return false;
}

static int check_coinbase(const struct btc_block *block)
{
    size_t script_len;

    if (block->tx_count == 0 || !btc_tx_is_coinbase(&block->txs[0]))
        return may_be_inner_nodes(block) ? PN_EMUTATED : PN_ECOINBASE;
    script_len = block->txs[0].in[0].script.len;
    if (script_len < BTC_COINBASE_SCRIPT_MIN || script_len > BTC_COINBASE_SCRIPT_MAX)
        return PN_ECOINBASE;
    for (size_t i = 1; i < block->tx_count; i++)
        if (btc_tx_is_coinbase(&block->txs[i]))
            return PN_ECOINBASE;
    return 0;
}

static bool has_witness(const struct btc_block *block)
{
    for (size_t i = 0; i < block->tx_count; i++)
        if (btc_tx_has_witness(&block->txs[i]))
            return true;
    return false;
}

/* The coinbase's witness is one item of 32 bytes, which is hashed behind the witness root so that
 * later rules can commit to more. */
static int check_witness(const struct btc_block *block, struct arena *scratch, unsigned rules)
{
    const struct btc_tx *coinbase = &block->txs[0];
    const uint8_t *committed = NULL;
    struct bytes witness = coinbase->in[0].witness;
    uint8_t root[BTC_HASH_BYTES], hash[BTC_HASH_BYTES];
    int rc;

    if (rules & BTC_RULE_WITNESS)
        committed = btc_coinbase_commitment(coinbase);
    if (!committed)
        return has_witness(block) ? PN_EWITNESS : 0;
    if (coinbase->in[0].witness_count != 1 || witness.len != 1 + BTC_HASH_BYTES)
        return PN_EWITNESS;
    /* Equal neighbours are no news here: the merkle root has excluded them. */
    rc = btc_block_witness_root(block, root, scratch);
    if (rc < 0 && rc != PN_EMUTATED)
        return rc;
    btc_commitment_hash(hash, root, witness.data + 1);
    return memcmp(hash, committed, sizeof hash) == 0 ? 0 : PN_EWITNESS;
}

/* First what the header commits to. Were a rule judged before that, anybody could have a header
 * condemned by sending rubbish under it. */
int btc_block_check(const struct btc_block *block, struct arena *scratch, unsigned rules)
{
    int rc = check_merkle_root(block, scratch);

    if (rc == 0 && btc_block_stripped_size(block) > BTC_BLOCK_MAX_WEIGHT / BTC_WITNESS_SCALE)
        rc = PN_EWEIGHT;
    if (rc == 0)
        rc = check_coinbase(block);
    if (rc == 0)
        rc = check_witness(block, scratch, rules);
    if (rc == 0 && btc_block_weight(block) > BTC_BLOCK_MAX_WEIGHT)
        rc = PN_EWEIGHT;
    return rc;
}
