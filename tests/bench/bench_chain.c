/* What the header chain costs: a million headers under mainnet's rules, from the 80 raw bytes to
 * their place in the active chain.
 *
 * The headers are mined here, on mainnet's rules with an easy limit, so that the figures need no
 * data from outside: every 2016th is a retarget, and the times have an honest spread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "bench.h"
#include "bitcoin/chain/chain.h"
#include "bitcoin/chain/pow.h"

enum { HEADERS = 1000000, BATCH = 2000, RUNS = 5 };

struct lab {
    struct btc_params params;
    uint8_t *raw; /* HEADERS × 80 bytes, the genesis not among them */
    struct btc_header headers[BATCH];
    uint8_t hashes[BATCH][BTC_HASH_BYTES];
    double precheck_s; /* of the last run: what falls on the peer's thread */
    double accept_s;   /* and on the manager's */
    double bytes_per_header;
};

static void give_up(const char *what, int err)
{
    fprintf(stderr, "bench_chain: %s: %s\n", what, pn_strerror(err));
    exit(EXIT_FAILURE);
}

/* Find a nonce. Half of all hashes meet the easy limit, so this is quick. */
static void mine(struct btc_header *h, uint8_t hash[BTC_HASH_BYTES],
                 const struct btc_params *params)
{
    for (h->nonce = 0;; h->nonce++) {
        btc_header_hash(hash, h);
        if (pow_check_hash(hash, h->bits, params) == 0)
            return;
    }
}

static void make_params(struct btc_params *params)
{
    const struct btc_params *regtest = btc_params_find("regtest");

    *params = *btc_params_find("mainnet");
    params->checkpoints = NULL;
    params->genesis.bits = params->pow_limit_bits = regtest->pow_limit_bits;
    params->genesis.time = 500000000; /* a million times ten minutes before it is too new */
    params->pow_limit = regtest->pow_limit;
    mine(&params->genesis, params->genesis_hash, params);
}

/* Ten minutes apart, give or take four. */
static uint32_t header_time(const struct btc_params *params, uint32_t height)
{
    uint32_t jitter = height * UINT32_C(2654435761) >> 24;

    return params->genesis.time + height * POW_SPACING_S + 2 * jitter;
}

static void make_headers(struct lab *lab)
{
    struct chain chain;
    struct chain_result result;
    int rc = chain_init(&chain, &lab->params, HEADERS + 1);

    for (uint32_t i = 0; i < HEADERS && rc == 0; i++) {
        uint32_t tip = chain_tip(&chain);
        struct btc_header h = {.version = 4, .time = header_time(&lab->params, i + 1)};
        uint8_t hash[BTC_HASH_BYTES];

        memcpy(h.prev, chain_entry(&chain, tip)->hash, sizeof h.prev);
        h.bits = chain_next_bits(&chain, tip, h.time);
        mine(&h, hash, &lab->params);
        btc_header_store(lab->raw + (size_t)i * BTC_HEADER_BYTES, &h);
        rc = chain_accept(&chain, &result, &h, hash);
    }
    if (rc)
        give_up("mining", rc);
    chain_free(&chain);
}

static void decode_batch(struct lab *lab, size_t first)
{
    struct reader r = reader_of(lab->raw + first * BTC_HEADER_BYTES, BATCH * BTC_HEADER_BYTES);

    for (size_t i = 0; i < BATCH; i++)
        btc_header_decode(&r, &lab->headers[i]);
}

static double check_all(void *arg)
{
    struct lab *lab = arg;
    struct chain chain;
    struct chain_result result;
    int rc = chain_init(&chain, &lab->params, HEADERS + 1);

    lab->precheck_s = lab->accept_s = 0;
    for (size_t first = 0; first < HEADERS && rc == 0; first += BATCH) {
        double start = bench_now(), middle;

        decode_batch(lab, first);
        rc = headers_precheck(lab->hashes, lab->headers, BATCH, &lab->params);
        middle = bench_now();
        if (rc == 0)
            rc = chain_accept_many(&chain, &result, lab->headers, lab->hashes, BATCH);
        lab->precheck_s += middle - start;
        lab->accept_s += bench_now() - middle;
    }
    if (rc || chain_height(&chain) != HEADERS)
        give_up("checking", rc);
    lab->bytes_per_header = (double)chain_bytes(&chain) / chain_count(&chain);
    chain_free(&chain);
    return HEADERS / (lab->precheck_s + lab->accept_s);
}

void bench_chain(void)
{
    struct lab *lab = calloc(1, sizeof *lab);

    if (!lab || !(lab->raw = malloc((size_t)HEADERS * BTC_HEADER_BYTES)))
        give_up("setting up", PN_ENOMEM);
    make_params(&lab->params);
    make_headers(lab);
    bench_rate("header_check", bench_median(RUNS, check_all, lab), "headers");
    bench_rate("header_precheck", HEADERS / lab->precheck_s, "headers");
    bench_rate("header_accept", HEADERS / lab->accept_s, "headers");
    bench_value("header_memory", lab->bytes_per_header, "bytes/header");
    free(lab->raw);
    free(lab);
}
