/* What the files of this folder share: the network, its peers' state, the manager's inbox. */
#ifndef BITCOIN_INTERNAL_H
#define BITCOIN_INTERNAL_H

#include <stdatomic.h>

#include "addrbook/addrbook.h"
#include "base/arena.h"
#include "bitcoin/bitcoin.h"
#include "bitcoin/blocks.h"
#include "bitcoin/bloom_net.h"
#include "bitcoin/chain/chain.h"
#include "bitcoin/chain/view.h"
#include "bitcoin/frames.h"
#include "bitcoin/gossip.h"
#include "bitcoin/header_leads.h"
#include "bitcoin/header_session.h"
#include "bitcoin/headerdb/saver.h"
#include "bitcoin/inbox.h"
#include "bitcoin/loans.h"
#include "bitcoin/manager.h"
#include "bitcoin/nonces.h"
#include "bitcoin/tx_net.h"
#include "bitcoin/txrelay/tx_told.h"
#include "bitcoin/wants.h"
#include "bitcoin/wire/frame.h"
#include "bitcoin/wire/msg.h"
#include "crypto/siphash.h"
#include "dial/dialer.h"
#include "dial/score.h"
#include "peer/known.h"
#include "thread/chan.h"
#include "thread/thread.h"

#define BTC_PROTOCOL_VERSION     70017 /* Core 31.99, node/protocol_version.h */
#define BTC_MIN_PROTOCOL_VERSION 31800 /* likewise, MIN_PEER_PROTO_VERSION */

/* Nodes asked for addresses that are remembered; asked one in 3 s, these are more than can be
 * within the ten minutes for which none is asked again. */
#define BTC_FETCHED_MAX 256

/* One peer as the protocol knows it. The fields before `wants_headers` are written by thread `in`
 * during the handshake and do not change once the peer is ready. */
struct btc_peer {
    struct bitcoin *net;
    struct arena arena; /* thread in: the message under way */
    int32_t version;    /* the lower of both sides' */
    uint64_t services;
    int32_t start_height;
    int64_t time_offset_s; /* theirs minus ours */
    atomic_bool relay;     /* wants transactions announced; also later, by bloom_net.c */
    bool wtxid_relay, addr_v2;
    struct net_addr seen_us_at;    /* our address as they see it */
    bool told_manager;             /* READY was posted, so GONE must follow */
    struct manager_peer *managed;  /* thread manager */
    struct header_session headers; /* thread in, but for what it says itself */
    struct gossip gossip;          /* thread in */
    struct bytes raw;              /* thread in: the payload of the message under way */
    const uint8_t *framed;         /* thread in: the same as struct peer_message has it, or NULL */
    struct block_wants wants;      /* blocks that were asked of it */
    struct compact_partial *partial; /* thread in: the compact block under way, or NULL */
    atomic_int compact;              /* enum compact_mode */
    atomic_bool announces;           /* asked to announce by compact blocks; by manager */
    atomic_uint shown_height;        /* of manager_peer, for others */
    struct score score;              /* of harmless requests in bulk */
    bool told_filters;               /* as told_manager, for the comparison of filter headers */
    atomic_uint filter_answers_due;
    struct peer_bloom bloom;
    bool told_tx_net; /* as told_manager, for the relay of transactions */
    int tx_place;     /* thread tx_relay: there; negative for none */
    struct tx_told tx_told;
    char user_agent[BTC_USER_AGENT_MAX + 1];
    atomic_int_fast64_t last_block_us; /* it last showed a header that was new */
    atomic_int_fast64_t last_tx_us;    /* it last sent a transaction that was */
    atomic_bool wants_headers;         /* sent sendheaders, BIP130 */
    atomic_int_fast64_t fee_filter_sat_per_kvb;
};

static inline struct btc_peer *btc_peer_of(const struct peer *p)
{
    return peer_proto_data(p);
}

/* One peer as the manager knows it; it does not move as long as the peer is there. */
struct manager_peer {
    struct peer *peer; /* a reference */

    /* sync.c */
    struct header_lead lead;
    uint32_t shown_height; /* highest header it sent; a batch that does not raise it ends a sync */
    unsigned unconnected;  /* batches in a row whose parent was unknown */
    bool in_flight;        /* a getheaders is unanswered */
    bool again;            /* something was announced meanwhile */
    bool low_work;         /* a chain of little work is under way, which nothing may interrupt */
    int64_t more_us;       /* when what follows more_after is asked for; CLOCK_NEVER: not */
    uint8_t more_after[BTC_HASH_BYTES];

    /* blocks.c: what fetch knows of the two heights above */
    int64_t fetch_claims;
    uint32_t fetch_shown;

    /* addr_relay.c */
    struct known addrs_known;         /* told to it, or by it */
    struct addrbook_seen *addr_queue; /* for the next flush; NULL while there are none */
    size_t addr_queued;
    int64_t addr_flush_us, self_announce_us, fetch_end_us;

    /* outbound_watch.c */
    struct {
        int64_t deadline_us; /* by which it shows a header at this height; 0: it keeps up */
        uint32_t height;
        bool asked;   /* for the last time */
        bool guarded; /* never parted from for being behind */
    } watch;
};

