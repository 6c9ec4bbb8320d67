/* Catching up with the network (go-ethereum eth/downloader, of the first fast sync).
 *
 * With work: from the peer with the most total difficulty comes a skeleton, every 192nd header, 128
 * of them; all peers fill its gaps at once, each gap proven by the skeleton's header at its end.
 * Where our chain and theirs part is found first, in a few steps. Beyond the merge: from the head
 * that the operator trusts headers are fetched backwards, each proven by its child, until they meet
 * what we have. Bodies (128) and receipts (256) follow the headers, from all peers at once, as much
 * from each as its rating allows (download/peers.h).
 *
 * A state machine without I/O. Thread: one owner. Times are of clock_mono_us. */
#ifndef ETHEREUM_SYNC_DOWNLOADER_H
#define ETHEREUM_SYNC_DOWNLOADER_H

#include "download/peers.h"
#include "ethereum/chain/chain.h"
#include "ethereum/wire/msg.h"

#define SYNC_GAP_HEADERS 192 /* MaxHeaderFetch */
#define SYNC_SKELETON    128 /* MaxSkeletonSize */
#define SYNC_BODIES      128
#define SYNC_RECEIPTS    256
#define SYNC_MIN_PEERS   5 /* at once with so many; else */
#define SYNC_FORCE_US    INT64_C(10000000)

enum sync_kind { SYNC_KIND_HEADERS, SYNC_KIND_BODIES, SYNC_KIND_RECEIPTS, SYNC_KINDS };

struct downloader;

struct downloader_ops {
    /* Returns: whether the request went out; its answer comes by the functions below. */
    bool (*ask_headers)(void *arg, uint64_t peer, const struct eth_header_query *q);
    bool (*ask_bodies)(void *arg, uint64_t peer, const uint8_t (*hashes)[ETH_HASH_BYTES],
                       unsigned n);
    bool (*ask_receipts)(void *arg, uint64_t peer, const uint8_t (*hashes)[ETH_HASH_BYTES],
                         unsigned n);
    void (*drop)(void *arg, uint64_t peer, int reason);
    void (*advanced)(void *arg); /* a head has moved */
    void *arg;
};

struct downloader_config {
    struct eth_chain *chain; /* borrowed */
    unsigned max_peers;
    bool receipts;
    const uint8_t *trusted_head; /* 32 bytes, copied; or NULL */
    struct downloader_ops ops;
};

/* Returns: 0 or PN_ENOMEM. */
int downloader_new(struct downloader **out, const struct downloader_config *config);
void downloader_free(struct downloader *d);

/* Whether headers are being fetched, or bodies lag behind them. */
bool downloader_is_syncing(const struct downloader *d);

/* Up to which block receipts are there without a gap, as far as that has been looked at since the
 * start; 0 when none are fetched. */
uint64_t downloader_receipts_number(const struct downloader *d);

void downloader_peer_ready(struct downloader *d, uint64_t peer, bool has_receipts);
void downloader_peer_gone(struct downloader *d, uint64_t peer);

/* What a peer says of its head; the total difficulty is 0 since eth/69, the number before. */
void downloader_peer_head(struct downloader *d, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES],
                          eth_u128 total_difficulty, uint64_t number);

/* Answers. */
void downloader_headers(struct downloader *d, uint64_t peer, const struct eth_items *items);
void downloader_bodies(struct downloader *d, uint64_t peer, const struct eth_items *items);
void downloader_receipts(struct downloader *d, uint64_t peer, const struct eth_items *lists,
                         enum eth_receipt_form form, bool last_incomplete);

/* The chain has forgotten what it could not write: begin anew where it ends now, or what is fetched
 * next would seem to hang in the air. */
void downloader_chain_shrank(struct downloader *d);

/* Do what is due. Returns: when to call again. */
int64_t downloader_tick(struct downloader *d, int64_t now_us);

/* The rating, for operators. */
const struct download_peers *downloader_peers(const struct downloader *d);

#endif
