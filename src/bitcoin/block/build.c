#include "bitcoin/block/build.h"

#include "bitcoin/block/coinbase.h"
#include "bitcoin/block/merkle.h"
#include "crypto/sha256.h"

enum {
    OP_TRUE = 0x51,
    EXTRANONCE_BYTES = 8,
    NONCE_AT = BTC_HEADER_BYTES - 4,
    HASHES_PER_QUIT_CHECK = 4096,
    COINBASE_VERSION = 2,
};

/* The height, then the extranonce: never shorter than BTC_COINBASE_SCRIPT_MIN. */
static void script_encode(struct buf *b, const struct btc_block_plan *plan)
{
    btc_coinbase_height_encode(b, plan->height);
    write_u8(b, EXTRANONCE_BYTES);
    write_le64(b, plan->extranonce);
}

/* With the coinbase alone, the witness root is its wtxid, which counts as zero. */
static void commitment_script(uint8_t out[BTC_COMMITMENT_SCRIPT_BYTES],
                              const uint8_t reserved[BTC_HASH_BYTES])
{
    static const uint8_t prefix[] = BTC_COMMITMENT_PREFIX, root[BTC_HASH_BYTES];

    memcpy(out, prefix, sizeof prefix);
    btc_commitment_hash(out + sizeof prefix, root, reserved);
}

/* Fill in and append the block whose coinbase has this input script. */
static int block_assemble(struct buf *b, const struct btc_block_plan *plan, struct bytes script)
{
    static const uint8_t op_true[] = {OP_TRUE}, witness[1 + BTC_HASH_BYTES] = {BTC_HASH_BYTES};
    uint8_t commitment[BTC_COMMITMENT_SCRIPT_BYTES];
    const struct btc_txin in = {.prev_index = UINT32_MAX,
                                .sequence = UINT32_MAX,
                                .script = script,
                                .witness = {witness, sizeof witness},
                                .witness_count = 1};
    const struct btc_txout out[] = {
        {.value_sat = btc_subsidy_sat(plan->height, plan->halving_interval),
         .script = plan->pay_to.len ? plan->pay_to : (struct bytes){op_true, sizeof op_true}},
        {.value_sat = 0, .script = {commitment, sizeof commitment}},
    };
    const struct btc_tx coinbase = {
        .version = COINBASE_VERSION, .in = &in, .in_count = 1, .out = out, .out_count = 2};
    struct btc_block block = {.txs = &coinbase, .tx_count = 1};
    int rc;

    commitment_script(commitment, witness + 1);
    block.header = (struct btc_header){
        .version = plan->version, .time = plan->time, .bits = plan->bits, .nonce = 0};
    memcpy(block.header.prev, plan->prev, BTC_HASH_BYTES);
    /* Of one transaction, the merkle root is its id. */
    rc = btc_tx_id(&coinbase, block.header.merkle_root);
    if (rc < 0)
        return rc;
    btc_block_encode(b, &block);
    return b->err;
}

int btc_block_build(struct buf *b, const struct btc_block_plan *plan)
{
    struct buf script;
    int rc;

    buf_init(&script, BTC_COINBASE_SCRIPT_MAX);
    script_encode(&script, plan);
    rc = script.err;
    if (rc == 0)
        rc = block_assemble(b, plan, (struct bytes){script.data, script.len});
    buf_free(&script);
    return rc;
}

static bool hash_meets(const uint8_t hash[BTC_HASH_BYTES], const uint8_t target[BTC_HASH_BYTES])
{
    for (size_t i = BTC_HASH_BYTES; i-- > 0;)
        if (hash[i] != target[i])
            return hash[i] < target[i];
    return true;
}

int btc_header_mine(uint8_t header[BTC_HEADER_BYTES], const uint8_t target[BTC_HASH_BYTES],
                    bool (*quit)(void *arg), void *arg)
{
    uint8_t hash[BTC_HASH_BYTES];

    for (uint64_t nonce = load_le32(header + NONCE_AT); nonce <= UINT32_MAX; nonce++) {
        if (nonce % HASHES_PER_QUIT_CHECK == 0 && quit && quit(arg))
            return PN_EQUIT;
        store_le32(header + NONCE_AT, (uint32_t)nonce);
        sha256d(hash, header, BTC_HEADER_BYTES);
        if (hash_meets(hash, target))
            return 0;
    }
    return PN_ELIMIT;
}
