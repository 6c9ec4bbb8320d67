/* Filter headers of peers, compared (BIP157, "Client Operation"): what at least two peers say, and
 * none of those asked denies, is taken.
 *
 * Checkpoints first: as far as all agree on them, one peer is asked for what lies between two and
 * must meet them. Beyond, all are asked for the same headers. Where they differ, each is asked for
 * the filter that it has spoken of, and the block is fetched: who cannot show it, or shows one that
 * cannot be the block's, has lied and is blamed; nobody else is. When more than one claim is left,
 * nothing is decided: it is said, and tried again later or when other peers come. A peer that does
 * not answer, or builds on another past than the one that was agreed on, is left out for a while
 * without blame; when all of them do, the past is forgotten and learned anew.
 *
 * A state machine without I/O. Thread: all calls from the one thread that owns it. Times are
 * microseconds of clock_mono_us. */
#ifndef BITCOIN_FILTERSYNC_FILTERSYNC_H
#define BITCOIN_FILTERSYNC_FILTERSYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "bitcoin/wire/header.h"

#define FILTERSYNC_PEERS_MAX 8
#define FILTERSYNC_AGREE_MIN 2 /* peers */

#define FILTERSYNC_ANSWER_US INT64_C(30000000)
#define FILTERSYNC_REST_US   INT64_C(600000000)
#define FILTERSYNC_SILENT_US \
    INT64_C(60000000) /* the first time; it doubles up to FILTERSYNC_REST_US */
#define FILTERSYNC_SETTLE_US \
    INT64_C(3000000) /* before a new tip is asked about: peers get it, too */

/* Where the headers that were agreed on end. */
struct filtersync_end {
    uint32_t next;                                         /* the first height without one */
    uint8_t block[BTC_HASH_BYTES], header[BTC_HASH_BYTES]; /* of the one before; zero for none */
};

struct filtersync_ops {
    /* The active chain. hash_at returns false above the tip. */
    uint32_t (*tip)(void *arg);
    bool (*hash_at)(void *arg, uint8_t hash[BTC_HASH_BYTES], uint32_t height);

    /* What was agreed on. Changes return 0 or a pn_err, after which it is tried again later. */
    int (*end)(void *arg, struct filtersync_end *out);
    int (*append)(void *arg, uint32_t first, const uint8_t (*filter_hashes)[BTC_HASH_BYTES],
                  size_t n);
    int (*take_back)(void *arg, uint32_t next); /* all from that height on */

    /* Hashes of filters that are known for sure, from `first` on. Returns: how many, 0 to n. */
    size_t (*known)(void *arg, uint8_t (*filter_hashes)[BTC_HASH_BYTES], uint32_t first, size_t n);

    /* Messages to a peer. ask_block is for the block of a filter that is asked for, and may be
     * asked of several. */
    void (*ask_checkpoints)(void *arg, uint64_t peer, const uint8_t stop[BTC_HASH_BYTES]);
    void (*ask_headers)(void *arg, uint64_t peer, uint32_t first,
                        const uint8_t stop[BTC_HASH_BYTES]);
    void (*ask_filter)(void *arg, uint64_t peer, uint32_t height,
                       const uint8_t block[BTC_HASH_BYTES]);
    void (*ask_block)(void *arg, uint64_t peer, const uint8_t block[BTC_HASH_BYTES]);
    bool (*has_block)(void *arg, const uint8_t block[BTC_HASH_BYTES]);

    /* Whether a filter can be that of the block, which is there. Returns: 0 when it can; PN_ENOMEM;
     * or why not. */
    int (*judge)(void *arg, const uint8_t block[BTC_HASH_BYTES], struct bytes filter);

    /* Part from a peer that has lied; filtersync_peer_gone follows later, from outside. */
    void (*blame)(void *arg, uint64_t peer, uint32_t height, int reason);
    /* A disagreement is over: whether it was decided. */
    void (*settled)(void *arg, uint32_t height, bool decided);
};

struct filtersync;

/* Owns: ops are static, arg is the caller's. Returns: NULL when there is no memory. */
struct filtersync *filtersync_new(const struct filtersync_ops *ops, void *arg);
void filtersync_free(struct filtersync *s); /* accepts NULL */

/* A peer that serves filters. Returns: false when there are FILTERSYNC_PEERS_MAX already. */
bool filtersync_peer_ready(struct filtersync *s, uint64_t peer);
void filtersync_peer_gone(struct filtersync *s, uint64_t peer);

/* Its answers; what was not asked for is passed over. Each wants filtersync_tick afterwards. */
void filtersync_checkpoints(struct filtersync *s, uint64_t peer, const uint8_t stop[BTC_HASH_BYTES],
                            const uint8_t (*headers)[BTC_HASH_BYTES], size_t n);
void filtersync_headers(struct filtersync *s, uint64_t peer, const uint8_t stop[BTC_HASH_BYTES],
                        const uint8_t prev[BTC_HASH_BYTES],
                        const uint8_t (*filter_hashes)[BTC_HASH_BYTES], size_t n);
void filtersync_filter(struct filtersync *s, uint64_t peer, const uint8_t block[BTC_HASH_BYTES],
                       struct bytes filter);

/* The tip of the active chain has moved. */
void filtersync_tip_moved(struct filtersync *s);

/* Do what is due. Returns: when to be called again, CLOCK_NEVER for not by itself. */
int64_t filtersync_tick(struct filtersync *s);

/* Whether all headers up to the tip were agreed on when it was last looked at. */
bool filtersync_done(const struct filtersync *s);

#endif
