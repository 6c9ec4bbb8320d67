/* Which autonomous system an address belongs to, from a compressed map (Bitcoin Core's asmap
 * files).
 *
 * The file is a program of bits that walks through the 128 bits of an IPv6 address (an IPv4 address
 * is mapped into one) and returns a number. It is checked whole when loaded, so that no lookup can
 * run out of it. Source: util/asmap.cpp and contrib/asmap of the reference implementation. */
#ifndef NET_ASMAP_H
#define NET_ASMAP_H

#include <stddef.h>
#include <stdint.h>

/* The map of the whole internet has less than 2 MiB. */
#define ASMAP_MAX_BYTES (16 * 1024 * 1024)
#define ASMAP_ID_BYTES  32

struct asmap; /* immutable once made */

/* Read a map from a file. Owns: the caller frees *out with asmap_free.
 * Returns: 0; PN_ETOOLARGE above ASMAP_MAX_BYTES; PN_EFORMAT when the check fails; PN_ENOMEM; what
 * opening and reading give. */
int asmap_load(struct asmap **out, const char *path);

/* The same from bytes, which are copied. */
int asmap_from_bytes(struct asmap **out, const uint8_t *data, size_t len);

/* Accepts NULL. */
void asmap_free(struct asmap *m);

/* The system's number for an address in network order. Thread: any. Returns: 0 when unmapped, which
 * no system has (RFC 7607). */
uint32_t asmap_lookup(const struct asmap *m, const uint8_t ip[16]);

/* SHA-256 of the file: says whether two runs used the same map. */
const uint8_t *asmap_id(const struct asmap *m);

#endif
