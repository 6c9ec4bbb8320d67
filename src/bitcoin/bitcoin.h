/* The Bitcoin network of this node: a protocol for the peer runtime, and a manager thread that
 * owns the header chain and decides what is asked, answered and announced. */
#ifndef BITCOIN_BITCOIN_H
#define BITCOIN_BITCOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "addrbook/anchors.h"
#include "addrbook/dump.h"
#include "base/bytes.h"
#include "bitcoin/chain/params.h"
#include "server/server.h"

struct bitcoin;
struct chain;
struct chan;

/* Whose transactions are taken and passed on: nobody's; those of peers that the operator has named
 * or exempted; everybody's. */
enum bitcoin_tx_relay { BITCOIN_TX_RELAY_OFF, BITCOIN_TX_RELAY_TRUSTED, BITCOIN_TX_RELAY_ON };

struct bitcoin_config {
    struct btc_params params; /* copied */
    const char *user_agent;   /* BIP14, "/p2pnode:0.1.0/"; lives as long as the network */
    uint64_t services;        /* service bits announced in the version message */
    bool services_are_fixed;  /* nothing is added to them by what is kept */
    uint32_t keep_blocks;     /* the last so many blocks are fetched, kept and served; 0: none */
    const char *blocks_path; /* the file for them, or NULL for memory; needed by bitcoin_new only */
    bool build_filters;      /* of the blocks that are kept (BIP158) */
    bool serve_filters;      /* those to peers (BIP157) */
    bool compare_filters;    /* ask peers for filter headers, and compare them */
    bool bloom_filters;      /* of peers are taken (BIP37) */
    const char *filters_path; /* the file for them; needed by bitcoin_new only */
    uint32_t max_headers;     /* bound of the chain in memory */
    const char *headers_path; /* file that keeps the chain; NULL: in memory alone */
    int64_t generate_ms;      /* produce a block this often; 0: never. Regtest alone */
    unsigned max_peers;       /* as the server's */
    struct peer_config peer;  /* copied */

    enum bitcoin_tx_relay tx_relay;
    int64_t tx_inbound_ms;  /* mean time between announcements to inbound peers; 5,000 */
    int64_t tx_outbound_ms; /* likewise to those we dialled; 2,000 */

    /* Finding peers; without a book no addresses are gossiped and nobody is looked for. */
    struct addrbook *book;       /* borrowed */
    struct addr_dump *dump;      /* borrowed; told of the anchors; or NULL */
    int64_t gossip_interval_ms;  /* mean time between two batches of addresses to a peer; 30,000 */
    struct net_addr listen_addr; /* what getaddr answers are kept apart by */
    uint64_t useful_services;    /* candidates need one of these bits; 0: anybody will do */
    uint32_t reachable_kinds;    /* set of ADDRBOOK_KIND_BITs, or ADDRBOOK_ALL_KINDS */
    struct net_addr anchors[ANCHORS_MAX]; /* the last run's, dialled first */
    size_t n_anchors;
    const struct net_target *seednodes; /* asked in turn for addresses; borrowed */
    size_t n_seednodes;
    unsigned full_outbound; /* full connections that the dialer keeps; 0: none are chosen */
    struct gate *gate;      /* borrowed: bans, exemptions, the journal; or NULL */
};

/* With headers_path the chain is loaded from there first. Thread: the main thread. Returns: 0,
 * PN_ENOMEM, PN_EINVAL; what opening the file gives, and then it has been logged. */
int bitcoin_new(struct bitcoin **out, const struct bitcoin_config *config);

/* Register with the server; `slots` is where the inbound places of its peers are kept.
 * Thread: the main thread, before server_start. Returns: the network's number or a pn_err. */
int bitcoin_attach(struct bitcoin *b, struct server *server, struct slots *slots);

/* The network's part of the dialer's configuration; `full`, `block_relay` and `feelers` are the
 * caller's. Thread: the main thread. */
struct dial_source bitcoin_dial_source(struct bitcoin *b);

/* Who is told when the tip is stale and another outbound connection would help. Thread: the main
 * thread, before bitcoin_start. */
void bitcoin_set_dialer(struct bitcoin *b, struct dialer *d);

