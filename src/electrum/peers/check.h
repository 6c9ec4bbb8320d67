/* Checking one server's word: what is said to it, and what its answers come to. A state machine
 * without I/O, after ElectrumX (peers.py, _verify_peer):
 *
 *   server.version, and then together
 *   headers.subscribe: a height within 5 of ours; then block.header at the lower tip - 10, which
 *                      must be our header to the byte
 *   features:          our genesis, and the server's host among its own
 *   peers.subscribe:   a list, of which two are noted
 *   add_peer:          if we announce ourselves and are not in that list */
#ifndef ELECTRUM_PEERS_CHECK_H
#define ELECTRUM_PEERS_CHECK_H

#include "base/buf.h"
#include "electrum/chain/chain_source.h"
#include "electrum/peers/table.h"

#define CHECK_MAX_HEIGHT_DIFF 5
#define CHECK_SPLIT_DEPTH     10
#define CHECK_LINES_MAX       64 /* that a server may say before it is done */

/* One server that another one names. */
struct check_named {
    char host[PEERS_HOST_BYTES];
    uint16_t tcp_port, ssl_port;
};

struct check_setup {
    const struct electrum_chain *chain; /* borrowed */
    uint8_t genesis_hash[ELECTRUM_HASH_BYTES];
    const char *software;     /* ours */
    const char *host;         /* the server's, lower case; borrowed */
    const char *our_features; /* JSON, borrowed; NULL: we do not announce ourselves */
    const char *our_host;     /* as announced, lower case; borrowed; NULL likewise */
};

struct check {
    struct check_setup setup;
    unsigned waiting; /* set of enum check_request */
    unsigned lines;
    uint32_t header_height; /* what was asked for */
    bool knows_us;
    struct peers_verdict verdict;
    struct check_named named[PEERS_NOTED_EACH];
    unsigned n_named, seen_named;
};

void check_init(struct check *c, const struct check_setup *setup);

/* Append the first line to say. */
void check_begin(struct check *c, struct buf *out);

/* Take a line, and append what to say next. Returns: 0: go on; PN_EDONE when it verified; else the
 * reason to part. With either, c->verdict is set. */
int check_line(struct check *c, struct buf *out, const char *line, size_t len);

/* A verdict from outside: it did not come to an end. The first one stays. */
void check_fail(struct check *c, const char *reason);

#endif
