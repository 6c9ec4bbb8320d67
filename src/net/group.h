/* Network groups: addresses that one party is likely to control together. Peers and buckets are
 * spread over groups, so that owning many addresses of one group gains little.
 *
 * A group is the /16 of an IPv4 address, also of one embedded in IPv6 (mapped, translated, NAT64,
 * 6to4, Teredo); the /32 of IPv6, the /36 within Hurricane Electric's 2001:470::/32; 4 bits of a
 * Tor or I2P key; 12 bits of a CJDNS address; or, with a map, the autonomous system, common to IPv4
 * and IPv6. All local addresses are one group, all other unroutable ones another.
 * Source: netgroup.cpp and netaddress.cpp of the reference implementation. */
#ifndef NET_GROUP_H
#define NET_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/asmap.h"

/* How this node looks at addresses; set up before threads start, then only read. A NULL policy is
 * one of zeros. */
struct net_policy {
    const struct asmap *asmap; /* NULL: groups by prefix */
    bool loopback_routable;    /* for tests on one machine: 127.0.0.0/8 counts as routable, and each
                                  127.x/16 is a group of its own */
};

enum net_group_class {
    NET_GROUP_UNROUTABLE = 0,
    NET_GROUP_IPV4 = 1, /* 1, 2 and 4 to 6 are those of enum net_kind */
    NET_GROUP_IPV6 = 2,
    NET_GROUP_LOCAL = 3,
    NET_GROUP_TORV3 = 4,
    NET_GROUP_I2P = 5,
    NET_GROUP_CJDNS = 6,
    NET_GROUP_ASN = 7,
};

/* Comparable and hashable as its 8 bytes: what lies beyond len is zero. */
struct net_group {
    uint8_t len;      /* of what follows: the class and the prefix or number */
    uint8_t bytes[7]; /* bytes[0]: enum net_group_class */
};

#define NET_GROUP_TEXT_BYTES 56

/* Thread: any, like all below. */
struct net_group net_group_of(const struct net_policy *policy, const struct net_addr *a);

bool net_group_equal(const struct net_group *a, const struct net_group *b);

/* "AS1000", "10.1.0.0/16", "2001:db8::/32", "tor:a", "local": for logs and explanations.
 * Returns: out. */
const char *net_group_format(char out[NET_GROUP_TEXT_BYTES], const struct net_group *g);

/* The autonomous system of an IPv4 or IPv6 address. Returns: 0 without a map, and for an address
 * that is unmapped, unroutable, or of another kind. */
uint32_t net_addr_asn(const struct net_policy *policy, const struct net_addr *a);

/* Whether the address can belong to a host at all: not unspecified, broadcast, documentation, nor
 * a CJDNS address outside fc00::/8. */
bool net_addr_is_valid(const struct net_addr *a);

/* 127.0.0.0/8, 0.0.0.0/8 or ::1. */
bool net_addr_is_local(const struct net_addr *a);

/* Whether it may be reached over a public network: valid, and in no reserved range. */
bool net_addr_is_routable(const struct net_policy *policy, const struct net_addr *a);

#endif
