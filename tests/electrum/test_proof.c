/* Merkle branches and proofs below a checkpoint. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "codec/hex.h"
#include "crypto/sha256.h"
#include "electrum/proof/header_proof.h"
#include "test_electrum.h"

/* The plain definition, slowly: hash pairs, an odd one with itself, until one is left. */
static void slow_root(merkle_hash root, const merkle_hash *leaves, size_t n)
{
    merkle_hash *level = malloc(n * sizeof *level);

    memcpy(level, leaves, n * sizeof *level);
    for (; n > 1; n = (n + 1) / 2)
        for (size_t i = 0; i < n; i += 2)
            sha256d_pair(level[i / 2], level[i], 32, level[i + 1 < n ? i + 1 : i], 32);
    memcpy(root, level[0], 32);
    free(level);
}

static void make_leaves(merkle_hash *leaves, size_t n, uint32_t salt)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t seed[2] = {(uint32_t)i, salt};

        sha256d(leaves[i], seed, sizeof seed);
    }
}

START_TEST(branches_lead_to_the_root)
{
    for (size_t n = 1; n <= 33; n++) {
        merkle_hash leaves[33], copy[33], want, root, branch[MERKLE_MAX_BRANCH];
        unsigned depth = merkle_depth(n);

        make_leaves(leaves, n, 0);
        slow_root(want, leaves, n);
        for (size_t i = 0; i < n; i++) {
            memcpy(copy, leaves, sizeof copy);
            merkle_fold(root, branch, copy, n, depth, i);
            ck_assert_mem_eq(root, want, 32);
            merkle_climb(root, leaves[i], (const merkle_hash *)branch, depth, i);
            ck_assert_mem_eq(root, want, 32);
        }
    }
}
END_TEST

/* A chain in memory that counts what is read of it. */
struct chain_double {
    merkle_hash *hashes;
    uint32_t n;
    unsigned long read;
};

static int read_hashes(void *arg, merkle_hash *out, uint32_t first, uint32_t n)
{
    struct chain_double *c = arg;

    if (first > c->n || n > c->n - first)
        return PN_ENOENT;
    c->read += n;
    memcpy(out, c->hashes + first, n * sizeof *out);
    return 0;
}

static void expect_proof(struct header_prover *p, struct chain_double *c, uint32_t height,
                         uint32_t cp)
{
    struct header_proof proof;
    merkle_hash want, root;

    ck_assert_int_eq(header_prove(p, &proof, height, cp), 0);
    slow_root(want, (const merkle_hash *)c->hashes, cp + 1);
    ck_assert_msg(memcmp(proof.root, want, 32) == 0, "root of %u below %u", height, cp);
    ck_assert_uint_eq(proof.depth, merkle_depth(cp + 1));
    merkle_climb(root, c->hashes[height], (const merkle_hash *)proof.branch, proof.depth, height);
    ck_assert_msg(memcmp(root, want, 32) == 0, "branch of %u below %u", height, cp);
}

static struct header_prover *prover_of(struct chain_double *c, uint32_t n)
{
    struct header_hashes source = {read_hashes, c};
    struct header_prover *p = header_prover_new(&source);

    *c = (struct chain_double){.hashes = malloc(n * sizeof *c->hashes), .n = n};
    make_leaves(c->hashes, n, 0);
    ck_assert_ptr_nonnull(p);
    return p;
}

START_TEST(proofs_agree_with_the_definition)
{
    static const uint32_t cps[] = {0,    1,    2,    8,    1022, 1023, 1024, 1025,
                                   2047, 2048, 3000, 4095, 4096, 5119, 5120, 6999};
    struct chain_double c;
    struct header_prover *p = prover_of(&c, 7000);

    for (size_t i = 0; i < sizeof cps / sizeof cps[0]; i++) {
        const uint32_t heights[] = {0, cps[i] / 2, cps[i]};

        for (size_t h = 0; h < 3; h++)
            expect_proof(p, &c, heights[h], cps[i]);
    }
    header_prover_free(p);
    free(c.hashes);
}
END_TEST

START_TEST(later_proofs_read_a_small_part_of_the_chain)
{
    struct header_proof proof;
    struct chain_double c;
    struct header_prover *p = prover_of(&c, 100000);

    ck_assert_int_eq(header_prove(p, &proof, 5, 99999), 0);
    c.read = 0;
    ck_assert_int_eq(header_prove(p, &proof, 70000, 99999), 0);
    ck_assert_uint_le(c.read, 3000);
    header_prover_free(p);
    free(c.hashes);
}
END_TEST

