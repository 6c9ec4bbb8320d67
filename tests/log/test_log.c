/* A line is one line whatever is in it, the log costs a bounded amount of disk, and a rotation
 * loses nothing. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "log/log.h"

enum { HOUR_MS = 3600 * 1000 };

static char dir[] = "/tmp/p2pnode-log-XXXXXX";
static char path[64], moved[64];
static char content[1 << 16];

static void open_log(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/log", dir);
    snprintf(moved, sizeof moved, "%s/log.1", dir);
    ck_assert_int_eq(log_open(path), 0);
    clock_test_start(1795194368); /* 2026-11-20T17:06:08Z */
    clock_test_advance_ms(123);
}

static void close_log(void)
{
    clock_test_stop();
    log_open(NULL);
    unlink(path);
    unlink(moved);
    rmdir(dir);
}

/* The first bytes of a file, as text. */
static const char *read_back(const char *from)
{
    FILE *f = fopen(from, "rb");
    size_t n;

    ck_assert_ptr_nonnull(f);
    n = fread(content, 1, sizeof content - 1, f);
    content[n] = '\0';
    fclose(f);
    return content;
}

static off_t file_bytes(const char *of)
{
    struct stat st;

    ck_assert_int_eq(stat(of, &st), 0);
    return st.st_size;
}

START_TEST(text_line_has_time_level_subsystem_and_message)
{
    log_info("peer", "id=%d connected", 7);
    ck_assert_str_eq(read_back(path), "2026-11-20T17:06:08.123Z info peer: id=7 connected\n");
}
END_TEST

START_TEST(json_line_is_one_object_with_four_members)
{
    log_set_format(LOG_FORMAT_JSON);
    log_warn("dial", "said \"%s\"", "hi\\");
    ck_assert_str_eq(read_back(path),
                     "{\"ts\":\"2026-11-20T17:06:08.123Z\",\"level\":\"warn\","
                     "\"subsystem\":\"dial\",\"msg\":\"said \\\"hi\\\\\\\\\\\"\"}\n");
}
END_TEST

START_TEST(every_byte_value_stays_within_one_printable_line)
{
    char all[257] = {0};
    const char *text;
    size_t len;

    for (int i = 1; i < 256; i++)
        all[i - 1] = (char)i;
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        log_set_format((enum log_format)format);
        log_info("peer", "%s", all);
    }
    text = read_back(path);
    len = strlen(text);
    for (size_t i = 0, lines = 0; i < len; i++) {
        if (text[i] == '\n')
            ck_assert_uint_le(++lines, 2);
        else
            ck_assert_msg(text[i] >= ' ' && text[i] <= '~', "byte %02x at %zu", text[i] & 0xff, i);
    }
    ck_assert_ptr_nonnull(strstr(text, "\\x0a"));
    ck_assert_ptr_nonnull(strstr(text, "\\\\x1b")); /* in JSON the backslash itself is escaped */
}
END_TEST

START_TEST(escape_replaces_control_bytes_and_backslash)
{
    char out[32];

    ck_assert_uint_eq(log_escape(out, sizeof out, "a\n\x1b\\\xff", 5), 15);
    ck_assert_str_eq(out, "a\\x0a\\x1b\\\\\\xff");
}
END_TEST

START_TEST(escape_never_cuts_inside_an_escaped_byte)
{
    char out[16];

    for (size_t size = 1; size <= sizeof out; size++) {
        size_t len = log_escape(out, size, "\x01\x02\x03\x04", 4);

        ck_assert_uint_lt(len, size);
        ck_assert_uint_eq(len % 4, 0);
        ck_assert_uint_eq(strlen(out), len);
    }
    ck_assert_uint_eq(log_escape(NULL, 0, "x", 1), 0);
}
END_TEST

START_TEST(long_message_is_cut_and_marked_in_both_formats)
{
    static char plain[4000], hostile[4000];

    memset(plain, 'a', sizeof plain - 1);
    memset(hostile, '\x1b', sizeof hostile - 1);
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        const char *tail = format == LOG_FORMAT_JSON ? "[cut]\"}\n" : "[cut]\n";

        log_set_format((enum log_format)format);
        for (int i = 0; i < 2; i++) {
            const char *text;

            ck_assert_int_eq(truncate(path, 0), 0);
            log_info("peer", "%s", i == 0 ? plain : hostile);
            text = read_back(path);
            ck_assert_uint_le(strlen(text), LOG_LINE_MAX_BYTES);
            ck_assert_uint_gt(strlen(text), 1000);
            ck_assert_str_eq(text + strlen(text) - strlen(tail), tail);
        }
    }
}
END_TEST

