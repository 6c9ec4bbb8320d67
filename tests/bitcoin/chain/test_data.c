/* Headers of the real chains, and of the trees made for BIP54, pass from the first to the last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "datafile.h"
#include "harness.h"
#include "lab.h"

enum { CAPACITY = 100000, BATCH = 2000 };

static uint8_t hashes[BATCH][BTC_HASH_BYTES];

/* Feed all headers in batches, as peers send them. Returns: the first error. */
static int feed(struct chain *chain, const struct datafile *file)
{
    for (size_t first = 0; first < file->count; first += BATCH) {
        size_t n = file->count - first < BATCH ? file->count - first : BATCH;
        struct chain_result result;
        int rc = headers_precheck(hashes, file->headers + first, n, chain->params);

        if (rc == 0)
            rc = chain_accept_many(chain, &result, file->headers + first, hashes, n);
        if (rc)
            return rc;
    }
    return 0;
}

static void assert_chain_work(const struct chain *chain, uint32_t height, const char *expected)
{
    char hex[65];

    work_to_hex(hex, chain_entry(chain, chain_at(chain, height))->work);
    ck_assert_msg(strcmp(hex, expected) == 0, "work at height %u: expected %s, got %s", height,
                  expected, hex);
}

static void start(struct chain *chain, const char *network)
{
    ck_assert_int_eq(chain_init(chain, btc_params_find(network), CAPACITY), 0);
}

START_TEST(mainnet_is_valid_past_its_first_real_retarget)
{
    struct datafile file;
    struct chain chain;

    if (!datafile_load(&file, "bitcoin/headers/mainnet-000000-032260.bin"))
        return;
    start(&chain, "mainnet");
    ck_assert_int_eq(feed(&chain, &file), 0);
    ck_assert_uint_eq(chain_height(&chain), 32260);
    ck_assert_uint_eq(chain_count(&chain), 32261);
    ck_assert_uint_eq(chain_entry(&chain, chain_at(&chain, 32255))->bits, 0x1d00ffff);
    ck_assert_uint_eq(chain_entry(&chain, chain_at(&chain, 32256))->bits, 0x1d00d86a);
    lab_check(&chain);
    chain_free(&chain);
    datafile_free(&file);
}
END_TEST

START_TEST(signet_is_valid_in_its_first_period)
{
    struct datafile file;
    struct chain chain;

    if (!datafile_load(&file, "bitcoin/headers/signet-000000-002015.bin"))
        return;
    start(&chain, "signet");
    ck_assert_int_eq(feed(&chain, &file), 0);
    ck_assert_uint_eq(chain_height(&chain), 2015);
    /* 2016 × 2^256 / (0x0377ae × 2^216 + 1) */
    assert_chain_work(&chain, 2015,
                      "0000000000000000000000000000000000000000000000000000000245661d80");
    lab_check(&chain);
    chain_free(&chain);
    datafile_free(&file);
}
END_TEST

/* Two headers that fork off the genesis come first, then headers 1 to 546 of testnet3. */
START_TEST(testnet3_is_valid_and_overtakes_a_fork_seen_first)
{
    enum { MAIN = 546, FORK = 2 };
    struct datafile file;
    struct chain chain;
    size_t len;
    uint8_t *text = harness_data(&len, "bitcoin/headers/core-blockheader_testnet3.hex");
    uint32_t tips[2];

    if (!text)
        return;
    text[len] = '\0';
    datafile_scan(&file, (const char *)text);
    free(text);
    ck_assert_uint_eq(file.count, MAIN + FORK);
    start(&chain, "testnet3");
    for (size_t i = 0; i < file.count; i++) {
        struct chain_result result;
        uint8_t hash[BTC_HASH_BYTES];

        btc_header_hash(hash, &file.headers[i]);
        ck_assert_int_eq(chain_accept(&chain, &result, &file.headers[i], hash), 0);
        /* the third header of the longer branch has more work than the two of the fork */
        ck_assert_uint_eq(result.depth, i == 2 * FORK ? FORK : 0);
    }
    ck_assert_uint_eq(chain_height(&chain), MAIN);
    ck_assert_uint_eq(chain_tips(&chain, tips, 2), 2);
    ck_assert_uint_eq(tips[0], chain_tip(&chain));
    ck_assert_uint_eq(chain_entry(&chain, tips[1])->height, FORK);
    /* 547 × (2^32 + 2^16 + 1) */
    assert_chain_work(&chain, MAIN,
                      "0000000000000000000000000000000000000000000000000000022302230223");
    lab_check(&chain);
    chain_free(&chain);
    datafile_free(&file);
}
END_TEST

START_TEST(headers_from_within_a_chain_pass_the_precheck)
{
    static const struct {
        const char *name;
        size_t count;
    } rows[] = {
        {"bitcoin/headers/mainnet-300000-300499.bin", 500},
        {"bitcoin/headers/mainnet-586657-589289.bin", 2633},
    };
    const struct btc_params *mainnet = btc_params_find("mainnet");
    uint8_t(*all)[BTC_HASH_BYTES];
    struct datafile file;

    if (!datafile_load(&file, rows[_i].name))
        return;
    all = calloc(file.count, sizeof *all);
    ck_assert_uint_eq(file.count, rows[_i].count);
    ck_assert_int_eq(headers_precheck(all, file.headers, file.count, mainnet), 0);
    for (size_t i = 1; i < file.count; i++)
        ck_assert_mem_eq(file.headers[i].prev, all[i - 1], BTC_HASH_BYTES);
    file.headers[file.count / 2].nonce ^= 1;
    ck_assert_int_eq(headers_precheck(all, file.headers, file.count, mainnet), PN_EPOW);
    free(all);
    datafile_free(&file);
}
END_TEST

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* A line of bitcoinj's checkpoint file: 12 bytes of work and 4 of height, most significant first,
 * then the header; 96 bytes in 128 characters. Returns: false for a line of another length. */
