/* Where a connection is to go: a numeric address, or a name that a proxy or a resolver takes. */
#ifndef NET_TARGET_H
#define NET_TARGET_H

#include "net/addr.h"

/* 255 characters, the longest name that SOCKS5 (RFC 1928) can carry, and a terminator. */
#define NET_HOST_BYTES 256
/* The host in brackets, a colon, five digits. */
#define NET_TARGET_TEXT_BYTES (NET_HOST_BYTES + 8)

enum net_target_kind {
    TARGET_ADDR,  /* IPv4, IPv6 or CJDNS: the kernel can dial it */
    TARGET_NAME,  /* a host name of the DNS */
    TARGET_ONION, /* "….onion": only Tor can dial it */
    TARGET_I2P,   /* "….i2p": only an I2P router can dial it */
};

struct net_target {
    enum net_target_kind kind;
    struct net_addr addr; /* NET_NONE when only a name is known */
    uint16_t port;
    char host[NET_HOST_BYTES]; /* lower case, no port, no brackets */
};

/* "1.2.3.4:8333", "[::1]:8333", "host.example:8333", "….onion", "….b32.i2p"; without a port it is
 * default_port. A name has letters, digits, '-', '_' and dots, labels of at most 63 characters, and
 * no all-digit last label, so that no number in an odd notation passes for a name. An onion name
 * has the address of a v3 service as its last label but one, checksum and all. Nothing is resolved.
 * Thread: any. Returns: 0, PN_EFORMAT, PN_ENOMEM. */
int net_target_parse(struct net_target *out, const char *text, uint16_t default_port);

/* The target that an address stands for. Thread: any. Returns: 0, PN_EINVAL for NET_NONE,
 * PN_ENOMEM.
 */
int net_target_from_addr(struct net_target *out, const struct net_addr *a);

/* Whether both are the same host and port. Thread: any. */
bool net_target_equal(const struct net_target *a, const struct net_target *b);

/* An address that stands for a name where an address is needed and none is known: the same for the
 * same host and port, different for others, and of no machine, since fd6b:88c0:8724::/48 is a
 * private range. Source: Bitcoin Core's internal addresses (netaddress.cpp, SetInternal). Thread:
 * any. */
void net_target_stand_in(struct net_addr *out, const struct net_target *t);

/* "host:port", an IPv6 host in brackets. Thread: any. Returns: out. */
const char *net_target_format(char out[NET_TARGET_TEXT_BYTES], const struct net_target *t);

#endif
