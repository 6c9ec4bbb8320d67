/* A UDP socket, read in batches. Wires share it: who reads decides by the datagram which protocol
 * it is for. Thread: the owner's alone. */
#ifndef ETHEREUM_DISCOVERY_UDP_H
#define ETHEREUM_DISCOVERY_UDP_H

#include <stdint.h>

#include "net/addr.h"

/* Longer datagrams are given with this length and one byte more, so that they can be told. */
#define UDP_MAX_BYTES 1280
#define UDP_BATCH     64

struct udp;

/* Bind a non-blocking socket with as large a receive buffer as the system grants.
 * Owns: the caller frees. Returns: 0; PN_EBUSY (address in use); another pn_err. */
int udp_open(struct udp **out, const struct net_addr *at);

/* Accepts NULL. */
void udp_free(struct udp *u);

/* For poll(2), which leaves -1 alone (of NULL); and what became of port 0. */
int udp_fd(const struct udp *u);
const struct net_addr *udp_addr(const struct udp *u);

/* Hand up to UDP_BATCH waiting datagrams to `input`. Returns: how many there were; a pn_err. */
int udp_receive(struct udp *u,
                void (*input)(void *arg, const struct net_addr *from, const void *data, size_t len),
                void *arg);

/* Returns: 0; PN_EAGAIN when the system has no room; another pn_err. */
int udp_send(struct udp *u, const struct net_addr *to, const void *data, size_t len);

#endif
