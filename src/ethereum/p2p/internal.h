/* What the files of this folder share: the network and a peer of it. */
#ifndef ETHEREUM_P2P_INTERNAL_H
#define ETHEREUM_P2P_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "ethereum/discovery/discovery.h"
#include "ethereum/p2p/caps.h"
#include "ethereum/p2p/codes.h"
#include "ethereum/p2p/dial_state.h"
#include "ethereum/p2p/p2p.h"
#include "ethereum/p2p/roster.h"
#include "ethereum/p2p/throttle.h"
#include "ethereum/rlpx/stream.h"
#include "thread/chan.h"

/* How far a connection has come: the funnel that tells an operator why there are no peers. X(id,
 * "metric label"). */
#define P2P_STAGE_LIST(X)                                                        \
    X(P2P_STAGE_CONNECTED, "connected") /* the stream is there */                \
    X(P2P_STAGE_ENCRYPTED, "encrypted") /* both keys are known */                \
    X(P2P_STAGE_GREETED, "greeted")     /* Hello has come */                     \
    X(P2P_STAGE_ADMITTED, "admitted")   /* capabilities shared, a place taken */ \
    X(P2P_STAGE_READY, "ready")         /* the subprotocols agree */

enum p2p_stage {
#define P2P_STAGE_ENUM_(id, label) id,
    P2P_STAGE_LIST(P2P_STAGE_ENUM_)
#undef P2P_STAGE_ENUM_
        P2P_STAGES
};

/* The connection below the messages. Thread: in; egress is out's once the other threads run. */
struct p2p_transport {
    struct p2p *net;
    struct rlpx_stream stream;
    struct rlpx_half egress;
    struct buf plain; /* the payload under way, decompressed */
    bool initiator;
    bool encrypted; /* frames, not packets, are written */
    bool compress;  /* in both directions, from the message after Hello on */
    struct p2p_match matches[P2P_PROTOCOLS_MAX];
};

struct p2p_peer {
    struct p2p *net;
    struct p2p_transport *transport; /* released by the runtime */
    uint8_t pubkey[EC_PUBKEY_BYTES]; /* a dialled one's from the start */
    unsigned flags;                  /* enum p2p_flags */
    char client[P2P_CLIENT_BYTES];
    enum p2p_stage stage;
    bool added;                         /* has a place in the roster */
    bool negotiated[P2P_PROTOCOLS_MAX]; /* gone must be called */
    void *state[P2P_PROTOCOLS_MAX];     /* of the protocols */
    atomic_bool may_speak;              /* encrypted: a Disconnect can be written */
    atomic_bool in_subprotocol;         /* which returned the reason to part */
    atomic_bool pinged;                 /* the runtime's first ping has been passed over */
    atomic_uint_fast64_t ping_nonce;    /* of the last ping; a pong carries none */
};

struct p2p {
    uint8_t secret[EC_SECRET_BYTES], pubkey[EC_PUBKEY_BYTES];
    const char *client;
    uint16_t port;
    struct peer_config peer_config;
    struct peer_proto_ops proto; /* made of the base protocol's and the subprotocols' tables */
    const struct p2p_protocol *protocols[P2P_PROTOCOLS_MAX];
    unsigned n_protocols;
    struct p2p_limits limits;
    struct mutex trusted_mu;
    struct eth_node trusted[P2P_TRUSTED_MAX] GUARDED_BY(trusted_mu);
    unsigned n_trusted GUARDED_BY(trusted_mu);
    struct p2p_roster roster;
    struct p2p_throttle throttle;         /* thread loop */
    struct metric *stages[2][P2P_STAGES]; /* by inbound */

    struct mutex dial_mu;
    struct p2p_dial_state dial GUARDED_BY(dial_mu);
    struct eth_discovery *discovery; /* or NULL */
    struct chan resolved;            /* of struct eth_resolved; thread dialer receives */
    bool resolving;                  /* thread dialer */
    uint8_t resolving_pubkey[EC_PUBKEY_BYTES];
};

static inline struct p2p_peer *p2p_peer_of(const struct peer *p)
{
    return peer_proto_data(p);
}

/* --- transport.c --- */
extern const struct peer_transport_ops p2p_transport_ops;
struct p2p_transport *p2p_transport_new(struct p2p *net, bool initiator);
void p2p_transport_encrypt(struct p2p_transport *t, const struct rlpx_secrets *secrets);
/* Hello has come: what is shared. */
void p2p_transport_agree(struct p2p_transport *t, const struct p2p_match *matches);

/* --- negotiate.c: thread in --- */
int p2p_negotiate(struct peer *p);
void p2p_reach(struct p2p_peer *s, enum p2p_stage stage);

/* --- base.c --- */
/* A message of the base protocol. Thread: in. Returns: 0 or the reason to part. */
int p2p_base_message(struct peer *p, const struct peer_message *m);
struct frame *p2p_make_ping(struct peer *p, uint64_t nonce);
struct frame *p2p_make_disconnect(struct peer *p, int reason);

/* --- proto.c --- */
extern const struct peer_proto_ops p2p_proto_template;
int p2p_peer_attach(void *arg, struct peer_setup *setup);
void p2p_peer_detach(void *arg, struct peer_setup *setup);

/* --- source.c: thread dialer --- */
struct dial_source p2p_source(struct p2p *n);

#endif
