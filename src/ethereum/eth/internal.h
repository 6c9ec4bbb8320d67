/* What the files of the protocol manager share; nobody else includes this. */
#ifndef ETHEREUM_ETH_INTERNAL_H
#define ETHEREUM_ETH_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "ethereum/eth/eth.h"
#include "ethereum/eth/inbox.h"
#include "ethereum/ethash/seals.h"
#include "ethereum/sync/downloader.h"
#include "ethereum/sync/fetcher.h"
#include "ethereum/txpool/fetcher.h"
#include "ethereum/wire/msg.h"
#include "thread/thread.h"

/* One peer as its thread `in` knows it; the subprotocol's state. */
struct eth_link {
    struct eth *net;
    unsigned version;
    struct eth_status status;          /* theirs; constant once negotiated */
    uint8_t told_head[ETH_HASH_BYTES]; /* what our Status said */
    bool told;                         /* READY was posted, so GONE must follow */
    atomic_bool wants_txs;             /* a request for transactions is under way */
};

/* Requests that a peer may owe an answer to, one of each kind at a time. */
enum pm_request {
    PM_SYNC_HEADERS,
    PM_SYNC_BODIES,
    PM_SYNC_RECEIPTS,
    PM_FETCH_HEADER,
    PM_FETCH_BODY,
    PM_TXS,
    PM_REQUESTS
};

/* One peer as the manager knows it. */
struct pm_peer {
    struct peer *peer; /* a reference */
    struct eth_link *link;
    uint64_t id;
    unsigned version;
    eth_u128 total_difficulty; /* up to eth/68 */
    uint64_t head_number;      /* since eth/69, else 0 */
    uint8_t head[ETH_HASH_BYTES];
    uint64_t pending[PM_REQUESTS]; /* request ids; 0: none */
    int64_t sent_us[PM_REQUESTS];
    unsigned unsolicited; /* answers to nothing */
};

struct eth_metrics {
    struct metric *number, *header_number, *receipts_number, *pooled, *imported, *served,
        *unsolicited, *seals;
};

struct eth {
    struct eth_config config;
    struct p2p_protocol protocol;
    unsigned number; /* the protocol's, for frames */
    struct chan inbox, quit;
    struct thread thread;
    struct seals *seals; /* NULL: they are not verified */

    struct mutex mu;
    struct eth_view view GUARDED_BY(mu); /* what other threads may see */

    struct download_board board;

    /* the manager's thread alone */
    struct pm_peer *peers; /* max_peers places, the first n_peers taken */
    unsigned n_peers;
    uint64_t last_request_id;
    struct pool pool;
    struct txfetch *txfetch;
    struct fetcher *fetcher;
    struct downloader *downloader;
    int64_t txfetch_us, fetcher_us, downloader_us, flush_us;
    bool was_syncing;
    uint64_t synced_from;        /* the head of blocks when the last sync began */
    struct eth_range told_range; /* the last one that peers of eth/69 heard */
    struct eth_metrics metrics;
};

#define PM_MESSAGE_MAX_BYTES ETH_MESSAGE_MAX_BYTES

enum {
    PM_TX_PACK_BYTES = 100 << 10,
    PM_ANNOUNCE_MAX = 4096,
    PM_MIN_BROADCAST_PEERS = 4,
    PM_UNSOLICITED_MAX = 64,
};

/* --- link.c: thread in --- */
void link_fill_protocol(struct eth *e);

/* --- manager.c --- */
void pm_run(void *arg);
struct pm_peer *pm_find(struct eth *e, uint64_t id);
void pm_publish(struct eth *e);
void pm_disconnect(struct pm_peer *p, int reason);

/* --- send.c --- */
/* Encode for the peer's version and queue. Returns: whether it went out. */
bool pm_send(struct eth *e, struct pm_peer *p, const struct eth_msg *m);
/* Likewise a request, which gets an id and a place among the pending ones. */
bool pm_ask(struct eth *e, struct pm_peer *p, enum pm_request kind, struct eth_msg *m);
/* Which request a message answers; it is then no longer pending. Returns: PM_REQUESTS for none. */
enum pm_request pm_answered(struct eth *e, struct pm_peer *p, const struct eth_msg *m);

/* --- blocks.c --- */
extern const struct fetcher_ops pm_fetcher_ops;
void blocks_announced(struct eth *e, struct pm_peer *p, const struct eth_msg *m);
void blocks_arrived(struct eth *e, struct pm_peer *p, const struct eth_msg *m);
/* A new peer hears of a head that has come since our Status was written. */
void blocks_sync(struct eth *e, struct pm_peer *p);
/* We have caught up: those who wait for news of us hear of our head, as in go-ethereum
 * (eth/sync.go, doSync), or in a network shaped like a star nobody would hear of a block that was
 * synced. */
void blocks_announce_head(struct eth *e);
/* The head of blocks has moved: tell peers of eth/69, forget mined transactions. */
void blocks_head_moved(struct eth *e);
void blocks_note_mined(struct eth *e, const struct eth_body *body);
/* The nonces that the last blocks have used. */
void blocks_recall_mined(struct eth *e);

/* --- txs.c --- */
extern const struct txfetch_ops pm_txfetch_ops;
void txs_announced(struct eth *e, struct pm_peer *p, const struct eth_msg *m);
void txs_arrived(struct eth *e, struct pm_peer *p, struct eth_payload *payload);
/* A new peer hears of what the pool holds. */
void txs_sync(struct eth *e, struct pm_peer *p);

/* One of our own: to the pool, and to the peers. Owns: takes t when it returns 0. Returns: as
 * pool_add. */
int txs_submit(struct eth *e, struct pool_tx *t);

/* --- orders.c --- */
void orders_run(struct eth *e, struct eth_order *order);

/* --- syncer.c --- */
extern const struct downloader_ops pm_downloader_ops;

#endif
