/* The algorithm is looked up once: that costs more than hashing the 48 bytes of an onion name. */
#include "crypto/sha3.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "base/err.h"

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *algorithm; /* for the life of the process; NULL when it could not be had */

static void fetch(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA3-256", NULL);
}

int sha3_256(uint8_t out[SHA3_256_BYTES], const void *data, size_t len)
{
    EVP_MD_CTX *ctx = NULL;
    int rc = PN_ENOMEM;

    pthread_once(&fetched, fetch);
    if (algorithm)
        ctx = EVP_MD_CTX_new();
    if (ctx && EVP_DigestInit_ex2(ctx, algorithm, NULL) && EVP_DigestUpdate(ctx, data, len) &&
        EVP_DigestFinal_ex(ctx, out, NULL))
        rc = 0;
    else
        memset(out, 0, SHA3_256_BYTES);
    EVP_MD_CTX_free(ctx);
    return rc;
}
