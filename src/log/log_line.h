/* One line of the log as bytes. Internal to log/. */
#ifndef LOG_LOG_LINE_H
#define LOG_LOG_LINE_H

#include "log/log.h"

struct log_line {
    size_t len;
    char text[LOG_LINE_MAX_BYTES];
};

/* What goes into a line besides its message; `wall_us` as clock_wall_us gives it. */
struct log_head {
    enum log_format format;
    enum log_level level;
    const char *subsystem;
    int64_t wall_us;
};

/* Build the line, newline included, from an unescaped message; `cut` says that the message had to
 * be shortened before. Pure. */
void log_line_build(struct log_line *line, const struct log_head *head, const char *msg,
                    size_t msg_len, bool cut);

#endif
