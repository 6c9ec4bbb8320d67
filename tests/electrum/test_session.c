/* What clients ask and are answered, on the real threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "electrum/proof/merkle.h"
#include "server_fixture.h"
#include "test_electrum.h"

#define ASK(method, params) \
    "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params ",\"id\":1}"
#define OK(result) "{\"jsonrpc\": \"2.0\", \"result\": " result ", \"id\": 1}"
#define FAIL(code, text)                                                                   \
    "{\"jsonrpc\": \"2.0\", \"error\": {\"code\": " #code ", \"message\": \"" text "\"}, " \
    "\"id\": 1}"

static const cJSON *result_of(const cJSON *tree)
{
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(tree, "result");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(tree, "error");

    ck_assert_msg(result != NULL, "expected a result, got %s",
                  cJSON_PrintUnformatted(error ? error : tree));
    return result;
}

static const char *text_at(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    ck_assert_msg(cJSON_IsString(item), "%s", key);
    return item->valuestring;
}

START_TEST(simple_questions_have_simple_answers)
{
    struct server_fixture f;
    struct client c;

    fixture_init(&f, 5);
    fixture_start(&f);
    client_join(&c, &f, "1.4");
    client_expect(&c, ASK("server.ping", "[]"), OK("null"));
    client_expect(&c, "{\"method\":\"server.ping\",\"id\":\"x\"}",
                  "{\"result\": null, \"error\": null, \"id\": \"x\"}");
    client_expect(&c, ASK("server.banner", "[]"), OK("\"welcome\""));
    client_expect(&c, ASK("server.donation_address", "[]"), OK("\"\""));
    client_expect(&c, ASK("server.peers.subscribe", "[]"), OK("[]"));
    client_expect(&c, ASK("blockchain.estimatefee", "[2]"), OK("-1"));
    client_expect(&c, ASK("blockchain.relayfee", "[]"), OK("0.00001000"));
    client_expect(&c, ASK("mempool.get_fee_histogram", "[]"), OK("[]"));
    client_expect(&c, ASK("nonsense", "[]"), FAIL(-32601, "unknown method"));
    client_expect(&c, ASK("mempool.get_info", "[]"), FAIL(-32601, "unknown method"));
    client_expect(&c, ASK("blockchain.scripthash.subscribe", "[\"00\"]"),
                  FAIL(1, "this server keeps headers and recent blocks, no index of addresses"));
    client_expect(&c, ASK("blockchain.block.header", "[5]"),
                  FAIL(1, "there is no block at that height"));
    client_expect(&c, ASK("blockchain.block.header", "[\"5\"]"),
                  FAIL(-32602, "height must be a whole number that is not negative"));
    client_close(&c);
    fixture_stop(&f);
}
END_TEST

START_TEST(features_name_the_genesis_and_no_hosts)
{
    struct server_fixture f;
    struct client c;
    cJSON *tree;
    char genesis[65];

    fixture_init(&f, 5);
    fixture_start(&f);
    client_join(&c, &f, "1.4");
    client_send(&c, ASK("server.features", "[]"));
    tree = client_json(&c);
    hash_to_hex(genesis, f.config.genesis_hash);
    ck_assert_str_eq(text_at(result_of(tree), "genesis_hash"), genesis);
    ck_assert_str_eq(text_at(result_of(tree), "protocol_min"), "1.4");
    ck_assert_str_eq(text_at(result_of(tree), "protocol_max"), "1.6");
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(result_of(tree), "hosts")),
                     0);
    cJSON_Delete(tree);
    client_close(&c);
    fixture_stop(&f);
}
END_TEST

START_TEST(version_comes_first_and_once)
{
    static const struct {
        const char *params, *version; /* version NULL: refused and parted from */
    } rows[] = {
        {"[\"c\",\"1.4\"]", "1.4"},
        {"[\"c\",\"1.4.2\"]", "1.4.2"},
        {"[\"c\",[\"1.2\",\"1.4.1\"]]", "1.4.1"},
        {"[\"c\",[\"1.4\",\"1.7\"]]", "1.6"},
        {"[]", "1.4"},
        {"{\"client_name\":\"c\",\"protocol_version\":\"1.6\"}", "1.6"},
        {"[\"c\",\"1.4\",\"extra\"]", "1.4"},
        {"[\"c\",\"1.3\"]", NULL},
        {"[\"c\",\"x\"]", NULL},
        {"[\"c\",[\"1.7\",\"1.8\"]]", NULL},
        {"[\"c\",7]", NULL},
        {"[7]", NULL},
    };
    struct server_fixture f;
    struct client c;

    fixture_init(&f, 5);
    fixture_start(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char request[200], want[64];
        char *line;

        client_connect(&c, &f);
        snprintf(request, sizeof request, "{\"method\":\"server.version\",\"params\":%s,\"id\":1}",
                 rows[i].params);
        client_send(&c, request);
        line = client_line(&c);
        snprintf(want, sizeof want, "\"%s\"]", rows[i].version ? rows[i].version : "");
        ck_assert_msg(line && (strstr(line, want) != NULL) == (rows[i].version != NULL), "%s: %s",
                      request, line);
        free(line);
        if (rows[i].version)
            client_expect(&c, request,
                          "{\"result\": null, \"error\": {\"code\": 1, \"message\": "
                          "\"server.version already sent\"}, \"id\": 1}");
        else
            client_expect_end(&c);
        client_close(&c);
    }
    client_connect(&c, &f);
    client_expect(&c, ASK("server.ping", "[]"), FAIL(1, "use server.version to identify client"));
    client_expect_end(&c);
    client_close(&c);
    fixture_stop(&f);
}
END_TEST

