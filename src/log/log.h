/* The log: levels, one line per call, text or JSON, to standard error or a file.
 *
 * Every line is escaped after formatting, so that text from a peer can neither break a line nor
 * drive a terminal. Each call site has a budget of bytes per hour, and all of them together have
 * one; what exceeds it is counted and reported in one line when the site is next used after its
 * hour. Writing allocates nothing, holds no lock that another call site needs while it is in
 * write(2), and makes one write(2) a line. Not for signal handlers. */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mutex.h"

/* X(identifier, "name") */
#define LOG_LEVEL_LIST(X)       \
    X(LOG_LEVEL_ERROR, "error") \
    X(LOG_LEVEL_WARN, "warn")   \
    X(LOG_LEVEL_INFO, "info")   \
    X(LOG_LEVEL_DEBUG, "debug") \
    X(LOG_LEVEL_TRACE, "trace")

enum log_level {
#define LOG_LEVEL_ENUM_(id, name) id,
    LOG_LEVEL_LIST(LOG_LEVEL_ENUM_)
#undef LOG_LEVEL_ENUM_
        LOG_LEVEL_COUNT
};

/* Of which debugging lines may be asked for alone: the names of subsystems, and all others.
 * X(name) */
#define LOG_CATEGORY_LIST(X) \
    X(addrbook)              \
    X(api)                   \
    X(app)                   \
    X(bitcoin)               \
    X(dial)                  \
    X(discovery)             \
    X(discv4)                \
    X(electrum)              \
    X(ethereum)              \
    X(nat)                   \
    X(peer)                  \
    X(sandbox)               \
    X(server)                \
    X(zmq)                   \
    X(other)

enum log_category {
#define LOG_CATEGORY_ENUM_(name) LOG_CATEGORY_##name,
    LOG_CATEGORY_LIST(LOG_CATEGORY_ENUM_)
#undef LOG_CATEGORY_ENUM_
        LOG_CATEGORY_COUNT
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* What may still be written in the current hour, and what was not. */
struct log_budget {
    struct mutex mu;
    uint64_t spent_bytes GUARDED_BY(mu);
    uint64_t suppressed GUARDED_BY(mu);     /* lines since the window began */
    int64_t window_start_us GUARDED_BY(mu); /* monotonic; 0 before first use */
};

/* One call of a log macro; static, zero-initialised but for its names. */
struct log_site {
    const char *subsystem;
    enum log_level level;
    struct log_budget budget;
};

#define LOG_AT_(lvl, subsys, ...)                                                        \
    do {                                                                                 \
        static struct log_site log_site_ = {                                             \
            .subsystem = (subsys), .level = (lvl), .budget = {.mu = MUTEX_INITIALIZER}}; \
        if (log_enabled(lvl, subsys))                                                    \
            log_write(&log_site_, __VA_ARGS__);                                          \
    } while (0)

/* log_info("peer", "id=%llu connected", id): subsystem, then a printf format without newline.
 * Thread: any. */
#define log_error(subsys, ...) LOG_AT_(LOG_LEVEL_ERROR, subsys, __VA_ARGS__)
#define log_warn(subsys, ...)  LOG_AT_(LOG_LEVEL_WARN, subsys, __VA_ARGS__)
#define log_info(subsys, ...)  LOG_AT_(LOG_LEVEL_INFO, subsys, __VA_ARGS__)
#define log_debug(subsys, ...) LOG_AT_(LOG_LEVEL_DEBUG, subsys, __VA_ARGS__)
#define log_trace(subsys, ...) LOG_AT_(LOG_LEVEL_TRACE, subsys, __VA_ARGS__)

/* Bytes one call site may write in an hour before its lines are only counted; lines at debug and
 * trace level have no budget, because someone asked for them. */
#define LOG_SITE_BUDGET_BYTES (1024 * 1024)

/* Bytes all call sites at warn and info level may write together in an hour: an hour that straddles
 * two windows costs at most twice this, whatever a hostile peer provokes. Errors have their own
 * site's budget only, so that noise cannot silence them. */
#define LOG_TOTAL_BUDGET_BYTES (20 * 1024 * 1024)

/* A line with its newline is never longer; what is cut ends in LOG_CUT_MARK. */
#define LOG_LINE_MAX_BYTES 2048
#define LOG_CUT_MARK       "[cut]"

/* Write one line; errno is left alone. Used through the macros above. Thread: any. */
bool log_enabled(enum log_level level, const char *subsystem);
void log_write(struct log_site *site, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Level and format may change while running. The level switches all categories: on from debug on,
 * else off. Thread: any. */
void log_set_level(enum log_level level);
void log_set_format(enum log_format format);

/* Debugging lines of one category, or of all for LOG_CATEGORY_COUNT; those at trace level come with
 * the level trace only. Thread: any. */
void log_set_category(enum log_category category, bool on);

/* Returns: the category of a subsystem, LOG_CATEGORY_other for one that has none of its own. */
enum log_category log_category_of(const char *subsystem);
const char *log_category_name(enum log_category category);

/* Append to `path` from now on (created 0600), or to standard error for NULL. On failure the old
 * destination stays. Thread: any; the swap is atomic, no line is lost or torn.
 * Returns: 0 or a pn_err. */
int log_open(const char *path);

/* Open the same path again, after a rotation moved the file away; nothing to do for standard error.
 * On failure the old file stays. Thread: any. Returns: 0 or a pn_err. */
int log_reopen(void);

/* From now on BUG() reports are lines at error level. Thread: before others start. */
void log_install_bug_handler(void);

/* Returns: 0 and the level, or PN_EINVAL for an unknown name. */
int log_level_parse(enum log_level *out, const char *name);
const char *log_level_name(enum log_level level);

/* Replace everything outside printable ASCII, and backslash, by \xNN or \\ into out, which is
 * always terminated and cut to out_size. Returns: length written without the terminator. */
size_t log_escape(char *out, size_t out_size, const char *in, size_t in_len);

/* Lines dropped by call-site budgets since the start, and lines the destination refused. */
uint64_t log_suppressed_count(void);
uint64_t log_failed_count(void);

#endif
