/* Which subprotocols two nodes share, and where their message codes begin (devp2p rlpx.md,
 * "Capability Messaging"): of each name the highest version of both; the shared ones in
 * alphabetical order, each behind the one before, the first behind the base protocol. Pure. */
#ifndef ETHEREUM_P2P_CAPS_H
#define ETHEREUM_P2P_CAPS_H

#include "ethereum/p2p/protocol.h"
#include "ethereum/rlpx/hello.h"

/* One protocol of ours as agreed with a peer. */
struct p2p_match {
    unsigned version; /* 0: the peer does not have it */
    unsigned codes;
    unsigned offset; /* of its codes on the wire */
};

/* out[i] becomes the match of protocols[i]. What the remote side has besides is passed over.
 * Thread: any. Returns: 0, or PN_EUSELESS when nothing is shared. */
int p2p_caps_match(struct p2p_match out[P2P_PROTOCOLS_MAX],
                   const struct p2p_protocol *const *protocols, unsigned n,
                   const struct rlpx_hello *remote);

/* Put every version of every protocol into our Hello. Thread: any. */
void p2p_caps_announce(struct rlpx_hello *hello, const struct p2p_protocol *const *protocols,
                       unsigned n);

/* Whose code it is on the wire. Returns: 0, or PN_EPROTO when nobody's. */
int p2p_caps_find(unsigned *protocol, unsigned *code,
                  const struct p2p_match matches[P2P_PROTOCOLS_MAX], unsigned wire_code);

#endif
