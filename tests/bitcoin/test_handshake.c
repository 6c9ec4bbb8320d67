/* Every message at every stage of the handshake has a defined effect. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_fixture.h"
#include "test_bitcoin.h"

static const struct script {
    const char *name;
    const char *const sent[6]; /* "version", "version:N" for an older one, or a command */
    const char *reason;        /* why the node parts; NULL: it is ready */
} scripts[] = {
    {"the usual order", {"version", "verack"}, NULL},
    {"negotiation in between",
     {"version", "wtxidrelay", "sendaddrv2", "sendtxrcncl:12", "verack"},
     NULL},
    {"what is unknown before verack is ignored", {"version", "mystery", "verack"}, NULL},
    {"what is known but early is ignored", {"ping:8", "version", "sendheaders", "verack"}, NULL},
    {"verack before version does not count", {"verack", "version", "verack"}, NULL},
    {"the oldest version", {"version:31800", "verack"}, NULL},
    {"too old a version", {"version:31799", "verack"}, "old_version"},
    {"two versions", {"version", "version", "verack"}, "duplicate"},
    {"a version after verack", {"version", "verack", "version"}, "duplicate"},
    {"two veracks", {"version", "verack", "verack"}, "duplicate"},
    {"wtxidrelay after verack", {"version", "verack", "wtxidrelay"}, "protocol_violation"},
    {"sendaddrv2 after verack", {"version", "verack", "sendaddrv2"}, "protocol_violation"},
    {"sendtxrcncl after verack", {"version", "verack", "sendtxrcncl:12"}, "protocol_violation"},
    {"a feature after verack", {"version", "verack", "feature"}, "protocol_violation"},
    {"a bloom filter, not offered", {"version", "verack", "filterclear"}, "protocol_violation"},
    {"the mempool, not offered", {"version", "verack", "mempool"}, "protocol_violation"},
    {"filters, not offered", {"version", "verack", "getcfcheckpt:33"}, "protocol_violation"},
    {"an unknown message afterwards", {"version", "verack", "mystery"}, NULL},
    {"a ping without its nonce cut short", {"version", "verack", "ping:3"}, "truncated"},
    {"a pong with a byte too many", {"version", "verack", "pong:9"}, "too_large"},
    {"headers cut short", {"version", "verack", "headers:0"}, "truncated"},
};

static void send_step(struct remote *r, const char *step)
{
    char command[16];
    uint8_t zeros[64] = {0};
    const char *colon = strchr(step, ':');
    size_t len = colon ? (size_t)strtoul(colon + 1, NULL, 10) : 0;

    snprintf(command, sizeof command, "%.*s", (int)(colon ? colon - step : (long)strlen(step)),
             step);
    if (strcmp(command, "version") == 0) {
        remote_send_version(r, colon ? (int32_t)len : 70016, 1);
    } else if (strcmp(command, "feature") == 0) {
        const uint8_t feature[] = {4, 't', 'e', 's', 't', 0};

        remote_send_raw(r, command, feature, sizeof feature);
    } else {
        remote_send_raw(r, command, zeros, len);
    }
}

START_TEST(each_script_ends_as_the_table_says)
{
    const struct script *script = &scripts[_i];
    struct node_fixture n;
    struct remote r;
    struct btc_msg m;
    long before = 0;

    node_start(&n);
    if (script->reason)
        before = disconnects(script->reason);
    remote_open(&r, &n, true);
    for (int i = 0; i < 6 && script->sent[i]; i++)
        send_step(&r, script->sent[i]);
    if (script->reason) {
        remote_await_end(&r);
        await_disconnect(script->reason, before);
    } else {
        /* Ready means: it answers. */
        m = (struct btc_msg){.cmd = BTC_CMD_PING, .u.ping.nonce = 77};
        remote_send(&r, &m);
        remote_await(&r, &m, BTC_CMD_PONG);
        ck_assert_uint_eq(m.u.pong.nonce, 77);
    }
    remote_close(&r);
    node_stop(&n);
}
END_TEST

START_TEST(our_version_says_who_we_are)
{
    struct node_fixture n;
    struct remote r;
    struct btc_msg m;

    node_start(&n);
    remote_open(&r, &n, false); /* we are dialled: it speaks first */
    remote_await(&r, &m, BTC_CMD_VERSION);
    ck_assert_int_eq(m.u.version.version, 70017);
    ck_assert_uint_eq(m.u.version.services, 0);
    ck_assert_int_eq(m.u.version.height, 0);
    ck_assert(!m.u.version.relay);
    ck_assert_uint_eq(m.u.version.user_agent.len, 8);
    ck_assert_mem_eq(m.u.version.user_agent.data, "/test:1/", 8);
    remote_close(&r);
    node_stop(&n);
}
END_TEST

START_TEST(a_connection_to_ourselves_is_noticed_by_the_nonce)
{
    struct node_fixture n;
    struct remote r;
    struct btc_msg m;
    long before;

    node_start(&n);
    before = disconnects("self_connection");
    remote_open(&r, &n, false);
    remote_await(&r, &m, BTC_CMD_VERSION);
    remote_send_version(&r, 70016, m.u.version.nonce);
    remote_await_end(&r);
    await_disconnect("self_connection", before);
    remote_close(&r);
    node_stop(&n);
}
END_TEST

START_TEST(the_negotiation_fits_the_version_of_the_other_side)
{
    static const struct {
        int32_t version;
        bool wtxidrelay, sendheaders;
    } rows[] = {{70017, true, true},
                {70016, true, true},
                {70015, false, true},
                {70012, false, true},
                {70011, false, false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool wtxidrelay = false, sendheaders = false;
        struct node_fixture n;
        struct remote r;
        int cmd;

        node_start(&n);
        remote_open(&r, &n, true);
        remote_send_version(&r, rows[i].version, 1);
        remote_send_empty(&r, BTC_CMD_VERACK);
        /* Ping and sendheaders come from different threads, in any order. */
        for (int seen = 0; seen < 1 + rows[i].sendheaders;) {
            cmd = remote_next(&r);
            ck_assert_int_ge(cmd, 0);
            wtxidrelay = wtxidrelay || cmd == BTC_CMD_WTXIDRELAY;
            sendheaders = sendheaders || cmd == BTC_CMD_SENDHEADERS;
            seen += cmd == BTC_CMD_PING || cmd == BTC_CMD_SENDHEADERS;
        }
        ck_assert_int_eq(wtxidrelay, rows[i].wtxidrelay);
        ck_assert_int_eq(sendheaders, rows[i].sendheaders);
        remote_close(&r);
        node_stop(&n);
    }
}
END_TEST

void add_handshake_tests(Suite *s)
{
    TCase *t = tcase_create("handshake");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, each_script_ends_as_the_table_says, 0,
                        (int)(sizeof scripts / sizeof scripts[0]));
    tcase_add_test(t, our_version_says_who_we_are);
    tcase_add_test(t, a_connection_to_ourselves_is_noticed_by_the_nonce);
    tcase_add_test(t, the_negotiation_fits_the_version_of_the_other_side);
}
