/* What --help and --version print, and the pieces that the other generated texts share. */
#include "config.h"

#include <string.h>

#include "app/option_output.h"

enum { HELP_COLUMN = 34, HELP_WIDTH = 79 };

int option_print_usage(struct buf *out, const struct option_def *def)
{
    buf_printf(out, "--%s", def->name);
    if (!def->placeholder)
        return out->err;
    return buf_printf(out, def->implied ? "[=%s]" : "=%s", def->placeholder);
}

const char *option_shown_default(const struct option_def *def)
{
    return def->default_text ? def->default_text : def->default_value;
}

int option_print_filled(struct buf *out, const char *text, size_t column, size_t width,
                        const char *prefix)
{
    const char *separator = "";

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t len = strcspn(text, " ");

        if (*separator && column + 1 + len > width) {
            buf_printf(out, "\n%s", prefix);
            column = strlen(prefix);
            separator = "";
        }
        buf_puts(out, separator);
        buf_append(out, text, len);
        column += strlen(separator) + len;
        separator = " ";
        text += len;
    }
    return out->err;
}

/* What a fragment of help ends with. A flag that is off is what everybody expects. */
static const char *help_default(const struct option_def *def)
{
    if (def->placeholder)
        return option_shown_default(def);
    return def->default_value && strcmp(def->default_value, "no") != 0 ? def->default_value : NULL;
}

static int print_option(struct buf *out, const struct option_def *def)
{
    static const char margin[HELP_COLUMN + 1] = "                                  ";
    const char *shown = help_default(def);
    size_t start = out->len, used;
    struct buf text;

    if (def->short_name)
        buf_printf(out, "  -%c, ", def->short_name);
    else
        buf_puts(out, "      ");
    option_print_usage(out, def);
    used = out->len - start;
    if (used + 2 > HELP_COLUMN)
        buf_printf(out, "\n%s", margin);
    else
        buf_append(out, margin, HELP_COLUMN - used);
    buf_init(&text, 1024);
    buf_puts(&text, def->help);
    for (const char *const *choice = def->choices; choice && *choice; choice++)
        buf_printf(&text, "%s %s", choice == def->choices ? ":" : choice[1] ? "," : " or", *choice);
    if (shown)
        buf_printf(&text, " (%s)", shown);
    if (option_is_list(def))
        buf_puts(&text, "; may be repeated");
    if (buf_cstr(&text))
        option_print_filled(out, buf_cstr(&text), HELP_COLUMN, HELP_WIDTH, margin);
    else
        out->err = text.err;
    buf_free(&text);
    return buf_puts(out, "\n");
}

int option_print_help(struct buf *out)
{
    buf_puts(out,
             "Usage: p2pnode [OPTION]...\n"
             "  or:  p2pnode ctl [OPTION]... COMMAND [ARGUMENT]...\n"
             "Take part in peer-to-peer networks (Bitcoin, Ethereum, Electrum) without a full\n"
             "node. With ctl, ask or steer the one that runs; \"p2pnode ctl help\" says more.\n");
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        buf_printf(out, "\n%s:\n", option_section_heading((enum option_section)section));
        for (unsigned i = 0; i < OPTION_COUNT; i++)
            if (option_table[i].section == section && !(option_table[i].flags & OPTION_HIDDEN))
                print_option(out, &option_table[i]);
    }
    return buf_puts(out, "\n"
                         "Each option --KEY has a --no-KEY, is the variable P2PNODE_KEY in the\n"
                         "environment and the line \"KEY = VALUE\" in the configuration file.\n"
                         "p2pnode(1) says more.\n");
}

int option_print_version(struct buf *out)
{
    return buf_puts(out, PACKAGE_NAME " " PACKAGE_VERSION "\n");
}
