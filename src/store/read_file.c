#include "store/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

static int read_all(int fd, uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pn_err_from_errno(errno);
        if (n == 0)
            return PN_ETRUNCATED; /* someone shortens it under our hands */
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int read_fd(uint8_t **out, size_t *len, int fd, size_t max)
{
    struct stat st;
    int rc;

    if (fstat(fd, &st) < 0)
        return pn_err_from_errno(errno);
    if (!S_ISREG(st.st_mode))
        return PN_EINVAL;
    if ((uint64_t)st.st_size > max)
        return PN_ETOOLARGE;
    *len = (size_t)st.st_size;
    *out = mem_alloc(*len);
    if (!*out)
        return PN_ENOMEM;
    rc = read_all(fd, *out, *len);
    if (rc < 0)
        MEM_FREE(*out);
    return rc;
}

int read_file(uint8_t **out, size_t *len, const char *path, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc;

    *out = NULL;
    *len = 0;
    if (fd < 0)
        return pn_err_from_errno(errno);
    rc = read_fd(out, len, fd, max);
    close(fd);
    return rc;
}
