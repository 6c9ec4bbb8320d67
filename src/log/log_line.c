/* From a message to the bytes of a line.
 *
 * Text: 2026-11-20T17:06:08.123Z info peer: message
 * JSON: {"ts":"2026-11-20T17:06:08.123Z","level":"info","subsystem":"peer","msg":"message"}
 *
 * The message is escaped as log_escape does in both forms, and in JSON then quoted, so that a
 * reader of either sees the same text and never an invalid byte. A cut falls between two escaped
 * characters, never inside one. */
#include "log/log_line.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    US_PER_S = 1000000,
    US_PER_MS = 1000,
    TIME_BYTES = 72,    /* an int for each field: more than a year before 10000 needs */
    TAIL_BYTES = 8 + 3, /* room kept for the cut mark and the closing of a JSON line */
};

_Static_assert(sizeof LOG_CUT_MARK - 1 <= 8, "the cut mark has its room");

static void format_time(char out[TIME_BYTES], int64_t wall_us)
{
    time_t s = (time_t)(wall_us / US_PER_S);
    int ms = (int)(wall_us % US_PER_S / US_PER_MS);
    struct tm tm;

    if (wall_us < 0 || !gmtime_r(&s, &tm)) {
        snprintf(out, TIME_BYTES, "1970-01-01T00:00:00.000Z");
        return;
    }
    snprintf(out, TIME_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
}

/* One byte of the message as it stands in the line. Returns: how many characters. */
static size_t escape_byte(char out[5], unsigned char c, bool json)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    if (c >= ' ' && c <= '~' && c != '\\') {
        if (json && c == '"')
            out[n++] = '\\';
        out[n++] = (char)c;
        return n;
    }
    out[n++] = '\\';
    if (json)
        out[n++] = '\\';
    if (c == '\\') {
        out[n++] = '\\';
        if (json)
            out[n++] = '\\';
        return n;
    }
    out[n++] = 'x';
    out[n++] = digits[c >> 4];
    out[n++] = digits[c & 15];
    return n;
}

static void append(struct log_line *line, const char *text, size_t len)
{
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

void log_line_build(struct log_line *line, const struct log_head *head, const char *msg,
                    size_t msg_len, bool cut)
{
    const bool json = head->format == LOG_FORMAT_JSON;
    const char *level = log_level_name(head->level);
    char when[TIME_BYTES], esc[5];
    int n;

    format_time(when, head->wall_us);
    /* The precision keeps a subsystem's name, which is a constant, from filling the line. */
    n = snprintf(line->text, sizeof line->text,
                 json ? "{\"ts\":\"%s\",\"level\":\"%s\",\"subsystem\":\"%.32s\",\"msg\":\""
                      : "%s %s %.32s: ",
                 when, level, head->subsystem);
    line->len = n > 0 ? (size_t)n : 0;
    for (size_t i = 0; i < msg_len; i++) {
        size_t len = escape_byte(esc, (unsigned char)msg[i], json);

        if (line->len + len > sizeof line->text - TAIL_BYTES) {
            cut = true;
            break;
        }
        append(line, esc, len);
    }
    if (cut)
        append(line, LOG_CUT_MARK, sizeof LOG_CUT_MARK - 1);
    if (json)
        append(line, "\"}", 2);
    append(line, "\n", 1);
}

size_t log_escape(char *out, size_t out_size, const char *in, size_t in_len)
{
    size_t len = 0;
    char esc[5];

    if (out_size == 0)
        return 0;
    for (size_t i = 0; i < in_len; i++) {
        size_t n = escape_byte(esc, (unsigned char)in[i], false);

        if (n >= out_size - len)
            break;
        memcpy(out + len, esc, n);
        len += n;
    }
    out[len] = '\0';
    return len;
}
