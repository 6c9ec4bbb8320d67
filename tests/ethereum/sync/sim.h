/* A downloader with peers that are made up: they answer from chains in memory after a time of their
 * own, on the test clock, some of them falsely, late or not at all. */
#ifndef TESTS_ETHEREUM_SYNC_SIM_H
#define TESTS_ETHEREUM_SYNC_SIM_H

#include "ethereum/sync/downloader.h"
#include "maker.h"

enum sim_kind {
    SIM_HONEST,
    SIM_SILENT,       /* never answers */
    SIM_EMPTY,        /* answers with nothing */
    SIM_WRONG_GAPS,   /* swaps two headers within a gap */
    SIM_WRONG_BODIES, /* sends another block's body */
    SIM_HEAVY_BODY,   /* earns trust, then sends one large body that is no block's for many */
};

#define SIM_PEERS_MAX 16
#define SIM_MANY      32 /* bodies */

struct sim_chain {
    struct made_block *blocks; /* numbers 1 to n */
    unsigned n;
};

struct sim_peer {
    uint64_t id;
    enum sim_kind kind;
    const struct sim_chain *chain;
    int64_t latency_us;
    unsigned asked, dropped;
    int reason;
};

struct sim {
    struct eth_params params;
    struct eth_chain *chain;
    struct downloader *d;
    struct sim_peer peers[SIM_PEERS_MAX];
    unsigned n_peers;
    struct sim_event *events;
    unsigned starve_each; /* for one of so many answers there is no memory; 0: for all there is */
    unsigned answers;
    unsigned full_each; /* likewise, behind it the chain is written and the disk is full */
    char folder[32], path[48];
};

/* n blocks behind a parent, with transactions in every second one. */
void sim_make_chain(struct sim_chain *c, const struct eth_params *p,
                    const struct eth_header *parent, unsigned n, unsigned seconds, unsigned tag);
void sim_free_chain(struct sim_chain *c);

/* The body that SIM_HEAVY_BODY sends. Owns: the caller. */
void sim_heavy_body(struct buf *out);

/* A downloader on an empty chain file. sim->params must be filled; `trusted` may be NULL. */
void sim_begin(struct sim *s, const uint8_t *trusted);
void sim_end(struct sim *s);

struct sim_peer *sim_add(struct sim *s, enum sim_kind kind, const struct sim_chain *c,
                         int64_t latency_ms);

/* Let time pass until the head of blocks has this number and hash. Returns: simulated seconds, or
 * -1 after at most max_s of them. */
double sim_run(struct sim *s, const struct eth_header *until, unsigned max_s);

#endif
