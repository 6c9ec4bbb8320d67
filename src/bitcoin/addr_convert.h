/* Addresses between the wire's form and the program's. */
#ifndef BITCOIN_ADDR_CONVERT_H
#define BITCOIN_ADDR_CONVERT_H

#include <stdbool.h>

#include "addrbook/addrbook.h"
#include "bitcoin/wire/msg_addr.h"

/* Returns: false for a network that is unknown or withdrawn (Tor v2), and for an IPv6 address that
 * embeds another network: BIP155 wants these ignored. */
bool addr_from_wire(struct addrbook_seen *out, const struct btc_addr *a);

/* `out` borrows the address bytes from `seen`. */
void addr_to_wire(struct btc_addr *out, const struct addrbook_seen *seen);

/* Whether the old addr message, which has 16 bytes for it, can carry the address. */
bool addr_fits_v1(const struct net_addr *a);

#endif
