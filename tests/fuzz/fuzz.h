/* Fuzz targets. A target is a function that takes any bytes and ends the process when a promise is
 * broken. One driver runs them: under libFuzzer (configure --enable-fuzz) the one named by the
 * environment variable FUZZ; otherwise all, over the corpus, as part of make check. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "bitcoin/wire/msg.h"

struct fuzz_target {
    const char *name; /* of a message: its command; also the folder in the corpus */
    void (*run)(const struct fuzz_target *t, const uint8_t *data, size_t len);
    enum btc_cmd cmd; /* for the targets of msgs.def */
};

/* A promise that must hold for every input. */
#define FUZZ_REQUIRE(cond)                                                             \
    do {                                                                               \
        if (!(cond)) {                                                                 \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #cond); \
            abort();                                                                   \
        }                                                                              \
    } while (0)

/* All targets; static. */
const struct fuzz_target *fuzz_targets(size_t *count);

/* Returns: NULL for a name that is not a target's. */
const struct fuzz_target *fuzz_target_find(const char *name);

void fuzz_msg(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_stream(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_compact(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_address(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_hex(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_socks5(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_sam(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_jsonrpc(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_nat(const struct fuzz_target *t, const uint8_t *data, size_t len);

void fuzz_net_addr(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_json_scan(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_peers_json(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_asmap(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_script(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_txrelay(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_reconstruct(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_gcs(const struct fuzz_target *t, const uint8_t *data, size_t len);

void fuzz_rlp(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_enr(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_enode(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_dnsdisc(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_discv4(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_discv4_engine(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_eth_msg(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_eth_header(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_eth_block(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_eth_tx(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_eth_receipts(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_eth_serve(const struct fuzz_target *t, const uint8_t *data, size_t len);

void fuzz_rlpx_packet(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_rlpx_auth(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_rlpx_stream(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_rlpx_data(const struct fuzz_target *t, const uint8_t *data, size_t len);
void fuzz_rlpx_hello(const struct fuzz_target *t, const uint8_t *data, size_t len);

/* The magic that the stream target wants, so that seeds have it. */
extern const uint8_t fuzz_magic[4];

/* A transaction of Ethereum, signed for mainnet. */
extern const char fuzz_eth_tx_hex[];

/* Write seeds for every target below `dir`, one folder each. Returns: false after saying what went
 * wrong. */
bool fuzz_corpus_make(const char *dir);

/* The same for transactions, into a folder that exists. */
bool fuzz_corpus_make_tx(const char *dir);

/* The same for compact blocks. */
bool fuzz_corpus_make_reconstruct(const char *dir);

/* The same for block filters. */
bool fuzz_corpus_make_filter(const char *dir);

/* The same for addresses and files, into a folder that exists. */
bool fuzz_corpus_make_files(const char *dir);

/* The same for Ethereum's targets, into a folder that exists. */
bool fuzz_corpus_make_eth(const char *dir);
bool fuzz_corpus_make_rlpx(const char *dir);
bool fuzz_corpus_make_ethwire(const char *dir);
bool fuzz_corpus_make_ethserve(const char *dir);

/* Write seed n of a target, also cut short and with one byte changed. Returns: as above. */
bool fuzz_corpus_put(const char *dir, const char *target, const uint8_t *data, size_t len,
                     unsigned n);

#endif
