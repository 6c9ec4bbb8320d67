/* The Ethereum network of this node as the server and the dialer see it: encrypted connections with
 * their base protocol, on which subprotocols (p2p/protocol.h) ride.
 *
 *     p2p_new, p2p_add_protocol ..., p2p_attach, dialer and listener are set up
 *     peers come and go
 *     server_join, server_free, p2p_free */
#ifndef ETHEREUM_P2P_P2P_H
#define ETHEREUM_P2P_P2P_H

#include "ethereum/enr/node.h"
#include "ethereum/p2p/protocol.h"
#include "server/server.h"

struct p2p;
struct eth_discovery;

#define P2P_DEFAULT_PEERS 50 /* go-ethereum node/defaults.go, MaxPeers */
#define P2P_TRUSTED_MAX   128

/* The intervals of devp2p (go-ethereum p2p/peer.go, transport.go); the rest is ours. */
#define P2P_PEER_CONFIG                                                                     \
    {                                                                                       \
        .handshake_timeout_ms = 5000, .idle_timeout_ms = 30000, .ping_interval_ms = 15000,  \
        .stall_tick_ms = 15000, .stall_response_ms = 30000, .trickle_interval_ms = 500,     \
        .write_timeout_ms = 20000, .max_send_bytes = 4000000, .max_known_inventory = 32768, \
        .max_trickle_batch = 4096,                                                          \
    }

struct p2p_config {
    uint8_t secret[EC_SECRET_BYTES];
    const char *client; /* how we call ourselves; lives as long as the network */
    uint16_t port;      /* where we take connections; 0: nowhere */
    unsigned max_peers;
    struct peer_config peer; /* copied */
    int64_t history_ms;      /* a node is not dialled again so soon: P2P_HISTORY_MS */
    const struct eth_node *statics, *trusted, *bootnodes; /* copied */
    unsigned n_statics, n_trusted, n_bootnodes;
    struct eth_discovery *discovery; /* borrowed; NULL: only named nodes are dialled */
};

/* Thread: the main thread, as for all but the last ones. Owns: the caller wipes config->secret.
 * Returns: 0; PN_ENOMEM; PN_EINVAL for a bad secret; PN_ELIMIT for too many named nodes; PN_ESELF
 * and PN_EEXIST for a static node that is ourselves or named twice. */
int p2p_new(struct p2p **out, const struct p2p_config *config);

/* Before p2p_attach. The table lives as long as the network. Returns: the protocol's number, by
 * which p2p_frame knows it; PN_ELIMIT. */
int p2p_add_protocol(struct p2p *n, const struct p2p_protocol *protocol);

/* Register with the server; `slots` is where the inbound places of its connections are kept.
 * Returns: the network's number or a pn_err. */
int p2p_attach(struct p2p *n, struct server *server, struct slots *slots);

/* Of a network with max_peers and `named` static and trusted nodes: the inbound places that the
 * listener may give, those of handshakes under way included; and the seats of the server that it
 * takes at most. */
unsigned p2p_inbound_places(unsigned max_peers, unsigned named);
unsigned p2p_seats(unsigned max_peers, unsigned named);

/* For the dialer; `name` is a static text. */
struct dialer_network p2p_dialer_network(struct p2p *n, const char *name);

/* After server_free and when the dialer is gone. Accepts NULL. */
void p2p_free(struct p2p *n);

/* A connection has come from this address. Thread: loop. Returns: 0 or PN_ETHROTTLED. */
int p2p_admit(struct p2p *n, const struct net_addr *from);

/* Nodes that are past both checkpoints. Thread: any. */
unsigned p2p_peers(struct p2p *n);

/* How we call ourselves. Thread: any. Returns: a text that lives as long as the network. */
const char *p2p_client(const struct p2p *n);

/* Whether it is a peer of this network, and may be asked what p2p/protocol.h offers. Thread: any
 * that may use the peer. */
bool p2p_is_ready(const struct p2p *n, const struct peer *p);

/* What was agreed with a ready peer. Returns: how many. */
struct p2p_cap {
    const char *name; /* static */
    unsigned version;
};
unsigned p2p_peer_caps(const struct peer *p, struct p2p_cap out[P2P_PROTOCOLS_MAX]);

/* Change what is kept connected while running. Thread: any. Returns: as p2p_new does for the named
 * nodes of its configuration; PN_ENOENT for one that is not on the list. */
int p2p_add_static(struct p2p *n, const struct eth_node *node);
int p2p_remove_static(struct p2p *n, const uint8_t pubkey[EC_PUBKEY_BYTES]);

/* Let a node in above the limits from its next connection on, or no longer. Thread: any. Returns:
 * 0, also when it is on the list already; PN_ELIMIT beyond P2P_TRUSTED_MAX; PN_ENOENT for one that
 * is not on it. */
int p2p_add_trusted(struct p2p *n, const struct eth_node *node);
int p2p_remove_trusted(struct p2p *n, const uint8_t pubkey[EC_PUBKEY_BYTES]);
bool p2p_is_trusted(struct p2p *n, const uint8_t pubkey[EC_PUBKEY_BYTES]);

#endif
