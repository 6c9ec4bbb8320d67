#include "bitcoin/chain/work.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "codec/hex.h"

enum { WORK_BITS = 128, WORK_BYTES = 16, SHOWN_ZERO_BYTES = 16 };

/* a / b, at most BTC_WORK_MAX; b must not be 0. Long division, a bit of the quotient at a time:
 * slow, but neighbouring headers share their bits, so the chain seldom asks. */
static btc_work quotient(struct u256 a, const struct u256 *b)
{
    unsigned a_bits = u256_bit_length(&a), b_bits = u256_bit_length(b);
    btc_work q = 0;

    if (a_bits < b_bits)
        return 0;
    for (unsigned shift = a_bits - b_bits + 1; shift-- > 0;) {
        struct u256 part = u256_shift_left(b, shift);

        if (u256_compare(&a, &part) < 0)
            continue;
        if (shift >= WORK_BITS)
            return BTC_WORK_MAX;
        a = u256_sub(&a, &part);
        q |= (btc_work)1 << shift;
    }
    return q;
}

/* 2^256 does not fit in 256 bits; 2^256 / (t+1) = (2^256 - t - 1) / (t+1) + 1, and the numerator is
 * the complement of t. */
btc_work work_of_target(const struct u256 *target)
{
    static const struct u256 one = {{1}};
    struct u256 divisor = u256_add(target, &one);
    struct u256 numerator;

    for (unsigned i = 0; i < U256_LIMBS; i++)
        numerator.limb[i] = ~target->limb[i];
    if (u256_bit_length(&divisor) == 0)
        return 1; /* every hash will do */
    return work_add(quotient(numerator, &divisor), 1);
}

btc_work work_of_bits(uint32_t bits)
{
    struct u256 target;

    return u256_from_compact(&target, bits) == 0 ? work_of_target(&target) : 0;
}

void work_to_hex(char out[65], btc_work work)
{
    uint8_t bytes[SHOWN_ZERO_BYTES + WORK_BYTES] = {0};

    for (unsigned i = sizeof bytes; work; work >>= 8)
        bytes[--i] = (uint8_t)work;
    hex_encode(out, bytes, sizeof bytes);
}

int work_from_hex(btc_work *out, const char *hex)
{
    uint8_t bytes[SHOWN_ZERO_BYTES + WORK_BYTES];
    size_t n = strlen(hex) / 2;
    btc_work work = 0;

    if (n == 0 || strlen(hex) % 2)
        return PN_EFORMAT;
    if (n > sizeof bytes)
        return PN_ETOOLARGE;
    if (hex_decode(bytes, n, hex) < 0)
        return PN_EFORMAT;
    for (size_t i = 0; i < n; i++) {
        if (work >> (8 * (WORK_BYTES - 1))) {
            work = BTC_WORK_MAX;
            break;
        }
        work = work << 8 | bytes[i];
    }
    *out = work;
    return 0;
}