START_TEST(lines_above_the_level_are_not_written)
{
    log_debug("peer", "no");
    ck_assert_str_eq(read_back(path), "");
    log_set_level(LOG_LEVEL_TRACE);
    log_trace("peer", "yes");
    ck_assert_str_eq(read_back(path), "2026-11-20T17:06:08.123Z trace peer: yes\n");
    log_set_level(LOG_LEVEL_ERROR);
    ck_assert(!log_enabled(LOG_LEVEL_WARN, "test"));
    ck_assert(log_enabled(LOG_LEVEL_ERROR, "test"));
}
END_TEST

START_TEST(debugging_is_switched_by_category)
{
    log_set_level(LOG_LEVEL_INFO);
    ck_assert(!log_enabled(LOG_LEVEL_DEBUG, "peer"));
    log_set_category(LOG_CATEGORY_peer, true);
    ck_assert(log_enabled(LOG_LEVEL_DEBUG, "peer"));
    ck_assert(!log_enabled(LOG_LEVEL_TRACE, "peer"));
    ck_assert(!log_enabled(LOG_LEVEL_DEBUG, "dial"));
    ck_assert(!log_enabled(LOG_LEVEL_DEBUG, "of its own"));
    log_set_category(LOG_CATEGORY_other, true);
    ck_assert(log_enabled(LOG_LEVEL_DEBUG, "of its own"));
    log_set_level(LOG_LEVEL_TRACE); /* all */
    log_set_category(LOG_CATEGORY_dial, false);
    ck_assert(log_enabled(LOG_LEVEL_TRACE, "peer"));
    ck_assert(!log_enabled(LOG_LEVEL_TRACE, "dial"));
    ck_assert(!log_enabled(LOG_LEVEL_DEBUG, "dial"));
    ck_assert(log_enabled(LOG_LEVEL_INFO, "dial"));
    log_set_category(LOG_CATEGORY_COUNT, false);
    ck_assert(!log_enabled(LOG_LEVEL_DEBUG, "peer"));
    log_set_level(LOG_LEVEL_INFO);
    for (unsigned i = 0; i < LOG_CATEGORY_COUNT; i++)
        ck_assert_uint_eq(log_category_of(log_category_name((enum log_category)i)), i);
}
END_TEST

START_TEST(errno_survives_a_line)
{
    errno = EDOM;
    log_info("peer", "%d", 1);
    ck_assert_int_eq(errno, EDOM);
}
END_TEST

START_TEST(level_names_are_parsed_back)
{
    enum log_level level;

    for (unsigned i = 0; i < LOG_LEVEL_COUNT; i++) {
        ck_assert_int_eq(log_level_parse(&level, log_level_name((enum log_level)i)), 0);
        ck_assert_uint_eq((unsigned)level, i);
    }
    ck_assert_int_eq(log_level_parse(&level, "loud"), PN_EINVAL);
    ck_assert_int_eq(log_level_parse(&level, ""), PN_EINVAL);
}
END_TEST

static void write_many(struct log_site *site, unsigned lines)
{
    for (unsigned i = 0; i < lines; i++)
        log_write(site, "peer=%u sent something that is worth a line of the log", i);
}

static struct log_site new_site(enum log_level level)
{
    return (struct log_site){
        .subsystem = "peer", .level = level, .budget = {.mu = MUTEX_INITIALIZER}};
}

START_TEST(one_call_site_writes_its_budget_and_then_counts)
{
    struct log_site site = new_site(LOG_LEVEL_ERROR);
    uint64_t suppressed;
    char expected[200];

    write_many(&site, 20000);
    ck_assert_int_gt(file_bytes(path), LOG_SITE_BUDGET_BYTES - LOG_LINE_MAX_BYTES);
    ck_assert_int_lt(file_bytes(path), LOG_SITE_BUDGET_BYTES + LOG_LINE_MAX_BYTES);
    ck_assert_uint_gt(log_suppressed_count(), 0);

    suppressed = log_suppressed_count();
    ck_assert_int_eq(truncate(path, 0), 0);
    clock_test_advance_ms(HOUR_MS);
    log_write(&site, "after the hour");
    snprintf(expected, sizeof expected,
             "2026-11-20T18:06:08.123Z error peer: %" PRIu64 " lines suppressed from this place\n"
             "2026-11-20T18:06:08.123Z error peer: after the hour\n",
             suppressed);
    ck_assert_str_eq(read_back(path), expected);

    ck_assert_int_eq(truncate(path, 0), 0);
    clock_test_advance_ms(HOUR_MS);
    log_write(&site, "an hour later");
    ck_assert_str_eq(read_back(path), "2026-11-20T19:06:08.123Z error peer: an hour later\n");
}
END_TEST

