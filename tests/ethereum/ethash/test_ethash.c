/* Ethash against what others have computed and mined: sizes from the published tables, the seals of
 * Ethereum's first blocks. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/rlp.h"
#include "ethereum/ethash/ethash.h"
#include "ethereum/ethash/seals.h"
#include "harness.h"
#include "thread/thread.h"

enum { FILE_MAX_BYTES = 8 << 20, EVERY = 8 };

static struct ethash_cache *first;

/* go-ethereum consensus/ethash/algorithm.go, cacheSizes and datasetSizes */
START_TEST(sizes_are_the_published_ones)
{
    ck_assert_uint_eq(ethash_cache_bytes(0), 16776896);
    ck_assert_uint_eq(ethash_cache_bytes(1), 16907456);
    ck_assert_uint_eq(ethash_cache_bytes(2), 17039296);
    ck_assert_uint_eq(ethash_dataset_bytes(0), 1073739904);
    ck_assert_uint_eq(ethash_dataset_bytes(1), 1082130304);
    ck_assert_uint_eq(ethash_dataset_bytes(2), 1090514816);
    ck_assert_uint_le(ethash_cache_bytes(ETHASH_EPOCH_MAX), 64 << 20);
}
END_TEST

/* The first headers of mainnet, all of the first epoch. Owns: the caller frees. Returns: NULL when
 * they are not to be had, which has been said. */
static uint8_t *mainnet_headers(size_t *len)
{
    const char *data = getenv("P2PNODE_TEST_DATA");
    char command[512];
    uint8_t *file;
    FILE *f;

    *len = 0;
    if (data) {
        snprintf(command, sizeof command,
                 "xz -dc '%s/ethereum/chains/mainnet-headers-0-8191.rlp.xz'", data);
        f = popen(command, "r");
        ck_assert_ptr_nonnull(f);
        file = malloc(FILE_MAX_BYTES);
        ck_assert_ptr_nonnull(file);
        *len = fread(file, 1, FILE_MAX_BYTES, f);
        if (pclose(f) == 0 && *len > 0)
            return file;
        free(file);
    }
    printf("SKIPPED: the first headers of mainnet: P2PNODE_TEST_DATA or xz is missing\n");
    return NULL;
}

/* Every so many of the headers, for each takes a millisecond. */
static unsigned check_all(int (*check)(const struct eth_header *h), const uint8_t *file, size_t len)
{
    struct reader r = reader_of(file, len);
    unsigned n = 0;

    for (unsigned i = 0; reader_left(&r) > 0; i++) {
        struct bytes rlp = rlp_read_raw(&r);
        struct eth_header h;

        ck_assert_int_eq(r.err, 0);
        if (i == 0 || i % EVERY != 1) /* the genesis block has no seal */
            continue;
        ck_assert_int_eq(eth_header_decode(&h, rlp), 0);
        ck_assert_msg(check(&h) == 0, "header %u", i);
        n++;
    }
    return n;
}

static int check(const struct eth_header *h)
{
    return ethash_check(first, h);
}

START_TEST(the_first_headers_of_mainnet_are_sealed)
{
    size_t len;
    uint8_t *file = mainnet_headers(&len);
    struct eth_header h;
    struct reader r;

    if (!file)
        return;
    ck_assert_int_eq(ethash_cache_make(&first, 0), 0);
    ck_assert_uint_eq(check_all(check, file, len), 8192 / EVERY);
    r = reader_of(file, len);
    (void)rlp_read_raw(&r);
    ck_assert_int_eq(eth_header_decode(&h, rlp_read_raw(&r)), 0);
    h.nonce[7] ^= 1;
    ck_assert_int_eq(check(&h), PN_ESEAL);
    h.nonce[7] ^= 1;
    h.mix[0] ^= 1;
    ck_assert_int_eq(check(&h), PN_ESEAL);
    h.mix[0] ^= 1;
    h.time++;
    ck_assert_int_eq(check(&h), PN_ESEAL);
    h.time--;
    h.difficulty <<= 40; /* as much work as nobody did */
    ck_assert_int_eq(check(&h), PN_ESEAL);
    h.difficulty = 0;
    ck_assert_int_eq(check(&h), PN_ESEAL);
    ethash_cache_free(first);
    free(file);
}
END_TEST

/* --- shared between threads --- */

static struct seals *seals;
static struct chan quit;

static void *verify_some(void *arg)
{
    const struct eth_header *h = arg;

    thread_set_role(ROLE_PEER_IN);
    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(seals_verify(seals, h, 0, &quit), 0);
    return NULL;
}

START_TEST(threads_share_the_cache_that_one_of_them_makes)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct eth_header h = {0};
    size_t len;
    uint8_t *file = mainnet_headers(&len);
    struct reader r;

    if (!file)
        return;
    thread_set_role(ROLE_PEER_IN);
    ck_assert_int_eq(chan_class_register(&quit_class), 0);
    ck_assert_int_eq(chan_init(&quit, &quit_class), 0);
    ck_assert_int_eq(seals_new(&seals), 0);
    r = reader_of(file, len);
    (void)rlp_read_raw(&r);
    ck_assert_int_eq(eth_header_decode(&h, rlp_read_raw(&r)), 0);
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, verify_some, &h), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    /* Far from our head nobody makes a cache for anybody; nor beyond the last one. */
    h.number = 2 * ETHASH_EPOCH_BLOCKS;
    ck_assert_int_eq(seals_verify(seals, &h, 0, &quit), 0);
    h.number = UINT64_MAX;
    ck_assert_int_eq(seals_verify(seals, &h, UINT64_MAX, &quit), 0);
    h.number = ETHASH_EPOCH_BLOCKS; /* the next epoch, whose seal it is not */
    ck_assert_int_eq(seals_verify(seals, &h, 0, &quit), PN_ESEAL);
    seals_free(seals);
    chan_destroy(&quit, NULL);
    free(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ethash");
    TCase *tc = tcase_create("ethash");

    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, sizes_are_the_published_ones);
    tcase_add_test(tc, the_first_headers_of_mainnet_are_sealed);
    tcase_add_test(tc, threads_share_the_cache_that_one_of_them_makes);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
