/* The rate limiter before a session, on its real threads. */
#include <string.h>

#include "base/clock.h"
#include "electrum/internal.h"
#include "server_fixture.h"
#include "test_electrum.h"

#define PING "{\"method\":\"server.ping\",\"id\":7}"
#define PONG "{\"result\": null, \"error\": null, \"id\": 7}"

static struct server_fixture f;
static struct client c;

static void tear_down(void)
{
    client_close(&c);
    fixture_stop(&f);
}

static void expect_refusal(struct client *who, const char *request)
{
    const cJSON *error, *text;
    cJSON *tree;

    client_send(who, request);
    tree = client_json(who);
    error = cJSON_GetObjectItem(tree, "error");
    text = cJSON_GetObjectItem(error, "message");
    ck_assert_int_eq(cJSON_GetObjectItem(error, "code")->valueint, -102);
    ck_assert_msg(strstr(text->valuestring, "retry in 3") != NULL, "got %s", text->valuestring);
    cJSON_Delete(tree);
}

static void start_limited(const struct rate_limit_config *rate)
{
    fixture_init(&f, 5);
    f.config.cost_soft = f.config.cost_hard = 0;
    f.config.rate_limit = *rate;
    fixture_start(&f);
    client_join(&c, &f, "1.4"); /* which takes a token */
}

START_TEST(who_asks_too_often_is_put_off_then_refused_and_told_when_to_retry)
{
    const struct rate_limit_config rate = {
        .capacity = 3, .window_ms = 3600 * 1000, .delay_after = 2, .delay_ms = 1};
    struct client other;

    start_limited(&rate);
    client_expect(&c, PING, PONG);
    client_expect(&c, PING, PONG);
    for (int i = 0; i < 5; i++)
        expect_refusal(&c, PING);
    client_connect(&other, &f); /* another connection is no other client */
    expect_refusal(&other, "{\"method\":\"server.version\",\"params\":[\"t\",\"1.4\"],\"id\":7}");
    client_close(&other);
    tear_down();
}
END_TEST

START_TEST(a_request_that_is_put_off_is_served_when_a_token_has_come)
{
    const struct rate_limit_config rate = {
        .capacity = 1, .window_ms = 50, .delay_after = 5, .delay_ms = 100};

    start_limited(&rate);
    for (int i = 0; i < 20; i++)
        client_expect(&c, PING, PONG);
    tear_down();
}
END_TEST

START_TEST(a_stop_does_not_wait_for_those_who_are_put_off)
{
    const struct rate_limit_config rate = {.capacity = 1,
                                           .window_ms = 3600 * 1000,
                                           .delay_after = 1,
                                           .delay_ms = RATE_LIMIT_MAX_DELAY_MS};
    int64_t begin_us;

    start_limited(&rate);
    begin_us = clock_mono_us();
    client_send(&c, PING);
    tear_down();
    ck_assert_int_lt(clock_mono_us() - begin_us, RATE_LIMIT_MAX_DELAY_MS * 1000 / 2);
}
END_TEST

/* A reload may set a limit where there was none. */
START_TEST(a_limit_that_is_set_later_is_one_for_each_client)
{
    const struct rate_limit_config rate = {.capacity = 1, .window_ms = 3600 * 1000};
    const struct net_addr clients[] = {{.kind = NET_IPV4, .bytes = {88, 7, 6, 5}},
                                       {.kind = NET_IPV4, .bytes = {88, 7, 6, 6}}};

    start_limited(&(struct rate_limit_config){.capacity = 0});
    electrum_set_rate(f.electrum, &rate);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pace_take(f.electrum, &clients[i], false).verdict, RATE_ALLOWED);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pace_take(f.electrum, &clients[i], false).verdict, RATE_REFUSED);
    tear_down();
}
END_TEST

TCase *tcase_pace(void)
{
    TCase *t = tcase_create("pace");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, who_asks_too_often_is_put_off_then_refused_and_told_when_to_retry);
    tcase_add_test(t, a_request_that_is_put_off_is_served_when_a_token_has_come);
    tcase_add_test(t, a_stop_does_not_wait_for_those_who_are_put_off);
    tcase_add_test(t, a_limit_that_is_set_later_is_one_for_each_client);
    return t;
}
