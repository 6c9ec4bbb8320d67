/* The table is complete and sound, and every text made from it mentions every option; what is
 * printed as configuration reads back to the same. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app/option_output.h"
#include "app/option_value.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "loading.h"

static struct buf out;

static void set_up(void)
{
    loading_begin();
    buf_init(&out, 1 << 20);
}

static void tear_down(void)
{
    buf_free(&out);
    loading_end();
}

START_TEST(every_row_is_well_formed)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *def = &option_table[i];
        enum option_id id;

        ck_assert_msg(def->name[strspn(def->name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0',
                      "%s: a key is lower case, digits and hyphens", def->name);
        ck_assert_msg(strncmp(def->name, "no-", 3) != 0, "%s: no- is the negation", def->name);
        ck_assert_uint_lt(strlen(OPTION_VARIABLE_PREFIX) + strlen(def->name),
                          OPTION_VARIABLE_BYTES);
        ck_assert_ptr_eq(option_find(&id, def->name, strlen(def->name)), def);
        ck_assert_msg(id == i, "%s: a key stands twice in the table", def->name);
        ck_assert_msg(def->help && *def->help && !strchr(".:", def->help[strlen(def->help) - 1]),
                      "%s: help is a fragment", def->name);
        ck_assert_msg(!strchr(def->help, '('), "%s: help leaves the default to --help", def->name);
        ck_assert_msg(def->man && isupper((unsigned char)*def->man) &&
                          def->man[strlen(def->man) - 1] == '.',
                      "%s: man is whole sentences", def->name);
        ck_assert_msg(!def->placeholder == (def->kind == OPTION_KIND_FLAG),
                      "%s: what takes a value has a placeholder", def->name);
        ck_assert_msg((def->kind == OPTION_KIND_CHOICE || def->kind == OPTION_KIND_CHOICE_LIST) ==
                          (def->choices != NULL),
                      "%s: a choice has choices", def->name);
        ck_assert_msg(!option_is_list(def) || def->max >= 1, "%s: a list has a bound", def->name);
    }
}
END_TEST

/* Whether the text has the word, not as a part of a longer one. */
static bool mentions(const char *text, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = text; (at = strstr(at, word)); at++)
        if (!isalnum((unsigned char)at[len]) && at[len] != '-')
            return true;
    return false;
}

START_TEST(every_generated_text_mentions_every_option)
{
    static const struct {
        const char *name;
        int (*print)(struct buf *);
        const char *before, *behind; /* the key */
        bool file_only;
    } texts[] = {
        {"help", option_print_help, "--", "", false},
        {"manual", option_print_manual, "Fl -", "", false},
        {"page of the file", option_print_conf_manual, ".It Ic ", "", true},
        {"sample", option_print_sample, "\n#", " =", true},
        {"bash", option_print_bash, " --", "", false},
        {"zsh", option_print_zsh, "--", "", false},
    };

    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        buf_reset(&out);
        ck_assert_int_eq(texts[t].print(&out), 0);
        for (unsigned i = 0; i < OPTION_COUNT; i++) {
            const struct option_def *def = &option_table[i];
            bool wanted = !(def->flags & OPTION_HIDDEN) &&
                          !(texts[t].file_only && (def->flags & OPTION_NOT_IN_FILE));
            char word[80];

            snprintf(word, sizeof word, "%s%s%s", texts[t].before, def->name, texts[t].behind);
            ck_assert_msg(mentions(buf_cstr(&out), word) == wanted, "%s: %s is %s", texts[t].name,
                          def->name, wanted ? "missing" : "not to be there");
        }
    }
}
END_TEST

START_TEST(help_fits_80_columns)
{
    size_t column = 0;

    ck_assert_int_eq(option_print_help(&out), 0);
    for (const char *at = buf_cstr(&out); *at; at++) {
        column = *at == '\n' ? 0 : column + 1;
        ck_assert_msg(column < 80, "too wide at: %.20s", at - 20);
    }
}
END_TEST

START_TEST(every_choice_is_in_help)
{
    ck_assert_int_eq(option_print_help(&out), 0);
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        for (const char *const *choice = option_table[i].choices; choice && *choice; choice++)
            if (!(option_table[i].flags & OPTION_HIDDEN))
                ck_assert_msg(mentions(buf_cstr(&out), *choice), "%s is missing", *choice);
}
END_TEST

static void assert_equal_in_file(const struct options *a, const struct options *b)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (!(option_table[i].flags & OPTION_NOT_IN_FILE))
            ck_assert_msg(options_equal(a, b, (enum option_id)i), "%s differs",
                          option_table[i].name);
}

/* Print what the words give, read it back alone, and compare. */
#define ROUND_TRIP(...)                           \
    do {                                          \
        LOAD_GOOD("--print-config", __VA_ARGS__); \
        round_trip();                             \
    } while (0)

static void round_trip(void)
{
    struct options first = loaded;
    struct buf again;

    buf_reset(&out);
    ck_assert_int_eq(options_answer(&out, &first), 1);
    loading_write_file(buf_cstr(&out));
    loaded = (struct options){.help = false};
    LOAD_GOOD("CONF", "--print-config");
    assert_equal_in_file(&first, &loaded);
    buf_init(&again, 1 << 20);
    ck_assert_int_eq(options_answer(&again, &loaded), 1);
    ck_assert_str_eq(buf_cstr(&again), buf_cstr(&out));
    buf_free(&again);
    options_free(&first);
}

