#include "app/option_settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/option_list.h"
#include "base/err.h"
#include "base/mem.h"

int settings_add(struct settings *s, enum option_source source, enum option_id id, unsigned line,
                 const char *text)
{
    struct setting *items;
    char *copy;

    if (s->n >= SETTINGS_MAX)
        return PN_ELIMIT;
    copy = mem_strdup(text);
    if (!copy)
        return PN_ENOMEM;
    items = mem_realloc_array(s->items, s->n + 1, sizeof *items);
    if (!items) {
        mem_free(copy);
        return PN_ENOMEM;
    }
    s->items = items;
    s->items[s->n++] = (struct setting){.id = id, .source = source, .line = line, .text = copy};
    return 0;
}

const struct setting *settings_last(const struct settings *s, enum option_source source,
                                    enum option_id id)
{
    for (size_t i = s->n; i > 0; i--)
        if (s->items[i - 1].id == id && s->items[i - 1].source == source)
            return &s->items[i - 1];
    return NULL;
}

int setting_complain(struct option_report *r, const struct setting *setting, enum option_id id,
                     const char *path, const char *why)
{
    const struct option_def *def = &option_table[id];
    char variable[OPTION_VARIABLE_BYTES];

    switch (setting ? setting->source : OPTION_FROM_DEFAULT) {
    case OPTION_FROM_COMMAND_LINE:
        return option_report_error(r, STATUS_USAGE, "--%s: %s", def->name, why);
    case OPTION_FROM_ENVIRONMENT:
        option_variable(variable, def);
        return option_report_error(
            r, STATUS_CONFIG, "%s in the environment: %s",
            setting->line == SETTING_BY_SECOND_NAME ? def->variable : variable, why);
    case OPTION_FROM_FILE:
        return option_report_error(r, STATUS_CONFIG, "%s:%u: %s: %s", path, setting->line,
                                   def->name, why);
    case OPTION_FROM_DEFAULT:
        break;
    }
    return option_report_error(r, STATUS_CONFIG, "the default of %s: %s", def->name, why);
}

void settings_free(struct settings *s)
{
    for (size_t i = 0; i < s->n; i++)
        mem_free(s->items[i].text);
    MEM_FREE(s->items);
    s->n = 0;
}

/* Complaints beyond the list's bound are dropped: there are plenty before them. */
__attribute__((format(printf, 2, 0))) static int add_sentence(struct option_list *list,
                                                              const char *fmt, va_list ap)
{
    char text[1024];
    int err;

    vsnprintf(text, sizeof text, fmt, ap);
    err = option_list_add(list, text, strlen(text));
    return err == PN_ELIMIT ? 0 : err;
}

int option_report_error(struct option_report *r, enum exit_status status, const char *fmt, ...)
{
    va_list ap;
    int err;

    if (r->exit_status == 0 || (int)status < r->exit_status)
        r->exit_status = (int)status;
    va_start(ap, fmt);
    err = add_sentence(&r->errors, fmt, ap);
    va_end(ap);
    return err;
}

int option_report_warning(struct option_report *r, const char *fmt, ...)
{
    va_list ap;
    int err;

    va_start(ap, fmt);
    err = add_sentence(&r->warnings, fmt, ap);
    va_end(ap);
    return err;
}

void option_report_free(struct option_report *r)
{
    option_list_free(&r->errors);
    option_list_free(&r->warnings);
    r->exit_status = 0;
}
