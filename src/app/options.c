/* Loading the options.
 *
 * The sources are first only collected: the command line, the environment, then the file, whose
 * name the first two decide. What they say is then applied over the defaults from the lowest
 * precedence to the highest, and at last the rules between options are checked. Complaints are
 * gathered all along; only lack of memory ends the work early. */
#include "app/options.h"

#include <string.h>
#include <unistd.h>

#include "app/config_file.h"
#include "app/option_output.h"
#include "app/option_rules.h"
#include "app/option_settings.h"
#include "app/option_value.h"
#include "base/bug.h"
#include "base/err.h"
#include "base/mem.h"

static int apply_default(struct options *o, enum option_id id)
{
    const struct option_def *def = &option_table[id];
    struct option_why why;
    int err;

    if (!def->default_value)
        return 0;
    err = option_value_parse(o, &why, def, def->default_value);
    return BUG(err == PN_EFORMAT) ? 0 : err;
}

/* o->conf already names the file that was read. */
static int apply_setting(struct options *o, struct option_report *report, const struct setting *s)
{
    const struct option_def *def = &option_table[s->id];
    struct option_why why;
    int err;

    /* The first mention by a higher source replaces what lower ones put into a list. */
    if (o->source[s->id] != s->source && option_is_list(def))
        option_value_clear(o, def);
    o->source[s->id] = s->source;
    if (*s->text) {
        err = option_value_parse(o, &why, def, s->text);
        return err == PN_EFORMAT ? setting_complain(report, s, s->id, o->conf, why.text) : err;
    }
    if (!option_can_be_empty(def))
        return setting_complain(report, s, s->id, o->conf, "a value is missing");
    option_value_clear(o, def);
    return 0;
}

static int apply_source(struct options *o, struct option_report *report,
                        const struct settings *settings, enum option_source source)
{
    int err = 0;

    for (size_t i = 0; i < settings->n && err == 0; i++)
        if (settings->items[i].source == source)
            err = apply_setting(o, report, &settings->items[i]);
    return err;
}

/* What a source above the file says of an option, or NULL. */
static const char *said_above_file(const struct settings *settings, enum option_id id)
{
    const struct setting *s = settings_last(settings, OPTION_FROM_COMMAND_LINE, id);

    if (!s)
        s = settings_last(settings, OPTION_FROM_ENVIRONMENT, id);
    return s ? s->text : NULL;
}

/* DIR/p2pnode.conf, or *path stays NULL when there is none. */
static int find_conf_in(char **path, const char *dir)
{
    struct buf name;
    const char *text;
    int err = 0;

    buf_init(&name, CONFIG_VALUE_MAX_BYTES);
    buf_printf(&name, "%s/p2pnode.conf", dir);
    text = buf_cstr(&name);
    if (!text)
        err = name.err == PN_ENOMEM ? PN_ENOMEM : 0;
    else if (access(text, F_OK) == 0)
        err = (*path = mem_strdup(text)) ? 0 : PN_ENOMEM;
    buf_free(&name);
    return err;
}

/* Without --conf the file is looked for in the data directory, as it is known before any file. */
static int find_default_conf(char **path, const struct settings *settings, char *const *envp)
{
    const char *named = said_above_file(settings, OPTION_DATADIR);
    char *dir;
    int err;

    if (named && *named)
        return find_conf_in(path, named);
    err = option_default_datadir(&dir, envp);
    if (err)
        return err == PN_ENOENT ? 0 : err;
    err = find_conf_in(path, dir);
    mem_free(dir);
    return err;
}

/* Find and read the file; *path stays NULL when there is none to read. */
static int read_file(char **path, struct settings *settings, struct option_report *report,
                     char *const *envp)
{
    const char *named = said_above_file(settings, OPTION_CONF);
    int err;

    if (named && !*named) /* --no-conf */
        return 0;
    if (named)
        err = (*path = mem_strdup(named)) ? 0 : PN_ENOMEM;
    else
        err = find_default_conf(path, settings, envp);
    if (err || !*path)
        return err;
    err = config_file_read(settings, report, *path);
    if (err == PN_ENOENT && named)
        return option_report_error(report, STATUS_CONFIG, "%s: no such file", *path);
    return err == PN_ENOENT ? 0 : err;
}

