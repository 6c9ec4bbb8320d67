/* The rules of headers, one by one, and against real ones. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/rlp.h"
#include "ethereum/chain/rules.h"
#include "harness.h"

static struct eth_params params;

#define NOW UINT64_C(2000000000)

/* A parent and a child that keep every rule of mainnet at the child's number and time. */
static void make_pair(struct eth_header *parent, struct eth_header *h, uint64_t number,
                      uint64_t time)
{
    *parent = (struct eth_header){.hash = {1},
                                  .number = number - 1,
                                  .time = time - 12,
                                  .difficulty = 1000000,
                                  .gas_limit = 30000000,
                                  .gas_used = 15000000,
                                  .base_fee = 1000000000};
    memcpy(parent->uncles_hash, eth_empty_list_hash, ETH_HASH_BYTES);
    *h = *parent;
    memcpy(h->parent, parent->hash, ETH_HASH_BYTES);
    h->number = number;
    h->time = time;
    h->difficulty = time >= params.shanghai ? 0 : eth_difficulty(&params, parent, time);
    h->n_fields = number < params.london    ? ETH_FIELDS_FRONTIER
                  : time >= params.prague   ? ETH_FIELDS_PRAGUE
                  : time >= params.cancun   ? ETH_FIELDS_CANCUN
                  : time >= params.shanghai ? ETH_FIELDS_SHANGHAI
                                            : ETH_FIELDS_LONDON;
}

static int check(const struct eth_header *parent, const struct eth_header *h)
{
    return eth_header_check(&params, parent, h->difficulty ? 1 : params.merge_difficulty, h, NOW);
}

START_TEST(a_header_of_each_fork_is_taken_and_with_other_fields_refused)
{
    static const struct {
        uint64_t number, time;
    } rows[] = {{100, 1438270000},      {1200000, 1470000000},  {4400000, 1510000000},
                {13000000, 1630000000}, {17100000, 1682000000}, {19500000, 1711000000},
                {22500000, 1747000000}, {24000000, 1766000000}};
    struct eth_header parent, h;

    ck_assert_int_eq(eth_params_known(&params, "mainnet"), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned right;

        make_pair(&parent, &h, rows[i].number, rows[i].time);
        ck_assert_msg(check(&parent, &h) == 0, "block %llu: %s", (unsigned long long)h.number,
                      pn_errname(check(&parent, &h)));
        right = h.n_fields;
        for (unsigned n = ETH_FIELDS_FRONTIER; n <= ETH_FIELDS_PRAGUE; n++) {
            h.n_fields = n;
            ck_assert_int_eq(check(&parent, &h), n == right ? 0 : PN_EFIELDS);
        }
    }
}
END_TEST

