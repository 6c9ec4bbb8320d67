#include "bitcoin/nonces.h"

#include "base/random.h"

void nonces_init(struct nonces *n)
{
    *n = (struct nonces){0};
    mutex_init(&n->mu);
}

void nonces_free(struct nonces *n)
{
    mutex_destroy(&n->mu);
}

uint64_t nonces_add(struct nonces *n)
{
    uint64_t nonce = random_u64() | 1; /* never 0 */

    mutex_lock(&n->mu);
    n->values[n->next] = nonce;
    n->next = (n->next + 1) % NONCES_MAX;
    mutex_unlock(&n->mu);
    return nonce;
}

void nonces_remove(struct nonces *n, uint64_t nonce)
{
    mutex_lock(&n->mu);
    for (unsigned i = 0; i < NONCES_MAX; i++)
        if (n->values[i] == nonce)
            n->values[i] = 0;
    mutex_unlock(&n->mu);
}

bool nonces_has(struct nonces *n, uint64_t nonce)
{
    bool found = false;

    mutex_lock(&n->mu);
    for (unsigned i = 0; i < NONCES_MAX; i++)
        found = found || (nonce != 0 && n->values[i] == nonce);
    mutex_unlock(&n->mu);
    return found;
}