START_TEST(headers_come_in_the_form_of_the_version)
{
    struct server_fixture f;
    struct client old, new;
    char first[161];
    cJSON *tree;

    fixture_init(&f, 2100);
    fixture_start(&f);
    client_join(&old, &f, "1.4");
    client_join(&new, &f, "1.6");
    client_send(&old, ASK("blockchain.block.headers", "[0,5000]"));
    tree = client_json(&old);
    ck_assert_int_eq(cJSON_GetObjectItem(result_of(tree), "count")->valueint, 2016);
    ck_assert_int_eq(cJSON_GetObjectItem(result_of(tree), "max")->valueint, 2016);
    ck_assert_uint_eq(strlen(text_at(result_of(tree), "hex")), 2016 * 160);
    hex_encode(first, f.chain->headers[0], 80);
    ck_assert_int_eq(strncmp(text_at(result_of(tree), "hex"), first, 160), 0);
    cJSON_Delete(tree);
    client_send(&new, ASK("blockchain.block.headers", "[2098,10]"));
    tree = client_json(&new);
    ck_assert_int_eq(cJSON_GetObjectItem(result_of(tree), "count")->valueint, 2);
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(result_of(tree), "headers")), 2);
    ck_assert_ptr_null(cJSON_GetObjectItem(result_of(tree), "hex"));
    cJSON_Delete(tree);
    client_expect(&old, ASK("blockchain.block.headers", "[2100,1]"),
                  OK("{\"count\": 0, \"hex\": \"\", \"max\": 2016}"));
    client_expect(&old, ASK("blockchain.block.headers", "[0,0]"),
                  OK("{\"count\": 0, \"hex\": \"\", \"max\": 2016}"));
    client_close(&old);
    client_close(&new);
    fixture_stop(&f);
}
END_TEST

/* The root that the branch in an answer leads to. */
static void climb(char root_hex[65], const cJSON *result, const char *list, const uint8_t leaf[32],
                  size_t index)
{
    const cJSON *item, *branch = cJSON_GetObjectItemCaseSensitive(result, list);
    merkle_hash hashes[MERKLE_MAX_BRANCH], root;
    unsigned depth = 0;

    ck_assert(cJSON_IsArray(branch));
    cJSON_ArrayForEach(item, branch)
        ck_assert_int_eq(hash_from_hex(hashes[depth++], item->valuestring), 0);
    merkle_climb(root, leaf, (const merkle_hash *)hashes, depth, index);
    hash_to_hex(root_hex, root);
}

