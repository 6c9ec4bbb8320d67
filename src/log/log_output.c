/* The destination: a file descriptor that never changes its number once a file was opened.
 *
 * A writer takes no lock. Each line is one write(2) to a descriptor opened with O_APPEND, which the
 * kernel does not interleave with another; the same holds for a pipe, whose atomic size is above
 * LOG_LINE_MAX_BYTES. Opening and reopening put the new file under the old number with dup3(2),
 * which replaces it in one step: a line lands in the old file or in the new one, never in neither.
 */
#include "log/log_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "log/log.h"

_Static_assert(LOG_LINE_MAX_BYTES <= PIPE_BUF, "a line into a pipe is never torn");

/* Serialises log_open and log_reopen; no writer ever takes it. */
static struct mutex open_mu = MUTEX_INITIALIZER;
static char *open_path GUARDED_BY(open_mu); /* NULL: standard error */

static atomic_int output_fd = STDERR_FILENO;
static atomic_uint_fast64_t failed_lines;

uint64_t log_failed_count(void)
{
    return atomic_load_explicit(&failed_lines, memory_order_relaxed);
}

void log_output_write(const char *line, size_t len)
{
    int fd = atomic_load_explicit(&output_fd, memory_order_relaxed);
    ssize_t n;

    do
        n = write(fd, line, len);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)len)
        atomic_fetch_add_explicit(&failed_lines, 1, memory_order_relaxed);
}

/* Let output_fd mean what `fd` means. Takes `fd` unless it is standard error. */
static int put_in_place(int fd) REQUIRES(open_mu)
{
    int current = atomic_load(&output_fd);
    int err = 0;

    if (current == STDERR_FILENO) {
        atomic_store(&output_fd, fd);
        return 0;
    }
    if (dup3(fd, current, O_CLOEXEC) < 0)
        err = pn_err_from_errno(errno);
    if (fd != STDERR_FILENO)
        close(fd);
    return err;
}

static int open_and_place(const char *path) REQUIRES(open_mu)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);

    if (fd < 0)
        return pn_err_from_errno(errno);
    return put_in_place(fd);
}

int log_open(const char *path)
{
    char *copy = NULL;
    int err;

    if (path && !(copy = mem_strdup(path)))
        return PN_ENOMEM;
    mutex_lock(&open_mu);
    err = path ? open_and_place(path) : put_in_place(STDERR_FILENO);
    if (err == 0) {
        char *old = open_path;

        open_path = copy;
        copy = old;
    }
    mutex_unlock(&open_mu);
    mem_free(copy);
    return err;
}

int log_reopen(void)
{
    int err;

    mutex_lock(&open_mu);
    err = open_path ? open_and_place(open_path) : 0;
    mutex_unlock(&open_mu);
    return err;
}
