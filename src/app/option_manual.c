/* The lists of options in the manual pages, in mdoc(7).
 *
 * The table's text is plain; the markup is put in here: an option becomes Fl (a key of the file:
 * Ic), a word of the option's placeholder becomes Ar, and a sentence starts on a line of its own,
 * as mdoc wants. */
#include <stdio.h>
#include <string.h>

#include "app/option_output.h"

enum { PAGE_WIDTH = 78 };

/* Where the output stands: mdoc lines are kept below 80 columns, and a macro needs a new one. */
struct page {
    struct buf *out;
    size_t line_start; /* offset of the current line */
    bool of_file;      /* options are shown as keys of the file */
};

static bool in_line(const struct page *p)
{
    return p->out->len > p->line_start;
}

static void end_line(struct page *p)
{
    if (in_line(p))
        buf_puts(p->out, "\n");
    p->line_start = p->out->len;
}

/* Characters of a word, with what roff(7) would read as an escape made harmless. */
static void put_characters(struct buf *out, const char *word, size_t len)
{
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

/* A word of running text; a sentence ends its line, as mdoc wants. */
static void put_word(struct page *p, const char *word, size_t len)
{
    if (in_line(p) && p->out->len - p->line_start + 1 + len > PAGE_WIDTH)
        end_line(p);
    if (in_line(p))
        buf_puts(p->out, " ");
    else if (*word == '.' || *word == '\'')
        buf_puts(p->out, "\\&"); /* not a request */
    put_characters(p->out, word, len);
    if (word[len - 1] == '.')
        end_line(p);
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
static void put_macro(struct page *p, const char *macro, const char *word, size_t len)
{
    size_t bare = bare_length(word, len);

    end_line(p);
    buf_printf(p->out, ".%s ", macro);
    put_characters(p->out, word, bare);
    for (size_t i = bare; i < len; i++)
        buf_printf(p->out, " %c", word[i]);
    end_line(p);
}

static void put_text(struct page *p, const char *text, const char *placeholder)
{
    for (size_t len; *text; text += len + strspn(text + len, " ")) {
        len = strcspn(text, " ");
        if (strncmp(text, "--no-", 5) == 0 || (strncmp(text, "--", 2) == 0 && !p->of_file))
            put_macro(p, "Fl", text + 1, len - 1);
        else if (strncmp(text, "--", 2) == 0)
            put_macro(p, "Ic", text + 2, len - 2);
        else if (is_placeholder(text, bare_length(text, len), placeholder))
            put_macro(p, "Ar", text, len);
        else
            put_word(p, text, len);
    }
}

/* ADDR[:PORT] as Ar ADDR Ns Op \&: Ns Ar PORT; the colon alone would be taken for punctuation. */
static void put_placeholder(struct buf *out, const char *placeholder)
{
    size_t len = strcspn(placeholder, "[:");

    buf_printf(out, "Ar %.*s", (int)len, placeholder);
    if (placeholder[len] == '[')
        buf_printf(out, " Ns Op \\&: Ns Ar %.*s", (int)strcspn(placeholder + len + 2, "]"),
                   placeholder + len + 2);
    else if (placeholder[len] == ':')
        buf_printf(out, " Ns \\&: Ns Ar %s", placeholder + len + 1);
}

static void put_item_line(struct buf *out, const struct option_def *def)
{
    buf_puts(out, ".It ");
    if (def->short_name)
        buf_printf(out, "Fl %c , ", def->short_name);
    buf_printf(out, "Fl -%s", def->name);
    if (def->placeholder) {
        buf_puts(out, def->implied ? " Ns Op = Ns " : " Ns = Ns ");
        put_placeholder(out, def->placeholder);
    }
    buf_puts(out, "\n");
}

/* A list is a key on several lines, or one line with commas. */
static void put_key_line(struct buf *out, const struct option_def *def)
{
    buf_printf(out, ".It Ic %s No = ", def->name);
    if (def->placeholder)
        put_placeholder(out, def->placeholder);
    else
        buf_puts(out, "Cm yes | no");
    buf_puts(out, "\n");
}

static void put_choices(struct page *p, const struct option_def *def)
{
    put_macro(p, "Ar", def->placeholder, strlen(def->placeholder));
    put_text(p, "is one of", NULL);
    end_line(p);
    for (const char *const *choice = def->choices; *choice; choice++)
        buf_printf(p->out, ".Cm %s %s\n", *choice, choice[1] ? "," : ".");
    p->line_start = p->out->len;
}

/* Of texts and lists the bounds are lengths. */
static bool has_range(const struct option_def *def)
{
    return def->min < def->max &&
           (def->kind == OPTION_KIND_INTEGER || def->kind == OPTION_KIND_DURATION ||
            def->kind == OPTION_KIND_KILOBYTES);
}

/* Sentences that follow from the row's attributes. */
static void put_attributes(struct page *p, const struct option_def *def)
{
    const char *shown = option_shown_default(def);
    char sentence[160];

    if (def->choices)
        put_choices(p, def);
    if (has_range(def) && shown) {
        snprintf(sentence, sizeof sentence, "It lies between %.10g and %.10g.", def->min, def->max);
        put_text(p, sentence, NULL);
    }
    if (option_is_list(def))
        put_text(p, "May be repeated.", NULL);
    if (shown) {
        snprintf(sentence, sizeof sentence, "The default is %s.", shown);
        put_text(p, sentence, NULL);
    }
    if (def->flags & OPTION_RELOADABLE)
        put_text(p, "Can change while running.", NULL);
    end_line(p);
}

static void print_option(struct buf *out, const struct option_def *def, bool of_file)
{
    struct page p = {.out = out, .of_file = of_file};

    if (of_file)
        put_key_line(out, def);
    else
        put_item_line(out, def);
    p.line_start = out->len;
    put_text(&p, def->man, def->placeholder);
    put_attributes(&p, def);
}

static bool is_shown(const struct option_def *def, enum option_section section, bool of_file)
{
    unsigned hiding = OPTION_HIDDEN | (of_file ? OPTION_NOT_IN_FILE : 0);

    return def->section == section && !(def->flags & hiding);
}

static void print_section(struct buf *out, enum option_section section, bool of_file)
{
    bool begun = false;

    for (unsigned i = 0; i < OPTION_COUNT && !out->err; i++) {
        if (!is_shown(&option_table[i], section, of_file))
            continue;
        if (!begun)
            buf_printf(out, ".Ss %s\n.Bl -tag -width Ds\n", option_section_heading(section));
        begun = true;
        print_option(out, &option_table[i], of_file);
    }
    if (begun)
        buf_puts(out, ".El\n");
}

int option_print_manual(struct buf *out)
{
    for (unsigned section = 0; section < SECTION_COUNT; section++)
        print_section(out, (enum option_section)section, false);
    return out->err;
}

int option_print_conf_manual(struct buf *out)
{
    for (unsigned section = 0; section < SECTION_COUNT; section++)
        print_section(out, (enum option_section)section, true);
    return out->err;
}

int option_print_reload_manual(struct buf *out)
{
    buf_puts(out, ".Bl -tag -width Ds -compact\n");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *def = &option_table[i];
        struct page p = {.out = out, .of_file = true};

        if (!(def->flags & OPTION_RELOADABLE))
            continue;
        buf_printf(out, ".It Ic %s\n", def->name);
        p.line_start = out->len;
        put_text(&p, def->help, def->placeholder);
        end_line(&p);
    }
    buf_puts(out, ".El\n");
    return out->err;
}
