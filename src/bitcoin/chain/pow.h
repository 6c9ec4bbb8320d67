/* Proof of work of a header, and how the target follows from those before it. Pure; any thread.
 * Rules: Bitcoin Core, src/pow.cpp. */
#ifndef BITCOIN_CHAIN_POW_H
#define BITCOIN_CHAIN_POW_H

#include <stdbool.h>
#include <stdint.h>

#include "bitcoin/chain/params.h"

#define POW_SPACING_S 600                            /* intended time between two blocks */
#define POW_INTERVAL  2016                           /* blocks of a difficulty period */
#define POW_PERIOD_S  (POW_INTERVAL * POW_SPACING_S) /* intended duration of a period */

/* Whether bits is a target this network can have.
 * Returns: 0 and the target, or PN_EBITS when negative, zero, overflowing or above the limit. */
int pow_target(struct u256 *target, uint32_t bits, const struct btc_params *params);

/* Whether the hash is at or below the target that bits claims, and that target allowed at all.
 * Returns: 0, PN_EBITS as above, or PN_EPOW. */
int pow_check_hash(const uint8_t hash[BTC_HASH_BYTES], uint32_t bits,
                   const struct btc_params *params);

/* The target of a new period. old_bits: those of the ended period's last header; under BIP94 of its
 * first. first_time, last_time: its first and last header's times, which span 2015 intervals, not
 * 2016: the rule is off by one since 2009. Returns: compact bits within the limit. */
uint32_t pow_retarget(uint32_t old_bits, uint32_t first_time, uint32_t last_time,
                      const struct btc_params *params);

/* Whether new_bits at `height` can follow old_bits whatever the timestamps were: a necessary
 * condition for judging a header without its chain. Always true where the minimum-difficulty rule
 * holds. */
bool pow_transition_permitted(uint32_t height, uint32_t old_bits, uint32_t new_bits,
                              const struct btc_params *params);

#endif
