/* The table of servers as its files see it. */
#ifndef ELECTRUM_PEERS_TABLE_INTERNAL_H
#define ELECTRUM_PEERS_TABLE_INTERNAL_H

#include "base/mutex.h"
#include "electrum/peers/table.h"
#include "net/target.h"

enum { PEERS_ADDS_MAX = 1024 };

/* When a domain or an address last added a server. */
struct peers_add_note {
    char key[64];
    int64_t at_us; /* 0: an empty place */
};

struct peers_table {
    struct peers_config config;
    struct mutex mu;
    struct peers_entry *entries GUARDED_BY(mu); /* PEERS_MAX */
    uint64_t last_id GUARDED_BY(mu);
    struct peers_add_note *adds GUARDED_BY(mu); /* PEERS_ADDS_MAX */
    int64_t next_onion_us GUARDED_BY(mu);
};

/* Whether a host may be in the table, and what it is. Returns: 0, PN_EFORMAT, PN_EFILTERED. */
int peers_check_host(const struct peers_table *t, struct net_target *out, const char *host);

struct peers_entry *peers_find_host(struct peers_table *t, const char *host) REQUIRES(t->mu);

/* Find or make the entry. Returns: 0 for a new one, PN_EEXIST, PN_ELIMIT. */
int peers_enter(struct peers_table *t, struct peers_entry **out, const struct net_target *host,
                uint16_t tcp_port, uint16_t ssl_port) REQUIRES(t->mu);

#endif
