/* What one peer sends of headers, on its own thread `in`: which batches are taken, what is held
 * off, what is asked for next. All that needs no decision between peers happens here, in parallel
 * for all of them; the manager gets batches whose work is proven and enough.
 *
 * A batch that leads to a chain of enough work goes to the manager, and while the manager follows
 * this peer the next one is asked for before this one is checked. One that does not is held off by
 * chain/presync.h. A large batch that nobody asked for is not looked at. */
#ifndef BITCOIN_HEADER_SESSION_H
#define BITCOIN_HEADER_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bitcoin/chain/presync.h"
#include "bitcoin/wire/msg.h"
#include "peer/peer.h"

/* Headers that may come, and are sent, without being asked for (Core, MAX_BLOCKS_TO_ANNOUNCE). */
#define HEADERS_ANNOUNCED_MAX 8

struct header_session {
    atomic_bool following; /* set by the manager: after a full batch ask for the next at once */
    atomic_int owed;       /* getheaders that were sent and may still be answered */

    /* by thread in, for others: how high a chain of little work has been counted; 0: none is */
    atomic_uint counted_height;

    /* thread in */
    struct presync *presync;
    int64_t no_presync_before_us; /* after one that came to nothing */
    unsigned failures;            /* of them */
    unsigned strays;              /* batches that did not continue the one under way */
    unsigned unasked;             /* large batches that nobody asked for */
    bool has_tail;
    struct chain_point tail; /* of what was last given to the manager, which may not have it yet */
};

/* A `headers` message. Thread: in. Returns: 0 or the reason to part. */
int header_session_take(struct peer *p, const struct btc_headers *m);

/* A getheaders that asks this peer for what follows `last`. Thread: any.
 * Owns: returns a reference, or NULL when there is no memory. */
struct frame *header_session_request(struct peer *p, const uint8_t last[BTC_HASH_BYTES]);

void header_session_free(struct header_session *h);

#endif
