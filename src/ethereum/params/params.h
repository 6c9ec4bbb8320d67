/* What sets one Ethereum network apart: identity, genesis header, when each rule begins. The known
 * networks are data (networks.c); a private one comes from a geth genesis file (genesis.c). */
#ifndef ETHEREUM_PARAMS_PARAMS_H
#define ETHEREUM_PARAMS_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ethereum/types/header.h"

#define ETH_NEVER             UINT64_MAX
#define ETH_NAME_MAX          32
#define ETH_FORKS_MAX         40
#define ETH_BLOB_RULES_MAX    10
#define ETH_GENESIS_EXTRA_MAX 4096

enum eth_seal {
    ETH_SEAL_WORK,   /* Ethash or Etchash: difficulty by formula */
    ETH_SEAL_CLIQUE, /* signers in turn (EIP-225): difficulty 1 or 2, extra data with signatures */
};

/* From `time` on, per block (EIP-4844, EIP-7691, EIP-7892). */
struct eth_blob_rule {
    uint64_t time;
    uint64_t target, max;     /* blobs */
    uint64_t update_fraction; /* of the blob base fee */
};

struct eth_params {
    char name[ETH_NAME_MAX];
    uint64_t chain_id, network_id;
    enum eth_seal seal;
    uint64_t ethash_end; /* from this block on the work is another than Ethash (ECIP-1099) */

    /* Block numbers from which a rule of headers holds; ETH_NEVER. */
    uint64_t homestead, eip155, byzantium, constantinople, muir_glacier, berlin, london;
    uint64_t arrow_glacier, gray_glacier;
    uint64_t bomb_pause, bomb_resume; /* Classic, ECIP-1010 */
    uint64_t bomb_disposal;           /* Classic, ECIP-1041 */

    /* Times from which a rule holds, after the merge. */
    uint64_t shanghai, cancun, prague, osaka;
    struct eth_blob_rule blobs[ETH_BLOB_RULES_MAX]; /* in the order of their times */
    unsigned n_blobs;

    /* The total difficulty whose first block is the last with work (EIP-3675); ETH_U128_MAX when
     * the network stays with its seal. */
    eth_u128 merge_difficulty;
    bool merged; /* the merge lies in the past: a node without blocks must not take work for news */

    /* What fork ids are made of (EIP-2124, EIP-6122): ascending, without those at the genesis. */
    uint64_t fork_blocks[ETH_FORKS_MAX], fork_times[ETH_FORKS_MAX];
    unsigned n_fork_blocks, n_fork_times;

    /* A block that tells two chains with one genesis apart; number 0: none. */
    uint64_t required_number;
    uint8_t required_hash[ETH_HASH_BYTES];

    struct eth_header genesis; /* its extra data is the following */
    uint8_t genesis_extra[ETH_GENESIS_EXTRA_MAX];
};

/* A known network by its name ("mainnet", "sepolia", "hoodi", "classic", "mordor"). The struct is
 * large and holds a pointer into itself: it is neither copied nor put on a stack.
 * Returns: 0 or PN_ENOENT. */
int eth_params_known(struct eth_params *p, const char *name);

/* The names, for messages; NULL ends them. */
extern const char *const eth_params_names[];

/* A private network from the text of a geth genesis file; the genesis block's state root is
 * computed from the allocation. err_at tells at which byte reading ended.
 * Returns: 0; PN_EFORMAT, PN_ETRUNCATED; PN_ETOOLARGE; PN_ECOUNT for too many forks; PN_EDUPLICATE
 * for an account that occurs twice; PN_ENOMEM. */
int eth_params_from_genesis(struct eth_params *p, size_t *err_at, const char *json, size_t len);

/* Everything off: for the two above and for tests. */
void eth_params_init(struct eth_params *p, const char *name);

#endif
