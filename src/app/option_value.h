/* One value: text into a field of struct options and back. Internal to the option code. */
#ifndef APP_OPTION_VALUE_H
#define APP_OPTION_VALUE_H

#include "app/option_table.h"

struct option_why {
    char text[256]; /* a sentence without its full stop */
};

/* Set the field, or append to it when it is a list; a list's text may hold several items separated
 * by commas. Returns: 0, PN_EFORMAT with the reason, or PN_ENOMEM; on failure the field is freed or
 * unchanged. */
int option_value_parse(struct options *o, struct option_why *why, const struct option_def *def,
                       const char *text);

/* Make the field empty: false, zero, NULL, no items. What it owned is freed. */
void option_value_clear(struct options *o, const struct option_def *def);

/* How many texts the field's value is written as: 0 when it is empty, else 1, or a list's items. */
size_t option_value_count(const struct options *o, const struct option_def *def);

/* Append the i-th of them. Returns: 0 or the buffer's error. */
int option_value_print(struct buf *out, const struct options *o, const struct option_def *def,
                       size_t i);

/* Exchange the two fields, each of which keeps its owner. */
void option_value_swap(struct options *a, struct options *b, const struct option_def *def);

bool option_value_equal(const struct options *a, const struct options *b,
                        const struct option_def *def);

#endif
