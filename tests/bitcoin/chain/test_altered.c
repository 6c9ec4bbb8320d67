/* A header altered in any field is refused for the right reason: on the real chain, where the work
 * cannot be done again, and in the laboratory, where it can. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/chain/pow.h"
#include "datafile.h"
#include "lab.h"

enum { CAPACITY = 100000, SPACING_S = 600, BITS_OFFSET = 72, BITS_END = 76 };

/* Flip one bit of the header as it goes over the wire. */
static struct btc_header flip(const struct btc_header *header, unsigned bit)
{
    uint8_t raw[BTC_HEADER_BYTES];
    struct reader r = reader_of(raw, sizeof raw);
    struct btc_header altered;

    btc_header_store(raw, header);
    raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
    btc_header_decode(&r, &altered);
    return altered;
}

/* Any flip changes the hash; one in the bits may besides make them a target that cannot be. */
static void check_every_flip(struct chain *chain, const struct btc_header *header)
{
    for (unsigned bit = 0; bit < 8 * BTC_HEADER_BYTES; bit++) {
        struct btc_header altered = flip(header, bit);
        struct chain_result result;
        struct u256 target;
        uint8_t hash[BTC_HASH_BYTES];
        int expected = pow_target(&target, altered.bits, chain->params) ? PN_EBITS : PN_EPOW;
        int rc;

        btc_header_hash(hash, &altered);
        rc = chain_accept(chain, &result, &altered, hash);
        ck_assert_msg(rc == expected, "bit %u: expected %s, got %s", bit, pn_errname(expected),
                      pn_errname(rc));
        if (bit / 8 < BITS_OFFSET || bit / 8 >= BITS_END)
            ck_assert_int_eq(rc, PN_EPOW);
    }
}

START_TEST(on_mainnet_every_flipped_bit_costs_the_work)
{
    static const uint32_t heights[] = {1, 2, 1000, 2015, 2016, 32255, 32256, 32260};
    struct datafile file;
    struct chain chain;
    size_t next = 0;

    if (!datafile_load(&file, "bitcoin/headers/mainnet-000000-032260.bin"))
        return;
    ck_assert_int_eq(chain_init(&chain, btc_params_find("mainnet"), CAPACITY), 0);
    for (uint32_t height = 1; height < file.count; height++) {
        struct chain_result result;
        uint8_t hash[BTC_HASH_BYTES];

        if (next < sizeof heights / sizeof heights[0] && height == heights[next]) {
            check_every_flip(&chain, &file.headers[height]);
            next++;
        }
        btc_header_hash(hash, &file.headers[height]);
        lab_require(chain_accept(&chain, &result, &file.headers[height], hash) == 0,
                    "the header at height %u is refused unaltered", height);
    }
    ck_assert_uint_eq(next, sizeof heights / sizeof heights[0]);
    chain_free(&chain);
    datafile_free(&file);
}
END_TEST

struct alteration {
    const char *field;
    void (*apply)(struct btc_header *h);
    int expected;
};

static void alter_version(struct btc_header *h)
{
    h->version = 3;
}

static void alter_prev(struct btc_header *h)
{
    h->prev[31] ^= 0x80;
}

static void alter_merkle_root(struct btc_header *h)
{
    h->merkle_root[31] ^= 0x80;
}

static void alter_time_down(struct btc_header *h)
{
    h->time -= 6 * SPACING_S; /* the median of the eleven before */
}

static void alter_time_up(struct btc_header *h)
{
    h->time = LAB_START + 100000000;
}

static void alter_bits(struct btc_header *h)
{
    h->bits--;
}

/* With the work done again only a merkle root is as good as another: it commits to transactions,
 * which a header chain does not see. */
static const struct alteration alterations[] = {
    {"version", alter_version, PN_EBADVERSION}, {"prev", alter_prev, PN_EORPHAN},
    {"merkle_root", alter_merkle_root, 0},      {"time down", alter_time_down, PN_ETIMEOLD},
    {"time up", alter_time_up, PN_ETIMENEW},    {"bits", alter_bits, PN_EBITS},
};

START_TEST(with_the_work_done_again_each_field_is_refused_by_its_rule)
{
    static const uint32_t heights[] = {12, 13, 500, 2015, 2016, 2017, 4031, 4032};
    struct btc_params params;
    struct chain chain;

    lab_params(&params, "mainnet", LAB_EASY_BITS);
    params.bip34_height = params.bip66_height = params.bip65_height = 1;
    clock_test_start(LAB_START + 10000000);
    ck_assert_int_eq(chain_init(&chain, &params, CAPACITY), 0);
    for (size_t i = 0; i < sizeof heights / sizeof heights[0]; i++) {
        uint32_t tip =
            lab_extend(&chain, chain_tip(&chain), heights[i] - 1 - chain_height(&chain), SPACING_S);

        for (size_t k = 0; k < sizeof alterations / sizeof alterations[0]; k++) {
            struct btc_header h =
                lab_child(&chain, tip, chain_entry(&chain, tip)->time + SPACING_S);
            struct chain_result result;
            int rc;

            alterations[k].apply(&h);
            rc = lab_offer(&chain, &result, h);
            ck_assert_msg(rc == alterations[k].expected, "height %u, %s: expected %s, got %s",
                          heights[i], alterations[k].field, pn_errname(alterations[k].expected),
                          pn_errname(rc));
        }
    }
    lab_check(&chain);
    chain_free(&chain);
    clock_test_stop();
}
END_TEST

TCase *tcase_altered(void)
{
    TCase *t = tcase_create("altered");

    tcase_set_timeout(t, 120);
    tcase_add_test(t, on_mainnet_every_flipped_bit_costs_the_work);
    tcase_add_test(t, with_the_work_done_again_each_field_is_refused_by_its_rule);
    return t;
}
