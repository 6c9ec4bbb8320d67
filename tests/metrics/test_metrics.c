/* The exposition says what was counted, in the formats' own terms; counting is exact from any
 * number of threads; families are bounded. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "metrics/metrics.h"
#include "sample.h"

static struct metric_family hits = {
    .name = "test_hits_total",
    .help = "Hits.",
    .type = METRIC_COUNTER,
    .labels = {"kind"},
};
static struct metric_family level = {
    .name = "test_level",
    .help = "Level.",
    .type = METRIC_GAUGE,
};

static struct buf out;

static void set_up(void)
{
    buf_init(&out, 1 << 20);
}

static void tear_down(void)
{
    buf_free(&out);
    metrics_reset();
}

static const char *render(enum metrics_format format)
{
    buf_reset(&out);
    ck_assert_int_eq(metrics_render(&out, format), 0);
    return buf_cstr(&out);
}

START_TEST(text_exposition_is_exactly_this)
{
    sample_fill();
    ck_assert_str_eq(
        render(METRICS_TEXT_004),
        "# HELP p2pnode_channel_send_blocked_seconds_total Time senders waited.\n"
        "# TYPE p2pnode_channel_send_blocked_seconds_total counter\n"
        "p2pnode_channel_send_blocked_seconds_total{channel=\"server\"} 1.234567\n"
        "# HELP p2pnode_handshake_duration_seconds Time from connection to verack.\n"
        "# TYPE p2pnode_handshake_duration_seconds histogram\n"
        "p2pnode_handshake_duration_seconds_bucket{network=\"bitcoin\",le=\"0.005\"} 2\n"
        "p2pnode_handshake_duration_seconds_bucket{network=\"bitcoin\",le=\"0.1\"} 3\n"
        "p2pnode_handshake_duration_seconds_bucket{network=\"bitcoin\",le=\"1\"} 4\n"
        "p2pnode_handshake_duration_seconds_bucket{network=\"bitcoin\",le=\"2.5\"} 4\n"
        "p2pnode_handshake_duration_seconds_bucket{network=\"bitcoin\",le=\"60\"} 5\n"
        "p2pnode_handshake_duration_seconds_bucket{network=\"bitcoin\",le=\"+Inf\"} 6\n"
        "p2pnode_handshake_duration_seconds_sum{network=\"bitcoin\"} 64.610002\n"
        "p2pnode_handshake_duration_seconds_count{network=\"bitcoin\"} 6\n"
        "# HELP p2pnode_headers_height Height of the best header.\n"
        "# TYPE p2pnode_headers_height gauge\n"
        "p2pnode_headers_height 840000\n"
        "# HELP p2pnode_messages_total Messages by \"direction\",\\na back\\\\slash and two "
        "lines.\n"
        "# TYPE p2pnode_messages_total counter\n"
        "p2pnode_messages_total{network=\"bitcoin\",direction=\"in\",message=\"a\\\"b\\\\c\\nd\"} "
        "1\n"
        "p2pnode_messages_total{network=\"bitcoin\",direction=\"in\",message=\"inv\"} 2\n"
        "p2pnode_messages_total{network=\"bitcoin\",direction=\"out\",message=\"ping\"} 3\n");
}
END_TEST

/* OpenMetrics 1.0: the family of a counter is named without _total, bounds are written as floats,
 * help escapes the quote, the end is marked. */
START_TEST(openmetrics_differs_where_its_specification_does)
{
    const char *text;

    sample_fill();
    text = render(METRICS_OPENMETRICS);
    ck_assert_ptr_nonnull(strstr(text, "# TYPE p2pnode_messages counter\n"));
    ck_assert_ptr_nonnull(strstr(
        text, "# HELP p2pnode_messages Messages by \\\"direction\\\",\\na back\\\\slash and two "));
    ck_assert_ptr_nonnull(strstr(text, "message=\"ping\"} 3\n"));
    ck_assert_ptr_nonnull(strstr(text, "p2pnode_messages_total{"));
    ck_assert_ptr_nonnull(strstr(text, "le=\"1.0\"} 4\n"));
    ck_assert_ptr_nonnull(strstr(text, "le=\"0.005\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(text, "le=\"+Inf\"} 6\n"));
    ck_assert_str_eq(text + strlen(text) - 6, "# EOF\n");
    ck_assert_ptr_null(strstr(render(METRICS_TEXT_004), "# EOF"));
}
END_TEST

START_TEST(the_same_labels_give_the_same_child)
{
    struct metric *m = metric_get(&hits, "a", NULL);
    char copy[] = "a";

    ck_assert_ptr_eq(m, metric_get(&hits, copy, NULL));
    copy[0] = 'b';
    ck_assert_ptr_ne(m, metric_get(&hits, copy, NULL));
    metric_add(m, 2);
    ck_assert_int_eq(metric_value(metric_get(&hits, "a", NULL)), 2);
    ck_assert_int_eq(metric_value(metric_get(&hits, "b", NULL)), 0);
}
END_TEST

