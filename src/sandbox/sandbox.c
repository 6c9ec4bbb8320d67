#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"

int sandbox_init(struct sandbox *s)
{
    *s = (struct sandbox){.ruleset_fd = -1, .landlock_abi = landlock_version()};
    if (s->landlock_abi == 0)
        return 0;
    s->ruleset_fd = landlock_make(s->landlock_abi);
    return s->ruleset_fd < 0 ? pn_err_from_errno(errno) : 0;
}

int sandbox_allow(struct sandbox *s, const char *path, unsigned access)
{
    int fd, rc;

    if (s->ruleset_fd < 0)
        return 0;
    fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return pn_err_from_errno(errno);
    rc = landlock_permit_path(s->ruleset_fd, s->landlock_abi, fd, access);
    rc = rc < 0 ? pn_err_from_errno(errno) : 0;
    close(fd);
    return rc;
}

/* The directory that the last part of the path stands in. */
static int allow_parent(struct sandbox *s, const char *path, unsigned access)
{
    const char *slash = strrchr(path, '/');
    char *parent;
    int rc;

    if (!slash)
        return sandbox_allow(s, ".", access);
    parent = mem_strdup(path);
    if (!parent)
        return PN_ENOMEM;
    parent[slash == path ? 1 : slash - path] = '\0';
    rc = sandbox_allow(s, parent, access);
    mem_free(parent);
    return rc;
}

int sandbox_allow_around(struct sandbox *s, const char *path, unsigned access)
{
    int rc = allow_parent(s, path, access);
    char *target = rc == 0 ? mem_alloc(PATH_MAX) : NULL;

    if (rc == 0 && !target)
        rc = PN_ENOMEM;
    if (target && realpath(path, target))
        rc = allow_parent(s, target, access);
    mem_free(target);
    return rc;
}

int sandbox_allow_port(struct sandbox *s, uint16_t port)
{
    if (s->ruleset_fd < 0)
        return 0;
    return landlock_permit_listen(s->ruleset_fd, s->landlock_abi, port) < 0
               ? pn_err_from_errno(errno)
               : 0;
}

int sandbox_enter(struct sandbox *s, struct sandbox_state *out)
{
    int rc = 0;

    *out = (struct sandbox_state){.no_new_privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0};
    if (!out->no_new_privileges)
        rc = PN_ESYS; /* the other two need it */
    if (rc == 0 && s->ruleset_fd >= 0)
        rc = landlock_enforce(s->ruleset_fd) < 0 ? PN_ESYS : 0;
    if (rc == 0)
        out->landlock_abi = s->landlock_abi;
    if (rc == 0)
        rc = filter_load(&out->seccomp_calls);
    sandbox_free(s);
    return rc;
}

void sandbox_free(struct sandbox *s)
{
    if (s->ruleset_fd >= 0)
        close(s->ruleset_fd);
    s->ruleset_fd = -1;
}
