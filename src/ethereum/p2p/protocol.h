/* Subprotocols over RLPx: what "eth" gives to the p2p layer, and what it gets from it.
 *
 * A subprotocol is a const table. The p2p layer shakes hands, agrees with the remote side on the
 * highest version that both have of each protocol, and gives each its range of message codes
 * (devp2p rlpx.md, "Capability Messaging"); codes below are always relative to the protocol, and
 * payloads are RLP, after decompression and before compression.
 *
 *     attach        server      the peer's state is made
 *     negotiate     thread in   Status there and back, by p2p_read and peer_write_message
 *     ready         thread in   the other four threads run: tell the manager
 *     message ...   thread in   one at a time
 *     gone          last thread once, if negotiate was called: tell the manager
 *     release       any         the last reference is dropped: free the state
 *
 * Sending is the peer runtime's, with frames of p2p_frame: peer_reply from thread in (blocks on a
 * slow remote side, which stops reading from it), peer_send from everywhere else (never blocks; a
 * peer with too much queued is dropped), peer_hold and peer_release around answers that are made
 * elsewhere. One frame may go to many peers, whatever versions and codes they have agreed on.
 *
 * A message handler that returns an error ends the connection; the remote side is told which kind
 * of error it was (p2p/reason.h). Requests and answers share one peer, so the handler must not wait
 * for an answer of this peer. */
#ifndef ETHEREUM_P2P_PROTOCOL_H
#define ETHEREUM_P2P_PROTOCOL_H

#include "peer/peer.h"

#define P2P_PROTOCOLS_MAX 2  /* subprotocols of a node */
#define P2P_VERSIONS_MAX  16 /* versions of one */
#define P2P_CODES_MAX     24 /* messages of one */
#define P2P_NAME_MAX      8  /* characters of its name (devp2p rlpx.md) */

struct p2p_version {
    unsigned version;
    unsigned codes; /* how many message codes this version takes: the next protocol begins behind */
};

struct p2p_message {
    unsigned code;          /* below the agreed version's codes */
    const uint8_t *payload; /* lives until the next message is read */
    size_t len;
};

struct p2p_protocol {
    const char *name; /* "eth" */
    struct p2p_version versions[P2P_VERSIONS_MAX];
    unsigned n_versions;
    size_t max_message_bytes; /* decompressed; a larger one ends the connection unread */
    const char *(*code_name)(unsigned code); /* metric label; for every code below P2P_CODES_MAX */

    /* Thread: server. *state is what p2p_state gives from now on. Returns: 0 or PN_ENOMEM. */
    int (*attach)(void *arg, void **state);
    /* Thread in, once the version is known (p2p_peer_version): the protocol's own handshake, under
     * a deadline of P2P_NEGOTIATE_MS. May be NULL. Returns: 0 or the reason to part. */
    int (*negotiate)(struct peer *p, void *state);
    /* Thread in: the peer may now be sent to, by all. Returns: 0 or the reason to part. */
    int (*ready)(struct peer *p, void *state);
    /* Thread in: one message. May block on a manager's inbox with peer_quit. Returns: as above. */
    int (*message)(struct peer *p, void *state, const struct p2p_message *m);
    /* The last of the peer's threads; peer_reason tells why. Called once for each negotiate. */
    void (*gone)(struct peer *p, void *state);
    /* Any thread. Frees the state. Called once for each attach. */
    void (*release)(void *state);
    /* Thread queue: one announcement of inventory that was queued by peer_queue_inventory. The
     * meaning of `type` is the protocol's own. NULL: nothing is announced so.
     * Owns: returns a reference, or NULL. */
    struct frame *(*inventory)(struct peer *p, void *state, const struct peer_inventory *items,
                               unsigned n);
    void *arg;
};

/* A protocol's handshake may take so long after RLPx's own (go-ethereum eth/protocols/eth,
 * handshakeTimeout). */
#define P2P_NEGOTIATE_MS 5000

/* A message, ready for peer_send and peer_reply. `protocol` is the number that p2p_add_protocol
 * gave, code is relative to it. Thread: any. Owns: the caller. Returns: NULL without memory. */
struct frame *p2p_frame(unsigned protocol, unsigned code, const void *payload, size_t len);

/* During negotiate: the next message of this protocol. Pings are answered on the way; a message of
 * another protocol is a breach. Thread: in. Returns: 0 or the reason to part. */
int p2p_read(struct peer *p, unsigned protocol, struct p2p_message *out);

/* The state that attach made, and the version agreed on (0 before, and for a protocol that the
 * remote side does not have). Thread: any that holds a reference, once negotiate has been called.
 */
void *p2p_state(const struct peer *p, unsigned protocol);
unsigned p2p_peer_version(const struct peer *p, unsigned protocol);

/* The remote side's public key (64 bytes), and how it calls itself: printable, at most
 * P2P_CLIENT_BYTES with the terminator. Thread: as above. */
#define P2P_CLIENT_BYTES 128
const uint8_t *p2p_peer_pubkey(const struct peer *p);
const char *p2p_peer_client(const struct peer *p);

/* Whether the operator trusts the node, and whether it is one of the static ones. */
bool p2p_peer_is_trusted(const struct peer *p);
bool p2p_peer_is_static(const struct peer *p);

#endif
