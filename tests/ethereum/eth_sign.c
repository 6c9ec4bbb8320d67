/* Signs transactions for the functional tests:
 *
 *     eth_sign SECRET [PAYLOAD]
 *
 * Both are hexadecimal. Prints the secret's address; with a payload also the payload's Keccak-256
 * and the signature of that: "ADDRESS HASH R S PARITY". */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/hex.h"
#include "crypto/ec.h"
#include "crypto/keccak.h"

enum { PAYLOAD_MAX = 256 * 1024, ADDRESS_BYTES = 20 };

static void need(bool cond, const char *what)
{
    if (cond)
        return;
    fprintf(stderr, "eth_sign: %s\n", what);
    exit(EXIT_FAILURE);
}

static void say(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        printf("%02x", data[i]);
}

int main(int argc, char **argv)
{
    static uint8_t payload[PAYLOAD_MAX];
    uint8_t secret[EC_SECRET_BYTES], pubkey[EC_PUBKEY_BYTES], hash[KECCAK256_BYTES];
    uint8_t sig[EC_RECOVERABLE_BYTES];
    size_t len;

    need(argc == 2 || argc == 3, "usage: eth_sign SECRET [PAYLOAD]");
    need(hex_decode(secret, sizeof secret, argv[1]) == 0, "bad secret");
    need(ec_pubkey(pubkey, secret) == 0, "not a secret of the curve");
    keccak256(hash, pubkey, sizeof pubkey);
    say(hash + sizeof hash - ADDRESS_BYTES, ADDRESS_BYTES);
    if (argc == 3) {
        len = strlen(argv[2]) / 2;
        need(len <= sizeof payload && hex_decode(payload, len, argv[2]) == 0, "bad payload");
        keccak256(hash, payload, len);
        need(ec_sign(sig, secret, hash) == 0, "cannot sign");
        printf(" ");
        say(hash, sizeof hash);
        printf(" ");
        say(sig, 32);
        printf(" ");
        say(sig + 32, 32);
        printf(" %u", sig[64]);
    }
    printf("\n");
    return EXIT_SUCCESS;
}
