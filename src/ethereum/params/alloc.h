/* The allocation of a genesis file, and the root of the state that it describes. */
#ifndef ETHEREUM_PARAMS_ALLOC_H
#define ETHEREUM_PARAMS_ALLOC_H

#include "codec/json_scan.h"
#include "ethereum/types/header.h"

/* Read the object that follows: address to balance, nonce, code and storage (go-ethereum
 * core/types/account.go). After a failure s->err is set and the root is that of no state. */
void alloc_read_root(uint8_t root[ETH_HASH_BYTES], struct json_scan *s);

#endif
