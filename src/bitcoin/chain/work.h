/* Work: the expected number of hashes behind a header, and behind a chain of them. Pure; any
 * thread.
 *
 * 128 bits suffice, although Bitcoin Core adds up 256: a header counts only when its own hash is
 * below its target, so its work has been done, and nobody does 2^128 hashes (all miners together
 * pass 2^97 in the 2020s). Sums saturate rather than wrap, so that not even a defect elsewhere
 * makes a heavy chain light. */
#ifndef BITCOIN_CHAIN_WORK_H
#define BITCOIN_CHAIN_WORK_H

#include <stdint.h>

#include "bitcoin/chain/u256.h"

typedef unsigned __int128 btc_work;

#define BTC_WORK_MAX (~(btc_work)0)

/* A constant from its upper and lower 64 bits. */
#define BTC_WORK(high, low) ((btc_work)UINT64_C(high) << 64 | UINT64_C(low))

/* 2^256 / (target + 1), rounded down, at most BTC_WORK_MAX (Bitcoin Core, GetBlockProof). */
btc_work work_of_target(const struct u256 *target);

/* The same from a compact target; 0 for one that is negative, zero or too large. */
btc_work work_of_bits(uint32_t bits);

/* a + b, at most BTC_WORK_MAX. */
static inline btc_work work_add(btc_work a, btc_work b)
{
    return a > BTC_WORK_MAX - b ? BTC_WORK_MAX : a + b;
}

/* 64 hexadecimal digits and a terminator, most significant first: the form of Bitcoin Core's
 * `chainwork`. */
void work_to_hex(char out[65], btc_work work);

/* The same back, from up to 64 digits, an even number; at most BTC_WORK_MAX. Returns: 0,
 * PN_EFORMAT, PN_ETOOLARGE for more digits. */
int work_from_hex(btc_work *out, const char *hex);

#endif