START_TEST(a_gauge_goes_up_and_down)
{
    struct metric *m = metric_get(&level, NULL);

    metric_set(m, 5);
    metric_add(m, -7);
    ck_assert_int_eq(metric_value(m), -2);
    ck_assert_ptr_nonnull(strstr(render(METRICS_TEXT_004), "\ntest_level -2\n"));
}
END_TEST

START_TEST(children_beyond_the_bound_share_one_that_is_not_shown)
{
    struct metric *first, *beyond;
    char kind[32];
    unsigned shown = 0;

    for (unsigned i = 0; i < METRIC_MAX_CHILDREN; i++) {
        snprintf(kind, sizeof kind, "k%u", i);
        metric_add(metric_get(&hits, kind, NULL), 1);
    }
    first = metric_get(&hits, "k0", NULL);
    beyond = metric_get(&hits, "one too many", NULL);
    ck_assert_ptr_nonnull(beyond);
    metric_add(beyond, 1);
    ck_assert_ptr_eq(beyond, metric_get(&hits, "another", NULL));
    ck_assert_ptr_eq(first, metric_get(&hits, "k0", NULL));
    for (const char *at = render(METRICS_TEXT_004); (at = strstr(at, "test_hits_total{")); at++)
        shown++;
    ck_assert_uint_eq(shown, METRIC_MAX_CHILDREN);
    ck_assert_ptr_null(strstr(buf_cstr(&out), "one too many"));
}
END_TEST

START_TEST(without_memory_updates_go_nowhere)
{
    struct metric *m;

    mem_fail_at(1, 1);
    m = metric_get(&hits, "a", NULL);
    metric_add(m, 1);
    ck_assert_int_eq(metrics_render(&out, METRICS_TEXT_004), 0);
    ck_assert_uint_eq(out.len, 0);
    mem_fail_at(0, 0);
    metric_add(metric_get(&hits, "a", NULL), 1);
    ck_assert_ptr_nonnull(strstr(render(METRICS_TEXT_004), "test_hits_total{kind=\"a\"} 1\n"));
}
END_TEST

START_TEST(a_full_buffer_is_reported)
{
    struct buf small;

    sample_fill();
    buf_init(&small, 100);
    ck_assert_int_eq(metrics_render(&small, METRICS_TEXT_004), PN_ETOOLARGE);
    buf_free(&small);
}
END_TEST

static void ignore_bug(const char *cond, const char *file, int line)
{
    (void)cond;
    (void)file;
    (void)line;
}

START_TEST(a_wrong_number_of_labels_is_a_reported_bug)
{
    bug_set_handler(ignore_bug);
    metric_add(metric_get(&hits, NULL), 1);
    ck_assert_uint_eq(bug_count(), 1);
    metric_add(metric_get(&hits, "a", "b", NULL), 1);
    ck_assert_uint_eq(bug_count(), 2);
    ck_assert_str_eq(render(METRICS_TEXT_004), "");
}
END_TEST

START_TEST(bucket_bounds_are_inclusive)
{
    static const double bounds[] = {0.1, 0.3};
    static struct metric_family h = {.name = "test_seconds",
                                     .help = "H.",
                                     .type = METRIC_HISTOGRAM,
                                     .buckets = bounds,
                                     .n_buckets = 2,
                                     .scale = 1e-6};
    struct metric *m = metric_get(&h, NULL);

    metric_observe(m, 100000);
    metric_observe(m, 300000);
    metric_observe(m, 300001);
    ck_assert_ptr_nonnull(strstr(render(METRICS_TEXT_004), "test_seconds_bucket{le=\"0.1\"} 1\n"
                                                           "test_seconds_bucket{le=\"0.3\"} 2\n"
                                                           "test_seconds_bucket{le=\"+Inf\"} 3\n"));
    ck_assert_int_eq(metric_value(m), 3);
}
END_TEST

static void raise_level(void *arg)
{
    int64_t *value = arg;

    metric_set(metric_get(&level, NULL), ++*value);
}

START_TEST(collectors_run_before_each_rendering_until_removed)
{
    int64_t value = 0;

    ck_assert_int_eq(metrics_add_collector(raise_level, &value), 0);
    ck_assert_ptr_nonnull(strstr(render(METRICS_TEXT_004), "test_level 1\n"));
    ck_assert_ptr_nonnull(strstr(render(METRICS_TEXT_004), "test_level 2\n"));
    metrics_remove_collector(raise_level, &value);
    ck_assert_ptr_nonnull(strstr(render(METRICS_TEXT_004), "test_level 2\n"));
}
END_TEST

