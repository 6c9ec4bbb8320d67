/* What `p2pnode ctl top` shows, as lines of text, without a terminal: answers of the node go in,
 * peers in the wanted order come out. */
#ifndef CTL_TOP_VIEW_H
#define CTL_TOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/json.h"

#define TOP_PEERS_MAX  4096
#define TOP_LINE_BYTES 512

enum top_column {
    TOP_ID,
    TOP_DIRECTION,
    TOP_TYPE,
    TOP_NETWORK,
    TOP_PING,
    TOP_IN_RATE,
    TOP_OUT_RATE,
    TOP_IN,
    TOP_OUT,
    TOP_AGE,
    TOP_ADDRESS,
    TOP_COLUMNS
};

struct top_peer {
    int64_t id;
    bool inbound;
    char type[24], network[8], address[72], version[80]; /* printable ASCII */
    double ping_ms, age_s;                               /* -1: not known */
    double in, out;                                      /* bytes */
    double in_rate, out_rate;                            /* a second; 0 until seen twice */
};

/* The last answers of the node, in which a member may be NULL. */
struct top_answers {
    cJSON *network; /* getnetworkinfo */
    cJSON *chain;   /* getblockchaininfo */
    cJSON *totals;  /* getnettotals */
    cJSON *uptime;
    cJSON *ethereum; /* net_peerCount */
    cJSON *peers;    /* getpeerinfo */
};

struct top_view {
    struct top_peer *peers; /* sorted */
    unsigned n;
    enum top_column by;
    bool reverse;
    int64_t taken_us; /* monotonic; 0: nothing was taken yet */
    double total_in, total_out, in_rate, out_rate;
    char head[2][TOP_LINE_BYTES]; /* about the node as a whole */
};

/* Take what the node has answered at `now_us`; rates are against what was taken before. Returns: 0
 * or PN_ENOMEM, and then the old peers stay. */
int top_take(struct top_view *v, const struct top_answers *a, int64_t now_us);

/* Order by this column, or the other way round when it is by this one already. */
void top_sort_by(struct top_view *v, enum top_column by);

/* The line above the peers, and that of one peer; at most `width` characters. */
void top_title(char out[TOP_LINE_BYTES], const struct top_view *v, unsigned width);
void top_line(char out[TOP_LINE_BYTES], const struct top_peer *p, unsigned width);

/* The key that sorts by a column. */
char top_key(enum top_column column);

void top_free(struct top_view *v);

#endif
