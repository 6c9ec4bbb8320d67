/* The manager thread: sole owner of the header chain and of what its parts decide. It turns once
 * for every message in its inbox, and at the times its parts name.
 *
 * A part is a table of functions, one file's, called on the manager's thread alone; its state is a
 * member of struct bitcoin and, for each peer, of struct manager_peer. A new part is a number here
 * and a row in parts.c; a new kind of message is an event of inbox.h and a row in parts.c. */
#ifndef BITCOIN_MANAGER_H
#define BITCOIN_MANAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "bitcoin/inbox.h"

struct bitcoin;
struct chain_result;
struct manager_peer;

/* In the order in which they are told. */
enum manager_part_id {
    PART_ADDR_RELAY,
    PART_SYNC,
    PART_GENERATE,
    PART_BLOCKS,
    PART_FOLLOW,
    PART_LOANS,
    PART_RELAY_FEE,
    PART_OUTBOUND_WATCH,
    PART_COUNT
};

/* Every function may be missing. */
struct manager_part {
    /* Set up the part's own state; before the thread runs. Returns: 0 or a pn_err. */
    int (*init)(struct bitcoin *b);
    /* Undo init, also one that failed or has not been called; after the thread has ended. */
    void (*free)(struct bitcoin *b);
    /* The peer is in b->peers now. All parts are ticked right after. */
    void (*peer_ready)(struct bitcoin *b, struct manager_peer *s);
    /* The peer is in b->peers no more; the struct is good until this returns. */
    void (*peer_gone)(struct bitcoin *b, struct manager_peer *s);
    /* The active chain has changed, and the gauges and the announcement are done. */
    void (*tip_moved)(struct bitcoin *b, const struct chain_result *r);
    /* The time that it named has come. Called between two messages however many wait, so no flood
     * can hold it up. Returns: when to be called next (monotonic), CLOCK_NEVER for not by itself.*/
    int64_t (*tick)(struct bitcoin *b, int64_t now_us);
};

/* The parts, and who takes which message: the manager knows none of them by name. */
struct manager_table {
    const struct manager_part *parts[PART_COUNT];
    void (*handlers[MANAGER_EVENTS])(struct bitcoin *b, struct manager_peer *s,
                                     struct manager_payload *payload);
    void (*generate)(struct bitcoin *b, struct manager_generate *order);
};
extern const struct manager_table bitcoin_parts; /* parts.c */

/* Have a part ticked at `at_us` or earlier. Thread: manager. */
void manager_due(struct bitcoin *b, enum manager_part_id part, int64_t at_us);

/* Returns: NULL when the peer is not there. Thread: manager. */
struct manager_peer *manager_find_peer(struct bitcoin *b, uint64_t id);

/* Headers were added to the chain: have them saved. Thread: manager; never blocks. */
void manager_chain_grew(struct bitcoin *b);

/* Set up the places for peers, and the parts of the table. Thread: the main thread. Returns: 0 or a
 * pn_err, and then manager_free is still needed. */
int manager_init(struct bitcoin *b, const struct manager_table *table);
void manager_free(struct bitcoin *b);

/* The thread. */
void manager_run(void *arg);

/* The active chain has changed: tell gauges, peers and parts. `holds_block` tells whether the tip's
 * block can be served. Thread: manager. */
void manager_tip_moved(struct bitcoin *b, const struct chain_result *r, bool holds_block);

#endif
