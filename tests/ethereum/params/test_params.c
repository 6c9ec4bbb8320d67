/* Networks, genesis files and fork ids, against published hashes and vectors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/json_scan.h"
#include "ethereum/params/forkid.h"
#include "ethereum/params/params.h"
#include "harness.h"

static struct eth_params params;

static void assert_hash(const uint8_t got[32], const char *want, const char *what)
{
    char hex[65];

    hex_encode(hex, got, 32);
    ck_assert_msg(strcmp(hex, want) == 0, "%s: expected %s, got %s", what, want, hex);
}

/* go-ethereum params/config.go, core-geth params/ */
START_TEST(known_networks_have_their_published_genesis_hash)
{
    static const struct {
        const char *name, *hash;
    } rows[] = {
        {"mainnet", "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"},
        {"classic", "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"},
        {"sepolia", "25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9"},
        {"hoodi", "bbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b"},
        {"mordor", "a68ebde7932eccb177d38d55dcc6461a019dd795a681e59b5a3e4f3a7259a3f1"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(eth_params_known(&params, rows[i].name), 0);
        assert_hash(params.genesis.hash, rows[i].hash, rows[i].name);
        ck_assert_str_eq(params.name, rows[i].name);
    }
    for (size_t i = 0; eth_params_names[i]; i++)
        ck_assert_int_eq(eth_params_known(&params, eth_params_names[i]), 0);
    ck_assert_int_eq(eth_params_known(&params, "ropsten"), PN_ENOENT);
}
END_TEST

static void check_id(uint64_t head, uint64_t time, const char *hash, uint64_t next)
{
    struct eth_forkid id;
    char hex[9];

    eth_forkid_make(&id, &params, head, time);
    hex_encode(hex, id.hash, sizeof id.hash);
    ck_assert_msg(strcmp(hex, hash) == 0 && id.next == next,
                  "%s at %llu/%llu: expected %s/%llu, got %s/%llu", params.name,
                  (unsigned long long)head, (unsigned long long)time, hash,
                  (unsigned long long)next, hex, (unsigned long long)id.next);
    ck_assert_int_eq(eth_forkid_check(&id, &params, head, time), 0);
}

/* The first and the latest id of each, and Hoodi and Mordor whole; the rest is in the vectors. */
START_TEST(fork_ids_are_the_published_ones)
{
    ck_assert_int_eq(eth_params_known(&params, "mainnet"), 0);
    check_id(0, 0, "fc64ec04", 1150000);
    check_id(15050000, 1600000000, "f0afd0e3", 1681338455);
    check_id(30000000, 1767747671, "07c9462e", 0);
    ck_assert_int_eq(eth_params_known(&params, "classic"), 0);
    check_id(0, 0, "fc64ec04", 1150000);
    check_id(5000000, 0, "f79a63c0", 5900000);
    check_id(19250000, 0, "be46d57c", 0);
    ck_assert_int_eq(eth_params_known(&params, "hoodi"), 0);
    check_id(0, 1742212800, "bef71d30", 1742999832);
    check_id(1, 1742999832, "0929e24e", 1761677592);
    check_id(1, 1761677592, "e7e0e7ff", 1762365720);
    check_id(1, 1762365720, "3893353e", 1762955544);
    check_id(1, 1762955544, "23aa1351", 0);
    ck_assert_int_eq(eth_params_known(&params, "mordor"), 0);
    check_id(0, 0, "175782aa", 301243);
    check_id(5520000, 0, "8c9b1797", 9957000);
    check_id(9957000, 0, "3a6b00d7", 0);
}
END_TEST

static unsigned check_creation(struct json_scan *s)
{
    uint64_t head = 0, time = 0, next = 0;
    char hash[16], name[32] = "";
    struct bytes key;
    unsigned n = 0;

    json_array(s);
    while (json_next(s)) {
        json_object(s);
        while (json_next_key(s, &key)) {
            if (json_key_is(key, "config")) {
                json_text(s, name, sizeof name);
                name[0] = (char)(name[0] | 0x20);
                continue;
            }
            json_array(s);
            while (json_next(s)) {
                json_object(s);
                while (json_next_key(s, &key)) {
                    if (json_key_is(key, "head"))
                        head = json_uint(s);
                    else if (json_key_is(key, "time"))
                        time = json_uint(s);
                    else if (json_key_is(key, "next"))
                        next = json_uint(s);
                    else if (json_key_is(key, "hash"))
                        json_text(s, hash, sizeof hash);
                    else
                        json_skip(s);
                }
                if (eth_params_known(&params, name) < 0)
                    continue; /* Holesky has been shut down */
                check_id(head, time, hash, next);
                n++;
            }
        }
    }
    return n;
}

START_TEST(fork_ids_follow_the_vectors_of_go_ethereum_and_core_geth)
{
    size_t len;
    uint8_t *text = harness_data(&len, "ethereum/vectors/forkid-vectors.json");
    struct json_scan s;
    struct bytes key;
    unsigned n = 0;

    if (!text)
        return;
    s = json_scan_of(text, len);
    json_object(&s);
    while (json_next_key(&s, &key))
        if (json_key_is(key, "creation") || json_key_is(key, "classic_creation"))
            n += check_creation(&s);
        else
            json_skip(&s);
    ck_assert_int_eq(json_finish(&s), 0);
    ck_assert_uint_gt(n, 80);
    free(text);
}
END_TEST

/* The forks of mainnet up to London as blocks alone, as go-ethereum's legacyConfig. */
static void legacy(void)
{
    ck_assert_int_eq(eth_params_known(&params, "mainnet"), 0);
    params.n_fork_times = 0;
}

/* go-ethereum core/forkid/forkid_test.go, TestValidation */
START_TEST(remote_fork_ids_are_judged_by_the_rules_of_eip_2124)
{
    static const struct {
        bool legacy;
        uint64_t head, time;
        const char *hash;
        uint64_t next;
        int want;
    } rows[] = {
        {true, 15050000, 0, "f0afd0e3", 0, 0},
        {true, 15050000, 0, "f0afd0e3", UINT64_MAX, 0},
        {true, 7279999, 0, "a00bc324", 0, 0},
        {true, 7279999, 0, "a00bc324", 7280000, 0},
        {true, 7279999, 0, "a00bc324", UINT64_MAX, 0},
        {true, 7280000, 0, "a00bc324", 7280000, 0},
        {true, 7987396, 0, "a00bc324", 7280000, 0},
        {true, 7987396, 0, "3edd5b10", 4370000, 0},
        {true, 7279999, 0, "668db0af", 0, 0},
        {true, 4369999, 0, "a00bc324", 0, 0},
        {true, 7987396, 0, "a00bc324", 0, PN_EFORK_REMOTE},
        {true, 7987396, 0, "5cddc0e1", 0, PN_EFORK},
        {true, 7279999, 0, "5cddc0e1", 0, PN_EFORK},
        {true, 7987396, 0, "afec6b27", 0, PN_EFORK},
        {true, 88888888, 0, "f0afd0e3", 88888888, PN_EFORK},
        {true, 7279999, 0, "a00bc324", 7279999, PN_EFORK},
        {false, 15050000, 0, "f0afd0e3", 0, 0},
        {false, 15050000, 0, "f0afd0e3", 1681338455, 0},
        {false, 15050000, 0, "f0afd0e3", UINT64_MAX, 0},
        {false, 20000000, 1681338455, "f0afd0e3", 1681338455, 0},
        {false, 20123456, 1681338456, "f0afd0e3", 1681338455, 0},
        {false, 20000000, 1681338455, "20c327fc", 15050000, 0},
        {false, 15050000, 0, "dce96c2d", 0, 0},
        {false, 13773000, 0, "f0afd0e3", 0, 0},
        {false, 20000000, 1681338455, "f0afd0e3", 0, PN_EFORK_REMOTE},
        {false, 888888888, 1660000000, "f0afd0e3", 1660000000, PN_EFORK},
        {false, 19999999, 1667999999, "f0afd0e3", 1667999999, PN_EFORK},
        {false, 20000000, 1681338455, "dce96c2d", 0, 0},
        {false, 20000000, 1681338455, "dce96c2d", UINT64_MAX, 0},
        {false, 20000000, 1668000000, "dce96c2d", 0, 0},
        {false, 20000000, 1668000000, "dce96c2d", 1710338135, 0},
        {false, 20000000, 1668000000, "dce96c2d", UINT64_MAX, 0},
        {false, 21000000, 1710338135, "dce96c2d", 1710338135, 0},
        {false, 21123456, 1710338136, "dce96c2d", 1710338135, 0},
        {false, 0, 0, "3edd5b10", 1710338135, 0},
        {false, 21000000, 1700000000, "9f3d2254", 0, 0},
        {false, 21000000, 1678000000, "c376cf8b", 0, 0},
        {false, 21000000, 1710338135, "dce96c2d", 0, PN_EFORK_REMOTE},
        {false, 20000000, 1681338455, "12345678", 0, PN_EFORK},
        {false, 88888888, 8888888888, "07c9462e", 8888888888, PN_EFORK},
        {false, 20999999, 1699999999, "71147644", 1700000000, PN_EFORK},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct eth_forkid remote = {.next = rows[i].next};
        int got;

        if (rows[i].legacy)
            legacy();
        else
            ck_assert_int_eq(eth_params_known(&params, "mainnet"), 0);
        ck_assert_int_eq(hex_decode(remote.hash, 4, rows[i].hash), 0);
        got = eth_forkid_check(&remote, &params, rows[i].head, rows[i].time);
        ck_assert_msg(got == rows[i].want, "row %zu: expected %s, got %s", i,
                      pn_errname(rows[i].want), pn_errname(got));
    }
}
END_TEST

static int parse(const char *json)
{
    size_t at;

    return eth_params_from_genesis(&params, &at, json, strlen(json));
}

/* go-ethereum v1.12.2 cmd/devp2p/internal/ethtest/testdata/genesis.json; its hash and its fork id
 * are what that release computes. */
START_TEST(a_geth_genesis_file_gives_the_block_that_geth_makes_of_it)
{
    static const char json[] =
        "{\"config\": {\"chainId\": 19763, \"homesteadBlock\": 0, \"eip150Block\": 0,"
        " \"eip155Block\": 0, \"eip158Block\": 0, \"byzantiumBlock\": 0, \"ethash\": {}},"
        " \"nonce\": \"0xdeadbeefdeadbeef\", \"timestamp\": \"0x0\", \"extraData\":"
        " \"0x0000000000000000000000000000000000000000000000000000000000000000\","
        " \"gasLimit\": \"0x80000000\", \"difficulty\": \"0x20000\", \"mixHash\":"
        " \"0x0000000000000000000000000000000000000000000000000000000000000000\","
        " \"coinbase\": \"0x0000000000000000000000000000000000000000\", \"alloc\":"
        " {\"71562b71999873db5b286df957af199ec94617f7\":"
        " {\"balance\": \"0xffffffffffffffffffffffffff\"}},"
        " \"number\": \"0x0\", \"gasUsed\": \"0x0\", \"parentHash\":"
        " \"0x0000000000000000000000000000000000000000000000000000000000000000\"}";

    ck_assert_int_eq(parse(json), 0);
    assert_hash(params.genesis.hash,
                "d6f7972e854d4d7812fca9f911e9a1c1db3b89e2650a25b7782a1d8972ced000", "genesis");
    ck_assert_uint_eq(params.chain_id, 19763);
    ck_assert_uint_eq(params.network_id, 19763);
    ck_assert_uint_eq(params.byzantium, 0);
    ck_assert_uint_eq(params.london, ETH_NEVER);
    check_id(0, 0, "1e9fc166", 0);
}
END_TEST

START_TEST(a_member_that_is_null_is_absent)
{
    uint8_t want[ETH_HASH_BYTES];

    ck_assert_int_eq(parse("{\"gasLimit\": \"0x5000\"}"), 0);
    memcpy(want, params.genesis.hash, sizeof want);
    ck_assert_int_eq(parse("{\"gasLimit\": \"0x5000\", \"excessBlobGas\": null}"), 0);
    ck_assert_mem_eq(params.genesis.hash, want, sizeof want);
}
END_TEST

START_TEST(what_is_no_genesis_file_is_refused)
{
    static const struct {
        const char *json;
        int err;
    } rows[] = {
        {"", PN_ETRUNCATED},
        {"[]", PN_EFORMAT},
        {"{\"nonce\": \"0x1ffffffffffffffff\"}", PN_ETOOLARGE},
        {"{\"gasLimit\": \"12x\"}", PN_EFORMAT},
        {"{\"alloc\": {\"00\": {\"balance\": \"1\"}, \"0x0\": {\"balance\": \"2\"}}}",
         PN_EDUPLICATE},
        {"{\"alloc\": {\"zz\": {}}}", PN_EFORMAT},
        {"{\"alloc\": {\"1\": {\"code\": \"0x1\"}}}", PN_EFORMAT},
        {"{\"extraData\": \"0x1\"}", PN_EFORMAT},
        {"{\"config\": {\"blobSchedule\": {\"cancun\": {\"target\": 3, \"max\": 0}}}}", PN_EINVAL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(parse(rows[i].json) == rows[i].err, "%s: expected %s, got %s", rows[i].json,
                      pn_errname(rows[i].err), pn_errname(parse(rows[i].json)));
}
END_TEST

START_TEST(a_genesis_file_is_read_whole_or_fails_when_memory_runs_out)
{
    static const char json[] = "{\"alloc\": {\"01\": {\"balance\": \"1\", \"code\": \"0x6001\","
                               " \"storage\": {\"0x01\": \"0x02\", \"0x03\": \"0x04\"}}}}";
    uint8_t want[32];

    ck_assert_int_eq(parse(json), 0);
    memcpy(want, params.genesis.hash, sizeof want);
    for (unsigned long n = 1;; n++) {
        int rc;

        mem_fail_at(n, 0);
        rc = parse(json);
        if (!mem_fail_happened()) {
            mem_fail_at(0, 0);
            ck_assert_int_eq(rc, 0);
            ck_assert_mem_eq(params.genesis.hash, want, sizeof want);
            ck_assert_uint_gt(n, 4);
            break;
        }
        ck_assert_int_eq(rc, PN_ENOMEM);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("params");
    TCase *tc = tcase_create("networks");

    tcase_add_test(tc, known_networks_have_their_published_genesis_hash);
    tcase_add_test(tc, fork_ids_are_the_published_ones);
    tcase_add_test(tc, fork_ids_follow_the_vectors_of_go_ethereum_and_core_geth);
    tcase_add_test(tc, remote_fork_ids_are_judged_by_the_rules_of_eip_2124);
    tcase_add_test(tc, a_geth_genesis_file_gives_the_block_that_geth_makes_of_it);
    tcase_add_test(tc, a_member_that_is_null_is_absent);
    tcase_add_test(tc, what_is_no_genesis_file_is_refused);
    tcase_add_test(tc, a_genesis_file_is_read_whole_or_fails_when_memory_runs_out);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
