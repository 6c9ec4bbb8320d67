/* The chain: real ones imported, branches, bodies, what survives a restart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "ethereum/chain/import.h"
#include "harness.h"
#include "maker.h"

static char folder[] = "/tmp/p2pnode-chain-XXXXXX", path[64];
static struct eth_params params;
static struct eth_chain *chain;

static void open_chain(void)
{
    ck_assert_int_eq(eth_chain_open(&chain, path, &params), 0);
}

static void close_chain(void)
{
    eth_chain_close(chain);
    chain = NULL;
}

static void setup(void)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/chain", folder);
}

static void teardown(void)
{
    char name[80];

    close_chain();
    unlink(path);
    snprintf(name, sizeof name, "%s-lock", path);
    unlink(name);
    rmdir(folder);
}

static int add(const struct made_block *b, struct eth_added *added)
{
    return eth_chain_add_header(chain, added, &b->h, made_rlp(b), false);
}

static void add_ok(const struct made_block *b)
{
    struct eth_added added;

    ck_assert_int_eq(add(b, &added), 0);
}

static void assert_head(const struct eth_head *head, const struct eth_header *h)
{
    ck_assert_uint_eq(head->number, h->number);
    ck_assert_mem_eq(head->hash, h->hash, ETH_HASH_BYTES);
}

/* A run of blocks on a parent. */
static void make_run(struct made_block *out, unsigned n, const struct eth_header *parent,
                     unsigned seconds, unsigned tag, unsigned n_txs)
{
    for (unsigned i = 0; i < n; i++)
        make_block(&out[i], &params, i ? &out[i - 1].h : parent, seconds, tag, n_txs);
}

START_TEST(the_branch_with_more_difficulty_wins_however_long_it_is)
{
    static struct made_block slow[6], fast[5];
    struct eth_added added;
    uint8_t hash[ETH_HASH_BYTES];

    make_params(&params, false);
    open_chain();
    make_run(slow, 6, &params.genesis, 20, 1, 0);
    make_run(fast, 5, &slow[0].h, 1, 2, 0);
    for (unsigned i = 0; i < 6; i++)
        add_ok(&slow[i]);
    assert_head(eth_chain_head_of_headers(chain), &slow[5].h);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(add(&fast[i], &added), 0);
        ck_assert(!added.known);
    }
    ck_assert_int_eq(add(&fast[4], &added), 0);
    assert_head(eth_chain_head_of_headers(chain), &fast[4].h);
    assert_head(eth_chain_head_of_blocks(chain), &fast[4].h);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(eth_chain_hash_at(chain, hash, i + 2), 0);
        ck_assert_mem_eq(hash, fast[i].h.hash, ETH_HASH_BYTES);
    }
    ck_assert_int_eq(eth_chain_hash_at(chain, hash, 7), PN_ENOENT);
    ck_assert_int_eq(add(&slow[3], &added), 0);
    ck_assert(added.known && !added.head_moved);
    close_chain(); /* and it is all there again */
    open_chain();
    assert_head(eth_chain_head_of_headers(chain), &fast[4].h);
    for (unsigned i = 0; i < 6; i++)
        made_free(&slow[i]);
    for (unsigned i = 0; i < 5; i++)
        made_free(&fast[i]);
}
END_TEST

START_TEST(a_shorter_branch_with_more_difficulty_cuts_the_longer_one)
{
    static struct made_block slow[3], fast;
    struct eth_added added;
    uint8_t hash[ETH_HASH_BYTES];

    make_params(&params, false);
    params.genesis.difficulty = 100000000;
    ck_assert_int_eq(eth_header_rehash(&params.genesis), 0);
    open_chain();
    make_run(slow, 2, &params.genesis, 900, 1, 0);
    make_block(&fast, &params, &slow[0].h, 1, 2, 0);
    make_block(&slow[2], &params, &slow[1].h, 900, 1, 0);
    add_ok(&slow[0]);
    add_ok(&slow[1]);
    ck_assert_int_eq(add(&fast, &added), 0);
    ck_assert(added.head_moved);
    ck_assert_uint_eq(added.reorg, 1);
    assert_head(eth_chain_head_of_headers(chain), &fast.h);
    ck_assert_int_eq(add(&slow[2], &added), 0);
    assert_head(eth_chain_head_of_headers(chain), &slow[2].h);
    ck_assert_int_eq(eth_chain_hash_at(chain, hash, 2), 0);
    ck_assert_mem_eq(hash, slow[1].h.hash, ETH_HASH_BYTES);
    for (unsigned i = 0; i < 3; i++)
        made_free(&slow[i]);
    made_free(&fast);
}
END_TEST

