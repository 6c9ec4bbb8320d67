/* Addresses as people write them: the script that pays to one. Pure; no I/O. */
#ifndef BITCOIN_ADDRESS_ADDRESS_H
#define BITCOIN_ADDRESS_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "bitcoin/chain/params.h"

#define BTC_ADDRESS_SCRIPT_MAX 42 /* a witness program of 40 bytes */

/* The output script of an address of this network: to a public key's hash or a script's hash in
 * Base58Check, or to a witness program of any version (BIP173, BIP350; BIP141 for the lengths).
 * Thread: any. Returns: the script's length; PN_ECHECKSUM; PN_EFORMAT, for an address of another
 * network, too. */
int btc_address_script(uint8_t out[BTC_ADDRESS_SCRIPT_MAX], const struct btc_params *params,
                       const char *text);

#endif
