/* What hostile clients do: lines without end, bombs of depth and of values, nonsense in every
 * field, floods, silence. Each costs its sender and nobody else, on threads with their real stacks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "electrum/lines.h"
#include "server_fixture.h"
#include "test_electrum.h"

#define PING "{\"method\":\"server.ping\",\"id\":7}"
#define PONG "{\"result\": null, \"error\": null, \"id\": 7}"

static struct server_fixture f;
static struct client c;

static void set_up(void)
{
    fixture_init(&f, 5);
    f.config.cost_soft = f.config.cost_hard = 0;
    fixture_start(&f);
    client_join(&c, &f, "1.4");
}

static void tear_down(void)
{
    client_close(&c);
    fixture_stop(&f);
}

static void expect_error(int code)
{
    cJSON *tree = client_json(&c);
    const cJSON *error = cJSON_GetObjectItem(tree, "error");

    ck_assert_int_eq(cJSON_GetObjectItem(error, "code")->valueint, code);
    cJSON_Delete(tree);
}

START_TEST(a_line_without_end_is_thrown_away)
{
    static char junk[3 * LINE_MAX_BYTES];

    memset(junk, ' ', sizeof junk);
    client_send_bytes(&c, junk, sizeof junk);
    client_send(&c, "");
    client_expect(&c, PING, PONG); /* the stream is in step again, nothing else was answered */
}
END_TEST

START_TEST(bombs_of_depth_reach_no_parser)
{
    static char bomb[LINE_MAX_BYTES - 1];

    memset(bomb, '[', sizeof bomb);
    client_send_bytes(&c, bomb, sizeof bomb);
    client_send(&c, "");
    expect_error(-32600);
    for (size_t i = 0; i + 5 <= sizeof bomb; i += 5)
        memcpy(bomb + i, "{\"a\":", 5);
    client_send_bytes(&c, bomb, sizeof bomb);
    client_send(&c, "");
    expect_error(-32600);
    client_expect(&c, PING, PONG);
}
END_TEST

START_TEST(the_deepest_text_that_is_let_through_fits_the_stack)
{
    char open[32] = "", shut[32] = "", text[200];

    memset(open, '[', 31);
    memset(shut, ']', 31);
    snprintf(text, sizeof text, "{\"method\":\"server.ping\",\"id\":7,\"params\":%s%s}", open,
             shut);
    client_expect(&c, text, PONG);
}
END_TEST

START_TEST(many_values_and_long_requests_are_refused)
{
    static char text[LINE_MAX_BYTES - 1];

    memset(text, '1', sizeof text);
    text[0] = '[';
    for (size_t i = 2; i < 400000; i += 2)
        text[i] = ',';
    text[400000] = ']';
    client_send_bytes(&c, text, 400001);
    client_send(&c, "");
    expect_error(-32600);
    memset(text, ' ', sizeof text); /* one value, but longer than anything save a transaction */
    memcpy(text, "{\"method\":\"server.ping\",\"id\":7", 30);
    text[99999] = '}';
    client_send_bytes(&c, text, 100000);
    client_send(&c, "");
    expect_error(-32600);
    client_expect(&c, PING, PONG);
}
END_TEST

START_TEST(nonsense_in_any_field_is_an_error_and_no_more)
{
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"{\"method\":\"server.ping\",\"method\":\"server.ping\",\"id\":1}", -32600},
        {"{\"method\":[],\"id\":1}", -32600},
        {"{\"method\":\"server.ping\",\"params\":\"x\",\"id\":1}", -32600},
        {"{\"method\":\"server.ping\",\"id\":[]}", -32600},
        {"{\"method\":\"server.ping\",\"id\":1e999}", -32600},
        {"{\"method\":\"blockchain.block.header\",\"params\":[1e999],\"id\":1}", -32602},
        {"{\"method\":\"blockchain.block.header\",\"params\":[9007199254740993],\"id\":1}", -32602},
        {"{\"method\":\"blockchain.block.header\",\"params\":[-1],\"id\":1}", -32602},
        {"{\"method\":\"a\\u0000b\",\"id\":1}", -32700},
        {"{\"method\":\"\xff\",\"id\":1}", -32700},
        {"{\"method\":\"\\ud800\",\"id\":1}", -32700},
        {"{\"method\":\"server.ping\"", -32700},
        {"", -32700},
        {"null", -32600},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        client_send(&c, rows[i].text);
        expect_error(rows[i].code);
    }
    client_expect(&c, PING, PONG);
}
END_TEST

