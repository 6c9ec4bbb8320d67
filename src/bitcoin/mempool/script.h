/* What can be said of a script without running it: which of the known forms it has, whether it
 * only pushes data, how many signature checks it holds, and what an output must be worth. Core,
 * script/solver.cpp, script/script.cpp, policy/policy.cpp. Thread: any, for all. */
#ifndef BITCOIN_MEMPOOL_SCRIPT_H
#define BITCOIN_MEMPOOL_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum script_type {
    SCRIPT_NONSTANDARD,
    SCRIPT_PUBKEY,
    SCRIPT_PUBKEY_HASH,
    SCRIPT_SCRIPT_HASH, /* BIP16 */
    SCRIPT_MULTISIG,    /* bare, of at most three keys */
    SCRIPT_NULL_DATA,   /* OP_RETURN and pushes */
    SCRIPT_WITNESS_KEY_HASH,
    SCRIPT_WITNESS_SCRIPT_HASH,
    SCRIPT_TAPROOT,
    SCRIPT_ANCHOR,          /* pay to anchor */
    SCRIPT_WITNESS_UNKNOWN, /* of a version to come */
};

/* The form of an output's script. */
enum script_type script_type(struct bytes script);

bool script_is_push_only(struct bytes script);

/* Signature checks as they were counted before BIP16: 20 for each multisig. What follows a
 * malformed push is not counted. */
unsigned script_sigops(struct bytes script);

/* Below this value in satoshi an output costs more to spend than it is worth, at 3,000 sat/kvB
 * (DUST_RELAY_TX_FEE); 0 for one that nobody can spend. */
int64_t script_dust_limit_sat(struct bytes script);

#endif
