/* 256-bit unsigned numbers, as far as proof of work needs them: targets and hashes. Pure; any
 * thread. */
#ifndef BITCOIN_CHAIN_U256_H
#define BITCOIN_CHAIN_U256_H

#include <stdint.h>

#define U256_LIMBS 4

struct u256 {
    uint64_t limb[U256_LIMBS]; /* least significant first */
};

/* Expand a compact target ("nBits": one byte of length, three of mantissa, whose top bit is a
 * sign), as Bitcoin Core's arith_uint256::SetCompact does.
 * Returns: 0; PN_EFORMAT when negative, PN_EINVAL when zero, PN_ETOOLARGE when above 256 bits, and
 * then *out is zero. */
int u256_from_compact(struct u256 *out, uint32_t bits);

/* The compact form with the low bits cut off, never negative (arith_uint256::GetCompact). */
uint32_t u256_to_compact(const struct u256 *a);

/* 32 bytes, least significant first: how a block hash is read as a number. */
struct u256 u256_from_le(const uint8_t bytes[32]);
void u256_to_le(uint8_t out[32], const struct u256 *a);

/* Returns: negative, 0 or positive as a is below, equal to or above b. */
int u256_compare(const struct u256 *a, const struct u256 *b);

/* The number of significant bits; 0 for zero. */
unsigned u256_bit_length(const struct u256 *a);

/* a + b modulo 2^256. */
struct u256 u256_add(const struct u256 *a, const struct u256 *b);

/* a - b modulo 2^256. */
struct u256 u256_sub(const struct u256 *a, const struct u256 *b);

/* a × 2^n modulo 2^256; n below 256. */
struct u256 u256_shift_left(const struct u256 *a, unsigned n);

/* *a *= factor. Returns: what does not fit, that is, the product divided by 2^256. */
uint32_t u256_mul_u32(struct u256 *a, uint32_t factor);

/* *a = (high × 2^256 + *a) / divisor, rounded down: undoes u256_mul_u32 without loss.
 * `high` must be below `divisor`, so that the quotient fits. Returns: the remainder. */
uint32_t u256_div_u32(struct u256 *a, uint32_t high, uint32_t divisor);

#endif
