/* Promises to whoever watches the node: a stuck thread fails the check of /livez, is named there,
 * makes the watchdog's messages cease until it turns again, and shows in its gauge. */
#include "config.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/service.h"
#include "app/thread_health.h"
#include "base/clock.h"
#include "harness.h"
#include "metrics/metrics.h"
#include "thread/pulse.h"

enum { PERIOD_US = 20000, AWAIT_TURNS = 10000 };

static struct event_base *base;
static struct pulse pulse;
static char folder[64], path[96];
static int manager = -1;

static void set_up(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char period[16];

    clock_test_start(1600000000);
    snprintf(folder, sizeof folder, "/tmp/watchdog.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/notify", folder);
    memcpy(at.sun_path, path, strlen(path) + 1);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&at, sizeof at), 0);
    snprintf(period, sizeof period, "%d", PERIOD_US);
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", period, 1);
    unsetenv("WATCHDOG_PID");
    base = event_base_new();
    ck_assert_ptr_nonnull(base);
    pulse_begin(&pulse, "subject", 30 * 1000);
}

static void tear_down(void)
{
    pulse_end(&pulse);
    event_base_free(base);
    close(manager);
    unlink(path);
    rmdir(folder);
    metrics_reset();
    clock_test_stop();
}

static void say_nothing(void *arg, char out[SERVICE_STATUS_BYTES])
{
    (void)arg;
    (void)out;
}

static const struct service_config config = {.alive = thread_health, .status = say_nothing};

/* Let it tick until it says its status. Returns: whether all is said to be well after it. */
static bool tick(void)
{
    char text[256];
    bool status = false, well = false;
    ssize_t n;

    for (int i = 0; i < AWAIT_TURNS && !status; i++) {
        event_base_loop(base, EVLOOP_ONCE);
        while ((n = recv(manager, text, sizeof text - 1, 0)) > 0) {
            text[n] = '\0';
            status = status || strncmp(text, "STATUS=", 7) == 0;
            well = well || strcmp(text, "WATCHDOG=1") == 0;
        }
    }
    ck_assert_msg(status, "the service does not tick");
    return well;
}

START_TEST(the_watchdog_hears_nothing_while_a_thread_is_stuck)
{
#ifdef HAVE_LIBSYSTEMD
    struct service *s = service_new(base, &config);

    ck_assert_ptr_nonnull(s);
    ck_assert(tick());
    clock_test_advance_ms(31 * 1000);
    for (int i = 0; i < 5; i++)
        ck_assert_msg(!tick(), "fed in spite of a stuck thread");
    pulse_turn();
    ck_assert_msg(tick(), "not fed although the thread turns again");
    service_free(s);
#else
    (void)config;
    (void)tick;
    puts("SKIPPED: built without libsystemd, so that nothing is said to a service manager");
#endif
}
END_TEST

START_TEST(the_check_names_who_is_stuck_and_for_how_long)
{
    char detail[128], little[16];

    ck_assert(thread_health(detail, sizeof detail));
    ck_assert_str_eq(detail, "1 turn");
    clock_test_advance_ms(45 * 1000);
    ck_assert(!thread_health(detail, sizeof detail));
    ck_assert_str_eq(detail, "subject has not turned for 45 s");
    ck_assert(!thread_health(little, sizeof little));
    ck_assert_str_eq(little, "subject has not");
    pulse_rest();
    clock_test_advance_ms(3600 * 1000);
    ck_assert(thread_health(detail, sizeof detail));
}
END_TEST

static void show(void *arg)
{
    (void)arg;
    thread_health_collect();
}

static void expect_gauge(const char *value)
{
    char line[160];
    struct buf out;

    snprintf(line, sizeof line,
             "\np2pnode_thread_heartbeat_timestamp_seconds{thread=\"subject\"} %s\n", value);
    buf_init(&out, 1 << 20);
    ck_assert_int_eq(metrics_render(&out, METRICS_TEXT_004), 0);
    ck_assert_msg(strstr(buf_cstr(&out), line), "expected %s in\n%s", line, buf_cstr(&out));
    buf_free(&out);
}

START_TEST(the_gauge_stands_still_while_a_thread_is_stuck)
{
    ck_assert_int_eq(metrics_add_collector(show, NULL), 0);
    clock_test_advance_ms(45 * 1000);
    expect_gauge("1600000000");
    pulse_rest();
    expect_gauge("1600000045");
    metrics_remove_collector(show, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watchdog");
    TCase *tc = tcase_create("watchdog");

    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, the_watchdog_hears_nothing_while_a_thread_is_stuck);
    tcase_add_test(tc, the_check_names_who_is_stuck_and_for_how_long);
    tcase_add_test(tc, the_gauge_stands_still_while_a_thread_is_stuck);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