START_TEST(each_broken_rule_has_its_own_error)
{
    static const uint8_t extra[33];
    struct eth_header parent, good, h;

    ck_assert_int_eq(eth_params_known(&params, "mainnet"), 0);
    make_pair(&parent, &good, 13000000, 1630000000);
#define EXPECT(err, ...)                           \
    do {                                           \
        h = good;                                  \
        __VA_ARGS__;                               \
        ck_assert_int_eq(check(&parent, &h), err); \
    } while (0)
    EXPECT(0, h.gas_used = 1);
    EXPECT(PN_EORPHAN, h.parent[0]++);
    EXPECT(PN_EORPHAN, h.number++);
    EXPECT(PN_ETIMEOLD, h.time = parent.time);
    EXPECT(PN_ETIMENEW, h.time = NOW + ETH_FUTURE_S + 1);
    EXPECT(PN_EFORMAT, h.extra = ((struct bytes){extra, 33}));
    EXPECT(0, h.extra = ((struct bytes){extra, 32}));
    EXPECT(PN_EGAS, h.gas_used = h.gas_limit + 1);
    EXPECT(PN_EGAS, h.gas_limit += parent.gas_limit / 1024);
    EXPECT(0, h.gas_limit += parent.gas_limit / 1024 - 1);
    EXPECT(PN_EGAS, h.gas_limit -= parent.gas_limit / 1024);
    EXPECT(PN_EGAS, h.gas_limit = 0);
    EXPECT(PN_EGAS, h.gas_limit = (uint64_t)INT64_MAX + 1);
    EXPECT(PN_EDIFFICULTY, h.difficulty++);
    EXPECT(PN_EBASEFEE, h.base_fee++);
    make_pair(&parent, &good, 24000000, 1766000000);
    EXPECT(0, (void)h);
    EXPECT(PN_EBLOBGAS, h.excess_blob_gas = 1);
    EXPECT(PN_EDIFFICULTY, h.nonce[3] = 1);
    EXPECT(PN_EUNCLES, h.uncles_hash[3]++);
    /* Work behind the merge, and none before it. */
    ck_assert_int_eq(eth_header_check(&params, &parent, params.merge_difficulty - 1, &good, NOW),
                     PN_EDIFFICULTY);
    make_pair(&parent, &good, 13000000, 1630000000);
    ck_assert_int_eq(eth_header_check(&params, &parent, params.merge_difficulty, &good, NOW),
                     PN_EDIFFICULTY);
    make_pair(&parent, &good, 1920000, 1469020840);
    ck_assert_int_eq(check(&parent, &good), PN_ECHECKPOINT); /* not the block of the DAO's fork */
#undef EXPECT
}
END_TEST

/* go-ethereum consensus/misc/eip1559/eip1559_test.go, TestCalcBaseFee */
START_TEST(base_fees_are_those_of_the_published_vectors)
{
    static const struct {
        uint64_t fee, limit, used, want;
    } rows[] = {{1000000000, 20000000, 10000000, 1000000000},
                {1000000000, 20000000, 9000000, 987500000},
                {1000000000, 20000000, 11000000, 1012500000},
                {7, 20000000, 20000000, 8},
                {0, 20000000, 0, 0}};

    ck_assert_int_eq(eth_params_known(&params, "mainnet"), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct eth_header parent = {.number = 13000000,
                                    .base_fee = rows[i].fee,
                                    .gas_limit = rows[i].limit,
                                    .gas_used = rows[i].used};

        ck_assert_uint_eq(eth_base_fee(&params, &parent), rows[i].want);
    }
    /* The first block of London begins with a fixed fee, and its gas limit may double. */
    struct eth_header before = {.number = 12964999, .gas_limit = 15000000};

    ck_assert_uint_eq(eth_base_fee(&params, &before), 1000000000);
}
END_TEST

/* go-ethereum consensus/misc/eip4844/eip4844_test.go, TestCalcExcessBlobGas and, since Osaka,
 * EIP-7918's rule */
START_TEST(excess_blob_gas_follows_the_schedule)
{
    enum { BLOB = 131072 };
    static const struct {
        uint64_t excess, blobs, want;
    } rows[] = {{0, 0, 0},
                {0, 1, 0},
                {0, 3, 0},
                {0, 4, BLOB},
                {1, 4, BLOB + 1},
                {1, 5, 2 * BLOB + 1},
                {3 * BLOB, 3, 3 * BLOB},
                {3 * BLOB, 2, 2 * BLOB},
                {3 * BLOB - 1, 0, 0}};
    struct eth_header parent = {.number = 24000000, .base_fee = 1000000000};

    ck_assert_int_eq(eth_params_known(&params, "mainnet"), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        parent.excess_blob_gas = rows[i].excess;
        parent.blob_gas_used = rows[i].blobs * BLOB;
        ck_assert_uint_eq(eth_excess_blob_gas(&params, &parent, params.cancun), rows[i].want);
    }
    ck_assert_uint_eq(eth_excess_blob_gas(&params, &parent, params.cancun - 1), 0);
    parent.blob_gas_used = 9 * BLOB;
    parent.excess_blob_gas = 10 * BLOB;
    /* Blobs cost less than the reserve price: the excess grows by a third of what was used. */
    ck_assert_uint_eq(eth_excess_blob_gas(&params, &parent, params.osaka), 13 * BLOB);
    parent.base_fee = 0;
    ck_assert_uint_eq(eth_excess_blob_gas(&params, &parent, params.osaka), 13 * BLOB);
    parent.excess_blob_gas = UINT64_MAX;
    ck_assert_uint_eq(eth_excess_blob_gas(&params, &parent, params.osaka), UINT64_MAX);
}
END_TEST

