/* A laboratory for header chains: networks whose work is cheap, headers mined on the spot, and a
 * check of everything that must hold between a chain's parts. */
#ifndef TESTS_BITCOIN_CHAIN_LAB_H
#define TESTS_BITCOIN_CHAIN_LAB_H

#include <check.h>

#include "bitcoin/chain/chain.h"

/* An assertion for long loops: Check's own tell the runner about each success, too. */
#define lab_require(cond, ...)         \
    do {                               \
        if (!(cond))                   \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

/* Compact targets that about 1 hash in 2, and 1 in 32, meets. */
#define LAB_EASY_BITS 0x207fffffu
#define LAB_HARD_BITS 0x2007ffffu

/* Header times of the laboratory begin here, in 2001. */
#define LAB_START 1000000000u

/* A copy of a network with regtest's limit, its own genesis of `genesis_bits` at LAB_START, and no
 * minimum work. */
void lab_params(struct btc_params *out, const char *network, uint32_t genesis_bits);

/* Count the nonce up until the hash meets the header's own bits. */
void lab_mine(struct btc_header *header, uint8_t hash[BTC_HASH_BYTES],
              const struct btc_params *params);

/* A child of `parent`, not mined: version 4, the bits that the rules demand, a merkle root that no
 * other call gives. */
struct btc_header lab_child(const struct chain *chain, uint32_t parent, uint32_t time);

/* Mine the header and accept it. Returns: what chain_accept says. */
int lab_offer(struct chain *chain, struct chain_result *result, struct btc_header header);

/* Mine and accept n headers on top of `parent`, each spacing_s after the one before; a refusal
 * fails the test. Returns: the last one's entry. */
uint32_t lab_extend(struct chain *chain, uint32_t parent, uint32_t n, uint32_t spacing_s);

/* Fail the test unless index, tree, active chain and work agree with each other. */
void lab_check(const struct chain *chain);

/* What the test program consists of, a file each. */
TCase *tcase_u256(void);
TCase *tcase_params(void);
TCase *tcase_pow(void);
TCase *tcase_hash_index(void);
TCase *tcase_rules(void);
TCase *tcase_difficulty(void);
TCase *tcase_accept(void);
TCase *tcase_entries(void);
TCase *tcase_active(void);
TCase *tcase_data(void);
TCase *tcase_altered(void);
TCase *tcase_view(void);
TCase *tcase_presync(void);

#endif
