/* The table of verified nodes: Kademlia buckets by the logarithmic distance of the ids' Keccak-256.
 * The names and rules are those of go-ethereum's p2p/discover/table.go.
 *
 * 17 buckets of 16 entries, the last seen first, and 10 replacements each; everything closer than
 * the 240th distance shares the first bucket. At most 2 nodes of a subnet (/24, IPv6: /48) in a
 * bucket and 10 in the table, replacements counted; local addresses are exempt, unless limit_local.
 *
 * Pure: no clock, no network. Thread: the owner's alone. */
#ifndef ETHEREUM_DISCV4_TABLE_H
#define ETHEREUM_DISCV4_TABLE_H

#include "ethereum/enr/record.h"

#define TABLE_BUCKETS          17
#define TABLE_BUCKET_SIZE      16
#define TABLE_MAX_REPLACEMENTS 10
#define TABLE_BUCKET_IP_LIMIT  2
#define TABLE_TABLE_IP_LIMIT   10
#define TABLE_MAX_NODES        (TABLE_BUCKETS * TABLE_BUCKET_SIZE)

/* A node that has answered a ping of ours. */
struct table_entry {
    struct eth_node node;
    int64_t added_us;         /* when it entered, monotonic */
    int64_t record_due_us;    /* when to ask for its record; 0: not wanted */
    uint64_t seq;             /* of its record, as it last claimed */
    unsigned liveness_checks; /* pings answered since it entered */
    unsigned record_tries;
    bool is_stored;      /* as a seed, in the node database */
    uint16_t record_len; /* 0: no record known */
    bool has_fork_id;
    struct eth_fork_id fork_id; /* from the record */
    uint64_t record_seq;
    uint8_t record[ENR_MAX_BYTES];
};

struct table_bucket {
    unsigned n_entries, n_replacements;
    struct table_entry entries[TABLE_BUCKET_SIZE];           /* the last seen first */
    struct table_entry replacements[TABLE_MAX_REPLACEMENTS]; /* the newest first */
};

struct table {
    uint8_t self[ETH_ID_BYTES];
    bool limit_local; /* count local addresses too: for tests */
    unsigned n_entries;
    struct table_bucket buckets[TABLE_BUCKETS];
};

enum table_added { TABLE_ADDED, TABLE_BUMPED, TABLE_AS_REPLACEMENT, TABLE_REFUSED };

void table_init(struct table *t, const uint8_t self[ETH_ID_BYTES], bool limit_local);

/* A node has proven its endpoint: it moves to the front of its bucket (with its new endpoint, when
 * the limits allow that), enters it, or waits as a replacement. */
enum table_added table_add(struct table *t, const struct eth_node *node, int64_t now_us);

/* The entry of a node, replacements aside; NULL when it has none. Good until the table changes. */
struct table_entry *table_find(struct table *t, const uint8_t id[ETH_ID_BYTES]);

/* Move a node to the front of its bucket. Returns: its entry, NULL when it has none. */
struct table_entry *table_bump(struct table *t, const uint8_t id[ETH_ID_BYTES]);

/* Put a random replacement in the place of a node that does not answer, or none when there is none.
 */
void table_replace(struct table *t, const uint8_t id[ETH_ID_BYTES]);

/* Forget a node altogether, as entry and as replacement. */
void table_delete(struct table *t, const uint8_t id[ETH_ID_BYTES]);

/* The up to `max` nodes closest to target, the closest first. Good until the table changes.
 * Returns: how many. */
unsigned table_closest(struct table *t, struct table_entry **out,
                       const uint8_t target[ETH_ID_BYTES], unsigned max);

/* Up to `max` different nodes, spread over the buckets: the heads of the buckets in a random order,
 * then their seconds, and so on. Returns: how many. */
unsigned table_read_random(struct table *t, struct table_entry **out, unsigned max);

/* The last node of a random bucket that is not empty: whose turn it is to be checked.
 * Returns: NULL when the table is empty. */
struct table_entry *table_to_revalidate(struct table *t);

/* Call visit for every entry. */
void table_each(struct table *t, void (*visit)(struct table_entry *e, void *arg), void *arg);

#endif
