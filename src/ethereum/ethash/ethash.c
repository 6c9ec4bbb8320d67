#include "ethereum/ethash/ethash.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/keccak.h"

enum {
    ITEM_BYTES = 4 * ETHASH_WORDS,
    ROW_WORDS = 2 * ETHASH_WORDS,
    CACHE_FIRST_BYTES = 1 << 24,
    CACHE_GROWTH_BYTES = 1 << 17,
    DATASET_FIRST_BYTES = 1 << 30,
    DATASET_GROWTH_BYTES = 1 << 23,
    CACHE_ROUNDS = 3,
    PARENTS = 256,
    ACCESSES = 64,
    HEADER_ROOM = 2048,
    DIGEST_BYTES = 32,
};

static uint32_t fnv(uint32_t a, uint32_t b)
{
    return a * 0x01000193 ^ b;
}

static void hash_words(uint32_t out[ETHASH_WORDS], const uint32_t in[ETHASH_WORDS])
{
    uint8_t bytes[ITEM_BYTES];

    for (unsigned i = 0; i < ETHASH_WORDS; i++)
        store_le32(bytes + 4 * i, in[i]);
    keccak512(bytes, bytes, sizeof bytes);
    for (unsigned i = 0; i < ETHASH_WORDS; i++)
        out[i] = load_le32(bytes + 4 * i);
}

/* --- sizes --- */

static bool is_prime(uint64_t n)
{
    for (uint64_t i = 3; i * i <= n; i += 2)
        if (n % i == 0)
            return false;
    return n % 2 == 1;
}

static uint64_t largest_below(uint64_t bytes, uint64_t item)
{
    bytes -= item;
    while (!is_prime(bytes / item))
        bytes -= 2 * item;
    return bytes;
}

uint64_t ethash_cache_bytes(unsigned epoch)
{
    return largest_below(CACHE_FIRST_BYTES + (uint64_t)epoch * CACHE_GROWTH_BYTES, ITEM_BYTES);
}

uint64_t ethash_dataset_bytes(unsigned epoch)
{
    return largest_below(DATASET_FIRST_BYTES + (uint64_t)epoch * DATASET_GROWTH_BYTES,
                         UINT64_C(2) * ITEM_BYTES);
}

/* --- the cache --- */

static void fill(struct ethash_cache *c)
{
    uint8_t seed[DIGEST_BYTES] = {0}, first[ITEM_BYTES];

    for (unsigned i = 0; i < c->epoch; i++)
        keccak256(seed, seed, sizeof seed);
    keccak512(first, seed, sizeof seed);
    for (unsigned k = 0; k < ETHASH_WORDS; k++)
        c->items[0][k] = load_le32(first + 4 * k);
    for (uint32_t i = 1; i < c->n; i++)
        hash_words(c->items[i], c->items[i - 1]);
}

/* RandMemoHash: each item from its neighbour and one that it chooses itself. */
static void stir(struct ethash_cache *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        const uint32_t *before = c->items[(i + c->n - 1) % c->n];
        const uint32_t *chosen = c->items[c->items[i][0] % c->n];
        uint32_t both[ETHASH_WORDS];

        for (unsigned k = 0; k < ETHASH_WORDS; k++)
            both[k] = before[k] ^ chosen[k];
        hash_words(c->items[i], both);
    }
}

int ethash_cache_make(struct ethash_cache **out, unsigned epoch)
{
    struct ethash_cache *c;

    *out = NULL;
    if (epoch > ETHASH_EPOCH_MAX)
        return PN_ELIMIT;
    c = mem_zalloc(sizeof *c);
    if (!c)
        return PN_ENOMEM;
    c->epoch = epoch;
    c->n = (uint32_t)(ethash_cache_bytes(epoch) / ITEM_BYTES);
    c->rows = (uint32_t)(ethash_dataset_bytes(epoch) / (2 * ITEM_BYTES));
    c->items = mem_alloc_array(c->n, sizeof *c->items);
    if (!c->items) {
        ethash_cache_free(c);
        return PN_ENOMEM;
    }
    fill(c);
    for (unsigned round = 0; round < CACHE_ROUNDS; round++)
        stir(c);
    *out = c;
    return 0;
}

void ethash_cache_free(struct ethash_cache *c)
{
    if (!c)
        return;
    mem_free(c->items);
    mem_free(c);
}

/* --- a seal --- */

