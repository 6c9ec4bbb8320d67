/* The node's secret key in a file: 64 hexadecimal digits, readable by its owner alone, in the form
 * that go-ethereum's nodekey has. */
#ifndef ETHEREUM_ENR_NODEKEY_H
#define ETHEREUM_ENR_NODEKEY_H

#include "crypto/ec.h"

/* Read the key, or make one where there is no file. A file that others could read is restricted to
 * 0600. The file appears whole or not at all.
 * Thread: the main thread. Owns: the caller wipes `secret`.
 * Returns: 0; PN_EFORMAT when the file holds no key; another pn_err. */
int nodekey_load_or_create(uint8_t secret[EC_SECRET_BYTES], const char *path);

#endif
