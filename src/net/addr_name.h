/* The names of addresses that are keys: onion services and I2P destinations. Internal to net/; use
 * net_addr_parse and net_addr_format. */
#ifndef NET_ADDR_NAME_H
#define NET_ADDR_NAME_H

#include "net/addr.h"

/* 56 characters + ".onion" or 52 + ".b32.i2p" + terminator, rounded up. */
#define ADDR_NAME_BYTES 64

/* Sets kind and bytes, leaves the port. Returns: 0; PN_EFORMAT for what is no such name or fails
 * its checksum; PN_ENOMEM. */
int addr_name_parse(struct net_addr *out, const char *host);

/* The name without a port of an address of kind NET_TORV3 or NET_I2P.
 * Returns: 0, or PN_ENOMEM with an empty text. */
int addr_name_format(char out[ADDR_NAME_BYTES], const struct net_addr *a);

#endif
