/* How the types of option fields are read, kept, printed, compared and freed. Internal to the
 * option code. Several kinds share a type: kinds differ in what text they accept. */
#ifndef APP_OPTION_TYPE_H
#define APP_OPTION_TYPE_H

#include "app/option_value.h"

/* `field` is the address of the field in struct options. */
struct option_type {
    int (*parse)(void *field, struct option_why *why, const struct option_def *def,
                 const char *text);
    void (*clear)(void *field);
    size_t (*count)(const void *field, const struct option_def *def);
    int (*print)(struct buf *out, const void *field, const struct option_def *def, size_t i);
    bool (*equal)(const void *a, const void *b);
    size_t size; /* of the field */
};

extern const struct option_type option_type_flag;   /* bool */
extern const struct option_type option_type_number; /* int64_t */
extern const struct option_type option_type_bits;   /* struct option_bits */
extern const struct option_type option_type_choice; /* const char *, static */
extern const struct option_type option_type_string; /* char *, owned */
extern const struct option_type option_type_list;   /* struct option_list */

#endif
