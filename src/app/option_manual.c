/* The OPTIONS list of the manual page, in mdoc(7).
 *
 * The table's text is plain; the markup is put in here: an option becomes Fl, a word of the
 * option's placeholder becomes Ar, and a sentence starts on a line of its own, as mdoc wants. */
#include <ctype.h>
#include <string.h>

#include "app/option_output.h"

/* One word, with what roff(7) would read as a request or an escape made harmless. */
static void print_word(struct buf *out, const char *word, size_t len)
{
    if (len > 0 && (*word == '.' || *word == '\''))
        buf_puts(out, "\\&");
    for (size_t i = 0; i < len; i++)
        if (word[i] == '\\')
            buf_puts(out, "\\e");
        else if (word[i] == '-')
            buf_puts(out, "\\-");
        else if (word[i] == '"')
            buf_puts(out, "\\(dq");
        else
            buf_append(out, word + i, 1);
}

/* Length of the word without the punctuation behind it. */
static size_t bare_length(const char *word, size_t len)
{
    while (len > 0 && strchr(".,;:", word[len - 1]))
        len--;
    return len;
}

static bool is_placeholder(const char *word, size_t len, const char *placeholder)
{
    const char *at = placeholder;

    for (size_t n; at && *at; at += n + strcspn(at + n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
        n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (n == len && len > 0 && memcmp(at, word, len) == 0)
            return true;
    }
    return false;
}

/* A macro line: the request, the argument, and the punctuation as arguments of their own. */
static void print_macro_line(struct buf *out, const char *macro, const char *word, size_t len)
{
    size_t bare = bare_length(word, len);

    buf_printf(out, ".%s ", macro);
    print_word(out, word, bare);
    for (size_t i = bare; i < len; i++)
        buf_printf(out, " %c", word[i]);
    buf_puts(out, "\n");
}

static void print_text(struct buf *out, const char *text, const char *placeholder)
{
    bool in_line = false;
    size_t len;

    for (; *text; text += len + strspn(text + len, " ")) {
        bool is_option = strncmp(text, "--", 2) == 0;

        len = strcspn(text, " ");
        if (is_option || is_placeholder(text, bare_length(text, len), placeholder)) {
            buf_puts(out, in_line ? "\n" : "");
            if (is_option)
                print_macro_line(out, "Fl", text + 1, len - 1);
            else
                print_macro_line(out, "Ar", text, len);
            in_line = false;
            continue;
        }
        buf_puts(out, in_line ? " " : "");
        print_word(out, text, len);
        in_line = text[len - 1] != '.';
        buf_puts(out, in_line ? "" : "\n");
    }
    buf_puts(out, in_line ? "\n" : "");
}

/* ADDR[:PORT] as Ar ADDR Ns Op \&: Ns Ar PORT; the colon alone would be taken for punctuation. */
static void print_placeholder(struct buf *out, const char *placeholder)
{
    size_t len = strcspn(placeholder, "[:");

    buf_printf(out, "Ar %.*s", (int)len, placeholder);
    if (placeholder[len] == '[')
        buf_printf(out, " Ns Op \\&: Ns Ar %.*s", (int)strcspn(placeholder + len + 2, "]"),
                   placeholder + len + 2);
    else if (placeholder[len] == ':')
        buf_printf(out, " Ns \\&: Ns Ar %s", placeholder + len + 1);
}

static void print_item_line(struct buf *out, const struct option_def *def)
{
    buf_puts(out, ".It ");
    if (def->short_name)
        buf_printf(out, "Fl %c , ", def->short_name);
    buf_printf(out, "Fl -%s", def->name);
    if (def->placeholder) {
        buf_puts(out, def->implied ? " Ns Op = Ns " : " Ns = Ns ");
        print_placeholder(out, def->placeholder);
    }
    buf_puts(out, "\n");
}

static void print_default(struct buf *out, const struct option_def *def)
{
    const char *shown = option_shown_default(def);

    if (!shown || def->kind == OPTION_KIND_FLAG)
        return;
    buf_puts(out, "The default is ");
    for (size_t len; *shown; shown += len + strspn(shown + len, " ")) {
        len = strcspn(shown, " ");
        /* In a default's description an option is plain text: it would end the line. */
        print_word(out, shown, len);
        buf_puts(out, shown[len] ? " " : ".\n");
    }
}

static void print_option(struct buf *out, const struct option_def *def)
{
    print_item_line(out, def);
    print_text(out, def->man, def->placeholder);
    if (def->choices) {
        print_macro_line(out, "Ar", def->placeholder, strlen(def->placeholder));
        buf_puts(out, "is one of\n");
        for (const char *const *choice = def->choices; *choice; choice++)
            buf_printf(out, ".Cm %s%s\n", *choice, choice[1] ? " ," : " .");
    } else if (def->min < def->max && def->default_value) {
        buf_printf(out, "It lies between %.10g and %.10g.\n", def->min, def->max);
    }
    if (option_is_list(def))
        buf_puts(out, "May be repeated.\n");
    print_default(out, def);
    if (def->flags & OPTION_RELOADABLE)
        buf_puts(out, "Can change while running.\n");
}

int option_print_manual(struct buf *out)
{
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        buf_printf(out, ".Ss %s\n", option_section_heading((enum option_section)section));
        buf_puts(out, ".Bl -tag -width Ds\n");
        for (unsigned i = 0; i < OPTION_COUNT && !out->err; i++)
            if (option_table[i].section == section && !(option_table[i].flags & OPTION_HIDDEN))
                print_option(out, &option_table[i]);
        buf_puts(out, ".El\n");
    }
    return out->err;
}