struct bitcoin_metrics {
    struct metric *height, *tip_time, *validated, *reorgs, *reorg_depth;
};

struct bitcoin {
    struct bitcoin_config config;
    unsigned network; /* the server's number for it */
    struct nonces nonces;
    struct blocks blocks;
    struct block_loans loans;
    struct tx_net *tx;
    struct filter_net *filters; /* or NULL */
    atomic_uint height;
    atomic_bool in_sync;
    atomic_uint known_peers;

    struct chan inbox, quit;
    struct thread thread;

    struct headerdb *headerdb;  /* until the saver has it; or NULL */
    struct header_saver *saver; /* or NULL */

    /* the manager's thread alone; others by way of chain/view.h */
    struct chain chain;

    /* the manager's thread alone */
    const struct manager_table *table;
    struct manager_peer **peers; /* max_peers of them, the first n_peers in use */
    struct manager_peer *places; /* what they point to */
    unsigned n_peers;
    int64_t due_us[PART_COUNT];
    struct header_leads leads;
    int64_t low_work_us;    /* when a chain of little work may go on next */
    int64_t generate_at_us; /* 0: not yet set */
    struct bitcoin_metrics metrics;
    struct siphash_key relay_key; /* who hears of which address */
    int64_t collisions_us;
    int64_t tip_moved_us;
    bool tip_stale;
    unsigned n_guarded; /* outbound_watch.c */

    atomic_int_fast64_t relay_fee; /* satoshi per 1,000 virtual bytes; relay_fee.c */
    struct {
        bitcoin_follower *fn; /* or NULL */
        void *arg;
        uint8_t at[BTC_HASH_BYTES]; /* the last block that it was told of */
    } follow;                       /* follow.c */
    void (*tip_listener)(void *arg);
    void *tip_listener_arg;

    struct dialer *dialer; /* or NULL */

    /* thread dialer */
    size_t anchors_used, seeds_asked;
    int64_t next_seed_us, next_fetch_us;
    unsigned wanting; /* places that stay empty */
    struct {
        struct net_addr addr;
        int64_t at_us;
        bool reached;
    } fetched[BTC_FETCHED_MAX]; /* whom we asked for addresses lately, the oldest next to go */
    unsigned n_fetched;
};

/* --- bitcoin.c --- */
/* Whether we make connections to this kind of network. */
static inline bool bitcoin_reaches(const struct bitcoin *b, enum net_kind kind)
{
    return b->config.reachable_kinds == ADDRBOOK_ALL_KINDS ||
           (b->config.reachable_kinds & ADDRBOOK_KIND_BIT(kind));
}

/* --- proto.c --- */
extern const struct peer_proto_ops btc_proto_ops;
int btc_attach(void *arg, struct peer_setup *setup);
void btc_detach(void *arg, struct peer_setup *setup);

/* --- transport.c --- */
extern const struct peer_transport_ops btc_transport_ops;
void *btc_transport_new(const uint8_t magic[BTC_MAGIC_BYTES]);

/* --- handshake.c, handlers.c: thread in --- */
int btc_negotiate(struct peer *p);
int btc_handle(struct peer *p, const struct peer_message *m);

/* --- the parts of the manager, and the handlers of its messages: thread manager --- */
extern const struct manager_part follow_part;
extern const struct manager_part outbound_watch_part;
extern const struct manager_part relay_fee_part;
extern const struct manager_part sync_part;
void sync_headers(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload);
void sync_more(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload);
/* The peer has shown a header of this height. */
void sync_shown(struct manager_peer *s, uint32_t height);
/* Ask the peer for the headers behind our tip. */
void sync_ask(struct bitcoin *b, struct manager_peer *s);
void sync_block_inv(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload);

/* Each answer ends the peer_hold of its request. */
void serve_getheaders(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload);
void serve_getblocks(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload);

/* The active chain has changed: tell the gauges, and the peers when it is news rather than
 * history. By way of manager_tip_moved alone. */
void serve_tip_moved(struct bitcoin *b, const struct chain_result *r, bool holds_block);

/* Tell peers of the blocks of the active chain from a height on: of a few by their headers, of more
 * by the last one's inv, or not at all when that is not held. */
void serve_announce(struct bitcoin *b, uint32_t first_height, bool holds_block);

/* Send a frame at once to every peer for which want(peer, hash) holds. Owns: takes the reference;
 * NULL is passed over. */
void serve_news(struct bitcoin *b, struct frame *f,
                bool (*want)(struct peer *p, const uint8_t hash[32]), const uint8_t hash[32]);

extern const struct manager_part addr_relay_part;
void addr_relay_addrs(struct bitcoin *b, struct manager_peer *from,
                      struct manager_payload *payload);

extern const struct manager_part generate_part;
void generate_ordered(struct bitcoin *b, struct manager_generate *order);

/* --- source.c: thread dialer --- */
int source_choose(void *arg, struct dial_candidate *out, enum conn_kind kind);
int source_choose_first(void *arg, struct dial_candidate *out);
void source_wanting(void *arg, unsigned places);
void source_tried(void *arg, const struct net_addr *addr, enum conn_kind kind, int result);

#endif