static void dataset_item(uint32_t out[ETHASH_WORDS], const struct ethash_cache *c, uint32_t index)
{
    uint32_t mix[ETHASH_WORDS];

    memcpy(mix, c->items[index % c->n], sizeof mix);
    mix[0] ^= index;
    hash_words(mix, mix);
    for (uint32_t i = 0; i < PARENTS; i++) {
        const uint32_t *parent = c->items[fnv(index ^ i, mix[i % ETHASH_WORDS]) % c->n];

        for (unsigned k = 0; k < ETHASH_WORDS; k++)
            mix[k] = fnv(mix[k], parent[k]);
    }
    hash_words(out, mix);
}

/* hashimoto: what the dataset makes of the seed. */
static void mix_dataset(uint8_t digest[DIGEST_BYTES], const struct ethash_cache *c,
                        const uint8_t seed[ITEM_BYTES])
{
    uint32_t mix[ROW_WORDS], first = load_le32(seed);

    for (unsigned k = 0; k < ROW_WORDS; k++)
        mix[k] = load_le32(seed + 4 * (k % ETHASH_WORDS));
    for (uint32_t i = 0; i < ACCESSES; i++) {
        uint32_t row = fnv(i ^ first, mix[i % ROW_WORDS]) % c->rows, fresh[ROW_WORDS];

        dataset_item(fresh, c, 2 * row);
        dataset_item(fresh + ETHASH_WORDS, c, 2 * row + 1);
        for (unsigned k = 0; k < ROW_WORDS; k++)
            mix[k] = fnv(mix[k], fresh[k]);
    }
    for (unsigned k = 0; k < ROW_WORDS; k += 4)
        store_le32(digest + k, fnv(fnv(fnv(mix[k], mix[k + 1]), mix[k + 2]), mix[k + 3]));
}

/* Whether a number of 256 bits is at most 2^256 / difficulty: their product is at most 2^256. */
static bool is_low_enough(const uint8_t number[DIGEST_BYTES], eth_u128 difficulty)
{
    enum { LIMBS = DIGEST_BYTES / 4, MORE = sizeof(eth_u128) / 4 };
    uint32_t product[LIMBS + MORE] = {0}, low = 0, high;

    for (unsigned d = 0; d < MORE; d++) {
        uint64_t factor = (uint32_t)(difficulty >> (32 * d)), carry = 0;

        for (unsigned i = 0; i < LIMBS; i++) {
            carry += product[i + d] + factor * load_be32(number + DIGEST_BYTES - 4 * (i + 1));
            product[i + d] = (uint32_t)carry;
            carry >>= 32;
        }
        product[LIMBS + d] = (uint32_t)carry;
    }
    for (unsigned i = 0; i < LIMBS; i++)
        low |= product[i];
    high = product[LIMBS];
    for (unsigned i = 1; i < MORE; i++)
        if (product[LIMBS + i] != 0)
            return false;
    return high == 0 || (high == 1 && low == 0);
}

/* The seed of a header: what miners worked on, and the nonce that they found. */
static int seed_of(uint8_t seed[ITEM_BYTES], const struct eth_header *h)
{
    uint8_t both[DIGEST_BYTES + ETH_NONCE_BYTES];
    struct buf b;
    int rc;

    buf_init(&b, HEADER_ROOM + ETH_EXTRA_MAX);
    eth_header_encode_unsealed(&b, h);
    rc = b.err;
    if (rc == 0) {
        keccak256(both, b.data, b.len);
        for (unsigned i = 0; i < ETH_NONCE_BYTES; i++)
            both[DIGEST_BYTES + i] = h->nonce[ETH_NONCE_BYTES - 1 - i];
        keccak512(seed, both, sizeof both);
    }
    buf_free(&b);
    return rc;
}

int ethash_check(const struct ethash_cache *c, const struct eth_header *h)
{
    uint8_t work[ITEM_BYTES + DIGEST_BYTES], result[DIGEST_BYTES];
    int rc;

    if (h->number / ETHASH_EPOCH_BLOCKS != c->epoch || h->difficulty == 0)
        return PN_ESEAL;
    rc = seed_of(work, h);
    if (rc < 0)
        return rc;
    /* The work without the mix is cheap to forge and cheap to check, so it is looked at first. */
    memcpy(work + ITEM_BYTES, h->mix, DIGEST_BYTES);
    keccak256(result, work, sizeof work);
    if (!is_low_enough(result, h->difficulty))
        return PN_ESEAL;
    mix_dataset(work + ITEM_BYTES, c, work);
    return memcmp(work + ITEM_BYTES, h->mix, DIGEST_BYTES) == 0 ? 0 : PN_ESEAL;
}