static bool decode_checkpoint(uint8_t out[96], const char *line)
{
    for (size_t i = 0; i < 128; i += 4) {
        uint32_t group = 0;

        for (size_t k = 0; k < 4; k++) {
            int value = base64_value(line[i + k]);

            if (value < 0)
                return false;
            group = group << 6 | (uint32_t)value;
        }
        out[i / 4 * 3] = (uint8_t)(group >> 16);
        out[i / 4 * 3 + 1] = (uint8_t)(group >> 8);
        out[i / 4 * 3 + 2] = (uint8_t)group;
    }
    return true;
}

/* Returns: whether the checkpoint is at a height that the chain has, and so was compared. */
static bool compare_checkpoint(const struct chain *chain, const uint8_t checkpoint[96])
{
    uint32_t index = chain_at(chain, load_be32(checkpoint + 12));
    struct reader r = reader_of(checkpoint + 16, BTC_HEADER_BYTES);
    struct btc_header expected, got;
    uint8_t work[12];

    if (index == CHAIN_NONE)
        return false;
    btc_header_decode(&r, &expected);
    chain_header(chain, &got, index);
    ck_assert_mem_eq(&got, &expected, sizeof got);
    for (unsigned i = 0; i < sizeof work; i++)
        work[i] = (uint8_t)(chain_entry(chain, index)->work >> (8 * (11 - i)));
    ck_assert_mem_eq(work, checkpoint, sizeof work);
    return true;
}

START_TEST(the_chains_work_is_that_of_bitcoinjs_checkpoints)
{
    struct datafile file;
    struct chain chain;
    size_t len, compared = 0;
    char *text, *line, *rest;

    if (!datafile_load(&file, "bitcoin/headers/mainnet-000000-032260.bin"))
        return;
    text = (char *)harness_data(&len, "bitcoin/headers/bitcoinj-checkpoints-production.txt");
    if (!text)
        return;
    text[len] = '\0';
    start(&chain, "mainnet");
    ck_assert_int_eq(feed(&chain, &file), 0);
    for (rest = text; (line = strsep(&rest, "\r\n")) != NULL;) {
        uint8_t checkpoint[96];

        if (strlen(line) == 128 && decode_checkpoint(checkpoint, line))
            compared += compare_checkpoint(&chain, checkpoint);
    }
    ck_assert_uint_eq(compared, 16); /* every 2016 headers, up to 32256 */
    free(text);
    chain_free(&chain);
    datafile_free(&file);
}
END_TEST

/* Unpack a file with xz(1). Returns: its text, which the caller frees, or NULL with a reason. */
static char *unpack(const char *name)
{
    enum { MAX_BYTES = 16 * 1024 * 1024 };
    const char *root = getenv("P2PNODE_TEST_DATA");
    char command[1100], *text;
    size_t len;
    FILE *pipe;

    free(harness_data(&len, name)); /* says so when it is absent */
    if (!root)
        return NULL;
    snprintf(command, sizeof command, "exec xz -dc '%s/%s' 2>/dev/null", root, name);
    pipe = popen(command, "r");
    text = calloc(1, MAX_BYTES);
    len = pipe && text ? fread(text, 1, MAX_BYTES - 1, pipe) : 0;
    if (pipe && pclose(pipe) == 0 && len > 0)
        return text;
    printf("SKIPPED: %s: cannot be unpacked with xz\n", name);
    free(text);
    return NULL;
}

/* The tree is written depth first, so parents come before their children; branches repeat what they
 * share. All are valid under the rules in force, though BIP54 would refuse some. */
START_TEST(the_trees_of_bip54_are_valid_under_the_rules_in_force)
{
    char *text = unpack("bitcoin/headers/bip54-timestamps.json.xz");
    struct datafile file;
    struct chain chain;
    uint32_t repeated = 0, tips[8];

    if (!text)
        return;
    datafile_scan(&file, text);
    free(text);
    start(&chain, "mainnet");
    for (size_t i = 1; i < file.count; i++) {
        struct chain_result result;
        uint8_t hash[BTC_HASH_BYTES];
        int rc;

        btc_header_hash(hash, &file.headers[i]);
        rc = chain_accept(&chain, &result, &file.headers[i], hash);
        ck_assert_msg(rc == 0 || rc == PN_EDUPLICATE, "header %zu: %s", i, pn_errname(rc));
        repeated += result.known;
    }
    ck_assert_uint_eq(file.count, 4049);
    ck_assert_uint_eq(repeated, 9);
    ck_assert_uint_eq(chain_count(&chain), file.count - repeated);
    ck_assert_uint_eq(chain_tips(&chain, tips, 8), 5);
    ck_assert_uint_eq(chain_height(&chain), 4032);
    lab_check(&chain);
    chain_free(&chain);
    datafile_free(&file);
}
END_TEST

TCase *tcase_data(void)
{
    TCase *t = tcase_create("data");

    tcase_set_timeout(t, 120);
    tcase_add_test(t, mainnet_is_valid_past_its_first_real_retarget);
    tcase_add_test(t, signet_is_valid_in_its_first_period);
    tcase_add_test(t, testnet3_is_valid_and_overtakes_a_fork_seen_first);
    tcase_add_loop_test(t, headers_from_within_a_chain_pass_the_precheck, 0, 2);
    tcase_add_test(t, the_chains_work_is_that_of_bitcoinjs_checkpoints);
    tcase_add_test(t, the_trees_of_bip54_are_valid_under_the_rules_in_force);
    return t;
}
