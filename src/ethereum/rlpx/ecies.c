/* Both directions derive the same two keys and differ in the order of the rest. An attacker who
 * sends points of his choice learns nothing but "failed": the curve is checked before the secret is
 * used, the tag is compared in constant time, and every failure is one error. */
#include "ethereum/rlpx/ecies.h"

#include "base/err.h"
#include "base/random.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"
#include "crypto/sha256.h"

enum {
    POINT_TAG = 0x04,
    IV_AT = 1 + EC_PUBKEY_BYTES,
    TEXT_AT = IV_AT + AES_BLOCK_BYTES,
    KDF_COUNTER_BYTES = 4
};

struct ecies_keys {
    uint8_t encryption[AES128_BYTES];
    uint8_t mac[SHA256_BYTES];
};

/* One round of the KDF gives 32 bytes, which is all that is wanted. */
static int derive(struct ecies_keys *out, const uint8_t pubkey[EC_PUBKEY_BYTES],
                  const uint8_t secret[EC_SECRET_BYTES])
{
    uint8_t input[KDF_COUNTER_BYTES + EC_HASH_BYTES] = {0, 0, 0, 1};
    uint8_t material[SHA256_BYTES];
    int rc = ec_ecdh_x(input + KDF_COUNTER_BYTES, pubkey, secret);

    if (rc < 0)
        return rc;
    sha256(material, input, sizeof input);
    memcpy(out->encryption, material, AES128_BYTES);
    sha256(out->mac, material + AES128_BYTES, sizeof material - AES128_BYTES);
    explicit_bzero(input, sizeof input);
    explicit_bzero(material, sizeof material);
    return 0;
}

/* Over the iv and the ciphertext, which stand together, and what is shared besides. */
static void make_tag(uint8_t tag[HMAC_SHA256_BYTES], const struct ecies_keys *k, const uint8_t *iv,
                     size_t text_len, struct bytes shared_info)
{
    const struct bytes pieces[] = {{.data = iv, .len = AES_BLOCK_BYTES + text_len}, shared_info};

    hmac_sha256(tag, k->mac, sizeof k->mac, pieces, 2);
}

int ecies_seal(struct buf *out, const uint8_t pubkey[EC_PUBKEY_BYTES], struct bytes plain,
               struct bytes shared_info)
{
    uint8_t ephemeral[EC_SECRET_BYTES];
    struct ecies_keys keys;
    uint8_t *at;
    int rc;

    ec_secret_generate(ephemeral);
    rc = derive(&keys, pubkey, ephemeral);
    at = rc == 0 ? buf_extend(out, plain.len + ECIES_OVERHEAD) : NULL;
    if (at) {
        at[0] = POINT_TAG;
        ec_pubkey(at + 1, ephemeral); /* a secret just made is a good one */
        random_bytes(at + IV_AT, AES_BLOCK_BYTES);
        aes128_ctr(at + TEXT_AT, keys.encryption, at + IV_AT, plain.data, plain.len);
        make_tag(at + TEXT_AT + plain.len, &keys, at + IV_AT, plain.len, shared_info);
    }
    explicit_bzero(&keys, sizeof keys);
    explicit_bzero(ephemeral, sizeof ephemeral);
    return rc < 0 ? rc : out->err;
}

int ecies_open(uint8_t *plain, const uint8_t secret[EC_SECRET_BYTES], struct bytes sealed,
               struct bytes shared_info)
{
    const uint8_t *at = sealed.data;
    uint8_t tag[HMAC_SHA256_BYTES];
    struct ecies_keys keys;
    size_t text_len;
    bool good;

    if (sealed.len < ECIES_OVERHEAD || at[0] != POINT_TAG || derive(&keys, at + 1, secret) < 0)
        return PN_EHANDSHAKE;
    text_len = sealed.len - ECIES_OVERHEAD;
    make_tag(tag, &keys, at + IV_AT, text_len, shared_info);
    good = bytes_equal_ct(tag, at + TEXT_AT + text_len, sizeof tag);
    if (good)
        aes128_ctr(plain, keys.encryption, at + IV_AT, at + TEXT_AT, text_len);
    explicit_bzero(&keys, sizeof keys);
    return good ? 0 : PN_EHANDSHAKE;
}
