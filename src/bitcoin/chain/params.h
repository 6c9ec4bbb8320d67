/* The Bitcoin networks as data: what tells them apart on the wire and in the header rules.
 * Values are Bitcoin Core's (src/kernel/chainparams.cpp); testnet4 is BIP94, signet BIP325. */
#ifndef BITCOIN_CHAIN_PARAMS_H
#define BITCOIN_CHAIN_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "bitcoin/chain/u256.h"
#include "bitcoin/chain/work.h"
#include "bitcoin/wire/header.h"

#define BTC_MAGIC_BYTES 4

/* A header that the chain is known to have. */
struct btc_checkpoint {
    uint32_t height;  /* 0: the end of a list */
    const char *hash; /* as it is shown */
};

struct btc_params {
    const char *name;               /* "mainnet", "testnet3", "testnet4", "signet", "regtest" */
    uint8_t magic[BTC_MAGIC_BYTES]; /* message start, in the order of the wire */
    uint16_t default_port;

    struct {
        uint8_t key_hash, script_hash; /* the first byte of an address in Base58Check */
        const char *witness;           /* what one in Bech32 begins with */
    } address;

    struct btc_header genesis;
    uint8_t genesis_hash[BTC_HASH_BYTES];
    struct bytes genesis_script; /* of the one output of its only transaction */

    struct u256 pow_limit;   /* no target is above it */
    uint32_t pow_limit_bits; /* its compact form */
    bool no_retarget;        /* the difficulty never changes */
    bool min_difficulty;     /* 20 minutes after its parent a header may claim pow_limit_bits */
    bool bip94;              /* retarget from a period's first header; limit to time warps */

    /* From these heights on a header's version must be at least 2, 3 and 4. */
    uint32_t bip34_height;
    uint32_t bip66_height;
    uint32_t bip65_height;

    /* From these heights on, rules for what a block holds; bip34_height is one as well. */
    uint32_t segwit_height; /* BIP141 */
    uint32_t csv_height;    /* BIP113, with BIP68 and BIP112 */

    btc_work min_work;       /* work of the honest chain at release: less is not synced */
    uint32_t presync_period; /* headers to a commitment of chain/presync.h */
    uint32_t presync_buffer; /* headers that wait there for the commitments beyond them */
    const struct btc_checkpoint *checkpoints; /* by height, ended by height 0; or NULL */
    const char *const *seeds; /* names of DNS seeds, ended by NULL; nothing here resolves them */
};

/* A network by its option name. Thread: any. Returns: static data, or NULL for an unknown name. */
const struct btc_params *btc_params_find(const char *name);

/* The n-th network, for listing them. Thread: any. Returns: NULL from n = 5 on. */
const struct btc_params *btc_params_at(unsigned n);

/* A signet of one's own, told apart by its block challenge alone (BIP325): its magic is the start
 * of sha256d over the challenge with its length before it. It has the default signet's genesis, no
 * seeds and no minimum work. challenge_hex: the script in hexadecimal, 1 to 10,000 bytes.
 * Thread: any. Returns: 0; PN_EFORMAT when it is not hexadecimal or empty, PN_ETOOLARGE, PN_ENOMEM.
 * On failure *out is unchanged. */
int btc_params_signet(struct btc_params *out, const char *challenge_hex);

#endif