START_TEST(headers_are_proven_below_a_checkpoint)
{
    struct server_fixture f;
    struct client c;
    char root[65];
    cJSON *tree;

    fixture_init(&f, 2100);
    fixture_start(&f);
    client_join(&c, &f, "1.4");
    client_send(&c, ASK("blockchain.block.header", "[1234,2000]"));
    tree = client_json(&c);
    climb(root, result_of(tree), "branch", f.chain->hashes[1234], 1234);
    ck_assert_str_eq(root, text_at(result_of(tree), "root"));
    cJSON_Delete(tree);
    client_send(&c, ASK("blockchain.block.headers", "[10,20,2099]"));
    tree = client_json(&c);
    climb(root, result_of(tree), "branch", f.chain->hashes[29], 29); /* of the last one */
    ck_assert_str_eq(root, text_at(result_of(tree), "root"));
    cJSON_Delete(tree);
    client_expect(&c, ASK("blockchain.block.header", "[5,2100]"),
                  FAIL(1, "cp_height must not be below the header nor above the tip"));
    client_expect(&c, ASK("blockchain.block.header", "[6,5]"),
                  FAIL(1, "cp_height must not be below the header nor above the tip"));
    client_close(&c);
    fixture_stop(&f);
}
END_TEST

static void expect_height(const cJSON *tip, uint32_t height)
{
    ck_assert_int_eq(cJSON_GetObjectItem(tip, "height")->valueint, (int)height);
}

START_TEST(subscribers_are_told_of_a_new_tip_in_their_version)
{
    struct server_fixture f;
    struct client one, two, none;
    cJSON *tree;

    fixture_init(&f, 10);
    fixture_start(&f);
    client_join(&one, &f, "1.4");
    client_join(&two, &f, "1.6");
    client_join(&none, &f, "1.4");
    client_send(&one, "{\"method\":\"blockchain.headers.subscribe\",\"params\":[],\"id\":5}");
    tree = client_json(&one);
    expect_height(result_of(tree), 9);
    cJSON_Delete(tree);
    client_send(&two, ASK("blockchain.headers.subscribe", "[]"));
    cJSON_Delete(client_json(&two));
    chain_double_extend(f.chain, 7, 5, 1); /* a reorganisation is just a new tip */
    electrum_tip_moved(f.electrum);
    tree = client_json(&one);
    ck_assert_str_eq(text_at(tree, "method"), "blockchain.headers.subscribe");
    ck_assert(cJSON_IsNull(cJSON_GetObjectItem(tree, "id")));
    expect_height(cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "params"), 0), 11);
    cJSON_Delete(tree);
    tree = client_json(&two);
    ck_assert_str_eq(text_at(tree, "jsonrpc"), "2.0");
    expect_height(cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "params"), 0), 11);
    cJSON_Delete(tree);
    client_expect(&none, ASK("server.ping", "[]"), OK("null")); /* heard nothing */
    client_expect(&two, ASK("blockchain.headers.unsubscribe", "[]"), OK("true"));
    client_expect(&two, ASK("blockchain.headers.unsubscribe", "[]"), OK("false"));
    client_close(&one);
    client_close(&two);
    client_close(&none);
    fixture_stop(&f);
}
END_TEST

START_TEST(batches_are_answered_in_one_line)
{
    struct server_fixture f;
    struct client c;

    fixture_init(&f, 5);
    fixture_start(&f);
    client_join(&c, &f, "1.4");
    client_expect(&c,
                  "[" ASK("server.ping", "[]") ",{\"jsonrpc\":\"2.0\",\"method\":\"server.ping\"},"
                                               "7," ASK("nonsense", "[]") "]",
                  "[" OK("null") ", {\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, "
                                 "\"message\": \"invalid request\"}, \"id\": null}, " FAIL(
                                     -32601, "unknown method") "]");
    client_send(&c, "[{\"jsonrpc\":\"2.0\",\"method\":\"server.ping\"}]"); /* no answer at all */
    client_expect(&c, "[]",
                  "{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, \"message\": "
                  "\"the batch is empty\"}, \"id\": null}");
    client_close(&c);
    fixture_stop(&f);
}
END_TEST

