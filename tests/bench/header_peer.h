/* A peer that has headers and nothing else, in a process of its own: what header sync is measured
 * against. */
#ifndef TESTS_BENCH_HEADER_PEER_H
#define TESTS_BENCH_HEADER_PEER_H

#include <stdint.h>
#include <sys/types.h>

#include "bitcoin/chain/chain.h"
#include "net/addr.h"

/* A regtest chain of n headers, a minute apart in the past; `salt` tells chains apart. */
void header_peer_mine(struct chain *chain, uint32_t n, uint8_t salt);

/* Serve a chain to whoever connects, in a child process, until it is killed. Returns: its id. */
pid_t header_peer_serve(struct net_addr *addr, struct chain *chain);

/* Connect to a node from a child process, claim ten million headers and send those of the chain as
 * far as one is asked for them, then come again on a new connection, until killed. The child counts
 * the headers that it sent into *sent, which is shared memory. Returns: its id. */
pid_t header_peer_attack(uint64_t *sent, const struct net_addr *node, struct chain *chain);

#endif
