/* The configuration file: what is wrong in it is refused with its line, never cut or guessed. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config_file.h"
#include "app/exit_status.h"
#include "base/err.h"
#include "harness.h"
#include "loading.h"

START_TEST(sections_are_optional_and_blanks_do_not_matter)
{
    loading_write_file("# a comment\n"
                       "  ; another\n"
                       "stall-tick=2\n"
                       "[ peers ]\n");
    LOAD_BAD(STATUS_CONFIG, "FILE:4: unknown section [ peers ]\n", "CONF");
    loading_write_file("# a comment\n"
                       "  ; another\n"
                       "\n"
                       "stall-tick=2\n"
                       "log-level:debug\r\n"
                       "\t[peers]  \n"
                       "   maxpeers   =   7   \n"
                       "   ping-interval = 1.5\n"
                       "[bitcoin]\n"
                       "listen = [::1]:8333\n"
                       "listen = 127.0.0.1:8333");
    LOAD_GOOD("CONF");
    ck_assert_int_eq(loaded.stall_tick_ms, 2000);
    ck_assert_str_eq(loaded.log_level, "debug");
    ck_assert_int_eq(loaded.maxpeers, 7);
    ck_assert_int_eq(loaded.ping_interval_ms, 1500);
    ck_assert_str_eq(loading_list(&loaded.listen), "[::1]:8333 127.0.0.1:8333");
}
END_TEST

START_TEST(all_errors_are_reported_with_their_lines)
{
    loading_write_file("maxpeers = 5\n"           /* 1 */
                       "frobnicate = 1\n"         /* 2 */
                       "just words\n"             /* 3 */
                       "maxpeers = 6\n"           /* 4 */
                       "no-listen = 1\n"          /* 5 */
                       "help = yes\n"             /* 6 */
                       "conf = /tmp/x\n"          /* 7 */
                       "[bitcoin]\n"              /* 8 */
                       "log-level = debug\n"      /* 9 */
                       "datadir = /tmp/x\n"       /* 10 */
                       "externalip = a.example\n" /* 11 */
                       "[nowhere]\n"              /* 12 */
                       "anything = 1\n"           /* 13 */
                       "[api\n"                   /* 14 */
                       "[log]\n"                  /* 15 */
                       "log-level = loud\n"       /* 16 */
                       "= 3\n"                    /* 17 */
                       "last words");             /* 18 */
    LOAD_BAD(STATUS_CONFIG,
             "FILE:2: unknown key frobnicate\n"
             "FILE:3: this is neither KEY = VALUE, nor [SECTION], nor a comment\n"
             "FILE:4: maxpeers is set a second time, after line 1\n"
             "FILE:5: no-listen is for the command line; here write \"listen =\" with nothing "
             "behind it\n"
             "FILE:6: help cannot be set in a file\n"
             "FILE:7: conf cannot be set in a file\n"
             "FILE:9: log-level belongs below [log], not below [bitcoin]\n"
             "FILE:10: datadir belongs before the first section\n"
             "FILE:12: unknown section [nowhere]\n"
             "FILE:14: a section line is [NAME]\n"
             "FILE:17: unknown key \n"
             "FILE:18: this is neither KEY = VALUE, nor [SECTION], nor a comment\n"
             "FILE:11: externalip: \"a.example\" is a name: only a numeric address is accepted "
             "here\n"
             "FILE:16: log-level: \"loud\" is none of error, warn, info, debug, trace\n",
             "CONF");
}
END_TEST

START_TEST(a_comment_behind_a_value_is_refused_not_cut)
{
    loading_write_file("maxpeers = 5 ; few\n");
    LOAD_BAD(STATUS_CONFIG, "FILE:1: a comment needs a line of its own\n", "CONF");
    loading_write_file("log-file = /tmp/a;b\n");
    LOAD_GOOD("CONF");
    ck_assert_str_eq(loaded.log_file, "/tmp/a;b");
    loading_write_file("log-file = /tmp/a #b\n");
    LOAD_GOOD("CONF");
    ck_assert_str_eq(loaded.log_file, "/tmp/a #b");
}
END_TEST

START_TEST(an_indented_line_is_a_line_of_its_own)
{
    loading_write_file("addnode = 10.0.0.1\n  addnode = 10.0.0.2\n  10.0.0.3\n");
    LOAD_BAD(STATUS_CONFIG, "FILE:3: this is neither KEY = VALUE, nor [SECTION], nor a comment\n",
             "CONF");
    loading_write_file("addnode = 10.0.0.1\n  addnode = 10.0.0.2\n");
    LOAD_GOOD("CONF");
    ck_assert_str_eq(loading_list(&loaded.addnode), "10.0.0.1 10.0.0.2");
}
END_TEST

