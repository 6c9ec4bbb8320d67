/* Candidates for the dialer: nodes that discovery finds wait in a bounded channel. While it is full
 * nothing is looked for: the consumer's pace is the producer's. Half of what is offered comes from
 * the table, spread over its buckets, half from lookups of random targets, at most one in 4 s
 * (go-ethereum p2p/dial.go).
 *
 * Thread: the discovery thread's, but for the channel's other end. */
#ifndef ETHEREUM_DISCOVERY_CANDIDATES_H
#define ETHEREUM_DISCOVERY_CANDIDATES_H

#include "ethereum/discv4/discv4.h"
#include "thread/chan.h"

#define CANDIDATES_WAITING 32
#define CANDIDATES_MEMORY  256 /* nodes offered lately are not offered again for a while */

/* Whether a node that announces this fork identifier may be on our chain. Thread: discovery. */
typedef bool eth_fork_filter(void *arg, const struct eth_fork_id *fork_id);

struct candidates {
    struct chan chan;
    eth_fork_filter *filter; /* may be NULL */
    void *filter_arg;
    struct eth_node found[DISCV4_LOOKUP_RESULTS]; /* by the last lookup, not yet offered */
    unsigned n_found;
    bool looking_up;
    int64_t next_us;
    struct {
        uint8_t id[ETH_ID_BYTES];
        int64_t at_us;
    } offered[CANDIDATES_MEMORY]; /* a ring */
    unsigned next_offered;
};

/* Returns: 0 or PN_ENOMEM. */
int candidates_init(struct candidates *c, eth_fork_filter *filter, void *filter_arg);
void candidates_destroy(struct candidates *c);

/* Look for more, and offer what there is, as far as there is room. */
void candidates_tick(struct candidates *c, struct discv4 *d, int64_t now_us);

#endif
