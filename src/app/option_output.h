/* Texts generated from the table. Internal to the option code. Each returns 0 or the buffer's
 * error. */
#ifndef APP_OPTION_OUTPUT_H
#define APP_OPTION_OUTPUT_H

#include "app/option_table.h"

int option_print_help(struct buf *out);
int option_print_version(struct buf *out);

/* The effective options as a configuration file. */
int option_print_config(struct buf *out, const struct options *o);

/* A configuration file with every key explained and commented out. */
int option_print_sample(struct buf *out);

/* For the manual pages, mdoc(7): the options of the command line, the keys of the file, and those
 * of them that SIGHUP changes. */
int option_print_manual(struct buf *out);
int option_print_conf_manual(struct buf *out);
int option_print_reload_manual(struct buf *out);

int option_print_bash(struct buf *out);
int option_print_zsh(struct buf *out);

/* "--key", "--key=VALUE" or "--key[=VALUE]". */
int option_print_usage(struct buf *out, const struct option_def *def);

/* What is said of the default: its text, its value, or NULL. */
const char *option_shown_default(const struct option_def *def);

/* Words filled into lines of at most `width` columns. The first line is taken to have `column`
 * columns already; each other one begins with `prefix`. Ends without a newline. */
int option_print_filled(struct buf *out, const char *text, size_t column, size_t width,
                        const char *prefix);

#endif
