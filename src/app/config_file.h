/* The configuration file: INI with optional sections, read with inih. Internal to the option
 * code. */
#ifndef APP_CONFIG_FILE_H
#define APP_CONFIG_FILE_H

#include "app/option_settings.h"

/* The longest value that a line of the file can carry beside its key. */
#define CONFIG_VALUE_MAX_BYTES 4096

/* Add the settings of the file; what is wrong in it goes to the report, all of it, as FILE:LINE.
 * Returns: 0, also when there were complaints; PN_ENOENT when there is no such file, without a
 * complaint; PN_ENOMEM. */
int config_file_read(struct settings *out, struct option_report *report, const char *path);

#endif
