/* The nonces of our own version messages whose handshakes are under way: a version message that
 * carries one of them came from ourselves (btcd peer.go, sentNonces; Core, CheckIncomingNonce). */
#ifndef BITCOIN_NONCES_H
#define BITCOIN_NONCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mutex.h"
#include "net/addr.h"

#define NONCES_MAX 64

struct nonces {
    struct mutex mu;
    uint64_t values[NONCES_MAX] GUARDED_BY(mu);         /* 0: free */
    struct net_addr said_to[NONCES_MAX] GUARDED_BY(mu); /* whom it was said to */
    unsigned next GUARDED_BY(mu);
};

void nonces_init(struct nonces *n);
void nonces_free(struct nonces *n);

/* A fresh nonce for this address, remembered until nonces_remove; the oldest gives way when there
 * are NONCES_MAX. Thread: any. */
uint64_t nonces_add(struct nonces *n, const struct net_addr *to);
void nonces_remove(struct nonces *n, uint64_t nonce);

/* Whether the nonce is one of ours, and then *to is the address that it was said to. Thread: any.
 */
bool nonces_find(struct nonces *n, struct net_addr *to, uint64_t nonce);

#endif
