/* What the sources say, before it is weighed: one setting per mention of an option. Internal to the
 * option code. */
#ifndef APP_OPTION_SETTINGS_H
#define APP_OPTION_SETTINGS_H

#include "app/exit_status.h"
#include "app/option_table.h"

/* Mentions of options in all sources together. */
#define SETTINGS_MAX 4000

/* In the place of a line: the variable was an option's second name. */
#define SETTING_BY_SECOND_NAME 1

struct setting {
    enum option_id id;
    enum option_source source;
    unsigned line; /* in the file, else 0, or SETTING_BY_SECOND_NAME */
    char *text;    /* the value as written; empty: none, or the default */
};

struct settings {
    struct setting *items;
    size_t n;
};

/* Append a copy. Returns: 0, PN_ELIMIT, or PN_ENOMEM. */
int settings_add(struct settings *s, enum option_source source, enum option_id id, unsigned line,
                 const char *text);

/* The last mention of the option by that source, or NULL. */
const struct setting *settings_last(const struct settings *s, enum option_source source,
                                    enum option_id id);

/* Accepts a zeroed struct; leaves it zeroed. */
void settings_free(struct settings *s);

/* Complain about a setting, naming where it stands: an option, a variable, or a line of the file at
 * `path`. NULL stands for the default of option `id`. Returns: 0 or PN_ENOMEM. */
int setting_complain(struct option_report *r, const struct setting *setting, enum option_id id,
                     const char *path, const char *why);

/* Add one sentence to the errors or the warnings. Returns: 0 or PN_ENOMEM. */
int option_report_error(struct option_report *r, enum exit_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int option_report_warning(struct option_report *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The two other sources. Returns: 0, also when there were complaints, or PN_ENOMEM. */
int settings_from_argv(struct settings *out, struct option_report *report, int argc,
                       char *const *argv);
int settings_from_environment(struct settings *out, struct option_report *report,
                              char *const *envp);

#endif
