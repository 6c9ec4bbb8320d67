/* Network addresses: the kinds of BIP155 with a port, and their text. */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* BIP155 network ids; also the order of the metric labels. */
enum net_kind {
    NET_NONE = 0,
    NET_IPV4 = 1,
    NET_IPV6 = 2,
    NET_TORV3 = 4,
    NET_I2P = 5,
    NET_CJDNS = 6,
};

struct net_addr {
    enum net_kind kind;
    uint16_t port;     /* host order */
    uint8_t bytes[32]; /* network order; the first net_addr_len(kind) bytes count */
};

/* The 62 characters of an onion service + ":65535" + terminator, rounded up. */
#define NET_ADDR_TEXT_BYTES 80

/* Bytes that an address of this kind has: 4, 16 or 32; 0 for NET_NONE. */
size_t net_addr_len(enum net_kind kind);

/* "1.2.3.4", "1.2.3.4:8333", "[::1]:8333", "::1", "KEY.onion:8333" (version 3, checksum and all) or
 * "KEY.b32.i2p"; nothing is resolved. An IPv6 address that maps an IPv4 one becomes that, one in
 * fc00::/8 is CJDNS's. I2P has no ports: without one written it is 0.
 * Source: rend-spec-v3 section 6, I2P naming, BIP155.
 * Thread: any. Returns: 0, PN_EFORMAT, PN_ENOMEM. */
int net_addr_parse(struct net_addr *out, const char *text, uint16_t default_port);

/* What net_addr_parse reads, always with the port; NET_NONE as "kind-0:port". Returns: out. */
const char *net_addr_format(char out[NET_ADDR_TEXT_BYTES], const struct net_addr *a);

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b);

/* Returns: 0 and *len, or PN_EINVAL for a kind that the kernel does not know. */
int net_addr_to_sockaddr(struct sockaddr_storage *out, socklen_t *len, const struct net_addr *a);

/* What the kernel shows in fc00::/8 is CJDNS's.
 * Returns: 0, or PN_EINVAL for a family that is neither IPv4 nor IPv6. */
int net_addr_from_sockaddr(struct net_addr *out, const struct sockaddr *sa);

/* The 16 bytes of a legacy Bitcoin address: IPv4 mapped into IPv6, zeros for kinds that do not
 * fit (BIP155 gives those the unspecified address). From them fc00::/8 comes back as IPv6, since
 * the legacy form cannot carry CJDNS. */
void net_addr_to_ipv6_bytes(uint8_t out[16], const struct net_addr *a);
void net_addr_from_ipv6_bytes(struct net_addr *out, const uint8_t in[16], uint16_t port);

#endif
