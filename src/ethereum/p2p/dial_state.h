/* Whom to dial next, as go-ethereum 1.8's dialstate decides it (p2p/dial.go), without I/O and
 * without threads: the time and what else it depends on are arguments.
 *
 *   static      nodes that the operator named: dialled whenever they are not connected
 *   dynamic     what discovery finds, half from its table and half from its lookups
 *   bootnodes   one after the other, when after a while there is still no peer at all
 *   history     a node that was dialled is not dialled again for 35 to 40 s, whatever came of it
 *
 * A static node that cannot be reached, or whose address is not known, is looked for in the network
 * (resolved): at once, then after a minute, two, four, up to an hour.
 *
 * Thread: the owner's. */
#ifndef ETHEREUM_P2P_DIAL_STATE_H
#define ETHEREUM_P2P_DIAL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "ethereum/enr/node.h"

#define P2P_STATIC_MAX        128
#define P2P_BOOTNODES_MAX     32
#define P2P_HISTORY_MAX       512
#define P2P_HISTORY_MS        35000 /* go-ethereum p2p/dial.go: the inbound throttle and 5 s */
#define P2P_FALLBACK_MS       20000 /* likewise, fallbackInterval of 1.8 */
#define P2P_RESOLVE_MS        60000 /* initialResolveDelay */
#define P2P_RESOLVE_MAX_MS    3600000
#define P2P_DYNAMIC_TRIES_MAX 32 /* candidates looked at for one dial */

struct p2p_static {
    struct eth_node node; /* udp.kind NET_NONE or tcp_port 0: not to be dialled before resolved */
    bool unreachable;     /* the last dial failed */
    int64_t resolve_at_us, resolve_delay_ms;
};

struct p2p_dialled {
    struct eth_node node;
    bool is_static;
    int64_t until_us; /* the end of its time in the history */
};

/* What a decision depends on besides the time. All are called from p2p_dial_next. */
struct p2p_dial_world {
    bool (*is_connected)(void *arg, const uint8_t pubkey[EC_PUBKEY_BYTES]);
    unsigned (*peers)(void *arg);
    /* The next candidate of discovery. Returns: 0 or PN_EAGAIN. May be NULL. */
    int (*candidate)(void *arg, struct eth_node *out);
    void *arg;
};

struct p2p_dial_state {
    struct p2p_dial_world world;
    uint8_t self[EC_PUBKEY_BYTES];
    int64_t history_ms;
    int64_t started_us;
    struct p2p_static statics[P2P_STATIC_MAX];
    unsigned n_statics, next_static;
    struct eth_node bootnodes[P2P_BOOTNODES_MAX];
    unsigned n_bootnodes, next_bootnode;
    struct p2p_dialled history[P2P_HISTORY_MAX]; /* a ring, the oldest is forgotten first */
    unsigned next_history;
};

void p2p_dial_init(struct p2p_dial_state *d, const struct p2p_dial_world *world,
                   const uint8_t self[EC_PUBKEY_BYTES], int64_t history_ms, int64_t now_us);

/* Returns: 0; PN_ELIMIT; PN_ESELF; PN_EEXIST for a node, or a static address, that is there. */
int p2p_dial_add_static(struct p2p_dial_state *d, const struct eth_node *node);
/* Returns: 0 or PN_ENOENT. */
int p2p_dial_remove_static(struct p2p_dial_state *d, const uint8_t pubkey[EC_PUBKEY_BYTES]);
int p2p_dial_add_bootnode(struct p2p_dial_state *d, const struct eth_node *node);

/* Whom to dial now: a static node, or else one to fill a dynamic place. It is in the history from
 * now on. Returns: 0 or PN_ENOENT. */
int p2p_dial_next_static(struct p2p_dial_state *d, struct eth_node *out, int64_t now_us);
int p2p_dial_next_dynamic(struct p2p_dial_state *d, struct eth_node *out, int64_t now_us);

/* The TCP connection to the address came out with rc. */
void p2p_dial_tried(struct p2p_dial_state *d, const struct net_addr *tcp, int rc);

/* Which node was dialled at this address last. Returns: NULL when none is remembered. */
const struct p2p_dialled *p2p_dial_find(const struct p2p_dial_state *d, const struct net_addr *tcp);

/* A static node that ought to be resolved now; its next time is set. Returns: NULL for none. */
const struct eth_node *p2p_dial_to_resolve(struct p2p_dial_state *d, int64_t now_us);

/* What came of it: the node as it is known now, or NULL. */
void p2p_dial_resolved(struct p2p_dial_state *d, const uint8_t pubkey[EC_PUBKEY_BYTES],
                       const struct eth_node *found);

/* Where a node takes RLPx connections. */
struct net_addr p2p_dial_addr(const struct eth_node *n);

#endif
