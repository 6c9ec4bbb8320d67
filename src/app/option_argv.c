/* The command line, with getopt_long(3): --KEY=VALUE, --KEY VALUE, --KEY, --no-KEY.
 *
 * Abbreviations, which getopt_long would accept, are refused: an option added later would change
 * what a script means. Parsing stops at the first word that is no option, which is an error, so
 * argv is never permuted. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "app/option_settings.h"
#include "base/err.h"
#include "base/mem.h"

/* getopt_long gives back FIRST_CODE + 2 × id, and one more for --no-KEY. */
enum { FIRST_CODE = 256, NAME_BYTES = 48 };

struct grammar {
    struct option options[2 * OPTION_COUNT + 1];
    char negated[OPTION_COUNT][NAME_BYTES];
    char short_names[2 * OPTION_COUNT + 3];
};

static int argument_mode(const struct option_def *def)
{
    if (def->kind == OPTION_KIND_FLAG)
        return no_argument;
    return def->implied ? optional_argument : required_argument;
}

static void grammar_init(struct grammar *g)
{
    size_t n_short = 0;

    memset(g, 0, sizeof *g);
    g->short_names[n_short++] = '+'; /* stop at the first word that is no option */
    g->short_names[n_short++] = ':'; /* tell a missing value from an unknown option */
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *def = &option_table[i];
        const int code = FIRST_CODE + 2 * i;

        snprintf(g->negated[i], NAME_BYTES, "no-%s", def->name);
        g->options[2 * i] =
            (struct option){.name = def->name, .has_arg = argument_mode(def), .val = code};
        g->options[2 * i + 1] =
            (struct option){.name = g->negated[i], .has_arg = no_argument, .val = code + 1};
        if (def->short_name)
            g->short_names[n_short++] = def->short_name;
    }
}

static int code_of_short_name(int c)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (option_table[i].short_name == c)
            return FIRST_CODE + 2 * i;
    return '?';
}

static bool is_abbreviated(const char *word, const struct grammar *g, int code)
{
    const char *name = g->options[code - FIRST_CODE].name;

    return strncmp(word, "--", 2) == 0 && strcspn(word + 2, "=") != strlen(name);
}

static int complain(struct option_report *report, int code, const char *word)
{
    const int len = (int)strcspn(word, "=");

    if (code == ':')
        return option_report_error(report, STATUS_USAGE, "%s needs a value: %s=VALUE", word, word);
    if (optopt >= FIRST_CODE)
        return option_report_error(report, STATUS_USAGE, "%.*s takes no value", len, word);
    return option_report_error(report, STATUS_USAGE, "unknown option %.*s", len, word);
}

static int add_one(struct settings *out, struct option_report *report, int code, const char *value)
{
    const enum option_id id = (enum option_id)((code - FIRST_CODE) / 2);
    const struct option_def *def = &option_table[id];
    const bool negated = (code - FIRST_CODE) % 2;
    int err;

    if (def->kind == OPTION_KIND_FLAG)
        value = negated ? "no" : "yes";
    else if (negated)
        value = option_can_be_empty(def) ? "" : def->default_value;
    else if (!value)
        value = def->implied;
    err = settings_add(out, OPTION_FROM_COMMAND_LINE, id, 0, value);
    if (err == PN_ELIMIT)
        return option_report_error(report, STATUS_USAGE, "too many options");
    return err;
}

int settings_from_argv(struct settings *out, struct option_report *report, int argc,
                       char *const *argv)
{
    struct grammar *g = mem_alloc(sizeof *g);
    int code, at, err = 0;

    if (!g)
        return PN_ENOMEM;
    grammar_init(g);
    opterr = 0;
    optind = 0; /* glibc: start anew, also after an earlier parse */
    for (at = 1; err == 0; at = optind) {
        optopt = 0;
        code = getopt_long(argc, argv, g->short_names, g->options, NULL);
        if (code == -1)
            break;
        if (code < FIRST_CODE && code != '?' && code != ':')
            code = code_of_short_name(code);
        if (code == '?' || code == ':' || is_abbreviated(argv[at], g, code))
            err = complain(report, code, argv[at]);
        else
            err = add_one(out, report, code, optarg);
    }
    for (; err == 0 && optind < argc; optind++)
        err = option_report_error(report, STATUS_USAGE, "unexpected argument %s", argv[optind]);
    mem_free(g);
    return err;
}
