/* A network of discv4 engines in one thread, on the test clock: packets take a few milliseconds,
 * nothing waits. Addresses are made up; nothing leaves the process. */
#ifndef TESTS_ETHEREUM_SIM_H
#define TESTS_ETHEREUM_SIM_H

#include "ethereum/discv4/discv4.h"
#include "ethereum/nodedb/nodedb.h"

#define SIM_MAX_NODES   64
#define SIM_MAX_PACKETS 65536

struct sim;

struct sim_node {
    struct sim *sim;
    struct discv4 *engine; /* NULL: it is off, and packets to it vanish */
    struct eth_node self;
    uint8_t secret[EC_SECRET_BYTES];
    struct nodedb *db;
    int64_t next_us;
    uint64_t bytes_out; /* packets that left it */
};

struct sim_packet {
    int64_t at_us;
    struct net_addr from, to;
    uint16_t len;
    uint8_t data[DISCV4_MAX_PACKET_BYTES];
};

struct sim {
    struct sim_node nodes[SIM_MAX_NODES];
    unsigned n;
    struct sim_packet *packets; /* a ring in the order of arrival */
    unsigned head, count;
    int64_t delay_us;
    /* Packets to an address that no node has, for tests that play a node themselves. */
    void (*stray)(void *arg, const struct sim_packet *p);
    void *arg;
};

void sim_start(struct sim *s);
void sim_stop(struct sim *s);

/* A node at 127.0.0.(1+i):30303 unless `addr` (may be NULL) says otherwise; db may be NULL. */
struct sim_node *sim_add(struct sim *s, const struct net_addr *addr, struct nodedb *db);

/* Switch a node on again after its engine has been freed, with the same key and address. */
void sim_restart(struct sim_node *n);
void sim_halt(struct sim_node *n);

/* A packet from anywhere. */
void sim_send(struct sim *s, const struct net_addr *from, const struct net_addr *to,
              const void *data, size_t len);

/* Let the time pass. */
void sim_run_ms(struct sim *s, int64_t ms);

/* Whether condition(arg) comes true within so many milliseconds. */
bool sim_run_until(struct sim *s, bool (*condition)(void *arg), void *arg, int64_t max_ms);

/* Sign a packet of a made-up node. Returns: its length. */
size_t sim_packet_make(uint8_t out[DISCV4_MAX_PACKET_BYTES], struct discv4_packet *p,
                       const uint8_t secret[EC_SECRET_BYTES]);

struct net_addr sim_addr(const char *text);

#endif
