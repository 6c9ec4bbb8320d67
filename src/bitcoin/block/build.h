/* Making blocks, for regtest: a coinbase and nothing else. */
#ifndef BITCOIN_BLOCK_BUILD_H
#define BITCOIN_BLOCK_BUILD_H

#include "bitcoin/wire/block.h"

#define BTC_BLOCK_VERSION            0x20000000 /* BIP9, signalling nothing */
#define BTC_REGTEST_HALVING_INTERVAL 150

struct btc_block_plan {
    int32_t version;
    uint8_t prev[BTC_HASH_BYTES];
    uint32_t time; /* seconds since 1970 */
    uint32_t bits; /* compact target */
    int32_t height;
    uint64_t extranonce; /* so that two blocks with one parent and time differ */
    struct bytes pay_to; /* output script; OP_TRUE, spendable by anyone, when empty */
    int32_t halving_interval;
};

/* Append the block: a coinbase with the height, the whole subsidy, the witness commitment and its
 * reserved value; the nonce is 0 and the proof of work is missing. The header is the first
 * BTC_HEADER_BYTES of what is appended. Thread: any. Returns: 0 or the buffer's sticky error. */
int btc_block_build(struct buf *b, const struct btc_block_plan *plan);

/* Give the header a nonce whose hash is at most `target`, a number in wire order, trying them from
 * the present one on. `quit` (may be NULL) is asked with `arg` every some thousand hashes.
 * Thread: any; computes until done. Returns: 0; PN_EQUIT; PN_ELIMIT when no nonce will do and
 * time or extranonce must change. */
int btc_header_mine(uint8_t header[BTC_HEADER_BYTES], const uint8_t target[BTC_HASH_BYTES],
                    bool (*quit)(void *arg), void *arg);

#endif