/* Who hears that the active chain has changed: moved(arg) on the manager thread, which must not
 * block. Thread: the main thread, before bitcoin_start. */
void bitcoin_on_tip(struct bitcoin *b, void (*moved)(void *arg), void *arg);

/* Who hears of the blocks of the active chain one after the other: of each that is kept once it and
 * those before it are held, or, where none are kept, of each header once the headers are in sync;
 * and, when others have taken their place, of those that are no longer part of it, the last first.
 * What came before this start is not told. Called on the manager thread; must not block. */
typedef void bitcoin_follower(void *arg, const uint8_t hash[32], bool connected);
/* Thread: the main thread, before bitcoin_start. */
void bitcoin_follow(struct bitcoin *b, bitcoin_follower *fn, void *arg);

/* Start the manager thread. Thread: the main thread, before any peer exists. */
int bitcoin_start(struct bitcoin *b);

/* Ask the manager to leave, and wait for it. Thread: the main thread, after server_join: as long
 * as peers exist the manager must drain its inbox. */
void bitcoin_stop(struct bitcoin *b);

/* Thread: the main thread, after bitcoin_stop and server_free. Accepts NULL. */
void bitcoin_free(struct bitcoin *b);

/* The header chain, for the functions of bitcoin/chain/view.h alone. Thread: any.
 * Owns: the network; good until bitcoin_free. */
struct chain *bitcoin_chain(struct bitcoin *b);

/* Height of the active chain. Thread: any. */
uint32_t bitcoin_height(const struct bitcoin *b);

/* Peers that the manager knows. Thread: any. */
unsigned bitcoin_peers(const struct bitcoin *b);

/* Whether the chain has the network's minimum work and no peer is known to have more headers.
 * Thread: any. */
bool bitcoin_in_sync(const struct bitcoin *b);

/* The ids of all transactions of a block that is kept, which was checked against its header when it
 * came. Thread: any. Owns: the caller frees *txids with mem_free. Returns: 0; PN_ENOENT when the
 * block is not kept; PN_ENOMEM. */
int bitcoin_block_txids(struct bitcoin *b, uint8_t (**txids)[32], size_t *n,
                        const uint8_t hash[32]);

/* Look at a block that is kept: first at all its bytes, then at each of its transactions, with
 * witness. Either function may be NULL. Thread: any. Returns: as above. */
struct bitcoin_block_visitor {
    void (*block)(void *arg, struct bytes raw);
    void (*tx)(void *arg, const uint8_t txid[32], struct bytes raw);
    void *arg;
};
int bitcoin_visit_block(struct bitcoin *b, const struct bitcoin_block_visitor *visitor,
                        const uint8_t hash[32]);

/* As bitcoin_block_txids, of the block at a height of the active chain; one that is not kept is
 * asked of peers and checked against its header (loans.h). Thread: any that may wait; at most until
 * deadline_us, or until `quit` closes, which may be NULL. Returns: 0; PN_ENOENT when no peer has
 * such blocks; PN_ETIMEDOUT when none sent it; PN_ELIMIT when too many are asked for already;
 * PN_EQUIT; PN_ENOMEM. */
int bitcoin_fetch_txids(struct bitcoin *b, uint8_t (**txids)[32], size_t *n, const uint8_t hash[32],
                        uint32_t height, struct chan *quit, int64_t deadline_us);

/* The whole block, as a message, likewise. Owns: the caller's reference. */
int bitcoin_fetch_block(struct bitcoin *b, struct frame **block, const uint8_t hash[32],
                        uint32_t height, struct chan *quit, int64_t deadline_us);

/* What peers relay at least, in satoshi per 1,000 virtual bytes: the median of their fee filters
 * (BIP133), or 1,000 before one is known. Thread: any. */
int64_t bitcoin_relay_fee(const struct bitcoin *b);

/* Make a block on top of the chain, on regtest alone, as if it had come from a peer. `pay_to` is
 * the output script of its coinbase; anyone may spend it when that is empty. Thread: rpc; blocks
 * while the manager is busy. Returns: 0; PN_ENOENT on another network; PN_ECLOSED when the manager
 * has ended; PN_ENOMEM; what the chain says. */
int bitcoin_generate(struct bitcoin *b, uint8_t hash[32], struct bytes pay_to);

#endif
