#include "ethereum/types/hash_table.h"

#include <pthread.h>

#include "crypto/siphash.h"

static struct siphash_key secret;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_secret(void)
{
    secret = siphash_random_key();
}

unsigned hash_table_hash(const void *key, size_t len)
{
    pthread_once(&once, make_secret);
    return (unsigned)siphash(&secret, key, len);
}
