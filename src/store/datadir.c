#include "store/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/* Like mkdir -p. `path` is written to on the way and is as before afterwards. */
static int make_dirs(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        int rc;

        *slash = '\0';
        rc = mkdir(path, 0700);
        *slash = '/';
        if (rc < 0 && errno != EEXIST)
            return pn_err_from_errno(errno);
    }
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return pn_err_from_errno(errno);
    return 0;
}

static int lock(struct datadir *d, const char *path)
{
    int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (dir_fd < 0)
        return pn_err_from_errno(errno);
    d->lock_fd = openat(dir_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (d->lock_fd < 0)
        rc = pn_err_from_errno(errno);
    else if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0)
        rc = errno == EWOULDBLOCK ? PN_EBUSY : pn_err_from_errno(errno);
    close(dir_fd);
    if (rc < 0)
        datadir_close(d);
    return rc;
}

int datadir_open(struct datadir *d, const char *path)
{
    char *copy = mem_strdup(path);
    int rc;

    d->lock_fd = -1;
    if (!copy)
        return PN_ENOMEM;
    rc = make_dirs(copy);
    mem_free(copy);
    return rc == 0 ? lock(d, path) : rc;
}

void datadir_close(struct datadir *d)
{
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    d->lock_fd = -1;
}

int pidfile_write(const char *path)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int rc = 0;

    if (fd < 0)
        return pn_err_from_errno(errno);
    if (write(fd, text, (size_t)len) != len)
        rc = PN_EIO;
    if (close(fd) < 0)
        rc = PN_EIO;
    return rc;
}
