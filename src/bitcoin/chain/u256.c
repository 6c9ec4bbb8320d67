#include "bitcoin/chain/u256.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
    LIMB_BITS = 64,
    COMPACT_MANTISSA_BYTES = 3,
    COMPACT_MANTISSA_BITS = 24,
    TARGET_BYTES = 32,
};

#define COMPACT_SIGN 0x00800000u

static const struct u256 zero;

/* Where the mantissa's three bytes end inside the number: its length in bytes is the exponent. */
static unsigned mantissa_shift(unsigned size_bytes)
{
    return 8 * (size_bytes - COMPACT_MANTISSA_BYTES);
}

int u256_from_compact(struct u256 *out, uint32_t bits)
{
    unsigned size_bytes = bits >> COMPACT_MANTISSA_BITS;
    struct u256 value = {{bits & (COMPACT_SIGN - 1)}};

    *out = zero;
    if (size_bytes < COMPACT_MANTISSA_BYTES)
        value.limb[0] >>= 8 * (COMPACT_MANTISSA_BYTES - size_bytes);
    if (value.limb[0] == 0)
        return PN_EINVAL;
    if (bits & COMPACT_SIGN)
        return PN_EFORMAT;
    if (size_bytes > COMPACT_MANTISSA_BYTES) {
        unsigned mantissa_bytes = (u256_bit_length(&value) + 7) / 8;

        if (size_bytes - COMPACT_MANTISSA_BYTES + mantissa_bytes > TARGET_BYTES)
            return PN_ETOOLARGE;
        value = u256_shift_left(&value, mantissa_shift(size_bytes));
    }
    *out = value;
    return 0;
}

static uint32_t mantissa_at(const struct u256 *a, unsigned shift)
{
    unsigned limb = shift / LIMB_BITS, offset = shift % LIMB_BITS;
    uint64_t v = a->limb[limb] >> offset;

    if (offset && limb + 1 < U256_LIMBS)
        v |= a->limb[limb + 1] << (LIMB_BITS - offset);
    return (uint32_t)v;
}

uint32_t u256_to_compact(const struct u256 *a)
{
    unsigned size_bytes = (u256_bit_length(a) + 7) / 8;
    uint32_t mantissa;

    if (size_bytes <= COMPACT_MANTISSA_BYTES)
        mantissa = (uint32_t)a->limb[0] << 8 * (COMPACT_MANTISSA_BYTES - size_bytes);
    else
        mantissa = mantissa_at(a, mantissa_shift(size_bytes));
    mantissa &= (1u << COMPACT_MANTISSA_BITS) - 1;
    if (mantissa & COMPACT_SIGN) { /* would read as negative: one byte less of mantissa */
        mantissa >>= 8;
        size_bytes++;
    }
    return mantissa | (uint32_t)size_bytes << COMPACT_MANTISSA_BITS;
}

struct u256 u256_from_le(const uint8_t bytes[32])
{
    struct u256 r;

    for (unsigned i = 0; i < U256_LIMBS; i++)
        r.limb[i] = load_le64(bytes + i * sizeof r.limb[0]);
    return r;
}

void u256_to_le(uint8_t out[32], const struct u256 *a)
{
    for (unsigned i = 0; i < U256_LIMBS; i++)
        store_le64(out + i * sizeof a->limb[0], a->limb[i]);
}

int u256_compare(const struct u256 *a, const struct u256 *b)
{
    for (unsigned i = U256_LIMBS; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

unsigned u256_bit_length(const struct u256 *a)
{
    for (unsigned i = U256_LIMBS; i-- > 0;)
        if (a->limb[i])
            return (i + 1) * LIMB_BITS - (unsigned)__builtin_clzll(a->limb[i]);
    return 0;
}

struct u256 u256_add(const struct u256 *a, const struct u256 *b)
{
    unsigned __int128 sum = 0;
    struct u256 r;

    for (unsigned i = 0; i < U256_LIMBS; i++) {
        sum += (unsigned __int128)a->limb[i] + b->limb[i];
        r.limb[i] = (uint64_t)sum;
        sum >>= LIMB_BITS;
    }
    return r;
}

struct u256 u256_sub(const struct u256 *a, const struct u256 *b)
{
    uint64_t borrow = 0;
    struct u256 r;

    for (unsigned i = 0; i < U256_LIMBS; i++) {
        unsigned __int128 diff = (unsigned __int128)a->limb[i] - b->limb[i] - borrow;

        r.limb[i] = (uint64_t)diff;
        borrow = (uint64_t)(diff >> LIMB_BITS) & 1;
    }
    return r;
}

struct u256 u256_shift_left(const struct u256 *a, unsigned n)
{
    unsigned limbs = n / LIMB_BITS, offset = n % LIMB_BITS;
    struct u256 r = zero;

    assert(n < U256_LIMBS * LIMB_BITS);
    for (unsigned i = limbs; i < U256_LIMBS; i++) {
        r.limb[i] = a->limb[i - limbs] << offset;
        if (offset && i > limbs)
            r.limb[i] |= a->limb[i - limbs - 1] >> (LIMB_BITS - offset);
    }
    return r;
}

uint32_t u256_mul_u32(struct u256 *a, uint32_t factor)
{
    unsigned __int128 carry = 0;

    for (unsigned i = 0; i < U256_LIMBS; i++) {
        carry += (unsigned __int128)a->limb[i] * factor;
        a->limb[i] = (uint64_t)carry;
        carry >>= LIMB_BITS;
    }
    return (uint32_t)carry;
}

uint32_t u256_div_u32(struct u256 *a, uint32_t high, uint32_t divisor)
{
    uint64_t remainder = high;

    assert(high < divisor);
    for (unsigned i = U256_LIMBS; i-- > 0;) {
        unsigned __int128 part = (unsigned __int128)remainder << LIMB_BITS | a->limb[i];

        a->limb[i] = (uint64_t)(part / divisor);
        remainder = (uint64_t)(part % divisor);
    }
    return (uint32_t)remainder;
}