static int apply_all(struct options *o, struct option_report *report,
                     const struct settings *settings, char *const *envp)
{
    int err = 0;

    for (int i = 0; i < OPTION_COUNT && err == 0; i++)
        err = apply_default(o, (enum option_id)i);
    for (int source = OPTION_FROM_FILE; source <= OPTION_FROM_COMMAND_LINE && err == 0; source++)
        err = apply_source(o, report, settings, (enum option_source)source);
    if (err == 0 && !o->datadir) {
        err = option_default_datadir(&o->datadir, envp);
        if (err == PN_ENOENT)
            err = option_report_error(report, STATUS_CONFIG,
                                      "no place for the data: none of STATE_DIRECTORY, "
                                      "XDG_STATE_HOME and HOME is set, and there is no --datadir");
    }
    return err;
}

/* Whether the command line asks for a text that depends on nothing else. */
static bool wants_plain_text(const struct settings *settings)
{
    static const enum option_id ids[] = {OPTION_HELP, OPTION_VERSION, OPTION_DUMP_OPTIONS};
    bool wanted = false;

    for (size_t i = 0; i < sizeof ids / sizeof ids[0] && !wanted; i++) {
        const struct setting *s = settings_last(settings, OPTION_FROM_COMMAND_LINE, ids[i]);

        wanted = s && *s->text && strcmp(s->text, "no") != 0;
    }
    return wanted;
}

static int load(struct options *out, struct option_report *report, struct settings *settings,
                int argc, char *const *argv, char *const *envp)
{
    int err = settings_from_argv(settings, report, argc, argv);

    if (err == 0 && report->errors.n == 0 && wants_plain_text(settings))
        return apply_source(out, report, settings, OPTION_FROM_COMMAND_LINE);
    if (err == 0)
        err = settings_from_environment(settings, report, envp);
    if (err == 0)
        err = read_file(&out->conf, settings, report, envp);
    if (err == 0)
        err = apply_all(out, report, settings, envp);
    if (err == 0 && report->errors.n == 0)
        err = option_apply_rules(out, report, settings);
    return err;
}

int options_load(struct options *out, struct option_report *report, int argc, char *const *argv,
                 char *const *envp)
{
    struct settings settings = {.n = 0};
    int err;

    *out = (struct options){.help = false};
    *report = (struct option_report){.exit_status = 0};
    err = load(out, report, &settings, argc, argv, envp);
    settings_free(&settings);
    return err == 0 && report->errors.n > 0 ? PN_EINVAL : err;
}

void options_free(struct options *o)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        option_value_clear(o, &option_table[i]);
    *o = (struct options){.help = false};
}

int options_answer(struct buf *out, const struct options *o)
{
    static const struct {
        const char *form;
        int (*print)(struct buf *out);
    } dumps[] = {
        {"man", option_print_manual},
        {"conf", option_print_conf_manual},
        {"reload", option_print_reload_manual},
        {"sample", option_print_sample},
        {"bash", option_print_bash},
        {"zsh", option_print_zsh},
    };
    int err = 0;

    if (o->help)
        err = option_print_help(out);
    else if (o->version)
        err = option_print_version(out);
    else if (o->print_config)
        err = option_print_config(out, o);
    else if (o->check_config)
        err = buf_puts(out, "configuration ok\n");
    else if (!o->dump_options)
        return 0;
    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0] && o->dump_options; i++)
        if (strcmp(o->dump_options, dumps[i].form) == 0)
            err = dumps[i].print(out);
    return err ? err : 1;
}

bool options_equal(const struct options *a, const struct options *b, enum option_id id)
{
    return option_value_equal(a, b, &option_table[id]);
}

size_t options_reload_diff(const char **keys, const struct options *running,
                           const struct options *fresh)
{
    size_t n = 0;

    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (!(option_table[i].flags & OPTION_RELOADABLE) &&
            !option_value_equal(running, fresh, &option_table[i]))
            keys[n++] = option_table[i].name;
    return n;
}

void options_take_reloadable(struct options *running, struct options *fresh)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (option_table[i].flags & OPTION_RELOADABLE) {
            enum option_source source = running->source[i];

            option_value_swap(running, fresh, &option_table[i]);
            running->source[i] = fresh->source[i];
            fresh->source[i] = source;
        }
}

enum log_level options_log_level(const struct options *o)
{
    enum log_level level = LOG_LEVEL_INFO;
    bool known = o->log_level && log_level_parse(&level, o->log_level) == 0;

    return BUG(!known) ? LOG_LEVEL_INFO : level;
}

enum log_format options_log_format(const struct options *o)
{
    return o->log_format && strcmp(o->log_format, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
}
