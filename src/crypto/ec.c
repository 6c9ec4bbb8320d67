/* One context serves all threads: after it is made and blinded, the library only reads it. */
#include "crypto/ec.h"

#include <pthread.h>
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_recovery.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/random.h"

enum { UNCOMPRESSED_BYTES = 65, UNCOMPRESSED_TAG = 4 };

static secp256k1_context *shared;

static void make_context(void)
{
    uint8_t blinding[32];

    shared = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    if (!shared)
        abort(); /* at the first key, when the program starts */
    random_bytes(blinding, sizeof blinding);
    if (!secp256k1_context_randomize(shared, blinding))
        abort();
    explicit_bzero(blinding, sizeof blinding);
}

static const secp256k1_context *context(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_context);
    return shared;
}

static void serialize(uint8_t pubkey[EC_PUBKEY_BYTES], const secp256k1_pubkey *point)
{
    uint8_t tagged[UNCOMPRESSED_BYTES];
    size_t len = sizeof tagged;

    secp256k1_ec_pubkey_serialize(context(), tagged, &len, point, SECP256K1_EC_UNCOMPRESSED);
    memcpy(pubkey, tagged + 1, EC_PUBKEY_BYTES);
}

static int parse(secp256k1_pubkey *point, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    uint8_t tagged[UNCOMPRESSED_BYTES] = {UNCOMPRESSED_TAG};

    memcpy(tagged + 1, pubkey, EC_PUBKEY_BYTES);
    return secp256k1_ec_pubkey_parse(context(), point, tagged, sizeof tagged) ? 0 : PN_EFORMAT;
}

void ec_secret_generate(uint8_t secret[EC_SECRET_BYTES])
{
    do
        random_bytes(secret, EC_SECRET_BYTES);
    while (!secp256k1_ec_seckey_verify(context(), secret));
}

int ec_pubkey(uint8_t pubkey[EC_PUBKEY_BYTES], const uint8_t secret[EC_SECRET_BYTES])
{
    secp256k1_pubkey point;

    if (!secp256k1_ec_pubkey_create(context(), &point, secret))
        return PN_EINVAL;
    serialize(pubkey, &point);
    return 0;
}

int ec_sign(uint8_t sig[EC_RECOVERABLE_BYTES], const uint8_t secret[EC_SECRET_BYTES],
            const uint8_t hash[EC_HASH_BYTES])
{
    secp256k1_ecdsa_recoverable_signature parsed;
    int recovery_id;

    if (!secp256k1_ecdsa_sign_recoverable(context(), &parsed, hash, secret, NULL, NULL))
        return PN_EINVAL;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), sig, &recovery_id, &parsed);
    sig[EC_SIG_BYTES] = (uint8_t)recovery_id;
    return 0;
}

int ec_recover(uint8_t pubkey[EC_PUBKEY_BYTES], const uint8_t sig[EC_RECOVERABLE_BYTES],
               const uint8_t hash[EC_HASH_BYTES])
{
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey point;

    if (sig[EC_SIG_BYTES] > 3 || /* the library asserts what a caller passes here */
        !secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, sig,
                                                             sig[EC_SIG_BYTES]) ||
        !secp256k1_ecdsa_recover(context(), &point, &parsed, hash))
        return PN_ESIGNATURE;
    serialize(pubkey, &point);
    return 0;
}

int ec_verify(const uint8_t sig[EC_SIG_BYTES], const uint8_t pubkey[EC_PUBKEY_BYTES],
              const uint8_t hash[EC_HASH_BYTES])
{
    secp256k1_ecdsa_signature parsed;
    secp256k1_pubkey point;

    if (parse(&point, pubkey) < 0 ||
        !secp256k1_ecdsa_signature_parse_compact(context(), &parsed, sig) ||
        !secp256k1_ecdsa_verify(context(), &parsed, hash, &point))
        return PN_ESIGNATURE;
    return 0;
}

int ec_pubkey_check(const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    secp256k1_pubkey point;

    return parse(&point, pubkey);
}

int ec_compress(uint8_t out[EC_COMPRESSED_BYTES], const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    secp256k1_pubkey point;
    size_t len = EC_COMPRESSED_BYTES;
    int rc = parse(&point, pubkey);

    if (rc == 0)
        secp256k1_ec_pubkey_serialize(context(), out, &len, &point, SECP256K1_EC_COMPRESSED);
    return rc;
}

int ec_decompress(uint8_t pubkey[EC_PUBKEY_BYTES], const uint8_t in[EC_COMPRESSED_BYTES])
{
    secp256k1_pubkey point;

    if (!secp256k1_ec_pubkey_parse(context(), &point, in, EC_COMPRESSED_BYTES))
        return PN_EFORMAT;
    serialize(pubkey, &point);
    return 0;
}

static int copy_x(unsigned char *out, const unsigned char *x, const unsigned char *y, void *arg)
{
    (void)y;
    (void)arg;
    memcpy(out, x, EC_HASH_BYTES);
    return 1;
}

int ec_ecdh_x(uint8_t out[EC_HASH_BYTES], const uint8_t pubkey[EC_PUBKEY_BYTES],
              const uint8_t secret[EC_SECRET_BYTES])
{
    secp256k1_pubkey point;
    int rc = parse(&point, pubkey);

    if (rc < 0)
        return rc;
    return secp256k1_ecdh(context(), out, &point, secret, copy_x, NULL) ? 0 : PN_EINVAL;
}
