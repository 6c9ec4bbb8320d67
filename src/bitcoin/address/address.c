#include "bitcoin/address/address.h"

#include <string.h>

#include "base/err.h"
#include "codec/base58.h"
#include "codec/bech32.h"
#include "crypto/sha256.h"

enum {
    HASH_BYTES = 20,
    CHECKSUM_BYTES = 4,
    OP_1 = 0x51,
    OP_DUP = 0x76,
    OP_EQUAL = 0x87,
    OP_EQUALVERIFY = 0x88,
    OP_HASH160 = 0xa9,
    OP_CHECKSIG = 0xac
};

static int to_key_hash(uint8_t *out, const uint8_t hash[HASH_BYTES])
{
    static const uint8_t front[] = {OP_DUP, OP_HASH160, HASH_BYTES};

    memcpy(out, front, sizeof front);
    memcpy(out + sizeof front, hash, HASH_BYTES);
    out[sizeof front + HASH_BYTES] = OP_EQUALVERIFY;
    out[sizeof front + HASH_BYTES + 1] = OP_CHECKSIG;
    return sizeof front + HASH_BYTES + 2;
}

static int to_script_hash(uint8_t *out, const uint8_t hash[HASH_BYTES])
{
    out[0] = OP_HASH160;
    out[1] = HASH_BYTES;
    memcpy(out + 2, hash, HASH_BYTES);
    out[2 + HASH_BYTES] = OP_EQUAL;
    return 2 + HASH_BYTES + 1;
}

static int base58_script(uint8_t *out, const struct btc_params *params, const char *text)
{
    uint8_t data[1 + HASH_BYTES + CHECKSUM_BYTES], sum[SHA256_BYTES];
    size_t len;

    if (base58_decode(data, &len, sizeof data, text) < 0 || len != sizeof data)
        return PN_EFORMAT;
    sha256d(sum, data, 1 + HASH_BYTES);
    if (memcmp(sum, data + 1 + HASH_BYTES, CHECKSUM_BYTES) != 0)
        return PN_ECHECKSUM;
    if (data[0] == params->address.key_hash)
        return to_key_hash(out, data + 1);
    return data[0] == params->address.script_hash ? to_script_hash(out, data + 1) : PN_EFORMAT;
}

/* BIP350: version 0 has the older checksum, every other the newer one. */
static int witness_script(uint8_t *out, const struct bech32 *b)
{
    uint8_t program[BECH32_MAX_VALUES];
    unsigned version;
    int len;

    if (b->n == 0 || b->values[0] > 16)
        return PN_EFORMAT;
    version = b->values[0];
    if (b->kind != (version == 0 ? BECH32 : BECH32M))
        return PN_ECHECKSUM;
    len = bech32_bytes(program, b->values + 1, b->n - 1);
    if (len < 2 || len > 40 || (version == 0 && len != 20 && len != 32))
        return PN_EFORMAT;
    out[0] = (uint8_t)(version ? OP_1 + version - 1 : 0);
    out[1] = (uint8_t)len;
    memcpy(out + 2, program, (size_t)len);
    return 2 + len;
}

int btc_address_script(uint8_t out[BTC_ADDRESS_SCRIPT_MAX], const struct btc_params *params,
                       const char *text)
{
    struct bech32 b;
    int rc = bech32_decode(&b, text);

    if (rc == 0)
        return strcmp(b.prefix, params->address.witness) == 0 ? witness_script(out, &b)
                                                              : PN_EFORMAT;
    if (rc == PN_ECHECKSUM && strcmp(b.prefix, params->address.witness) == 0)
        return rc;
    return base58_script(out, params, text);
}
