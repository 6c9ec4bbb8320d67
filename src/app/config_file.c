/* Reading the file.
 *
 * inih splits a line into key and value. What it would silently do is refused here, where the lines
 * pass before it sees them: it cuts a value at a blank and a semicolon, breaks a long line into
 * two, takes an indented line for more of the value above, and reports only the first error. Keys
 * before the first section may be of any section; below a section only its own are allowed, so
 * that a key in the wrong place is found. */
#include "app/config_file.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

/* The longest value with its key, and what inih wants for the line's end. */
enum { CONFIG_LINE_MAX_BYTES = CONFIG_VALUE_MAX_BYTES + 64 };

/* Debian's inih lets a program choose the longest line; elsewhere inih's own limit stands, and a
 * longer line is refused. */
extern int ini_max_line __attribute__((weak));

struct config_file {
    struct settings *out;
    struct option_report *report;
    const char *path;
    FILE *f;
    unsigned line;               /* number of the line that inih has; the first is 1 */
    bool pair_expected;          /* that line should reach add_pair, and has not yet */
    bool before_sections;        /* no section line so far */
    bool unknown_section;        /* already complained about; its keys are skipped */
    enum option_section section; /* otherwise */
    int err;                     /* PN_ENOMEM */
};

__attribute__((format(printf, 2, 3))) static void complain(struct config_file *c, const char *fmt,
                                                           ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (option_report_error(c->report, STATUS_CONFIG, "%s:%u: %s", c->path, c->line, text) < 0)
        c->err = PN_ENOMEM;
}

/* One line without its blanks at both ends and without its newline. Returns: false at the end of
 * the file. */
static bool get_line(struct config_file *c, char *line, size_t size, bool *too_long, bool *control)
{
    size_t len = 0;
    bool any = false;
    int ch;

    *too_long = *control = false;
    while ((ch = getc(c->f)) != EOF && ch != '\n') {
        any = true;
        if (len == 0 && isspace(ch))
            continue;
        if (ch == '\0' || (iscntrl(ch) && !isspace(ch)))
            *control = true;
        if (len < size - 1)
            line[len++] = (char)ch;
        else
            *too_long = true;
    }
    while (len > 0 && isspace((unsigned char)line[len - 1]))
        len--;
    line[len] = '\0';
    return any || ch != EOF;
}

static bool has_inline_comment(const char *line)
{
    for (const char *at = line + 1; *at; at++)
        if (*at == ';' && isspace((unsigned char)at[-1]))
            return true;
    return false;
}

static void enter_section(struct config_file *c, char *line)
{
    size_t len = strlen(line);

    c->before_sections = false;
    c->unknown_section = true;
    if (line[len - 1] != ']') {
        complain(c, "a section line is [NAME]");
        return;
    }
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        const char *name = option_section_name((enum option_section)i);

        if (*name && strlen(name) == len - 2 && memcmp(name, line + 1, len - 2) == 0) {
            c->unknown_section = false;
            c->section = (enum option_section)i;
            return;
        }
    }
    complain(c, "unknown section %.60s", line);
}

/* Decide what to do with a line. Returns: whether inih should see it. */
static bool accept_line(struct config_file *c, char *line)
{
    if (*line == '\0' || *line == '#' || *line == ';')
        return false;
    if (*line == '[') {
        enter_section(c, line);
        return false;
    }
    if (has_inline_comment(line)) {
        complain(c, "a comment needs a line of its own");
        return false;
    }
    c->pair_expected = true;
    return true;
}

/* inih's reader: like fgets(3). A line that inih should not see is handed over empty. */
static char *read_line(char *line, int size, void *stream)
{
    struct config_file *c = stream;
    bool too_long, control;

    if (c->pair_expected)
        complain(c, "this is neither KEY = VALUE, nor [SECTION], nor a comment");
    c->pair_expected = false;
    if (c->err || !get_line(c, line, (size_t)size, &too_long, &control))
        return NULL;
    c->line++;
    if (c->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
        memmove(line, line + 3, strlen(line + 3) + 1);
    if (too_long)
        complain(c, "the line is longer than %d bytes", size - 1);
    else if (control)
        complain(c, "the line contains a control character");
    if (too_long || control || !accept_line(c, line))
        *line = '\0';
    return line;
}

static void complain_of_key(struct config_file *c, const char *key)
{
    enum option_id id;

    if (strncmp(key, "no-", 3) == 0 && option_find(&id, key + 3, strlen(key + 3)))
        complain(c, "%s is for the command line; here write \"%s =\" with nothing behind it", key,
                 key + 3);
    else
        complain(c, "unknown key %.60s", key);
}

/* Whether the option may be set at this place of the file. */
static bool check_place(struct config_file *c, const struct option_def *def, enum option_id id)
{
    const char *own = option_section_name(def->section);
    const struct setting *before = settings_last(c->out, OPTION_FROM_FILE, id);

    if (def->flags & OPTION_NOT_IN_FILE)
        complain(c, "%s cannot be set in a file", def->name);
    else if (!c->before_sections && c->section != def->section && *own)
        complain(c, "%s belongs below [%s], not below [%s]", def->name, own,
                 option_section_name(c->section));
    else if (!c->before_sections && c->section != def->section)
        complain(c, "%s belongs before the first section", def->name);
    else if (before && !option_is_list(def))
        complain(c, "%s is set a second time, after line %u", def->name, before->line);
    else
        return true;
    return false;
}

/* inih's handler. */
static int add_pair(void *user, const char *section, const char *key, const char *value)
{
    struct config_file *c = user;
    const struct option_def *def;
    enum option_id id;
    int err;

    (void)section; /* sections never reach inih: enter_section */
    c->pair_expected = false;
    if (c->unknown_section)
        return 1;
    def = option_find(&id, key, strlen(key));
    if (!def) {
        complain_of_key(c, key);
    } else if (check_place(c, def, id)) {
        err = settings_add(c->out, OPTION_FROM_FILE, id, c->line, value);
        if (err == PN_ELIMIT)
            complain(c, "there are more than %d settings", SETTINGS_MAX);
        else if (err)
            c->err = err;
    }
    return 1;
}

int config_file_read(struct settings *out, struct option_report *report, const char *path)
{
    struct config_file c = {.out = out, .report = report, .path = path, .before_sections = true};

    c.f = fopen(path, "re");
    if (!c.f && errno == ENOENT)
        return PN_ENOENT;
    if (!c.f)
        return option_report_error(report, STATUS_CONFIG, "%s: %s", path, strerror(errno));
    if (&ini_max_line)
        ini_max_line = CONFIG_LINE_MAX_BYTES;
    if (ini_parse_stream(read_line, &c, add_pair, &c) != 0 && report->errors.n == 0)
        complain(&c, "the file cannot be read as INI");
    if (ferror(c.f) && !c.err)
        c.err = option_report_error(report, STATUS_CONFIG, "%s: %s", path, strerror(errno));
    fclose(c.f);
    return c.err;
}
