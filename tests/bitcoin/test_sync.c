/* Headers are asked for, checked, followed, served and announced. */
#include <poll.h>
#include <string.h>

#include "bitcoin/chain/chain.h"
#include "node_fixture.h"
#include "test_bitcoin.h"

enum { GENESIS_TIME = 1296688602 };

static const uint8_t *genesis(void)
{
    return btc_params_find("regtest")->genesis_hash;
}

static void send_headers(struct remote *r, const struct btc_header *headers, size_t n)
{
    struct btc_msg m = {.cmd = BTC_CMD_HEADERS, .u.headers = {.items = headers, .count = n}};

    remote_send(r, &m);
}

static void send_block_inv(struct remote *r, const uint8_t hash[BTC_HASH_BYTES])
{
    struct btc_inv_item item = {.type = BTC_INV_BLOCK};
    struct btc_msg m = {.cmd = BTC_CMD_INV, .u.inv = {.items = &item, .count = 1}};

    memcpy(item.hash, hash, BTC_HASH_BYTES);
    remote_send(r, &m);
}

static void ask_headers(struct remote *r, const uint8_t from[BTC_HASH_BYTES])
{
    struct btc_msg m = {.cmd = BTC_CMD_GETHEADERS, .u.getheaders = {.version = 70016, .count = 1}};

    m.u.getheaders.hashes = (const uint8_t(*)[BTC_HASH_BYTES])from;
    remote_send(r, &m);
}

static void await_height(struct node_fixture *n, uint32_t height)
{
    for (int i = 0; i < 20000 && bitcoin_height(n->bitcoin) != height; i++)
        poll(NULL, 0, 1);
    ck_assert_uint_eq(bitcoin_height(n->bitcoin), height);
}

/* The first request comes with the greeting; before it a large batch is not looked at. */
static void join_and_be_asked(struct remote *r, struct node_fixture *n)
{
    struct btc_msg m;

    remote_open(r, n, true);
    remote_send_version(r, 70016, 1);
    remote_send_empty(r, BTC_CMD_SENDADDRV2);
    remote_send_empty(r, BTC_CMD_VERACK);
    remote_await(r, &m, BTC_CMD_GETHEADERS);
}

/* Wait to be asked for what follows a header, or, where it is the tip, its parent. */
static void await_request_after(struct remote *r, const struct btc_header *h)
{
    uint8_t hash[BTC_HASH_BYTES];
    struct btc_msg m;

    btc_header_hash(hash, h);
    do
        remote_await(r, &m, BTC_CMD_GETHEADERS);
    while (memcmp(m.u.getheaders.hashes[0], hash, BTC_HASH_BYTES) != 0 &&
           memcmp(m.u.getheaders.hashes[0], h->prev, BTC_HASH_BYTES) != 0);
}

START_TEST(an_announced_block_is_asked_for_and_followed)
{
    struct node_fixture n;
    struct remote r;
    struct btc_header h[3];
    struct btc_msg m;
    uint8_t tip[BTC_HASH_BYTES];

    node_start(&n);
    remote_join(&r, &n);
    mine_headers(h, tip, 3, genesis(), GENESIS_TIME);
    send_block_inv(&r, tip);
    do /* the first getheaders is that of the greeting */
        remote_await(&r, &m, BTC_CMD_GETHEADERS);
    while (m.u.getheaders.count != 1);
    ck_assert_mem_eq(m.u.getheaders.hashes[0], genesis(), BTC_HASH_BYTES);
    send_headers(&r, h, 3);
    await_height(&n, 3);
    remote_close(&r);
    node_stop(&n);
}
END_TEST

START_TEST(full_batches_are_followed_by_the_next_request)
{
    static struct btc_header h[5000];
    struct node_fixture n;
    struct remote r;
    uint8_t tip[BTC_HASH_BYTES];

    node_start(&n);
    join_and_be_asked(&r, &n);
    mine_headers(h, tip, 5000, genesis(), GENESIS_TIME);
    for (unsigned at = 0; at < 5000; at += 2000) {
        unsigned count = at + 2000 <= 5000 ? 2000 : 5000 - at;

        if (at > 0)
            await_request_after(&r, &h[at - 1]);
        send_headers(&r, h + at, count);
    }
    await_height(&n, 5000);
    remote_close(&r);
    node_stop(&n);
}
END_TEST

