/* Message numbers of the Ethereum network as the peer runtime counts them. On the wire a protocol's
 * codes begin where the agreed versions put them, which differs from peer to peer; in here every
 * protocol has a fixed range, so that one frame serves all peers and metrics have stable labels. */
#ifndef ETHEREUM_P2P_CODES_H
#define ETHEREUM_P2P_CODES_H

#include "ethereum/p2p/protocol.h"

enum p2p_cmd {
    /* the base protocol's codes (devp2p rlpx.md, "p2p" capability) */
    P2P_HELLO = 0,
    P2P_DISCONNECT = 1,
    P2P_PING = 2,
    P2P_PONG = 3,
    /* what is no message: the two packets of the encryption handshake, and base codes without a
     * meaning, which are passed over */
    P2P_AUTH = 4,
    P2P_ACK = 5,
    P2P_RESERVED = 6,
    P2P_BASE_CODES = 16
};

#define P2P_CMD_COUNT (P2P_BASE_CODES + P2P_PROTOCOLS_MAX * P2P_CODES_MAX)

static inline unsigned p2p_cmd(unsigned protocol, unsigned code)
{
    return P2P_BASE_CODES + protocol * P2P_CODES_MAX + code;
}

#endif