START_TEST(the_head_of_blocks_waits_for_bodies_and_follows_the_branch)
{
    static struct made_block main_branch[4], side[4];
    struct eth_body body;

    make_params(&params, false);
    open_chain();
    make_run(main_branch, 4, &params.genesis, 15, 1, 2);
    make_run(side, 4, &main_branch[0].h, 1, 2, 1);
    for (unsigned i = 0; i < 4; i++)
        add_ok(&main_branch[i]);
    assert_head(eth_chain_head_of_blocks(chain), &params.genesis);
    for (unsigned i = 4; i-- > 1;) {
        body = made_body(&main_branch[i]);
        ck_assert_int_eq(eth_chain_add_body(chain, main_branch[i].h.hash, &body), 0);
        assert_head(eth_chain_head_of_blocks(chain), &params.genesis);
    }
    body = made_body(&side[0]);
    ck_assert_int_eq(eth_chain_add_body(chain, main_branch[0].h.hash, &body), PN_EMERKLE);
    body = made_body(&main_branch[0]);
    ck_assert_int_eq(eth_chain_add_body(chain, main_branch[0].h.hash, &body), 0);
    assert_head(eth_chain_head_of_blocks(chain), &main_branch[3].h);
    for (unsigned i = 0; i < 4; i++)
        add_ok(&side[i]);
    assert_head(eth_chain_head_of_headers(chain), &side[3].h);
    assert_head(eth_chain_head_of_blocks(chain), &main_branch[0].h);
    ck_assert_int_eq(eth_chain_body(chain, &body, side[0].h.hash), PN_ENOENT);
    ck_assert_int_eq(eth_chain_body(chain, &body, main_branch[3].h.hash), 0);
    close_chain();
    open_chain();
    assert_head(eth_chain_head_of_blocks(chain), &main_branch[0].h);
    body = made_body(&main_branch[0]);
    ck_assert_int_eq(eth_chain_add_body(chain, side[0].h.hash, &body), PN_EMERKLE);
    ck_assert_int_eq(eth_chain_add_body(chain, (const uint8_t[32]){9}, &body), PN_ENOENT);
    for (unsigned i = 0; i < 4; i++) {
        made_free(&main_branch[i]);
        made_free(&side[i]);
    }
}
END_TEST

START_TEST(what_does_not_fit_leaves_no_trace)
{
    static struct made_block one, two, bad;
    struct eth_added added;
    struct eth_params *other = calloc(1, sizeof *other);
    struct eth_chain *wrong;

    ck_assert_ptr_nonnull(other);
    make_params(&params, true);
    open_chain();
    make_block(&one, &params, &params.genesis, 15, 1, 0);
    make_block(&two, &params, &one.h, 15, 1, 0);
    ck_assert_int_eq(add(&two, &added), PN_EORPHAN);
    make_block(&bad, &params, &params.genesis, 0, 3, 0);
    ck_assert_int_eq(add(&bad, &added), PN_ETIMEOLD);
    assert_head(eth_chain_head_of_headers(chain), &params.genesis);
    add_ok(&one);
    add_ok(&two);
    params.merge_difficulty = eth_chain_head_of_headers(chain)->total_difficulty;
    made_free(&bad);
    make_block(&bad, &params, &two.h, 15, 3, 0); /* with work, and from nobody */
    ck_assert_int_eq(add(&bad, &added), PN_EPROTO);
    bad.h.difficulty = 0;
    ck_assert_int_eq(eth_header_rehash(&bad.h), 0);
    ck_assert_int_eq(add(&bad, &added), PN_EPROTO);
    close_chain();
    make_params(other, true);
    other->genesis.gas_limit++;
    ck_assert_int_eq(eth_header_rehash(&other->genesis), 0);
    ck_assert_int_eq(eth_chain_open(&wrong, path, other), PN_EGENESIS);
    ck_assert_ptr_null(wrong);
    made_free(&one);
    made_free(&two);
    made_free(&bad);
    free(other);
}
END_TEST

