/* The order is what matters: the data reaches the disk before the name does, and the name before we
 * say that it is done. */
#include "store/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

enum { LINE_BYTES = 512 };

static const char tmp_suffix[] = ".tmp";

static char *tmp_name(const char *path)
{
    size_t len = strlen(path);
    char *tmp = mem_alloc(len + sizeof tmp_suffix);

    if (tmp) {
        memcpy(tmp, path, len);
        memcpy(tmp + len, tmp_suffix, sizeof tmp_suffix);
    }
    return tmp;
}

static void release(struct atomic_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    MEM_FREE(f->path);
    MEM_FREE(f->tmp);
    MEM_FREE(f->buf);
}

int atomic_file_open(struct atomic_file *f, const char *path)
{
    *f = (struct atomic_file){
        .fd = -1, .path = mem_strdup(path), .tmp = tmp_name(path), .buf = NULL};
    f->buf = mem_alloc(ATOMIC_FILE_BUFFER_BYTES);
    if (!f->path || !f->tmp || !f->buf) {
        release(f);
        return PN_ENOMEM;
    }
    unlink(f->tmp);
    f->fd = open(f->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f->fd < 0) {
        int rc = pn_err_from_errno(errno);

        release(f);
        return rc;
    }
    return 0;
}

static void write_out(struct atomic_file *f)
{
    size_t done = 0;

    while (!f->err && done < f->used) {
        ssize_t n = write(f->fd, f->buf + done, f->used - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            f->err = n < 0 ? pn_err_from_errno(errno) : PN_EIO;
        else
            done += (size_t)n;
    }
    f->used = 0;
}

int atomic_file_write(struct atomic_file *f, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (!f->err && len > 0) {
        size_t room = ATOMIC_FILE_BUFFER_BYTES - f->used;
        size_t n = len < room ? len : room;

        memcpy(f->buf + f->used, p, n);
        f->used += n;
        f->size += n;
        p += n;
        len -= n;
        if (f->used == ATOMIC_FILE_BUFFER_BYTES)
            write_out(f);
    }
    return f->err;
}

int atomic_file_printf(struct atomic_file *f, const char *fmt, ...)
{
    char line[LINE_BYTES];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof line) {
        if (!f->err)
            f->err = PN_ETOOLARGE;
        return f->err;
    }
    return atomic_file_write(f, line, (size_t)n);
}

int atomic_file_sync_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    char *dir = len > 0 ? mem_dup(path, len + 1) : mem_strdup(slash ? "/" : ".");
    int fd, rc = 0;

    if (!dir)
        return PN_ENOMEM;
    if (len > 0)
        dir[len] = '\0';
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mem_free(dir);
    if (fd < 0)
        return pn_err_from_errno(errno);
    if (fsync(fd) < 0)
        rc = pn_err_from_errno(errno);
    close(fd);
    return rc;
}

int atomic_file_commit(struct atomic_file *f)
{
    int rc;

    write_out(f);
    if (!f->err && fsync(f->fd) < 0)
        f->err = pn_err_from_errno(errno);
    if (!f->err) {
        rc = close(f->fd); /* a file system may report a full disk only here */
        f->fd = -1;
        if (rc < 0)
            f->err = pn_err_from_errno(errno);
    }
    if (!f->err && rename(f->tmp, f->path) < 0)
        f->err = pn_err_from_errno(errno);
    if (f->err) {
        rc = f->err;
        atomic_file_abort(f);
        return rc;
    }
    rc = atomic_file_sync_dir(f->path);
    release(f);
    return rc;
}

void atomic_file_abort(struct atomic_file *f)
{
    if (f->tmp)
        unlink(f->tmp);
    release(f);
}

int atomic_file_replace(const char *path, const void *data, size_t len)
{
    struct atomic_file f;
    int rc = atomic_file_open(&f, path);

    if (rc < 0)
        return rc;
    atomic_file_write(&f, data, len);
    return atomic_file_commit(&f);
}

void atomic_file_sweep(const char *path)
{
    char *tmp = tmp_name(path);

    if (tmp)
        unlink(tmp);
    mem_free(tmp);
}