START_TEST(more_work_is_followed_and_less_is_not)
{
    struct node_fixture n;
    struct remote r;
    struct btc_header shorter[3], longer[5];
    uint8_t tip[BTC_HASH_BYTES], fork_tip[BTC_HASH_BYTES];
    struct btc_msg m;

    node_start(&n);
    remote_join(&r, &n);
    mine_headers(longer, tip, 4, genesis(), GENESIS_TIME);
    mine_headers(shorter, fork_tip, 3, genesis(), GENESIS_TIME + 1000);
    send_headers(&r, longer, 4);
    await_height(&n, 4);
    send_headers(&r, shorter, 3);
    ask_headers(&r, genesis());
    remote_await(&r, &m, BTC_CMD_HEADERS);
    ck_assert_uint_eq(m.u.headers.count, 4); /* still the first one */
    mine_headers(longer, fork_tip, 2, fork_tip, GENESIS_TIME + 2000);
    send_headers(&r, longer, 2);
    await_height(&n, 5);
    remote_close(&r);
    node_stop(&n);
}
END_TEST

START_TEST(getheaders_is_answered_always_and_up_to_the_stop)
{
    struct node_fixture n;
    struct remote r;
    struct btc_header h[10];
    uint8_t tip[BTC_HASH_BYTES];
    struct btc_msg m;

    node_start(&n);
    join_and_be_asked(&r, &n);
    mine_headers(h, tip, 10, genesis(), GENESIS_TIME);
    send_headers(&r, h, 10);
    await_height(&n, 10);
    m = (struct btc_msg){.cmd = BTC_CMD_GETHEADERS, .u.getheaders = {.count = 1}};
    m.u.getheaders.hashes = (const uint8_t(*)[BTC_HASH_BYTES])genesis();
    btc_header_hash(m.u.getheaders.stop, &h[6]);
    remote_send(&r, &m);
    remote_await(&r, &m, BTC_CMD_HEADERS);
    ck_assert_uint_eq(m.u.headers.count, 7);
    ck_assert_uint_eq(m.u.headers.items[6].nonce, h[6].nonce);
    ask_headers(&r, tip);
    remote_await(&r, &m, BTC_CMD_HEADERS);
    ck_assert_uint_eq(m.u.headers.count, 0);
    remote_close(&r);
    node_stop(&n);
}
END_TEST

START_TEST(blocks_that_we_do_not_hold_are_not_promised)
{
    struct node_fixture n;
    struct remote r;
    struct btc_header h[2];
    uint8_t tip[BTC_HASH_BYTES];
    struct btc_inv_item want = {.type = BTC_INV_BLOCK | BTC_INV_WITNESS};
    struct btc_msg m = {.cmd = BTC_CMD_GETBLOCKS, .u.getblocks = {.count = 1}};

    node_start(&n);
    remote_join(&r, &n);
    mine_headers(h, tip, 2, genesis(), GENESIS_TIME);
    send_headers(&r, h, 2);
    await_height(&n, 2);
    m.u.getblocks.hashes = (const uint8_t(*)[BTC_HASH_BYTES])genesis();
    remote_send(&r, &m);
    remote_await(&r, &m, BTC_CMD_INV);
    ck_assert_uint_eq(m.u.inv.count, 0);
    memcpy(want.hash, tip, BTC_HASH_BYTES);
    m = (struct btc_msg){.cmd = BTC_CMD_GETDATA, .u.getdata = {.items = &want, .count = 1}};
    remote_send(&r, &m);
    remote_await(&r, &m, BTC_CMD_NOTFOUND);
    ck_assert_uint_eq(m.u.notfound.count, 1);
    ck_assert_mem_eq(m.u.notfound.items[0].hash, tip, BTC_HASH_BYTES);
    remote_close(&r);
    node_stop(&n);
}
END_TEST

START_TEST(a_new_header_is_announced_to_those_who_asked_for_headers)
{
    struct node_fixture n;
    struct remote from, to;
    struct btc_header h[1];
    uint8_t tip[BTC_HASH_BYTES];
    struct btc_msg m;

    node_start(&n);
    remote_join(&from, &n);
    remote_join(&to, &n);
    remote_send_empty(&to, BTC_CMD_SENDHEADERS);
    m = (struct btc_msg){.cmd = BTC_CMD_PING, .u.ping.nonce = 5};
    remote_send(&to, &m);
    remote_await(&to, &m, BTC_CMD_PONG); /* so it has been noted */
    mine_headers(h, tip, 1, genesis(), GENESIS_TIME);
    send_headers(&from, h, 1);
    do
        remote_await(&to, &m, BTC_CMD_HEADERS);
    while (m.u.headers.count == 0);
    ck_assert_uint_eq(m.u.headers.items[0].nonce, h[0].nonce);
    remote_close(&from);
    remote_close(&to);
    node_stop(&n);
}
END_TEST

