/* Which addresses a node may tell us about, and which count towards the limits of a subnet.
 * Source: the IANA special-purpose registries; go-ethereum p2p/netutil. */
#ifndef ETHEREUM_ENR_RELAY_H
#define ETHEREUM_ENR_RELAY_H

#include <stdbool.h>

#include "net/addr.h"

/* 127.0.0.0/8 and ::1. */
bool eth_addr_is_loopback(const struct net_addr *a);

/* Loopback, the private networks, link-local and unique local ones. */
bool eth_addr_is_local(const struct net_addr *a);

/* Unspecified, multicast, broadcast, documentation and the like: nobody's address. */
bool eth_addr_is_special(const struct net_addr *a);

/* Whether `sender` may pass on `a`: no special address; a local one only within the same kind of
 * network, so that nobody can send us into our own. */
bool eth_addr_may_relay(const struct net_addr *sender, const struct net_addr *a);

/* The subnet that an address counts for: the first 24 bits of IPv4, the first 48 of IPv6.
 * Returns: a number that differs for different subnets. */
uint64_t eth_addr_subnet(const struct net_addr *a);

/* Whether two addresses are of one host; ports are not compared. */
bool eth_addr_same_ip(const struct net_addr *a, const struct net_addr *b);

#endif