START_TEST(a_reorganisation_needs_no_word)
{
    struct chain_double c;
    struct header_prover *p = prover_of(&c, 5000);

    expect_proof(p, &c, 3, 4999);
    make_leaves(c.hashes + 3000, 2000, 1); /* all from height 3000 on are others now */
    expect_proof(p, &c, 3, 4999);
    expect_proof(p, &c, 2999, 4999);
    expect_proof(p, &c, 4000, 4500);
    make_leaves(c.hashes + 3000, 2000, 0);
    expect_proof(p, &c, 4000, 4999);
    header_prover_free(p);
    free(c.hashes);
}
END_TEST

START_TEST(proofs_above_the_tip_or_the_checkpoint_are_refused)
{
    struct header_proof proof;
    struct chain_double c;
    struct header_prover *p = prover_of(&c, 10);

    ck_assert_int_eq(header_prove(p, &proof, 0, 10), PN_ENOENT);
    ck_assert_int_eq(header_prove(p, &proof, 6, 5), PN_ENOENT);
    ck_assert_int_eq(header_prove(p, &proof, 0, UINT32_MAX), PN_ENOENT);
    header_prover_free(p);
    free(c.hashes);
}
END_TEST

/* The example of the protocol documentation (protocol-methods, blockchain.block.header): height 5
 * below checkpoint 8 of Bitcoin's mainnet. The hashes are those of its first nine blocks. */
START_TEST(the_documentations_example_recomputes)
{
    static const char *const hashes[9] = {
        "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
        "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048",
        "000000006a625f06636b8bb6ac7b960a8d03705d1ace08b1a19da3fdcc99ddbd",
        "0000000082b5015589a3fdf2d4baff403e6f0be035a5d9742c1cae6295464449",
        "000000004ebadb55ee9096c9a2f8880e09da59c0d68b1c228da88e48844a1485",
        "000000009b7262315dbf071787ad3656097b892abffd1f95a1a022f896f533fc",
        "000000003031a0e73735690c5a1ff2a4be82553b2a12b776fbd3a215dc8f778d",
        "0000000071966c2b1d065fd446b1e485b2c9d9594acd2007ccbd5441cfc89444",
        "00000000408c48f847aa786c2268fc3e6ec2af68e8468a34a28c61b7f1de0dc6"};
    struct header_hashes source = {read_hashes, NULL};
    struct chain_double c = {.hashes = malloc(9 * sizeof(merkle_hash)), .n = 9};
    struct header_proof proof;
    struct header_prover *p;
    char hex[65];

    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(hash_from_hex(c.hashes[i], hashes[i]), 0);
    source.arg = &c;
    p = header_prover_new(&source);
    ck_assert_int_eq(header_prove(p, &proof, 5, 8), 0);
    ck_assert_uint_eq(proof.depth, 4);
    hash_to_hex(hex, proof.root);
    ck_assert_str_eq(hex, "e347b1c43fd9b5415bf0d92708db8284b78daf4d0e24f9c3405f45feb85e25db");
    hash_to_hex(hex, proof.branch[0]);
    ck_assert_str_eq(hex, "000000004ebadb55ee9096c9a2f8880e09da59c0d68b1c228da88e48844a1485");
    hash_to_hex(hex, proof.branch[1]);
    ck_assert_str_eq(hex, "96cbbc84783888e4cc971ae8acf86dd3c1a419370336bb3c634c97695a8c5ac9");
    hash_to_hex(hex, proof.branch[2]);
    ck_assert_str_eq(hex, "965ac94082cebbcffe458075651e9cc33ce703ab0115c72d9e8b1a9906b2b636");
    hash_to_hex(hex, proof.branch[3]);
    ck_assert_str_eq(hex, "89e5daa6950b895190716dd26054432b564ccdc2868188ba1da76de8e1dc7591");
    header_prover_free(p);
    free(c.hashes);
}
END_TEST

TCase *tcase_proof(void)
{
    TCase *t = tcase_create("proof");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, branches_lead_to_the_root);
    tcase_add_test(t, proofs_agree_with_the_definition);
    tcase_add_test(t, later_proofs_read_a_small_part_of_the_chain);
    tcase_add_test(t, a_reorganisation_needs_no_word);
    tcase_add_test(t, proofs_above_the_tip_or_the_checkpoint_are_refused);
    tcase_add_test(t, the_documentations_example_recomputes);
    return t;
}