START_TEST(headers_that_break_a_rule_end_the_connection_with_that_reason)
{
    static const struct {
        const char *reason;
        uint32_t time, bits;
        bool unmined, unlinked;
    } rows[] = {
        {.reason = "bad_pow", .unmined = true, .bits = 0x207fffff, .time = GENESIS_TIME + 1},
        {.reason = "bad_bits", .bits = 0x207ffffe, .time = GENESIS_TIME + 1},
        {.reason = "time_too_old", .bits = 0x207fffff, .time = GENESIS_TIME},
        {.reason = "time_too_new", .bits = 0x207fffff, .time = UINT32_MAX},
        {.reason = "unknown_parent", .bits = 0x207fffff, .time = GENESIS_TIME, .unlinked = true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct btc_header h[2] = {0};
        uint8_t hash[BTC_HASH_BYTES];
        struct node_fixture n;
        struct remote r;
        long before;
        bool valid;

        node_start(&n);
        before = disconnects(rows[i].reason);
        remote_join(&r, &n);
        h[0] =
            (struct btc_header){.version = 0x20000000, .time = rows[i].time, .bits = rows[i].bits};
        memcpy(h[0].prev, genesis(), BTC_HASH_BYTES);
        do {
            h[0].nonce++;
            btc_header_hash(hash, &h[0]);
            valid = hash[BTC_HASH_BYTES - 1] < 0x7f;
        } while (valid == rows[i].unmined);
        h[1] = h[0]; /* does not follow h[0] */
        send_headers(&r, h, rows[i].unlinked ? 2 : 1);
        remote_await_end(&r);
        await_disconnect(rows[i].reason, before);
        ck_assert_uint_eq(bitcoin_height(n.bitcoin), 0);
        remote_close(&r);
        node_stop(&n);
    }
}
END_TEST

START_TEST(headers_without_a_known_parent_are_asked_about_ten_times)
{
    struct node_fixture n;
    struct remote r;
    struct btc_header h[1];
    const uint8_t nowhere[BTC_HASH_BYTES] = {1};
    uint8_t tip[BTC_HASH_BYTES];
    struct btc_msg m;
    long before;

    node_start(&n);
    before = disconnects("unknown_parent");
    remote_join(&r, &n);
    mine_headers(h, tip, 1, nowhere, GENESIS_TIME);
    for (int i = 0; i < 9; i++) {
        send_headers(&r, h, 1);
        remote_await(&r, &m, BTC_CMD_GETHEADERS);
    }
    send_headers(&r, h, 1);
    remote_await_end(&r);
    await_disconnect("unknown_parent", before);
    remote_close(&r);
    node_stop(&n);
}
END_TEST

START_TEST(two_full_getdata_messages_in_a_row_end_the_connection)
{
    static struct btc_inv_item items[BTC_INV_MAX];
    struct btc_msg m = {.cmd = BTC_CMD_GETDATA,
                        .u.getdata = {.items = items, .count = BTC_INV_MAX}};
    struct node_fixture n;
    struct remote r;
    long before;

    node_start(&n);
    before = disconnects("ban_score");
    remote_join(&r, &n);
    remote_send_large(&r, &m, 2);
    remote_await_end(&r);
    await_disconnect("ban_score", before);
    remote_close(&r);
    node_stop(&n);
}
END_TEST

/* Asking faster than one reads is no reason to be dropped: the answers wait for each other. */
START_TEST(ten_requests_at_once_get_ten_whole_answers)
{
    static struct btc_header h[4000];
    struct node_fixture n;
    struct remote r;
    struct btc_msg m;
    uint8_t tip[BTC_HASH_BYTES];

    node_start(&n);
    join_and_be_asked(&r, &n);
    mine_headers(h, tip, 4000, genesis(), GENESIS_TIME);
    send_headers(&r, h, 2000);
    await_request_after(&r, &h[1999]);
    send_headers(&r, h + 2000, 2000);
    await_height(&n, 4000);
    for (int i = 0; i < 10; i++)
        ask_headers(&r, genesis());
    for (int whole = 0; whole < 10;) {
        remote_await(&r, &m, BTC_CMD_HEADERS);
        whole += m.u.headers.count == 2000;
    }
    remote_close(&r);
    node_stop(&n);
}
END_TEST

void add_sync_tests(Suite *s)
{
    TCase *t = tcase_create("sync");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, an_announced_block_is_asked_for_and_followed);
    tcase_add_test(t, full_batches_are_followed_by_the_next_request);
    tcase_add_test(t, more_work_is_followed_and_less_is_not);
    tcase_add_test(t, getheaders_is_answered_always_and_up_to_the_stop);
    tcase_add_test(t, two_full_getdata_messages_in_a_row_end_the_connection);
    tcase_add_test(t, ten_requests_at_once_get_ten_whole_answers);
    tcase_add_test(t, blocks_that_we_do_not_hold_are_not_promised);
    tcase_add_test(t, a_new_header_is_announced_to_those_who_asked_for_headers);
    tcase_add_test(t, headers_that_break_a_rule_end_the_connection_with_that_reason);
    tcase_add_test(t, headers_without_a_known_parent_are_asked_about_ten_times);
}
