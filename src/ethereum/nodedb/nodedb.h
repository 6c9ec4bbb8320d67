/* The node database: what was learned about nodes survives a restart. One file (store/db.h); rows
 * by node id and IP address, so that a proof holds for the address it was given from. Rows of
 * another version of the format are thrown away, and a file that is no database is set aside: what
 * was in it can be learned again.
 *
 * Names and rules: go-ethereum p2p/enode/nodedb.go. Thread: the owner's alone. */
#ifndef ETHEREUM_NODEDB_NODEDB_H
#define ETHEREUM_NODEDB_NODEDB_H

#include <stdbool.h>

#include "ethereum/enr/record.h"

#define NODEDB_MAX_ROWS      20000
#define NODEDB_EXPIRY_S      (24 * 3600)     /* rows not heard of for so long are dropped */
#define NODEDB_SEED_AGE_S    (5 * 24 * 3600) /* older rows are no seeds */
#define NODEDB_MAX_MAP_BYTES ((size_t)64 << 20)

struct nodedb;

struct nodedb_row {
    struct eth_node node;
    int64_t last_ping_s; /* from the node, wall clock; 0: never */
    int64_t last_pong_s;
    uint32_t find_fails;
    bool is_seed;        /* has stayed in the table long enough to start from */
    uint16_t record_len; /* 0: no record */
    uint8_t record[ENR_MAX_BYTES];
};

/* Open or create the file. Owns: the caller closes. Returns: 0 or a pn_err. */
int nodedb_open(struct nodedb **out, const char *path);

/* Accepts NULL. */
void nodedb_close(struct nodedb *db);

/* Rows are written in batches: begin, any number of puts, commit (one sync to disk). A put keeps
 * the stored record and seed mark when the new row has none. A new row beyond NODEDB_MAX_ROWS is
 * left out. Returns: 0 or a pn_err; after one nothing of the batch is stored. */
int nodedb_begin(struct nodedb *db);
int nodedb_put(struct nodedb *db, const struct nodedb_row *row);
int nodedb_commit(struct nodedb *db);

/* Returns: 0, PN_ENOENT, another pn_err. */
int nodedb_get(struct nodedb *db, struct nodedb_row *out, const uint8_t id[ETH_ID_BYTES],
               const struct net_addr *ip);

/* Call visit for every row. */
void nodedb_each(struct nodedb *db, void (*visit)(void *arg, const struct nodedb_row *row),
                 void *arg);

/* Up to `max` seeds whose last pong is not before `since_s`, from a random place on.
 * Returns: how many. */
unsigned nodedb_seeds(struct nodedb *db, struct nodedb_row *out, unsigned max, int64_t since_s);

/* Drop rows whose last pong is before `before_s`. Returns: how many, or a pn_err. */
int nodedb_expire(struct nodedb *db, int64_t before_s);

/* Rows there are. */
size_t nodedb_count(struct nodedb *db);

/* The sequence number of our own record; 0 when none is stored. */
uint64_t nodedb_local_seq(struct nodedb *db, const uint8_t id[ETH_ID_BYTES]);
int nodedb_set_local_seq(struct nodedb *db, const uint8_t id[ETH_ID_BYTES], uint64_t seq);

#endif
