/* What the sources say becomes the options: defaults, precedence, values, rules, reload. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/exit_status.h"
#include "app/option_table.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "loading.h"

START_TEST(defaults_are_those_of_the_manual)
{
    LOAD_GOOD("--no-conf");
    ck_assert_str_eq(loaded.bitcoin, "mainnet");
    ck_assert_str_eq(loaded.datadir, "/users/tester/.local/state/p2pnode");
    ck_assert_str_eq(loading_list(&loaded.listen), "0.0.0.0 [::]");
    ck_assert_uint_eq(loaded.connect.n + loaded.addnode.n + loaded.netrestrict.n, 0);
    ck_assert_str_eq(loaded.api_listen, "127.0.0.1:9338");
    ck_assert_int_eq(loaded.maxpeers, 125);
    ck_assert_int_eq(loaded.handshake_timeout_ms, 30000);
    ck_assert_int_eq(loaded.idle_timeout_ms, 300000);
    ck_assert_int_eq(loaded.ping_interval_ms, 120000);
    ck_assert_int_eq(loaded.stall_tick_ms, 15000);
    ck_assert_int_eq(loaded.stall_timeout_ms, 30000);
    ck_assert_int_eq(loaded.trickle_interval_ms, 5000);
    ck_assert_int_eq(loaded.write_timeout_ms, 20000);
    ck_assert_int_eq(loaded.connect_timeout_ms, 5000);
    ck_assert_int_eq(loaded.retry_interval_ms, 5000);
    ck_assert_int_eq(loaded.retry_max_ms, 300000);
    ck_assert_int_eq(loaded.max_send_buffer_bytes, 1000000);
    ck_assert_int_eq(loaded.generate_interval_ms, 0);
    ck_assert(!loaded.advertise_services.set);
    ck_assert_int_eq(options_log_level(&loaded), LOG_LEVEL_INFO);
    ck_assert_int_eq(options_log_format(&loaded), LOG_FORMAT_TEXT);
    ck_assert_ptr_null(loaded.log_file);
    ck_assert_ptr_null(loaded.pidfile);
    ck_assert_ptr_null(loaded.conf);
    ck_assert_ptr_null(loaded.signet_challenge);
    ck_assert_ptr_null(loaded.user_agent_comment);
    ck_assert_int_eq(loaded.source[OPTION_MAXPEERS], OPTION_FROM_DEFAULT);
}
END_TEST

START_TEST(values_may_follow_an_equals_sign_or_a_blank)
{
    LOAD_GOOD("--bitcoin=signet", "--maxpeers=7", "--log-level", "debug", "--signet-challenge",
              "51aF");
    ck_assert_str_eq(loaded.bitcoin, "signet");
    ck_assert_int_eq(loaded.maxpeers, 7);
    ck_assert_int_eq(options_log_level(&loaded), LOG_LEVEL_DEBUG);
    ck_assert_str_eq(loaded.signet_challenge, "51aF");
    LOAD_GOOD("--bitcoin=signet", "--signet-challenge=0x51");
    ck_assert_str_eq(loaded.signet_challenge, "51");
    LOAD_GOOD("--bitcoin", "--log-format=json");
    ck_assert_str_eq(loaded.bitcoin, "mainnet");
    ck_assert_int_eq(options_log_format(&loaded), LOG_FORMAT_JSON);
}
END_TEST

START_TEST(the_higher_source_goes_before_the_lower)
{
    static const char *const environment[] = {"HOME=/users/tester", "P2PNODE_MAXPEERS=2",
                                              "P2PNODE_RETRY_MAX=20", NULL};

    loading_write_file("maxpeers = 1\nretry-max = 10\nstall-tick = 3\n");
    loading_environment = environment;
    LOAD_GOOD("CONF", "--maxpeers=3");
    ck_assert_int_eq(loaded.maxpeers, 3);
    ck_assert_int_eq(loaded.source[OPTION_MAXPEERS], OPTION_FROM_COMMAND_LINE);
    ck_assert_int_eq(loaded.retry_max_ms, 20000);
    ck_assert_int_eq(loaded.source[OPTION_RETRY_MAX], OPTION_FROM_ENVIRONMENT);
    ck_assert_int_eq(loaded.stall_tick_ms, 3000);
    ck_assert_int_eq(loaded.source[OPTION_STALL_TICK], OPTION_FROM_FILE);
    ck_assert_int_eq(loaded.source[OPTION_PING_INTERVAL], OPTION_FROM_DEFAULT);
}
END_TEST

START_TEST(a_list_of_a_higher_source_replaces_the_lower_one_whole)
{
    static const char *const environment[] = {"HOME=/users/tester", "P2PNODE_ADDNODE=10.0.0.3",
                                              NULL};

    loading_write_file("addnode = 10.0.0.1\naddnode = 10.0.0.2:7 , ::1\n");
    LOAD_GOOD("CONF");
    ck_assert_str_eq(loading_list(&loaded.addnode), "10.0.0.1 10.0.0.2:7 ::1");
    loading_environment = environment;
    LOAD_GOOD("CONF");
    ck_assert_str_eq(loading_list(&loaded.addnode), "10.0.0.3");
    LOAD_GOOD("CONF", "--addnode=10.0.0.4", "--addnode=10.0.0.5,[::1]:9");
    ck_assert_str_eq(loading_list(&loaded.addnode), "10.0.0.4 10.0.0.5 [::1]:9");
    LOAD_GOOD("CONF", "--no-addnode");
    ck_assert_str_eq(loading_list(&loaded.addnode), "");
    LOAD_GOOD("CONF", "--addnode=10.0.0.4", "--no-addnode", "--addnode=10.0.0.6");
    ck_assert_str_eq(loading_list(&loaded.addnode), "10.0.0.6");
}
END_TEST

START_TEST(no_key_switches_off_or_restores_the_default)
{
    loading_write_file("maxpeers = 1\nlog-file = /tmp/x\napi-listen = 127.0.0.1:1\n"
                       "log-level = trace\n[bitcoin]\nbitcoin = regtest\ngenerate = 1\n"
                       "advertise-services = 9\n");
    LOAD_GOOD("CONF", "--no-maxpeers", "--no-log-file", "--no-api-listen", "--no-generate",
              "--no-log-level", "--no-listen", "--no-advertise-services");
    ck_assert_int_eq(loaded.maxpeers, 125);
    ck_assert_ptr_null(loaded.log_file);
    ck_assert_ptr_null(loaded.api_listen);
    ck_assert_int_eq(loaded.generate_interval_ms, 0);
    ck_assert(!loaded.advertise_services.set);
    ck_assert_int_eq(options_log_level(&loaded), LOG_LEVEL_INFO);
    ck_assert_uint_eq(loaded.listen.n, 0);
    LOAD_GOOD("--check-config", "--no-check-config");
    ck_assert(!loaded.check_config);
}
END_TEST

START_TEST(an_empty_value_in_file_and_environment_means_none)
{
    static const char *const environment[] = {"HOME=/users/tester", "P2PNODE_API_LISTEN=", NULL};

    loading_environment = environment;
    loading_write_file("listen =\nlog-file =\n");
    LOAD_GOOD("CONF");
    ck_assert_uint_eq(loaded.listen.n, 0);
    ck_assert_ptr_null(loaded.api_listen);
    loading_write_file("maxpeers =\n");
    LOAD_BAD(STATUS_CONFIG, "FILE:1: maxpeers: a value is missing\n", "CONF");
    LOAD_BAD(STATUS_USAGE, "--maxpeers: a value is missing\n", "--maxpeers=");
}
END_TEST

START_TEST(all_errors_of_the_command_line_are_reported)
{
    LOAD_BAD(STATUS_USAGE,
             "unknown option --frobnicate\n"
             "unknown option -x\n"
             "--version takes no value\n"
             "--no-listen takes no value\n"
             "--datadir needs a value: --datadir=VALUE\n"
             "--maxpeers: \"many\" is not a whole number\n"
             "--log-level: \"loud\" is none of error, warn, info, debug, trace\n",
             "--frobnicate=3", "-x", "--version=2", "--no-listen=1", "--maxpeers=many",
             "--log-level=loud", "--datadir");
    LOAD_BAD(STATUS_USAGE, "unexpected argument regtest\nunexpected argument --help\n", "--bitcoin",
             "regtest", "--help");
}
END_TEST

START_TEST(abbreviations_are_unknown_options)
{
    LOAD_BAD(STATUS_USAGE, "unknown option --maxpeer\nunknown option --no-maxp\n", "--maxpeer=3",
             "--no-maxp");
}
END_TEST

START_TEST(errors_of_the_environment_name_the_variable)
{
    static const char *const environment[] = {"HOME=/users/tester", "P2PNODE_MAXPEERS=0",
                                              "P2PNODE_EXTERNALIP=node.example.org", NULL};

    loading_environment = environment;
    LOAD_BAD(
        STATUS_CONFIG,
        "P2PNODE_MAXPEERS in the environment: 0 is not between 1 and 4096\n"
        "P2PNODE_EXTERNALIP in the environment: \"node.example.org\" is a name: only a numeric "
        "address is accepted here\n",
        "--no-conf");
}
END_TEST

START_TEST(a_second_name_in_the_environment_gives_way_to_the_first)
{
    static const char *const environment[] = {"HOME=/users/tester",
                                              "P2PNODE_ELECTRUM_MAX_TOKENS=8",
                                              "MAX_TOKENS=7",
                                              "RATE_LIMIT_WINDOW_SECONDS=0.5",
                                              "RATE_LIMIT_DELAY_AFTER=2",
                                              "RATE_LIMIT_DELAY_MS=40",
                                              NULL};
    static const char *const bad[] = {"HOME=/users/tester", "MAX_TOKENS=many", NULL};

    loading_environment = environment;
    LOAD_GOOD("--no-conf");
    ck_assert_int_eq(loaded.electrum_max_tokens, 8);
    ck_assert_int_eq(loaded.electrum_rate_window_ms, 500);
    ck_assert_int_eq(loaded.electrum_rate_delay_after, 2);
    ck_assert_int_eq(loaded.electrum_rate_delay_ms, 40);
    loading_environment = bad;
    LOAD_BAD(STATUS_CONFIG, "MAX_TOKENS in the environment: \"many\" is not a whole number\n",
             "--no-conf");
}
END_TEST

START_TEST(an_unknown_variable_is_a_warning)
{
    static const char *const environment[] = {"HOME=/users/tester",         "P2PNODE_MAXPEER=3",
                                              "P2PNODE_TEST_DATA=/nowhere", "P2PNODE_HELP=1",
                                              "P2PNODE=./p2pnode",          NULL};

    loading_environment = environment;
    LOAD_GOOD("--no-conf");
    ck_assert_uint_eq(complaints.warnings.n, 2);
    ck_assert_str_eq(complaints.warnings.items[0],
                     "P2PNODE_MAXPEER in the environment is no option");
    ck_assert_str_eq(complaints.warnings.items[1], "P2PNODE_HELP in the environment is no option");
}
END_TEST

START_TEST(the_command_line_is_left_as_it_was)
{
    char program[] = "p2pnode", one[] = "stray", two[] = "--no-conf";
    char *argv[] = {program, one, two, NULL};

    ck_assert_int_eq(options_load(&loaded, &complaints, 3, argv, NULL), PN_EINVAL);
    ck_assert_ptr_eq(argv[1], one);
    ck_assert_ptr_eq(argv[2], two);
}
END_TEST

START_TEST(options_that_exclude_each_other_are_refused)
{
    LOAD_BAD(STATUS_USAGE, "--generate: only with bitcoin = regtest\n", "--generate=1");
    LOAD_BAD(STATUS_USAGE, "--advertise-services: only with bitcoin = regtest\n",
             "--advertise-services=1", "--bitcoin=signet");
    LOAD_BAD(STATUS_USAGE, "--signet-challenge: only with bitcoin = signet\n",
             "--signet-challenge=51");
    LOAD_BAD(STATUS_USAGE, "--bitcoin: no network is left to join\n", "--no-bitcoin");
    LOAD_BAD(STATUS_USAGE, "--retry-max: retry-max would be shorter than retry-interval\n",
             "--retry-max=1");
    loading_write_file("\nretry-interval = 301\n");
    LOAD_BAD(STATUS_CONFIG,
             "FILE:2: retry-interval: retry-max would be shorter than retry-interval\n", "CONF");
    LOAD_GOOD("--bitcoin=regtest", "--generate=0.5", "--advertise-services=0x409");
    ck_assert_int_eq(loaded.generate_interval_ms, 500);
    ck_assert(loaded.advertise_services.set);
    ck_assert_uint_eq(loaded.advertise_services.bits, 0x409);
}
END_TEST

START_TEST(the_data_directory_defaults_to_the_first_place_there_is)
{
    static const char *const state[] = {"HOME=/h", "XDG_STATE_HOME=/x", "STATE_DIRECTORY=/s:/t",
                                        NULL};
    static const char *const xdg[] = {"HOME=/h", "XDG_STATE_HOME=/x", NULL};
    static const char *const relative[] = {"HOME=/h", "XDG_STATE_HOME=x", "STATE_DIRECTORY=", NULL};
    static const char *const none[] = {NULL};

    loading_environment = state;
    LOAD_GOOD("--no-conf");
    ck_assert_str_eq(loaded.datadir, "/s");
    loading_environment = xdg;
    LOAD_GOOD("--no-conf");
    ck_assert_str_eq(loaded.datadir, "/x/p2pnode");
    loading_environment = relative;
    LOAD_GOOD("--no-conf");
    ck_assert_str_eq(loaded.datadir, "/h/.local/state/p2pnode");
    loading_environment = none;
    LOAD_GOOD("--datadir=/d", "--no-conf");
    ck_assert_str_eq(loaded.datadir, "/d");
    LOAD_BAD(STATUS_CONFIG,
             "no place for the data: none of STATE_DIRECTORY, XDG_STATE_HOME and HOME is set, and "
             "there is no --datadir\n",
             "--no-conf");
}
END_TEST

START_TEST(the_file_is_looked_for_in_the_data_directory)
{
    char folder[] = "/tmp/p2pnode-app-XXXXXX", conf[64], word[64], variable[64];
    const char *environment[] = {variable, NULL};
    FILE *f;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(conf, sizeof conf, "%s/p2pnode.conf", folder);
    snprintf(word, sizeof word, "--datadir=%s", folder);
    snprintf(variable, sizeof variable, "P2PNODE_DATADIR=%s", folder);
    LOAD_GOOD(word);
    ck_assert_ptr_null(loaded.conf);
    f = fopen(conf, "w");
    ck_assert_ptr_nonnull(f);
    fputs("maxpeers = 9\n", f);
    fclose(f);
    LOAD_GOOD(word);
    ck_assert_str_eq(loaded.conf, conf);
    ck_assert_int_eq(loaded.maxpeers, 9);
    LOAD_GOOD(word, "--no-conf");
    ck_assert_ptr_null(loaded.conf);
    ck_assert_int_eq(loaded.maxpeers, 125);
    loading_environment = environment;
    loading_run((const char *const[]){"p2pnode", NULL});
    ck_assert_str_eq(loaded.conf, conf);
    ck_assert_int_eq(loaded.maxpeers, 9);
    unlink(conf);
    rmdir(folder);
}
END_TEST

START_TEST(help_and_version_do_not_read_the_file)
{
    loading_write_file("nonsense\n");
    LOAD_GOOD("CONF", "--help");
    ck_assert(loaded.help);
    LOAD_GOOD("CONF", "-V");
    ck_assert(loaded.version);
    LOAD_BAD(STATUS_USAGE, "unknown option --hilfe\n", "--no-conf", "--hilfe", "--help");
}
END_TEST

/* Each number's bounds are in, the next steps outside are out. */
START_TEST(numbers_are_accepted_between_their_bounds_only)
{
    unsigned checked = 0;

    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *def = &option_table[i];
        const bool decimal = def->kind == OPTION_KIND_DURATION;
        const double step = decimal ? 0.001 : 1;
        const struct {
            double value;
            bool good;
        } rows[] = {
            {def->min - step, false}, {def->min, true}, {def->max, true}, {def->max + step, false}};

        if (def->kind != OPTION_KIND_INTEGER && def->kind != OPTION_KIND_KILOBYTES && !decimal)
            continue;
        ck_assert_msg(def->min < def->max, "%s has no bounds", def->name);
        for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
            char word[80];

            snprintf(word, sizeof word, decimal ? "--%s=%.3f" : "--%s=%.0f", def->name,
                     rows[row].value);
            /* retry-max is raised so that its rule stays out of the way */
            LOAD("--bitcoin=regtest",
                 i == OPTION_RETRY_INTERVAL ? "--retry-max=86400" : "--bitcoin=regtest",
                 i == OPTION_RETRY_MAX ? "--retry-interval=0.05" : "--bitcoin=regtest", word);
            ck_assert_msg((complaints.errors.n == 0) == rows[row].good, "%s is %s", word,
                          rows[row].good ? complaints.errors.items[0] : "accepted");
        }
        checked++;
    }
    ck_assert_uint_ge(checked, 13);
}
END_TEST