static void read_header(struct eth_header *h, uint8_t **file, const char *name)
{
    size_t len;
    struct reader r, list;

    *file = harness_data(&len, name);
    if (!*file)
        return;
    r = reader_of(*file, len);
    list = rlp_read_list(&r);
    ck_assert_int_eq(eth_header_decode(h, rlp_read_raw(&list)), 0);
}

/* Neighbours on mainnet under Frontier, Homestead and Byzantium, the latter with the ice age. */
START_TEST(real_neighbours_have_the_difficulty_of_their_fork)
{
#define FOLDER "ethereum/chains/besu-mainnet/block_"
    static const char *const rows[][2] = {{FOLDER "300005.blocks", FOLDER "300006.blocks"},
                                          {FOLDER "1200000.blocks", FOLDER "1200001.blocks"},
                                          {FOLDER "4400000.blocks", FOLDER "4400001.blocks"},
                                          {FOLDER "4400001.blocks", FOLDER "4400002.blocks"}};

    ck_assert_int_eq(eth_params_known(&params, "mainnet"), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct eth_header parent, h;
        uint8_t *a, *b;

        read_header(&parent, &a, rows[i][0]);
        read_header(&h, &b, rows[i][1]);
        if (a && b)
            ck_assert_msg(eth_header_check(&params, &parent, 1, &h, NOW) == 0, "%s: %s", rows[i][1],
                          pn_errname(eth_header_check(&params, &parent, 1, &h, NOW)));
        free(a);
        free(b);
    }
}
END_TEST

/* The ice age of Classic stands still for 2,000,000 blocks and then ends (ECIP-1010, ECIP-1041). */
START_TEST(classic_paused_and_then_ended_its_ice_age)
{
    struct eth_header parent = {.difficulty = 100000000000, .time = 1000};
    eth_u128 plain;

    memcpy(parent.uncles_hash, eth_empty_list_hash, ETH_HASH_BYTES);
    ck_assert_int_eq(eth_params_known(&params, "classic"), 0);
    parent.number = 5900000;
    plain = eth_difficulty(&params, &parent, 1010);
    parent.number = 2999998;
    ck_assert(eth_difficulty(&params, &parent, 1010) - plain == (eth_u128)1 << 27);
    parent.number = 2999999;
    ck_assert(eth_difficulty(&params, &parent, 1010) - plain == (eth_u128)1 << 28);
    parent.number = 4999998;
    ck_assert(eth_difficulty(&params, &parent, 1010) - plain == (eth_u128)1 << 28);
    parent.number = 5099999;
    ck_assert(eth_difficulty(&params, &parent, 1010) - plain == (eth_u128)1 << 29);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eth rules");
    TCase *tc = tcase_create("rules");

    tcase_add_test(tc, a_header_of_each_fork_is_taken_and_with_other_fields_refused);
    tcase_add_test(tc, each_broken_rule_has_its_own_error);
    tcase_add_test(tc, base_fees_are_those_of_the_published_vectors);
    tcase_add_test(tc, excess_blob_gas_follows_the_schedule);
    tcase_add_test(tc, real_neighbours_have_the_difficulty_of_their_fork);
    tcase_add_test(tc, classic_paused_and_then_ended_its_ice_age);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
