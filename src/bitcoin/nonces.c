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

uint64_t nonces_add(struct nonces *n, const struct net_addr *to)
{
    uint64_t nonce = random_u64() | 1; /* never 0 */

    mutex_lock(&n->mu);
    n->values[n->next] = nonce;
    n->said_to[n->next] = *to;
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

bool nonces_find(struct nonces *n, struct net_addr *to, uint64_t nonce)
{
    bool found = false;

    mutex_lock(&n->mu);
    for (unsigned i = 0; i < NONCES_MAX && !found; i++) {
        found = nonce != 0 && n->values[i] == nonce;
        if (found)
            *to = n->said_to[i];
    }
    mutex_unlock(&n->mu);
    return found;
}
