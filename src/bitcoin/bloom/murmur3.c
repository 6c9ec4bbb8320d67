#include "bitcoin/bloom/murmur3.h"

#include "base/bytes.h"

static uint32_t rotl(uint32_t v, int n)
{
    return v << n | v >> (32 - n);
}

static uint32_t scramble(uint32_t k)
{
    return rotl(k * 0xcc9e2d51, 15) * 0x1b873593;
}

uint32_t murmur3(uint32_t seed, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t h = seed, tail = 0;
    size_t left = len;

    for (; left >= 4; left -= 4, p += 4)
        h = rotl(h ^ scramble(load_le32(p)), 13) * 5 + 0xe6546b64;
    for (size_t i = 0; i < left; i++)
        tail |= (uint32_t)p[i] << (8 * i);
    h ^= scramble(tail); /* of nothing it is 0 */
    h ^= (uint32_t)len;
    h = (h ^ h >> 16) * 0x85ebca6b;
    h = (h ^ h >> 13) * 0xc2b2ae35;
    return h ^ h >> 16;
}
