/* A growing list of owned strings. Internal to the option code. */
#ifndef APP_OPTION_LIST_H
#define APP_OPTION_LIST_H

#include "app/options.h"

/* Append a copy of the first `len` bytes. Returns: 0, PN_ELIMIT beyond OPTION_LIST_MAX, or
 * PN_ENOMEM. */
#define OPTION_LIST_MAX 1000
int option_list_add(struct option_list *list, const char *text, size_t len);

/* Accepts a zeroed list; leaves it zeroed. */
void option_list_free(struct option_list *list);

bool option_list_has(const struct option_list *list, const char *item);
bool option_list_equal(const struct option_list *a, const struct option_list *b);

#endif