START_TEST(the_printed_configuration_reads_back_to_the_same)
{
    ROUND_TRIP("--no-conf");
    ROUND_TRIP("--no-listen", "--no-api-listen", "--log-file=/var/log/with blank;x #y");
    ROUND_TRIP("--connect=127.0.0.1:1,[::1]:2", "--addnode=10.0.0.1", "--netrestrict=127.0.0.0/8",
               "--bitcoin=regtest", "--generate=0.05", "--advertise-services=ffffffffffffffff",
               "--stall-tick=0.123", "--ping-interval=10.01", "--max-send-buffer=12345");
    ROUND_TRIP("--bitcoin=signet",
               "--signet-challenge=512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640"
               "337489abb10404f2d1e086be430210359ef5021964fe22d6f8e05b2463c95"
               "40ce96883fe3b278760f048f5189f2e6c452ae",
               "--user-agent-comment=a, b;c@d?", "--pidfile=/run/p2pnode.pid",
               "--datadir=relative/path", "--log-level=trace", "--log-format=json");
    ROUND_TRIP("--bitcoin=regtest", "--advertise-services=0");
    ROUND_TRIP("--addnode=node.example:8333,127.0.0.1", "--onlynet=ipv4,cjdns",
               "--cjdns-reachable");
}
END_TEST

/* Every line of the sample that sets something, uncommented. */
START_TEST(the_sample_uncommented_gives_the_defaults)
{
    static char active[1 << 16];
    struct options defaults;
    unsigned keys = 0;
    char *to = active;

    ck_assert_int_eq(option_print_sample(&out), 0);
    for (const char *line = buf_cstr(&out); *line; line = strchr(line, '\n') + 1) {
        size_t len = strcspn(line, "\n") + 1;
        bool setting = line[0] == '#' && islower((unsigned char)line[1]);

        memcpy(to, line + setting, len - setting);
        to += len - setting;
        keys += setting;
    }
    *to = '\0';
    ck_assert_uint_gt(keys, 25);
    LOAD_GOOD("--no-conf");
    defaults = loaded;
    loaded = (struct options){.help = false};
    loading_write_file(active);
    LOAD_GOOD("CONF");
    assert_equal_in_file(&defaults, &loaded);
    options_free(&defaults);
}
END_TEST

START_TEST(answers_come_only_when_asked_for)
{
    LOAD_GOOD("--no-conf");
    ck_assert_int_eq(options_answer(&out, &loaded), 0);
    ck_assert_uint_eq(out.len, 0);
    LOAD_GOOD("--no-conf", "--check-config");
    ck_assert_int_eq(options_answer(&out, &loaded), 1);
    ck_assert_str_eq(buf_cstr(&out), "configuration ok\n");
    buf_reset(&out);
    LOAD_GOOD("-V");
    ck_assert_int_eq(options_answer(&out, &loaded), 1);
    ck_assert_ptr_eq(strstr(buf_cstr(&out), "p2pnode "), out.data);
}
END_TEST

START_TEST(a_full_buffer_is_reported)
{
    static const char *const words[] = {"--help",
                                        "--print-config",
                                        "--dump-options=man",
                                        "--dump-options=sample",
                                        "--dump-options=bash",
                                        "--dump-options=zsh"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct buf small;

        buf_init(&small, 200);
        LOAD_GOOD("--no-conf", words[i]);
        ck_assert_int_eq(options_answer(&small, &loaded), PN_ETOOLARGE);
        buf_free(&small);
    }
}
END_TEST

START_TEST(without_memory_an_answer_fails_cleanly)
{
    static const char *const words[] = {"--help", "--print-config", "--dump-options=man",
                                        "--dump-options=bash"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        unsigned long n = 0;
        int rc;

        LOAD_GOOD("--no-conf", words[i]);
        do {
            buf_free(&out);
            mem_fail_at(++n, 0);
            rc = options_answer(&out, &loaded);
            ck_assert_int_eq(rc, mem_fail_happened() ? PN_ENOMEM : 1);
        } while (mem_fail_happened());
        mem_fail_at(0, 0);
        ck_assert_uint_gt(n, 1);
    }
}
END_TEST

START_TEST(flags_are_read_as_yes_and_no)
{
    const struct option_def *def = &option_table[OPTION_PRINT_CONFIG];
    struct option_why why;

    ck_assert_int_eq(option_value_parse(&loaded, &why, def, "yes"), 0);
    ck_assert(loaded.print_config);
    ck_assert_int_eq(option_value_parse(&loaded, &why, def, "off"), 0);
    ck_assert(!loaded.print_config);
    ck_assert_int_eq(option_value_parse(&loaded, &why, def, "perhaps"), PN_EFORMAT);
    ck_assert_str_eq(why.text, "\"perhaps\" is neither yes nor no");
    ck_assert_int_eq(option_value_print(&out, &loaded, def, 0), 0);
    ck_assert_str_eq(buf_cstr(&out), "no");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("option table");
    TCase *t = tcase_create("texts");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, every_row_is_well_formed);
    tcase_add_test(t, every_generated_text_mentions_every_option);
    tcase_add_test(t, help_fits_80_columns);
    tcase_add_test(t, every_choice_is_in_help);
    tcase_add_test(t, the_printed_configuration_reads_back_to_the_same);
    tcase_add_test(t, the_sample_uncommented_gives_the_defaults);
    tcase_add_test(t, answers_come_only_when_asked_for);
    tcase_add_test(t, a_full_buffer_is_reported);
    tcase_add_test(t, without_memory_an_answer_fails_cleanly);
    tcase_add_test(t, flags_are_read_as_yes_and_no);
    return harness_run(s);
}
