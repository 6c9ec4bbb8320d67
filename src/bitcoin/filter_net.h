/* Block filters (BIP157, BIP158): a thread of its own that owns the database of filters, so that
 * the disk holds up nobody else. It follows the active chain and makes the filter of each block
 * that is kept (filter_index.c), and compares the filter headers of peers (filter_client.c). Peers
 * that ask are answered on their own threads (filter_serve.c). */
#ifndef BITCOIN_FILTER_NET_H
#define BITCOIN_FILTER_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "bitcoin/filterdb/filterdb.h"
#include "bitcoin/wire/msg.h"

struct bitcoin;
struct btc_peer;
struct filter_net;
struct peer;

/* *out becomes NULL when the configuration asks for no filters; the other functions accept that.
 * filter_net_stop like bitcoin_stop, once no peer is left. Thread: the main thread. Returns: 0 or a
 * pn_err, which has been logged. */
int filter_net_new(struct filter_net **out, struct bitcoin *b);
int filter_net_start(struct filter_net *n);
void filter_net_stop(struct filter_net *n);
void filter_net_free(struct filter_net *n);

/* The tip has moved, or a block has come. Thread: any; never blocks. */
void filter_net_wake(struct filter_net *n);

/* Whether filters are served, and reach to the tip but for what has just come. Thread: any. */
bool filter_net_offers(const struct filter_net *n);

/* How far one kind of rows reaches, and whether that is the tip. Thread: any. Returns: false when
 * it is not kept at all. */
struct filter_progress {
    uint32_t height; /* of the last row; without one 0 */
    bool any, synced;
};
bool filter_net_progress(const struct filter_net *n, struct filter_progress *out,
                         enum filterdb_kind kind);

/* The row of a block of the active chain; with `filter` (may be NULL) the filter is appended.
 * Thread: any. Returns: 0; PN_ENOENT when there is none yet, or the row is another block's; another
 * pn_err. */
int filter_net_row(struct filter_net *n, enum filterdb_kind kind, struct filter_row *out,
                   struct buf *filter, uint32_t height, const uint8_t hash[BTC_HASH_BYTES]);

/* The handshake is done; and the end, in any case. Thread: in; the last of the peer's.
 * Returns: 0 or PN_EQUIT. */
int filter_net_peer_ready(struct peer *p);
void filter_net_peer_gone(struct peer *p);

/* An answer of a peer: cfilter, cfheaders, cfcheckpt. One that was not asked for is passed over.
 * Thread: in. Returns: 0, PN_EQUIT, PN_ENOMEM. */
int filter_net_answer(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);

/* A block has passed all checks and is held: it may be one that a dispute is about. Thread: in.
 * Returns: 0 or PN_EQUIT. */
int filter_net_block(struct peer *p, const uint8_t hash[BTC_HASH_BYTES]);

/* --- filter_serve.c: thread in --- */
int filter_serve_filters(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);
int filter_serve_headers(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);
int filter_serve_checkpoints(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);

#endif