START_TEST(numbers_are_plain_decimals)
{
    static const char *const bad[] = {
        "--maxpeers=+5",       "--maxpeers=-5",    "--maxpeers=5.0",
        "--maxpeers=0x10",     "--maxpeers= 5",    "--maxpeers=5 ",
        "--maxpeers=1e2",      "--stall-tick=1.",  "--stall-tick=.5",
        "--stall-tick=1.2345", "--stall-tick=1e1", "--maxpeers=99999999999999999999",
        "--stall-tick=inf",    "--stall-tick=1,5",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(LOAD(bad[i]) == PN_EINVAL, "%s is accepted", bad[i]);
    LOAD_GOOD("--stall-tick=1.25", "--maxpeers=007");
    ck_assert_int_eq(loaded.stall_tick_ms, 1250);
    ck_assert_int_eq(loaded.maxpeers, 7);
}
END_TEST

START_TEST(addresses_are_numeric_and_complete)
{
    static const char *const good[] = {
        "--listen=127.0.0.1",      "--listen=127.0.0.1:0",
        "--listen=[::1]:8333",     "--listen=::1",
        "--listen=[::1]",          "--connect=10.1.2.3:65535",
        "--api-listen=[::1]:9338", "--netrestrict=10.0.0.0/8,fd00::/8,127.0.0.1",
        "--netrestrict=0.0.0.0/0", "--api-listen=0.0.0.0:0",
    };
    static const char *const bad[] = {
        "--listen=localhost",
        "--listen=127.0.0.1:",
        "--listen=127.0.0.1:65536",
        "--listen=[::1]8333",
        "--listen=[::1",
        "--listen=1.2.3",
        "--listen=1.2.3.4.5",
        "--connect=1.2.3.4:0",
        "--connect=1.2.3.4,,1.2.3.5",
        "--connect=1.2.3.4,",
        "--api-listen=127.0.0.1",
        "--api-listen=::1",
        "--netrestrict=10.0.0.0/33",
        "--netrestrict=10.0.0.1/8",
        "--netrestrict=net/8",
        "--netrestrict=fd00::/129",
        "--netrestrict=10.0.0.0/",
        "--listen=fe80::1%eth0",
        "--connect=1.2.3.4:-1",
        "--connect= ",
        "--listen=[127.0.0.1]:1x",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        LOAD_GOOD(good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(LOAD(bad[i]) == PN_EINVAL, "%s is accepted", bad[i]);
}
END_TEST

START_TEST(lists_are_bounded)
{
    char word[512];
    size_t len = (size_t)snprintf(word, sizeof word, "--listen=127.0.0.1");

    for (int i = 1; i < OPTION_LISTEN_MAX; i++)
        len += (size_t)snprintf(word + len, sizeof word - len, ",127.0.0.1");
    LOAD_GOOD(word);
    LOAD_BAD(STATUS_USAGE, "--listen: there are more than 16\n", word, "--listen=127.0.0.2");
}
END_TEST

START_TEST(texts_that_a_file_cannot_carry_are_refused)
{
    LOAD_BAD(STATUS_USAGE,
             "--datadir: \"/a ;b\" contains what a configuration file takes for a comment\n"
             "--pidfile: \" /a\" begins or ends in a blank\n"
             "--log-file: \"/a\nb\" contains a control character\n",
             "--datadir=/a ;b", "--pidfile= /a", "--log-file=/a\nb");
    LOAD_BAD(STATUS_USAGE,
             "--user-agent-comment: \"a/b\" is not made of letters, digits, spaces and .,;-_?@ "
             "only\n",
             "--user-agent-comment=a/b");
    LOAD_BAD(STATUS_USAGE,
             "--advertise-services: \"12345678901234567\" is not a hexadecimal number of up to 64 "
             "bits\n",
             "--bitcoin=regtest", "--advertise-services=12345678901234567");
}
END_TEST

START_TEST(reload_names_what_cannot_change_while_running)
{
    const char *keys[OPTION_COUNT];
    struct options running;

    LOAD_GOOD("--no-conf", "--maxpeers=5", "--connect=127.0.0.1", "--log-level=info");
    running = loaded;
    loaded = (struct options){.help = false};
    LOAD_GOOD("--no-conf", "--maxpeers=5", "--connect=127.0.0.2", "--log-level=debug",
              "--log-file=/tmp/x", "--no-api-listen");
    ck_assert_uint_eq(options_reload_diff(keys, &running, &loaded), 2);
    ck_assert_str_eq(keys[0], "connect");
    ck_assert_str_eq(keys[1], "api-listen");
    ck_assert(!options_equal(&running, &loaded, OPTION_LOG_LEVEL));
    ck_assert(options_equal(&running, &loaded, OPTION_MAXPEERS));
    options_free(&running);
}
END_TEST

START_TEST(what_can_change_while_running_is_taken_with_its_source)
{
    struct options running;

    LOAD_GOOD("--no-conf", "--addnode=127.0.0.1", "--bantime=5", "--prune=300");
    running = loaded;
    loaded = (struct options){.help = false};
    LOAD_GOOD("--no-conf", "--addnode=127.0.0.2,127.0.0.3", "--prune=400", "--log-file=/tmp/x");
    options_take_reloadable(&running, &loaded);
    ck_assert_str_eq(loading_list(&running.addnode), "127.0.0.2 127.0.0.3");
    ck_assert_str_eq(loading_list(&loaded.addnode), "127.0.0.1");
    ck_assert_str_eq(running.log_file, "/tmp/x");
    ck_assert_ptr_null(loaded.log_file);
    ck_assert_int_eq(running.bantime_ms, 86400 * 1000);
    ck_assert_int_eq(running.source[OPTION_BANTIME], OPTION_FROM_DEFAULT);
    ck_assert_int_eq(loaded.source[OPTION_BANTIME], OPTION_FROM_COMMAND_LINE);
    ck_assert_int_eq(running.prune, 300);
    options_free(&running);
}
END_TEST

/* Every single allocation fails once: loading says so, or had got by without, and leaks nothing,
 * which the address sanitizer watches. */
START_TEST(without_memory_loading_fails_cleanly)
{
    static const char *const environment[] = {"HOME=/users/tester", "P2PNODE_PIDFILE=/run/p",
                                              "P2PNODE_UNKNOWN=1", NULL};
    unsigned long n = 0;
    int err;

    loading_write_file("addnode = 10.0.0.1\n[log]\nlog-file = /tmp/x\nbad line\n");
    loading_environment = environment;
    do {
        mem_fail_at(++n, 0);
        err = LOAD("CONF", "--addnode=10.0.0.2,10.0.0.3", "--maxpeers=x", "--connect=127.0.0.1");
        ck_assert_msg(err == PN_ENOMEM || !mem_fail_happened(), "allocation %lu: %s", n,
                      pn_errname(err));
    } while (mem_fail_happened());
    mem_fail_at(0, 0);
    ck_assert_int_eq(err, PN_EINVAL);
    ck_assert_uint_gt(n, 20);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("options");
    TCase *t = tcase_create("loading");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, loading_begin, loading_end);
    tcase_add_test(t, defaults_are_those_of_the_manual);
    tcase_add_test(t, values_may_follow_an_equals_sign_or_a_blank);
    tcase_add_test(t, the_higher_source_goes_before_the_lower);
    tcase_add_test(t, a_list_of_a_higher_source_replaces_the_lower_one_whole);
    tcase_add_test(t, no_key_switches_off_or_restores_the_default);
    tcase_add_test(t, an_empty_value_in_file_and_environment_means_none);
    tcase_add_test(t, all_errors_of_the_command_line_are_reported);
    tcase_add_test(t, abbreviations_are_unknown_options);
    tcase_add_test(t, errors_of_the_environment_name_the_variable);
    tcase_add_test(t, a_second_name_in_the_environment_gives_way_to_the_first);
    tcase_add_test(t, an_unknown_variable_is_a_warning);
    tcase_add_test(t, the_command_line_is_left_as_it_was);
    tcase_add_test(t, options_that_exclude_each_other_are_refused);
    tcase_add_test(t, the_data_directory_defaults_to_the_first_place_there_is);
    tcase_add_test(t, the_file_is_looked_for_in_the_data_directory);
    tcase_add_test(t, help_and_version_do_not_read_the_file);
    tcase_add_test(t, numbers_are_accepted_between_their_bounds_only);
    tcase_add_test(t, numbers_are_plain_decimals);
    tcase_add_test(t, addresses_are_numeric_and_complete);
    tcase_add_test(t, lists_are_bounded);
    tcase_add_test(t, texts_that_a_file_cannot_carry_are_refused);
    tcase_add_test(t, what_can_change_while_running_is_taken_with_its_source);
    tcase_add_test(t, reload_names_what_cannot_change_while_running);
    tcase_add_test(t, without_memory_loading_fails_cleanly);
    return harness_run(s);
}
