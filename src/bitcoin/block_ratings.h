/* How good the peers are at delivering blocks, and what each of them owes, as other threads may see
 * it: the manager posts it now and then, anybody looks at what was posted last. */
#ifndef BITCOIN_BLOCK_RATINGS_H
#define BITCOIN_BLOCK_RATINGS_H

#include "bitcoin/fetch/fetch.h"
#include "download/board.h"

struct block_ratings {
    struct download_board board;
    unsigned max_peers;
    int64_t post_at_us; /* the manager's */
    struct mutex mu;
    struct fetch_peer_view *views; /* max_peers places, which mu guards */
    unsigned n GUARDED_BY(mu);
};

struct block_rating {
    struct download_rating rating;
    struct fetch_peer_view owes;
};

/* Returns: 0 or PN_ENOMEM; block_ratings_free undoes both. */
int block_ratings_init(struct block_ratings *r, unsigned max_peers);

/* Accepts a zeroed struct. */
void block_ratings_free(struct block_ratings *r);

/* Post what the scheduler says now, unless that was done a moment ago. Thread: manager. */
void block_ratings_post(struct block_ratings *r, const struct fetch *f);

/* Copy it out. Where no blocks are fetched (a zeroed struct) there are no ratings. Thread: any.
 * Owns: the caller frees *out (mem_free). Returns: how many, or PN_ENOMEM. */
int block_ratings_look(struct block_ratings *r, struct download_estimate *estimate,
                       struct block_rating **out);

#endif
