/* What no single option can tell: places that depend on the machine, and options that exclude each
 * other. Internal to the option code. */
#ifndef APP_OPTION_RULES_H
#define APP_OPTION_RULES_H

#include "app/option_settings.h"

/* The data directory when none is named. Owns: the caller frees with mem_free.
 * Returns: 0, PN_ENOENT when the environment has no place to offer, or PN_ENOMEM. */
int option_default_datadir(char **out, char *const *envp);

/* Settle what follows from other options, and complain about combinations that make no sense.
 * Returns: 0 or PN_ENOMEM. */
int option_apply_rules(struct options *o, struct option_report *report,
                       const struct settings *settings);

#endif
