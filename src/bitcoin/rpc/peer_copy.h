/* What is shown of a peer, copied while the server's thread visits it. */
#ifndef BITCOIN_RPC_PEER_COPY_H
#define BITCOIN_RPC_PEER_COPY_H

#include "bitcoin/internal.h"
#include "bitcoin/rpc/rpc.h"
#include "peer/peer.h"

struct peer_copy {
    uint64_t id; /* first, for server_copy_peers */
    enum conn_kind kind;
    struct net_addr addr, seen_us_at;
    struct peer_stats stats;
    struct peer_usefulness usefulness;
    int32_t version, start_height;
    uint64_t services;
    int64_t time_offset_s, fee_filter;
    bool relay, exempt;
    bool we_chose_it, it_chose_us; /* to announce by compact blocks, unasked (BIP152) */
    uint32_t shown_height, counted_height;
    uint64_t addrs_taken, addrs_limited;
    unsigned n_wanted;
    uint8_t wanted[BLOCK_WANTS_MAX][32]; /* blocks that were asked of it */
    uint64_t sent[BTC_CMD_COUNT], received[BTC_CMD_COUNT];
    char user_agent[BTC_USER_AGENT_MAX + 1];
};

/* Copy all but whether it is exempt. The handshake is done. Thread: server. */
void rpc_copy_peer(struct peer_copy *c, struct peer *p);

/* Owns: the caller's. */
cJSON *rpc_peer_object(const struct btc_rpc *context, const struct peer_copy *p);

#endif