START_TEST(a_batch_of_thousands_is_refused)
{
    static char text[40000] = "[1";
    size_t len = 2;

    for (int i = 0; i < 10000; i++) {
        memcpy(text + len, ",1", 2);
        len += 2;
    }
    text[len++] = ']';
    client_send_bytes(&c, text, len);
    client_send(&c, "");
    expect_error(-32600);
    client_expect(&c, PING, PONG);
}
END_TEST

START_TEST(a_flood_of_notifications_is_not_answered)
{
    for (int i = 0; i < 2000; i++)
        client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"server.ping\"}");
    client_expect(&c, PING, PONG);
}
END_TEST

START_TEST(errors_cost_a_session_its_life)
{
    struct server_fixture g;
    struct client one, other;
    bool refused = false;
    int answered = 0;
    char *line;

    fixture_init(&g, 5);
    g.config.cost_soft = 9999; /* no rest to speak of before the end */
    fixture_start(&g);
    client_join(&one, &g, "1.4");
    client_join(&other, &g, "1.4");
    for (int i = 0; i < 200; i++)
        client_send(&one, "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":1}");
    while ((line = client_line(&one)) != NULL) { /* some of the answers go down with it */
        ck_assert_int_lt(++answered, 110);       /* 100 cost each, 10,000 in all */
        ck_assert_ptr_nonnull(strstr(line, "\"error\""));
        refused = strstr(line, "-101") && strstr(line, "excessive resource usage");
        free(line);
    }
    ck_assert(refused);
    client_expect(&other, PING, PONG);
    client_close(&one);
    client_close(&other);
    fixture_stop(&g);
}
END_TEST

START_TEST(who_does_not_read_waits_for_himself)
{
    struct client other;

    for (int i = 0; i < 300; i++) /* 15 MB of answers */
        client_send(&c, "{\"method\":\"blockchain.block.headers\",\"params\":[0,2016],\"id\":1}");
    client_join(&other, &f, "1.4");
    client_expect(&other, PING, PONG);
    client_close(&other);
    for (int i = 0; i < 300; i++) {
        char *line = client_line(&c);

        ck_assert_ptr_nonnull(line);
        free(line);
    }
    client_expect(&c, PING, PONG);
}
END_TEST

START_TEST(silence_ends_a_session)
{
    struct server_fixture g;
    struct client mute, idle;

    fixture_init(&g, 5);
    g.config.peer.handshake_timeout_ms = 50;
    g.config.peer.idle_timeout_ms = 50;
    fixture_start(&g);
    client_connect(&mute, &g);
    client_expect_end(&mute);
    client_join(&idle, &g, "1.4");
    client_expect_end(&idle);
    client_close(&mute);
    client_close(&idle);
    fixture_stop(&g);
}
END_TEST

START_TEST(an_address_has_a_share_of_the_sessions)
{
    struct server_fixture g;
    struct client one, two, three;

    fixture_init(&g, 5);
    g.config.sessions_per_address = 2;
    fixture_start(&g);
    client_join(&one, &g, "1.4");
    client_join(&two, &g, "1.4");
    client_connect(&three, &g);
    client_expect_end(&three);
    client_expect(&one, PING, PONG);
    client_expect(&two, PING, PONG);
    client_close(&one);
    client_close(&two);
    client_close(&three);
    fixture_stop(&g);
}
END_TEST

TCase *tcase_abuse(void)
{
    TCase *t = tcase_create("abuse");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_line_without_end_is_thrown_away);
    tcase_add_test(t, bombs_of_depth_reach_no_parser);
    tcase_add_test(t, the_deepest_text_that_is_let_through_fits_the_stack);
    tcase_add_test(t, many_values_and_long_requests_are_refused);
    tcase_add_test(t, nonsense_in_any_field_is_an_error_and_no_more);
    tcase_add_test(t, a_batch_of_thousands_is_refused);
    tcase_add_test(t, a_flood_of_notifications_is_not_answered);
    tcase_add_test(t, errors_cost_a_session_its_life);
    tcase_add_test(t, who_does_not_read_waits_for_himself);
    tcase_add_test(t, silence_ends_a_session);
    tcase_add_test(t, an_address_has_a_share_of_the_sessions);
    return t;
}
