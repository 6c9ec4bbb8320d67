/* The log's front: levels, budgets, and the path of a line.
 *
 * A call goes: level check in the macro → the line is built on the caller's stack → the site's
 * budget and then the total one admit or count it, by its length on disk, because a hostile text
 * grows when it is escaped → write(2). The two budget locks are held for a few instructions, one
 * after the other, never while formatting or writing. */
#include "log/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "log/log_line.h"
#include "log/log_output.h"

#define WINDOW_US INT64_C(3600000000)

/* A message longer than this before escaping is cut. With the line it stays below the limit of a
 * stack frame. */
enum { MESSAGE_BYTES = 1400 };

static const char *const level_names[] = {
#define LOG_LEVEL_NAME_(id, name) [id] = name,
    LOG_LEVEL_LIST(LOG_LEVEL_NAME_)
#undef LOG_LEVEL_NAME_
};

static const char *const category_names[] = {
#define LOG_CATEGORY_NAME_(name) #name,
    LOG_CATEGORY_LIST(LOG_CATEGORY_NAME_)
#undef LOG_CATEGORY_NAME_
};

#define ALL_CATEGORIES ((1U << LOG_CATEGORY_COUNT) - 1)

static atomic_int current_level = LOG_LEVEL_INFO;
static atomic_uint categories_on; /* a bit for each whose debugging lines are written */
static atomic_int current_format = LOG_FORMAT_TEXT;
static atomic_uint_fast64_t suppressed_lines;
static struct log_budget total_budget = {.mu = MUTEX_INITIALIZER};

static int level_now(void)
{
    return atomic_load_explicit(&current_level, memory_order_relaxed);
}

static bool category_is_on(const char *subsystem)
{
    unsigned on = atomic_load_explicit(&categories_on, memory_order_relaxed);

    return on == ALL_CATEGORIES || (on && on >> log_category_of(subsystem) & 1);
}

bool log_enabled(enum log_level level, const char *subsystem)
{
    if (level <= LOG_LEVEL_INFO)
        return (int)level <= level_now();
    return category_is_on(subsystem) &&
           (level == LOG_LEVEL_DEBUG || level_now() == LOG_LEVEL_TRACE);
}

void log_set_level(enum log_level level)
{
    atomic_store(&current_level, (int)level);
    log_set_category(LOG_CATEGORY_COUNT, level >= LOG_LEVEL_DEBUG);
}

void log_set_category(enum log_category category, bool on)
{
    unsigned bits = category < LOG_CATEGORY_COUNT ? 1U << category : ALL_CATEGORIES;

    if (on)
        atomic_fetch_or(&categories_on, bits);
    else
        atomic_fetch_and(&categories_on, ~bits);
}

enum log_category log_category_of(const char *subsystem)
{
    for (unsigned i = 0; i < LOG_CATEGORY_other; i++)
        if (strcmp(category_names[i], subsystem) == 0)
            return (enum log_category)i;
    return LOG_CATEGORY_other;
}

const char *log_category_name(enum log_category category)
{
    return (unsigned)category < LOG_CATEGORY_COUNT ? category_names[category] : "unknown";
}

void log_set_format(enum log_format format)
{
    atomic_store(&current_format, (int)format);
}

uint64_t log_suppressed_count(void)
{
    return atomic_load_explicit(&suppressed_lines, memory_order_relaxed);
}

int log_level_parse(enum log_level *out, const char *name)
{
    for (unsigned i = 0; i < LOG_LEVEL_COUNT; i++)
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    return PN_EINVAL;
}

const char *log_level_name(enum log_level level)
{
    return (unsigned)level < LOG_LEVEL_COUNT ? level_names[level] : "unknown";
}

static void build(struct log_line *line, const struct log_site *site, const char *msg, size_t len,
                  bool cut)
{
    const struct log_head head = {
        .format = (enum log_format)atomic_load_explicit(&current_format, memory_order_relaxed),
        .level = site->level,
        .subsystem = site->subsystem,
        .wall_us = clock_wall_us(),
    };

    log_line_build(line, &head, msg, len, cut);
}

/* What a budget says about one more line. */
struct verdict {
    bool admitted;
    bool first_refused; /* this is the first line of its window that is not written */
    uint64_t missed;    /* lines not written in a window that has just ended */
};

static struct verdict budget_spend(struct log_budget *b, size_t bytes, uint64_t limit_bytes)
{
    struct verdict v = {.admitted = true};
    int64_t now_us = clock_mono_us();

    mutex_lock(&b->mu);
    if (b->window_start_us == 0 || now_us - b->window_start_us >= WINDOW_US) {
        v.missed = b->suppressed;
        b->window_start_us = now_us;
        b->spent_bytes = 0;
        b->suppressed = 0;
    }
    if (b->spent_bytes + bytes > limit_bytes) {
        v.admitted = false;
        v.first_refused = b->suppressed++ == 0;
    } else {
        b->spent_bytes += bytes;
    }
    mutex_unlock(&b->mu);
    return v;
}

/* Note a line that another budget refused. Returns: whether it is the window's first. */
static bool budget_count_refused(struct log_budget *b)
{
    bool first;

    mutex_lock(&b->mu);
    first = b->suppressed++ == 0;
    mutex_unlock(&b->mu);
    return first;
}

/* A line about lines that were not written. Kept out of line: with its own buffer it would make
 * log_write's frame too large. */
__attribute__((noinline)) static void report(const struct log_site *site, uint64_t missed)
{
    struct log_line line;
    char text[96];
    int n;

    if (missed > 0)
        n = snprintf(text, sizeof text, "%" PRIu64 " lines suppressed from this place", missed);
    else
        n = snprintf(text, sizeof text, "suppressing further lines from this place for an hour");
    build(&line, site, text, (size_t)n, false);
    log_output_write(line.text, line.len);
}

/* Charge one line to the site and to the total. Returns: whether it may be written. */
static bool admit(struct log_site *site, size_t bytes)
{
    struct verdict v;

    if (site->level >= LOG_LEVEL_DEBUG)
        return true;
    v = budget_spend(&site->budget, bytes, LOG_SITE_BUDGET_BYTES);
    if (v.missed > 0)
        report(site, v.missed);
    if (v.admitted && site->level != LOG_LEVEL_ERROR) {
        v.admitted = budget_spend(&total_budget, bytes, LOG_TOTAL_BUDGET_BYTES).admitted;
        if (!v.admitted)
            v.first_refused = budget_count_refused(&site->budget);
    }
    if (v.first_refused)
        report(site, 0);
    if (!v.admitted)
        atomic_fetch_add_explicit(&suppressed_lines, 1, memory_order_relaxed);
    return v.admitted;
}

void log_write(struct log_site *site, const char *fmt, ...)
{
    const int saved_errno = errno;
    char msg[MESSAGE_BYTES];
    struct log_line line;
    size_t len = 0;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    if (n > 0)
        len = (size_t)n < sizeof msg ? (size_t)n : sizeof msg - 1;
    build(&line, site, msg, len, n >= (int)sizeof msg);
    if (admit(site, line.len))
        log_output_write(line.text, line.len);
    errno = saved_errno;
}

static void bug_to_log(const char *cond, const char *file, int line)
{
    log_error("bug", "broken invariant: %s at %s:%d", cond, file, line);
}

void log_install_bug_handler(void)
{
    bug_set_handler(bug_to_log);
}
