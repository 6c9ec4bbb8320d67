/* A network that does what a test says: dials are refused, never decided, or succeed at once. */
#ifndef TESTS_DIAL_NETWORK_DOUBLE_H
#define TESTS_DIAL_NETWORK_DOUBLE_H

#include <stdatomic.h>

#include "dial/dialer.h"

enum { DIALS_MAX = 64 };

struct network_double {
    atomic_int refuse;    /* dials fail at once */
    atomic_int undecided; /* their sockets never become writable */
    atomic_uint dials;    /* so far, and when the first of them were made */
    atomic_llong dial_times_us[DIALS_MAX];
    atomic_uint connections; /* handed over */
    atomic_ullong last_request_id;
    /* Of the last dial and of the last connection; written before they are counted. */
    struct net_addr last_to, last_connected;
    int last_far_end;
};

extern struct network_double network;

/* Install it, and the test clock. */
void network_double_start(void);
void network_double_stop(void);

/* A gate that permits these networks and has nobody banned; one at a time. */
struct gate *gate_for(const struct subnet_list *permitted);

/* The same again, and its journal. */
struct gate *gate_of_test(void);
struct journal *dial_journal(void);

/* The other end of the last dial's connection. */
int network_double_far_end(void);

/* No proxies. */
struct dial_paths *direct_paths(void);

/* For dialer_config.connected: counts and closes. */
int network_double_connected(void *arg, unsigned number, struct conn *c,
                             const struct net_addr *addr, enum conn_kind kind, uint64_t request_id,
                             struct chan *quit);

/* Wait in real time for something the dialer does at once; never moves the test clock. */
void await_count(atomic_uint *counter, unsigned n);

/* Move the test clock until there have been n dials. */
void await_dials(unsigned n);

#endif