START_TEST(suppression_is_announced_once_when_it_begins)
{
    struct log_site site = new_site(LOG_LEVEL_INFO);
    const char *said;
    FILE *f;
    unsigned announced = 0;
    char line[LOG_LINE_MAX_BYTES];

    write_many(&site, 20000);
    f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    while ((said = fgets(line, sizeof line, f)))
        announced += strstr(said, "suppressing further lines") != NULL;
    fclose(f);
    ck_assert_uint_eq(announced, 1);
}
END_TEST

/* Every call site that a peer can reach, provoked without end for an hour that lies across two
 * budget windows: what the log takes on the disk is bounded. */
START_TEST(an_hour_of_provocation_costs_less_than_50_MB)
{
    static struct log_site sites[200];
    enum { STEP_MS = 15 * 60 * 1000 };
    const off_t limit_bytes = 50 * 1000 * 1000;
    static char hostile[300];

    memset(hostile, '\n', sizeof hostile - 1);
    for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++)
        sites[i] = new_site(i % 2 ? LOG_LEVEL_INFO : LOG_LEVEL_WARN);
    write_many(&sites[0], 1);
    clock_test_advance_ms(HOUR_MS - 1); /* the attack comes just before the budgets refill */
    for (int step = 0; step <= 4; step++) {
        for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++)
            for (int n = 0; n < 150; n++)
                log_write(&sites[i], "user agent %s", hostile);
        clock_test_advance_ms(step == 0 ? 1 : STEP_MS);
    }
    ck_assert_int_gt(file_bytes(path), LOG_TOTAL_BUDGET_BYTES);
    ck_assert_int_lt(file_bytes(path), limit_bytes);
}
END_TEST

START_TEST(noise_does_not_silence_errors)
{
    static struct log_site sites[40];
    struct log_site important = new_site(LOG_LEVEL_ERROR);
    off_t before;

    for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++) {
        sites[i] = new_site(LOG_LEVEL_INFO);
        write_many(&sites[i], 12000);
    }
    before = file_bytes(path);
    write_many(&sites[0], 1);
    ck_assert_int_eq(file_bytes(path), before);
    ck_assert_int_eq(truncate(path, 0), 0);
    log_write(&important, "the disk is full");
    ck_assert_str_eq(read_back(path), "2026-11-20T17:06:08.123Z error peer: the disk is full\n");
}
END_TEST

START_TEST(debug_lines_have_no_budget)
{
    struct log_site site = new_site(LOG_LEVEL_DEBUG);

    write_many(&site, 20000);
    ck_assert_int_gt(file_bytes(path), LOG_SITE_BUDGET_BYTES + LOG_LINE_MAX_BYTES);
    ck_assert_uint_eq(log_suppressed_count(), 0);
}
END_TEST

START_TEST(reopen_writes_to_a_new_file_of_the_same_name)
{
    log_info("app", "one");
    ck_assert_int_eq(rename(path, moved), 0);
    log_info("app", "two");
    ck_assert_int_eq(log_reopen(), 0);
    log_info("app", "three");
    ck_assert_str_eq(read_back(moved), "2026-11-20T17:06:08.123Z info app: one\n"
                                       "2026-11-20T17:06:08.123Z info app: two\n");
    ck_assert_str_eq(read_back(path), "2026-11-20T17:06:08.123Z info app: three\n");
    ck_assert_int_eq(file_bytes(path), 41);
}
END_TEST

START_TEST(the_log_file_is_for_its_owner_only)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_failed_open_keeps_the_old_destination)
{
    mem_fail_at(1, 0);
    ck_assert_int_eq(log_open("/elsewhere"), PN_ENOMEM);
    mem_fail_at(0, 0);
    ck_assert_int_eq(log_open("/nonexistent/log"), PN_ENOENT);
    log_info("app", "still here");
    ck_assert_ptr_nonnull(strstr(read_back(path), "still here"));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(log_reopen(), 0); /* the path is the old one too */
    log_info("app", "again");
    ck_assert_ptr_nonnull(strstr(read_back(path), "again"));
}
END_TEST

