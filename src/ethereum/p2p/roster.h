/* Who is connected: the checkpoints that a connection passes once it is known who the remote node
 * is, and again when it has said what it speaks (go-ethereum p2p/server.go, postHandshakeChecks and
 * addPeerChecks). At the second one it takes its place, so that of two connections to one node only
 * one stays.
 *
 * Trusted nodes are let in above the limits, as are static ones (seed design: go-ethereum 1.8).
 * Handshakes of inbound connections are bounded too: when P2P_PENDING_MAX are under way, the one
 * that takes longest gives way to a newcomer, so that nobody can fill the places by being slow.
 *
 * Thread: any; one mutex, held for a walk through the table. */
#ifndef ETHEREUM_P2P_ROSTER_H
#define ETHEREUM_P2P_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mutex.h"
#include "crypto/ec.h"

#define P2P_PENDING_MAX 50 /* go-ethereum p2p/server.go, defaultMaxPendingPeers */

struct peer;

struct p2p_limits {
    unsigned max_peers;
    unsigned max_dialled; /* of them; the rest is for inbound ones */
};

/* A third of the peers is dialled, at least one (go-ethereum p2p/server.go, defaultDialRatio). */
struct p2p_limits p2p_limits_of(unsigned max_peers);

enum p2p_flags {
    P2P_INBOUND = 1,
    P2P_TRUSTED = 2,
    P2P_STATIC = 4,
};

struct p2p_place {
    uint8_t pubkey[EC_PUBKEY_BYTES];
    unsigned flags;
};

struct p2p_roster {
    struct mutex mu;
    struct p2p_limits limits;
    uint8_t self[EC_PUBKEY_BYTES];
    struct p2p_place *places GUARDED_BY(mu); /* the first n_places are taken */
    unsigned n_places GUARDED_BY(mu), max_places;
    struct {
        struct peer *peer;
        int64_t since_us;
    } pending[P2P_PENDING_MAX] GUARDED_BY(mu);
    unsigned n_pending GUARDED_BY(mu);
};

/* Room for limits.max_peers and `above` trusted and static ones. Thread: the main thread.
 * Returns: 0 or PN_ENOMEM. */
int p2p_roster_init(struct p2p_roster *r, const struct p2p_limits *limits, unsigned above,
                    const uint8_t self[EC_PUBKEY_BYTES]);
void p2p_roster_free(struct p2p_roster *r);

/* An inbound connection begins its handshake; it ends with p2p_roster_add or p2p_roster_leave. The
 * oldest one under way may have to go, with PN_EEVICTED. */
void p2p_roster_begin(struct p2p_roster *r, struct peer *p, int64_t now_us);

/* The first checkpoint. Returns: 0; PN_ESELF, PN_ECONNECTED, PN_EFULL. */
int p2p_roster_check(struct p2p_roster *r, const uint8_t pubkey[EC_PUBKEY_BYTES], unsigned flags);

/* The second one; the place is taken. Returns: as above. */
int p2p_roster_add(struct p2p_roster *r, const struct peer *p,
                   const uint8_t pubkey[EC_PUBKEY_BYTES], unsigned flags);

/* The connection is over. `added`: p2p_roster_add returned 0 for it. */
void p2p_roster_leave(struct p2p_roster *r, const struct peer *p,
                      const uint8_t pubkey[EC_PUBKEY_BYTES], bool added);

bool p2p_roster_has(struct p2p_roster *r, const uint8_t pubkey[EC_PUBKEY_BYTES]);
unsigned p2p_roster_count(struct p2p_roster *r);

#endif
