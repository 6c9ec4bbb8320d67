/* The configuration file in two forms: as it is in effect, and as a sample to start from. */
#include <string.h>

#include "app/option_output.h"
#include "app/option_value.h"

enum { COMMENT_WIDTH = 79 };

static bool is_in_file(const struct option_def *def, enum option_section section)
{
    return def->section == section && !(def->flags & (OPTION_NOT_IN_FILE | OPTION_HIDDEN));
}

static bool has_keys(enum option_section section)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (is_in_file(&option_table[i], section))
            return true;
    return false;
}

static void print_section_line(struct buf *out, enum option_section section)
{
    if (*option_section_name(section))
        buf_printf(out, "\n[%s]\n", option_section_name(section));
}

static void print_setting(struct buf *out, const struct options *o, const struct option_def *def)
{
    size_t n = option_value_count(o, def);

    if (n == 0)
        buf_printf(out, "%s =\n", def->name);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s = ", def->name);
        option_value_print(out, o, def, i);
        buf_puts(out, "\n");
    }
}

int option_print_config(struct buf *out, const struct options *o)
{
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        if (!has_keys(section))
            continue;
        print_section_line(out, section);
        for (unsigned i = 0; i < OPTION_COUNT; i++)
            if (is_in_file(&option_table[i], section))
                print_setting(out, o, &option_table[i]);
    }
    return out->err;
}

/* The key with its default, or with the placeholder where there is no single default. */
static void print_example(struct buf *out, const struct option_def *def)
{
    const char *value = def->default_value ? def->default_value : "";

    buf_puts(out, "#");
    if (!option_is_list(def) || !*value) {
        buf_printf(out, "%s =%s%s\n", def->name, *value ? " " : "", value);
        return;
    }
    for (size_t len;; value += len + 1) {
        len = strcspn(value, ",");
        buf_printf(out, "%s = %.*s\n", def->name, (int)len, value);
        if (!value[len])
            break;
        buf_puts(out, "#");
    }
}

static void print_explained(struct buf *out, const struct option_def *def)
{
    buf_puts(out, "\n# ");
    option_print_filled(out, def->man, 2, COMMENT_WIDTH, "# ");
    if (def->placeholder && def->choices) {
        buf_printf(out, "\n# %s: one of", def->placeholder);
        for (const char *const *choice = def->choices; *choice; choice++)
            buf_printf(out, " %s", *choice);
    } else if (def->placeholder) {
        buf_printf(out, "\n# Value: %s", def->placeholder);
    }
    if (option_is_list(def))
        buf_puts(out, "; the key may be repeated");
    if (def->default_text)
        buf_printf(out, "\n# Default: %s", def->default_text);
    buf_puts(out, "\n");
    print_example(out, def);
}

int option_print_sample(struct buf *out)
{
    buf_puts(out,
             "# p2pnode.conf: what p2pnode(1) reads from its data directory, or from --conf=FILE.\n"
             "#\n"
             "# A line is KEY = VALUE, [SECTION], or a comment; a comment has a line of its own.\n"
             "# The environment (P2PNODE_KEY) and the command line (--KEY) go before this file.\n"
             "# A key with nothing behind the equals sign means \"none\". A key may also stand\n"
             "# before the first section, whichever section it belongs to. The commented lines\n"
             "# show the defaults.\n");
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        if (!has_keys(section))
            continue;
        print_section_line(out, section);
        for (unsigned i = 0; i < OPTION_COUNT; i++)
            if (is_in_file(&option_table[i], section))
                print_explained(out, &option_table[i]);
    }
    return out->err;
}
