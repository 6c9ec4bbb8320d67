/* What the live view shows of the node's answers. */
#include <stdio.h>
#include <string.h>

#include "ctl/top_view.h"
#include "harness.h"

static struct top_view view;

static cJSON *tree(const char *text)
{
    cJSON *out;

    ck_assert_int_eq(json_parse(&out, text, strlen(text)), 0);
    return out;
}

/* Three peers whose bytes have grown by `more`. */
static void take(double more, int64_t now_us)
{
    char text[1024];
    struct top_answers a = {
        .network = tree("{\"subversion\":\"/p2pnode:1/\",\"connections\":3,\"connections_in\":1,"
                        "\"connections_out\":2}"),
        .chain = tree("{\"chain\":\"regtest\",\"blocks\":7,\"headers\":9}"),
        .uptime = tree("3725"),
        .ethereum = tree("\"0x1f\""),
    };

    snprintf(text, sizeof text, "{\"totalbytesrecv\":%.0f,\"totalbytessent\":%.0f}", 5000 + more,
             2000 + 2 * more);
    a.totals = tree(text);
    snprintf(text, sizeof text,
             "[{\"id\":5,\"inbound\":true,\"connection_type\":\"inbound\",\"network\":\"ipv4\","
             "\"addr\":\"10.0.0.1:8333\",\"subver\":\"/a\\u001b[2J/\",\"bytesrecv\":%.0f,"
             "\"bytessent\":10,\"pingtime\":0.2},"
             "{\"id\":7,\"inbound\":false,\"connection_type\":\"block-relay-only\","
             "\"network\":\"onion\",\"addr\":\"b.onion:8333\",\"bytesrecv\":3000,\"bytessent\":20},"
             "{\"id\":6,\"inbound\":false,\"connection_type\":\"manual\",\"network\":\"ipv4\","
             "\"addr\":\"10.0.0.2:8333\",\"bytesrecv\":200,\"bytessent\":1234567,"
             "\"pingtime\":0.0051}]",
             1000 + more);
    a.peers = tree(text);
    ck_assert_int_eq(top_take(&view, &a, now_us), 0);
    cJSON_Delete(a.network);
    cJSON_Delete(a.chain);
    cJSON_Delete(a.totals);
    cJSON_Delete(a.uptime);
    cJSON_Delete(a.ethereum);
    cJSON_Delete(a.peers);
}

static void set_up(void)
{
    json_init();
    view = (struct top_view){.n = 0};
    take(0, 1000000);
}

static void tear_down(void)
{
    top_free(&view);
}

static void order_is(int64_t a, int64_t b, int64_t c)
{
    ck_assert_int_eq(view.peers[0].id, a);
    ck_assert_int_eq(view.peers[1].id, b);
    ck_assert_int_eq(view.peers[2].id, c);
}

START_TEST(the_head_tells_of_the_node)
{
    ck_assert_str_eq(view.head[0], "/p2pnode:1/ on regtest, up 1h02, block 7, header 9");
    ck_assert_str_eq(view.head[1],
                     "peers 3 (1 in, 2 out), ethereum 31; in 5.0kB, 0B/s; out 2.0kB, 0B/s");
}
END_TEST

START_TEST(rates_are_those_since_the_last_time)
{
    take(3000, 3000000);
    ck_assert_double_eq(view.peers[0].in_rate, 1500);
    ck_assert_double_eq(view.peers[0].out_rate, 0);
    ck_assert_double_eq(view.in_rate, 1500);
    ck_assert_double_eq(view.out_rate, 3000);
    take(0, 4000000); /* another node, or one that was restarted */
    ck_assert_double_eq(view.in_rate, 0);
}
END_TEST

START_TEST(each_column_sorts_and_sorts_back)
{
    order_is(5, 6, 7);
    top_sort_by(&view, TOP_ID);
    order_is(7, 6, 5);
    top_sort_by(&view, TOP_PING);
    order_is(6, 5, 7); /* who was not pinged yet is last */
    top_sort_by(&view, TOP_IN);
    order_is(7, 5, 6);
    top_sort_by(&view, TOP_IN);
    order_is(6, 5, 7);
    top_sort_by(&view, TOP_OUT);
    order_is(6, 7, 5);
    top_sort_by(&view, TOP_NETWORK);
    order_is(5, 6, 7);
    top_sort_by(&view, TOP_DIRECTION);
    order_is(6, 7, 5);
    top_sort_by(&view, TOP_ADDRESS);
    order_is(5, 6, 7);
    take(9000, 2000000); /* it stays so */
    ck_assert_int_eq(view.by, TOP_ADDRESS);
    top_sort_by(&view, TOP_IN_RATE);
    order_is(5, 6, 7);
    ck_assert_double_eq(view.peers[0].in_rate, 9000);
}
END_TEST

START_TEST(lines_fit_and_cannot_move_the_cursor)
{
    char line[TOP_LINE_BYTES];

    top_line(line, &view.peers[0], 200);
    ck_assert_str_eq(line,
                     "     5 in  inbound     ipv4      200      0      0   1.0k     10        "
                     "10.0.0.1:8333         /a?[2J/");
    top_line(line, &view.peers[1], 200);
    ck_assert_ptr_nonnull(strstr(line, " 5.1 "));
    ck_assert_ptr_nonnull(strstr(line, " 1.2M "));
    for (unsigned width = 0; width < 300; width++) {
        top_line(line, &view.peers[0], width);
        ck_assert_uint_le(strlen(line), width);
        top_title(line, &view, width);
        ck_assert_uint_le(strlen(line), width);
    }
}
END_TEST

START_TEST(the_title_marks_the_order)
{
    char line[TOP_LINE_BYTES];

    top_title(line, &view, 200);
    ck_assert_ptr_nonnull(strstr(line, "ID*"));
    top_sort_by(&view, TOP_PING);
    top_sort_by(&view, TOP_PING);
    top_title(line, &view, 200);
    ck_assert_ptr_nonnull(strstr(line, "PING ms^"));
    ck_assert_ptr_null(strstr(line, "ID*"));
}
END_TEST

START_TEST(no_two_columns_have_a_key)
{
    for (unsigned a = 0; a < TOP_COLUMNS; a++)
        for (unsigned b = 0; b < a; b++)
            ck_assert_int_ne(top_key((enum top_column)a), top_key((enum top_column)b));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("top");
    TCase *t = tcase_create("top");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, the_head_tells_of_the_node);
    tcase_add_test(t, rates_are_those_since_the_last_time);
    tcase_add_test(t, each_column_sorts_and_sorts_back);
    tcase_add_test(t, lines_fit_and_cannot_move_the_cursor);
    tcase_add_test(t, the_title_marks_the_order);
    tcase_add_test(t, no_two_columns_have_a_key);
    return harness_run(s);
}