START_TEST(merkle_branches_lead_to_the_blocks_root)
{
    struct server_fixture f;
    struct client c;
    cJSON *tree;
    char request[300], root[65], want[65];
    uint8_t(*ids)[32];
    merkle_hash top;
    size_t n;

    fixture_init(&f, 50);
    fixture_start(&f);
    ck_assert_int_eq(chain_double_ops.txids(f.chain, &ids, &n, 40, NULL, 0), 0);
    client_join(&c, &f, "1.4");
    hash_to_hex(want, ids[3]);
    snprintf(request, sizeof request,
             "{\"method\":\"blockchain.transaction.get_merkle\",\"params\":[\"%s\",40],\"id\":1}",
             want);
    client_send(&c, request);
    tree = client_json(&c);
    ck_assert_int_eq(cJSON_GetObjectItem(result_of(tree), "pos")->valueint, 3);
    climb(root, result_of(tree), "merkle", ids[3], 3);
    cJSON_Delete(tree);
    client_send(&c, ASK("blockchain.transaction.id_from_pos", "[40,3,true]"));
    tree = client_json(&c);
    ck_assert_str_eq(text_at(result_of(tree), "tx_hash"), want);
    cJSON_Delete(tree);
    merkle_fold(top, NULL, ids, n, merkle_depth(n), 0);
    hash_to_hex(want, top);
    ck_assert_str_eq(root, want);
    client_expect(&c, ASK("blockchain.transaction.id_from_pos", "[40,5]"),
                  FAIL(1, "the block at that height has fewer transactions"));
    f.chain->txids_rc = PN_ETIMEDOUT;
    client_expect(&c, ASK("blockchain.transaction.id_from_pos", "[40,1]"),
                  FAIL(-102, "no peer sent the block in time"));
    free(ids);
    client_close(&c);
    fixture_stop(&f);
}
END_TEST

START_TEST(a_broadcast_is_answered_by_its_fate)
{
    struct server_fixture f;
    struct client c;
    cJSON *tree;

    fixture_init(&f, 5);
    fixture_start(&f);
    client_join(&c, &f, "1.4");
    client_send(&c, ASK("blockchain.transaction.broadcast", "[\"00ff\"]"));
    tree = client_json(&c);
    ck_assert_uint_eq(strlen(result_of(tree)->valuestring), 64);
    cJSON_Delete(tree);
    client_expect(&c, ASK("blockchain.transaction.broadcast", "[\"0\"]"),
                  FAIL(1, "raw_tx is not hexadecimal"));
    f.chain->broadcast_rc = PN_ETIMEDOUT;
    client_expect(&c, ASK("blockchain.transaction.broadcast", "[\"00ff\"]"),
                  FAIL(1, "the transaction was not sent: no peer asked for it"));
    client_close(&c);
    fixture_stop(&f);
}
END_TEST

/* At whichever allocation it ends, what was made before is given back (to a leak sanitizer); with
 * and without a manager of other servers. */
START_TEST(without_memory_there_is_no_server)
{
    struct server_fixture f;
    int failed = 1;

    fixture_init(&f, 5);
    if (_i == 1)
        f.config.peers = (struct electrum_peers_config){
            .enabled = true, .dump_path = "unused", .blacklist_url = "http://127.0.0.1:1/list"};
    for (unsigned long n = 1; failed; n++) {
        struct electrum *e;
        int rc;

        mem_fail_at(n, 0);
        rc = electrum_new(&e, &f.config);
        failed = mem_fail_happened();
        mem_fail_at(0, 0);
        ck_assert_msg(rc == 0 || (failed && rc == PN_ENOMEM), "%lu: %s", n, pn_strerror(rc));
        ck_assert((rc == 0) == (e != NULL));
        electrum_free(e);
    }
    chain_double_free(f.chain);
}
END_TEST

TCase *tcase_session(void)
{
    TCase *t = tcase_create("session");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, without_memory_there_is_no_server, 0, 2);
    tcase_add_test(t, simple_questions_have_simple_answers);
    tcase_add_test(t, features_name_the_genesis_and_no_hosts);
    tcase_add_test(t, version_comes_first_and_once);
    tcase_add_test(t, headers_come_in_the_form_of_the_version);
    tcase_add_test(t, headers_are_proven_below_a_checkpoint);
    tcase_add_test(t, subscribers_are_told_of_a_new_tip_in_their_version);
    tcase_add_test(t, batches_are_answered_in_one_line);
    tcase_add_test(t, merkle_branches_lead_to_the_blocks_root);
    tcase_add_test(t, a_broadcast_is_answered_by_its_fate);
    return t;
}
