/* Choices, strings and lists of strings. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app/option_list.h"
#include "app/option_syntax.h"
#include "app/option_type.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/target.h"

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Returns: the choice's own text, or NULL. */
static const char *find_choice(const struct option_def *def, const char *text)
{
    for (const char *const *choice = def->choices; *choice; choice++)
        if (strcmp(*choice, text) == 0)
            return *choice;
    return NULL;
}

/* Returns: PN_EFORMAT. */
static int name_choices(struct option_why *why, const struct option_def *def, const char *text)
{
    const char *separator = "";
    size_t len;

    snprintf(why->text, sizeof why->text, "\"%.60s\" is none of ", text);
    for (const char *const *choice = def->choices; *choice; choice++) {
        len = strlen(why->text);
        snprintf(why->text + len, sizeof why->text - len, "%s%s", separator, *choice);
        separator = ", ";
    }
    return PN_EFORMAT;
}

static int choice_parse(void *field, struct option_why *why, const struct option_def *def,
                        const char *text)
{
    const char *choice = find_choice(def, text);

    if (!choice)
        return name_choices(why, def, text);
    *(const char **)field = choice;
    return 0;
}

static void choice_clear(void *field)
{
    *(const char **)field = NULL;
}

static size_t choice_count(const void *field, const struct option_def *def)
{
    (void)def;
    return *(const char *const *)field != NULL;
}

static int choice_print(struct buf *out, const void *field, const struct option_def *def, size_t i)
{
    (void)def;
    (void)i;
    return buf_puts(out, *(const char *const *)field);
}

static bool choice_equal(const void *a, const void *b)
{
    return same_text(*(const char *const *)a, *(const char *const *)b);
}

const struct option_type option_type_choice = {choice_parse, choice_clear, choice_count,
                                               choice_print, choice_equal, sizeof(const char *)};

/* What the kind demands of a text. Returns: NULL, or what is wrong with the text. */
static const char *find_fault(const struct option_def *def, const char *text)
{
    const char *fault = option_check_writable(text);

    if (fault)
        return fault;
    switch (def->kind) {
    case OPTION_KIND_HEX:
        return option_check_hex(text, (size_t)def->max);
    case OPTION_KIND_COMMENT:
        return option_check_comment(text, (size_t)def->max);
    case OPTION_KIND_LISTEN:
        return option_check_address(text, OPTION_PORT_REQUIRED, true);
    case OPTION_KIND_LISTEN_LIST:
        return option_check_address(text, OPTION_PORT_OPTIONAL, true);
    case OPTION_KIND_ADDRESS_LIST:
        return option_check_address(text, OPTION_PORT_OPTIONAL, false);
    case OPTION_KIND_SUBNET_LIST:
        return option_check_subnet(text);
    case OPTION_KIND_TARGET_LIST:
        return option_check_target(text);
    case OPTION_KIND_NAME_LIST:
        return option_check_name(text);
    case OPTION_KIND_PUBLISH_LIST:
        return option_check_publish(text);
    default:
        return NULL;
    }
}

static int check(struct option_why *why, const struct option_def *def, const char *text)
{
    const char *fault;

    if (def->kind == OPTION_KIND_CHOICE_LIST)
        return find_choice(def, text) ? 0 : name_choices(why, def, text);
    fault = find_fault(def, text);
    if (!fault)
        return 0;
    snprintf(why->text, sizeof why->text, "\"%.60s\" %s", text, fault);
    return PN_EFORMAT;
}

static int string_parse(void *field, struct option_why *why, const struct option_def *def,
                        const char *text)
{
    char **at = field, *copy;
    int err;

    if (def->kind == OPTION_KIND_HEX && strncmp(text, "0x", 2) == 0)
        text += 2; /* as Ethereum's tools write it */
    err = check(why, def, text);
    if (err)
        return err;
    copy = mem_strdup(text);
    if (!copy)
        return PN_ENOMEM;
    mem_free(*at);
    *at = copy;
    return 0;
}

static void string_clear(void *field)
{
    MEM_FREE(*(char **)field);
}

static size_t string_count(const void *field, const struct option_def *def)
{
    (void)def;
    return *(char *const *)field != NULL;
}

static int string_print(struct buf *out, const void *field, const struct option_def *def, size_t i)
{
    (void)def;
    (void)i;
    return buf_puts(out, *(char *const *)field);
}

static bool string_equal(const void *a, const void *b)
{
    return same_text(*(char *const *)a, *(char *const *)b);
}

const struct option_type option_type_string = {string_parse, string_clear, string_count,
                                               string_print, string_equal, sizeof(char *)};

static int item_parse(struct option_list *list, struct option_why *why,
                      const struct option_def *def, const char *text, size_t len)
{
    /* No good item is as long, and a longer one stays bad when it is cut. */
    char item[NET_TARGET_TEXT_BYTES + 8];
    int err;

    snprintf(item, sizeof item, "%.*s", (int)len, text);
    err = check(why, def, item);
    if (err)
        return err;
    if (list->n >= (size_t)def->max) {
        snprintf(why->text, sizeof why->text, "there are more than %.0f", def->max);
        return PN_EFORMAT;
    }
    return option_list_add(list, text, len);
}

static int list_parse(void *field, struct option_why *why, const struct option_def *def,
                      const char *text)
{
    int err;

    for (;;) {
        size_t len, bare;

        text += strspn(text, " \t");
        len = bare = strcspn(text, ",");
        while (bare > 0 && isblank((unsigned char)text[bare - 1]))
            bare--;
        err = item_parse(field, why, def, text, bare);
        if (err || !text[len])
            return err;
        text += len + 1;
    }
}

static void list_clear(void *field)
{
    option_list_free(field);
}

static size_t list_count(const void *field, const struct option_def *def)
{
    (void)def;
    return ((const struct option_list *)field)->n;
}

static int list_print(struct buf *out, const void *field, const struct option_def *def, size_t i)
{
    (void)def;
    return buf_puts(out, ((const struct option_list *)field)->items[i]);
}

static bool list_equal(const void *a, const void *b)
{
    return option_list_equal(a, b);
}

const struct option_type option_type_list = {list_parse, list_clear, list_count,
                                             list_print, list_equal, sizeof(struct option_list)};