START_TEST(a_long_line_is_refused_not_broken)
{
    static char content[3 * CONFIG_VALUE_MAX_BYTES];
    size_t len = (size_t)snprintf(content, sizeof content, "maxpeers = 3\nlog-file = /");

    memset(content + len, 'a', 2 * CONFIG_VALUE_MAX_BYTES);
    len += 2 * CONFIG_VALUE_MAX_BYTES;
    snprintf(content + len, sizeof content - len, "\nfrobnicate = 1\n");
    loading_write_file(content);
    ck_assert_int_eq(LOAD("CONF"), PN_EINVAL);
    ck_assert_uint_eq(complaints.errors.n, 2);
    ck_assert_ptr_nonnull(strstr(complaints.errors.items[0], ":2: the line is longer than "));
    ck_assert_ptr_nonnull(strstr(complaints.errors.items[1], ":3: unknown key frobnicate"));
}
END_TEST

START_TEST(a_line_as_long_as_the_longest_value_is_read_whole)
{
    static char content[2 * CONFIG_VALUE_MAX_BYTES];
    size_t len = (size_t)snprintf(content, sizeof content, "bitcoin = signet\nsignet-challenge = ");

    memset(content + len, 'a', CONFIG_VALUE_MAX_BYTES);
    len += CONFIG_VALUE_MAX_BYTES;
    snprintf(content + len, sizeof content - len, "\nmaxpeers = 3\n");
    loading_write_file(content);
    LOAD_GOOD("CONF");
    ck_assert_uint_eq(strlen(loaded.signet_challenge), CONFIG_VALUE_MAX_BYTES);
    ck_assert_int_eq(loaded.maxpeers, 3);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
    static const char with_nul[] = "maxpeers = 5\nlog-file = /tmp/a\0b\nfrob = 1\n";

    loading_write_bytes(with_nul, sizeof with_nul - 1);
    LOAD_BAD(STATUS_CONFIG,
             "FILE:2: the line contains a control character\nFILE:3: unknown key frob\n", "CONF");
    loading_write_file("log-file = /tmp/\x1b[2J\n");
    LOAD_BAD(STATUS_CONFIG, "FILE:1: the line contains a control character\n", "CONF");
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped)
{
    loading_write_file("\xef\xbb\xbfmaxpeers = 3\n");
    LOAD_GOOD("CONF");
    ck_assert_int_eq(loaded.maxpeers, 3);
}
END_TEST

START_TEST(an_empty_file_is_a_good_file)
{
    loading_write_file("");
    LOAD_GOOD("CONF");
    loading_write_file("\n\n# nothing\n");
    LOAD_GOOD("CONF");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
    LOAD_BAD(STATUS_CONFIG, "FILE: no such file\n", "CONF");
    LOAD_BAD(STATUS_CONFIG, "/: Is a directory\n", "--conf=/");
}
END_TEST

START_TEST(too_many_settings_are_refused)
{
    static char content[1 << 20];
    size_t len = 0;

    for (int i = 0; i <= SETTINGS_MAX; i++)
        len += (size_t)snprintf(content + len, sizeof content - len, "addnode = 10.0.0.1\n");
    loading_write_file(content);
    ck_assert_int_eq(LOAD("CONF"), PN_EINVAL);
    ck_assert_ptr_nonnull(strstr(complaints.errors.items[0], "settings"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("config file");
    TCase *t = tcase_create("lines");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, loading_begin, loading_end);
    tcase_add_test(t, sections_are_optional_and_blanks_do_not_matter);
    tcase_add_test(t, all_errors_are_reported_with_their_lines);
    tcase_add_test(t, a_comment_behind_a_value_is_refused_not_cut);
    tcase_add_test(t, an_indented_line_is_a_line_of_its_own);
    tcase_add_test(t, a_long_line_is_refused_not_broken);
    tcase_add_test(t, a_line_as_long_as_the_longest_value_is_read_whole);
    tcase_add_test(t, bytes_that_are_no_text_are_refused);
    tcase_add_test(t, a_byte_order_mark_is_skipped);
    tcase_add_test(t, an_empty_file_is_a_good_file);
    tcase_add_test(t, a_file_that_cannot_be_read_is_an_error);
    tcase_add_test(t, too_many_settings_are_refused);
    return harness_run(s);
}
