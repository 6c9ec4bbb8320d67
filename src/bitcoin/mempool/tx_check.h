/* What can be held against a transaction without a database of coins: its form, the limits of what
 * Bitcoin Core relays (policy/policy.cpp and consensus/tx_check.cpp of 31.99), and whether the next
 * block may hold it. Nobody has looked at its signatures, its fee, or whether its coins exist.
 *
 * Thread: any, for all. */
#ifndef BITCOIN_MEMPOOL_TX_CHECK_H
#define BITCOIN_MEMPOOL_TX_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "bitcoin/wire/tx.h"

#define TX_MAX_MONEY_SAT        INT64_C(2100000000000000)
#define TX_STANDARD_WEIGHT_MAX  400000
#define TX_STANDARD_VERSION_MAX 3    /* BIP431 */
#define TX_SCRIPTSIG_MAX        1650 /* bytes: 15 signatures of P2SH multisig */
#define TX_STRIPPED_MIN         65   /* bytes: 64 are those of a pair of merkle nodes */
#define TX_DATA_CARRIER_MAX     100000
#define TX_SIGOPS_COST_MAX      16000
#define TX_DUST_OUTPUTS_MAX     1 /* ephemeral dust */

/* X(identifier, "metric label", whether every transaction with the same txid fails too). A witness
 * is no part of the txid: what depends on it condemns the wtxid alone. Append only. */
#define TX_REFUSAL_LIST(X)                                         \
    X(TX_OK, "ok", false)                                          \
    X(TX_NO_MEMORY, "no_memory", false)                            \
    X(TX_EMPTY, "no_inputs_or_outputs", true)                      \
    X(TX_OVERSIZE, "oversize", true)                               \
    X(TX_BAD_VALUE, "bad_value", true)                             \
    X(TX_DUPLICATE_INPUT, "duplicate_input", true)                 \
    X(TX_NULL_INPUT, "null_input", true)                           \
    X(TX_COINBASE, "coinbase", true)                               \
    X(TX_VERSION, "version", true)                                 \
    X(TX_WEIGHT, "weight", false)                                  \
    X(TX_SMALL, "too_small", true)                                 \
    X(TX_SCRIPTSIG_SIZE, "scriptsig_size", true)                   \
    X(TX_SCRIPTSIG_PUSH, "scriptsig_not_push_only", true)          \
    X(TX_OUTPUT_TYPE, "output_type", true)                         \
    X(TX_DATA_CARRIER, "data_carrier", true)                       \
    X(TX_DUST, "dust", true)                                       \
    X(TX_SIGOPS, "sigops", true)                                   \
    X(TX_NOT_FINAL, "not_final", true)                             \
    /* found by the pool and the relay */                          \
    X(TX_KNOWN, "known", false)                                    \
    X(TX_CONFIRMED, "confirmed", false)                            \
    X(TX_OTHER_WITNESS, "other_witness", false)                    \
    X(TX_CONFLICT, "conflict", true)                               \
    X(TX_NO_OUTPUT, "no_such_output", true)                        \
    X(TX_NEGATIVE_FEE, "negative_fee", true)                       \
    X(TX_CLUSTER, "cluster_limit", true)                           \
    X(TX_PARENT_REFUSED, "parent_refused", false)                  \
    X(TX_RECENTLY_REFUSED, "recently_refused", false)              \
    X(TX_NOT_ALLOWED, "not_allowed", false) /* peer not trusted */ \
    X(TX_POOL_FULL, "pool_full", false)

enum tx_refusal {
#define TX_REFUSAL_ENUM_(id, name, by_txid) id,
    TX_REFUSAL_LIST(TX_REFUSAL_ENUM_)
#undef TX_REFUSAL_ENUM_
        TX_REFUSALS
};

/* Static text for metrics and the journal. */
const char *tx_refusal_name(enum tx_refusal r);
bool tx_refusal_is_by_txid(enum tx_refusal r);

/* The rules that hold at any time. */
enum tx_refusal tx_check(const struct btc_tx *tx);

/* Whether a block at this height, whose parent has this median time, may hold it (BIP113).
 * Returns: TX_OK or TX_NOT_FINAL. */
enum tx_refusal tx_check_final(const struct btc_tx *tx, uint32_t height, int64_t median_time_s);

#endif
