/* The rows of option_table.def as an array, and look-ups in it. */
#include "app/option_table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dial/dialer.h"
#include "net/subnet.h"

_Static_assert(2 * OPTION_DIAL_MAX <= DIALER_MAX_REQUESTS, "connect and addnode fit the dialer");
_Static_assert(OPTION_SUBNETS_MAX <= SUBNET_LIST_MAX, "netrestrict fits a subnet list");

/* The type that each kind's field must have; a row with another one does not compile. */
#define OPTION_TYPE_FLAG         bool
#define OPTION_TYPE_INTEGER      int64_t
#define OPTION_TYPE_DURATION     int64_t
#define OPTION_TYPE_KILOBYTES    int64_t
#define OPTION_TYPE_CHOICE       const char *
#define OPTION_TYPE_PATH         char *
#define OPTION_TYPE_HEX          char *
#define OPTION_TYPE_COMMENT      char *
#define OPTION_TYPE_LISTEN       char *
#define OPTION_TYPE_BITS         struct option_bits
#define OPTION_TYPE_LISTEN_LIST  struct option_list
#define OPTION_TYPE_ADDRESS_LIST struct option_list
#define OPTION_TYPE_SUBNET_LIST  struct option_list
#define OPTION_TYPE_NAME_LIST    struct option_list
#define OPTION_TYPE_PUBLISH_LIST struct option_list
#define OPTION_TYPE_TARGET_LIST  struct option_list
#define OPTION_TYPE_CHOICE_LIST  struct option_list

#define OPTION(id, field, what, ...)                                                      \
    _Static_assert(__builtin_types_compatible_p(__typeof__(((struct options *)0)->field), \
                                                OPTION_TYPE_##what),                      \
                   #field " has the type of its kind");
#include "app/option_table.def"
#undef OPTION

const struct option_def option_table[OPTION_COUNT] = {
#define OPTION(id, field, what, ...) \
    [OPTION_##id] = {                \
        .kind = OPTION_KIND_##what, .offset = offsetof(struct options, field), __VA_ARGS__},
#include "app/option_table.def"
#undef OPTION
};

static const struct {
    const char *name;
    const char *heading;
} sections[] = {
#define OPTION_SECTION_ROW_(id, name, heading) [id] = {name, heading},
    OPTION_SECTION_LIST(OPTION_SECTION_ROW_)
#undef OPTION_SECTION_ROW_
};

const struct option_def *option_find(enum option_id *id, const char *name, size_t name_len)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (strlen(option_table[i].name) == name_len &&
            memcmp(option_table[i].name, name, name_len) == 0) {
            *id = (enum option_id)i;
            return &option_table[i];
        }
    return NULL;
}

void option_variable(char out[OPTION_VARIABLE_BYTES], const struct option_def *def)
{
    snprintf(out, OPTION_VARIABLE_BYTES, OPTION_VARIABLE_PREFIX "%s", def->name);
    for (char *at = out; *at; at++)
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
}

bool option_is_list(const struct option_def *def)
{
    return def->kind >= OPTION_KIND_LISTEN_LIST;
}

bool option_can_be_empty(const struct option_def *def)
{
    return option_is_list(def) || !def->default_value || (def->flags & OPTION_CAN_BE_OFF);
}

const char *option_section_name(enum option_section section)
{
    return sections[section].name;
}

const char *option_section_heading(enum option_section section)
{
    return sections[section].heading;
}