START_TEST(a_refused_line_is_counted)
{
    ck_assert_int_eq(log_open("/dev/full"), 0);
    log_info("app", "lost");
    ck_assert_uint_eq(log_failed_count(), 1);
}
END_TEST

START_TEST(broken_invariants_are_logged)
{
    log_install_bug_handler();
    ck_assert(BUG(1 + 1 == 2));
    ck_assert_ptr_nonnull(strstr(read_back(path), " error bug: broken invariant: 1 + 1 == 2 at "));
}
END_TEST

enum { WRITERS = 4, LINES_EACH = 3000 };

static void *write_numbered(void *arg)
{
    unsigned id = *(unsigned *)arg;

    for (unsigned i = 0; i < LINES_EACH; i++)
        log_info("peer", "writer=%u line=%u end", id, i);
    return NULL;
}

/* Lines of several threads, while the file is moved away again and again: each line is whole, in
 * one of the files, and each writer's lines are in order. */
START_TEST(rotation_under_load_neither_loses_nor_tears_a_line)
{
    enum { ROTATIONS = 300 };
    pthread_t threads[WRITERS];
    unsigned ids[WRITERS], next[WRITERS] = {0};
    char name[96], line[LOG_LINE_MAX_BYTES];

    for (unsigned i = 0; i < WRITERS; i++) {
        ids[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_numbered, &ids[i]), 0);
    }
    for (int i = 0; i < ROTATIONS; i++) {
        snprintf(name, sizeof name, "%s.%d", path, i);
        ck_assert_int_eq(rename(path, name), 0);
        ck_assert_int_eq(log_reopen(), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(log_failed_count(), 0);
    for (int i = 0; i <= ROTATIONS; i++) {
        FILE *f;

        snprintf(name, sizeof name, i < ROTATIONS ? "%s.%d" : "%s", path, i);
        f = fopen(name, "rb");
        ck_assert_ptr_nonnull(f);
        while (fgets(line, sizeof line, f)) {
            unsigned id, n;
            int end = 0;

            sscanf(line, "2026-11-20T17:06:08.123Z info peer: writer=%u line=%u end\n%n", &id, &n,
                   &end);
            ck_assert_msg(end > 0 && line[end] == '\0', "torn line: %s", line);
            ck_assert_uint_lt(id, WRITERS);
            ck_assert_uint_eq(n, next[id]++);
        }
        fclose(f);
        unlink(name);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        ck_assert_uint_eq(next[i], LINES_EACH);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("log");
    TCase *t = tcase_create("lines");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, open_log, close_log);
    tcase_add_test(t, text_line_has_time_level_subsystem_and_message);
    tcase_add_test(t, json_line_is_one_object_with_four_members);
    tcase_add_test(t, every_byte_value_stays_within_one_printable_line);
    tcase_add_test(t, escape_replaces_control_bytes_and_backslash);
    tcase_add_test(t, escape_never_cuts_inside_an_escaped_byte);
    tcase_add_test(t, long_message_is_cut_and_marked_in_both_formats);
    tcase_add_test(t, lines_above_the_level_are_not_written);
    tcase_add_test(t, debugging_is_switched_by_category);
    tcase_add_test(t, errno_survives_a_line);
    tcase_add_test(t, level_names_are_parsed_back);
    tcase_add_test(t, one_call_site_writes_its_budget_and_then_counts);
    tcase_add_test(t, suppression_is_announced_once_when_it_begins);
    tcase_add_test(t, an_hour_of_provocation_costs_less_than_50_MB);
    tcase_add_test(t, noise_does_not_silence_errors);
    tcase_add_test(t, debug_lines_have_no_budget);
    tcase_add_test(t, reopen_writes_to_a_new_file_of_the_same_name);
    tcase_add_test(t, the_log_file_is_for_its_owner_only);
    tcase_add_test(t, a_failed_open_keeps_the_old_destination);
    tcase_add_test(t, a_refused_line_is_counted);
    tcase_add_test(t, broken_invariants_are_logged);
    tcase_add_test(t, rotation_under_load_neither_loses_nor_tears_a_line);
    return harness_run(s);
}