static void read_genesis(const char *name)
{
    size_t len, at;
    uint8_t *text = harness_data(&len, name);

    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(eth_params_from_genesis(&params, &at, (const char *)text, len), 0);
    free(text);
}

#define ETHTEST "ethereum/chains/geth-ethtest-v1.10.26-pow/"

START_TEST(a_chain_of_go_ethereum_is_imported_whole)
{
    const char *data = getenv("P2PNODE_TEST_DATA");
    struct eth_import done;
    char file[512], hex[65];
    size_t len;
    uint8_t *there = harness_data(&len, ETHTEST "chain.rlp");

    if (!there)
        return;
    free(there);
    read_genesis(ETHTEST "genesis.json");
    open_chain();
    snprintf(file, sizeof file, "%s/%s", data, ETHTEST "halfchain.rlp");
    ck_assert_int_eq(eth_chain_import(chain, &done, file), 0);
    ck_assert_uint_eq(done.blocks, 999);
    ck_assert_uint_eq(eth_chain_head_of_blocks(chain)->number, 999);
    snprintf(file, sizeof file, "%s/%s", data, ETHTEST "chain.rlp");
    ck_assert_int_eq(eth_chain_import(chain, &done, file), 0);
    ck_assert_uint_eq(eth_chain_head_of_blocks(chain)->number, done.blocks);
    ck_assert_uint_eq(eth_chain_head_of_headers(chain)->number, done.blocks);
    hex_encode(hex, eth_chain_head_of_blocks(chain)->hash, 32);
    ck_assert_uint_ge(done.blocks, 2999);
    ck_assert(eth_chain_head_of_blocks(chain)->total_difficulty ==
              (eth_u128)131072 * (done.blocks + 1));
    ck_assert_int_eq(eth_chain_import(chain, &done, folder), PN_EINVAL);
}
END_TEST

/* The headers are found unpacked below the folder that P2PNODE_TEST_DATA names, or packed with xz
 * as they are kept. */
static FILE *open_mainnet(void)
{
    const char *data = getenv("P2PNODE_TEST_DATA");
    char command[600];

    if (!data)
        return NULL;
    snprintf(command, sizeof command, "xz -dc '%s/ethereum/chains/mainnet-headers-0-8191.rlp.xz'",
             data);
    return popen(command, "r");
}

START_TEST(the_first_headers_of_mainnet_link_with_the_right_difficulty)
{
    enum { ROOM = 16 << 20 };
    uint8_t *all = malloc(ROOM);
    FILE *in = open_mainnet();
    size_t len = 0, got;
    struct reader r;
    eth_u128 sum = 0;
    unsigned n = 0;

    ck_assert_ptr_nonnull(all);
    while (in && (got = fread(all + len, 1, ROOM - len, in)) > 0)
        len += got;
    if (in)
        pclose(in);
    if (len == 0) {
        printf("SKIPPED: the first headers of mainnet: P2PNODE_TEST_DATA or xz is missing\n");
        free(all);
        return;
    }
    ck_assert_int_eq(eth_params_known(&params, "mainnet"), 0);
    open_chain();
    r = reader_of(all, len);
    for (; reader_left(&r) > 0; n++) {
        struct bytes rlp = rlp_read_raw(&r);
        struct eth_added added;
        struct eth_header h;
        int rc;

        ck_assert_int_eq(eth_header_decode(&h, rlp), 0);
        rc = eth_chain_add_header(chain, &added, &h, rlp, false);
        ck_assert_msg(rc == 0, "header %u: %s", n, pn_errname(rc));
        sum += h.difficulty;
        ck_assert_uint_eq(eth_chain_head_of_headers(chain)->number, n);
        ck_assert(eth_chain_head_of_headers(chain)->total_difficulty == sum);
    }
    ck_assert_uint_eq(n, 8192);
    free(all);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eth chain");
    TCase *tc = tcase_create("chain");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, the_branch_with_more_difficulty_wins_however_long_it_is);
    tcase_add_test(tc, a_shorter_branch_with_more_difficulty_cuts_the_longer_one);
    tcase_add_test(tc, the_head_of_blocks_waits_for_bodies_and_follows_the_branch);
    tcase_add_test(tc, what_does_not_fit_leaves_no_trace);
    tcase_add_test(tc, a_chain_of_go_ethereum_is_imported_whole);
    tcase_add_test(tc, the_first_headers_of_mainnet_link_with_the_right_difficulty);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