START_TEST(collectors_are_bounded)
{
    int64_t value[METRICS_MAX_COLLECTORS + 1] = {0};

    for (unsigned i = 0; i < METRICS_MAX_COLLECTORS; i++)
        ck_assert_int_eq(metrics_add_collector(raise_level, &value[i]), 0);
    ck_assert_int_eq(metrics_add_collector(raise_level, &value[METRICS_MAX_COLLECTORS]), PN_ELIMIT);
    metrics_remove_collector(raise_level, &value[3]);
    ck_assert_int_eq(metrics_add_collector(raise_level, &value[METRICS_MAX_COLLECTORS]), 0);
}
END_TEST

START_TEST(process_families_have_plausible_values)
{
    static const char *const names[] = {
        "process_cpu_seconds_total",
        "process_max_fds",
        "process_open_fds",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_virtual_memory_bytes",
        "p2pnode_build_info{version=\"9.9\"}",
    };
    unsigned types = 0;

    metrics_register_process("9.9");
    metrics_register_process("9.9");
    for (const char *at = render(METRICS_TEXT_004); (at = strstr(at, "# TYPE ")); at++)
        types++;
    ck_assert_uint_eq(types, sizeof names / sizeof names[0]);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *at;
        char line[96];
        double v = -1;

        snprintf(line, sizeof line, "\n%s ", names[i]);
        at = strstr(buf_cstr(&out), line);
        ck_assert_msg(at != NULL, "%s is missing", names[i]);
        ck_assert_int_eq(sscanf(at + strlen(line), "%lf", &v), 1);
        ck_assert_msg(v >= 0, "%s is %g", names[i], v);
    }
}
END_TEST

enum { THREADS = 4, ROUNDS = 20000 };

static void *count_and_look_up(void *arg)
{
    struct metric *shared = metric_get(&hits, "shared", NULL);
    char kind[32];

    for (unsigned i = 0; i < ROUNDS; i++) {
        metric_add(shared, 1);
        if (i % 256 == 0) {
            snprintf(kind, sizeof kind, "k%u", i);
            metric_add(metric_get(&hits, kind, NULL), 1);
        }
    }
    (void)arg;
    return NULL;
}

START_TEST(counts_from_many_threads_are_exact_while_rendering)
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_and_look_up, NULL), 0);
    for (int i = 0; i < 50; i++)
        render(METRICS_TEXT_004);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(metric_value(metric_get(&hits, "shared", NULL)), THREADS * ROUNDS);
    ck_assert_int_eq(metric_value(metric_get(&hits, "k0", NULL)), THREADS);
    ck_assert_int_eq(metric_value(metric_get(&hits, "k256", NULL)), THREADS);
}
END_TEST

/* Removing waits for a rendering that is inside the collector. The collector is long about it, so
 * that a removal that does not wait comes back before it has finished. */
static pthread_barrier_t inside;
static atomic_bool removing, collector_finished;

static void slow_collector(void *arg)
{
    (void)arg;
    pthread_barrier_wait(&inside);
    while (!atomic_load(&removing))
        ;
    for (int i = 0; i < 200000; i++)
        metric_set(metric_get(&level, NULL), i);
    atomic_store(&collector_finished, true);
}

static void *render_once(void *arg)
{
    metrics_render(arg, METRICS_TEXT_004);
    return NULL;
}

START_TEST(a_removed_collector_is_not_running_any_more)
{
    pthread_t renderer;

    pthread_barrier_init(&inside, NULL, 2);
    ck_assert_int_eq(metrics_add_collector(slow_collector, NULL), 0);
    ck_assert_int_eq(pthread_create(&renderer, NULL, render_once, &out), 0);
    pthread_barrier_wait(&inside);
    atomic_store(&removing, true);
    metrics_remove_collector(slow_collector, NULL);
    ck_assert(atomic_load(&collector_finished));
    pthread_join(renderer, NULL);
    pthread_barrier_destroy(&inside);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("metrics");
    TCase *t = tcase_create("registry");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, text_exposition_is_exactly_this);
    tcase_add_test(t, openmetrics_differs_where_its_specification_does);
    tcase_add_test(t, the_same_labels_give_the_same_child);
    tcase_add_test(t, a_gauge_goes_up_and_down);
    tcase_add_test(t, children_beyond_the_bound_share_one_that_is_not_shown);
    tcase_add_test(t, without_memory_updates_go_nowhere);
    tcase_add_test(t, a_full_buffer_is_reported);
    tcase_add_test(t, a_wrong_number_of_labels_is_a_reported_bug);
    tcase_add_test(t, bucket_bounds_are_inclusive);
    tcase_add_test(t, collectors_run_before_each_rendering_until_removed);
    tcase_add_test(t, collectors_are_bounded);
    tcase_add_test(t, process_families_have_plausible_values);
    tcase_add_test(t, counts_from_many_threads_are_exact_while_rendering);
    tcase_add_test(t, a_removed_collector_is_not_running_any_more);
    return harness_run(s);
}
