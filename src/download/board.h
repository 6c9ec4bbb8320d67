/* The rating table as other threads may see it: the owner of a set of peers posts it now and then,
 * anybody looks at what was posted last. */
#ifndef DOWNLOAD_BOARD_H
#define DOWNLOAD_BOARD_H

#include "base/mutex.h"
#include "download/peers.h"

#define DOWNLOAD_POST_US INT64_C(200000) /* between two posts, at least */

/* One peer's place in it; times in microseconds. */
struct download_rating {
    uint64_t id;
    int64_t rtt_us;
    unsigned lacking; /* what it was asked for and did not have */
    struct {
        bool busy;
        double throughput; /* items a second */
        unsigned capacity; /* items that it would be asked for now */
    } work[DOWNLOAD_KINDS_MAX];
};

/* What is estimated of all together. */
struct download_estimate {
    int64_t rtt_us;    /* the target for a request */
    int64_t ttl_us;    /* after which an answer counts as missing */
    double confidence; /* in the estimate, above 0 and at most 1 */
};

struct download_board {
    struct mutex mu;
    unsigned max_peers;
    int64_t post_at_us; /* the owner's */
    struct download_estimate estimate GUARDED_BY(mu);
    struct download_rating *ratings; /* max_peers places, which mu guards */
    unsigned n GUARDED_BY(mu);
};

/* Returns: 0 or PN_ENOMEM; download_board_free undoes both. */
int download_board_init(struct download_board *b, unsigned max_peers);

/* Accepts a zeroed struct. */
void download_board_free(struct download_board *b);

/* Post what the set says now, unless that was done a moment ago. Thread: the owner of the set. */
void download_board_post(struct download_board *b, const struct download_peers *set);

/* Copy the table out; the best are not necessarily first. Thread: any. Owns: the caller frees
 * *ratings (mem_free). Returns: how many, or PN_ENOMEM. */
int download_board_look(struct download_board *b, struct download_estimate *estimate,
                        struct download_rating **ratings);

#endif
