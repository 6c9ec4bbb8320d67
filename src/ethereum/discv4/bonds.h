/* Endpoint proofs: which node has answered a ping at which address, and when (discv4.md, "Endpoint
 * Proof"). A proof holds for one node id at one IP address for 24 hours.
 *
 * A bounded cache with a secret hash: 8 places for each key. Where all are taken, the one that was
 * heard of longest ago goes, and unproven ones before proven ones; so that a flood of made-up
 * senders displaces no proof. Thread: the owner's alone. */
#ifndef ETHEREUM_DISCV4_BONDS_H
#define ETHEREUM_DISCV4_BONDS_H

#include <stdbool.h>

#include "crypto/siphash.h"
#include "ethereum/enr/node.h"

#define BONDS_WAYS     8
#define BOND_EXPIRY_US (INT64_C(24) * 3600 * 1000000)

struct bond {
    struct eth_node node;
    int64_t last_ping_us; /* from the node, monotonic; 0: never, or so long ago */
    int64_t last_pong_us; /* in answer to a ping of ours */
    uint32_t find_fails;  /* in a row */
    bool used;
    bool dirty; /* differs from the node database */
};

struct bonds {
    struct siphash_key key;
    unsigned sets;
    struct bond *ways; /* sets × BONDS_WAYS */
};

/* Room for at least `capacity` bonds. Returns: 0 or PN_ENOMEM. */
int bonds_init(struct bonds *b, unsigned capacity);
void bonds_free(struct bonds *b);

/* Returns: NULL when nothing is known of this id at this IP address. */
struct bond *bonds_find(struct bonds *b, const uint8_t id[ETH_ID_BYTES], const struct net_addr *ip);

/* The same, but made when missing. `proven` says whether it is about to be proven, and may take the
 * place of a proven one. Returns: NULL when there is no place for it. */
struct bond *bonds_get(struct bonds *b, const struct eth_node *node, bool proven, int64_t now_us);

/* Whether it answered a ping within the last 24 hours. Accepts NULL. */
bool bond_is_proven(const struct bond *bond, int64_t now_us);

/* Whether it pinged us within the last 24 hours, and so has proof of us. Accepts NULL. */
bool bond_has_our_proof(const struct bond *bond, int64_t now_us);

#endif
