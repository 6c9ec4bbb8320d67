#include "bitcoin/block/shortid.h"

#include "crypto/sha256.h"

#define SHORT_ID_MASK ((UINT64_C(1) << 48) - 1)

struct siphash_key btc_short_id_key(const struct btc_header *header, uint64_t nonce)
{
    uint8_t raw[BTC_HEADER_BYTES + 8], hash[SHA256_BYTES];

    btc_header_store(raw, header);
    store_le64(raw + BTC_HEADER_BYTES, nonce);
    sha256(hash, raw, sizeof raw);
    return (struct siphash_key){.k0 = load_le64(hash), .k1 = load_le64(hash + 8)};
}

uint64_t btc_short_id(const struct siphash_key *key, const uint8_t wtxid[BTC_HASH_BYTES])
{
    return siphash(key, wtxid, BTC_HASH_BYTES) & SHORT_ID_MASK;
}

uint64_t btc_short_id_load(const uint8_t id[6])
{
    return load_le32(id) | (uint64_t)load_le16(id + 4) << 32;
}
