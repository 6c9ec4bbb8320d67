#include "sandbox/landlock.h"

#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

/* Since which version of the interface there is what. */
enum { SINCE_REFER = 2, SINCE_TRUNCATE = 3, SINCE_NET = 4, SINCE_IOCTL = 5, SINCE_SCOPE = 6 };

#define FS_TRUNCATE  (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_TCP (1ULL << 0)
#define RULE_PORT    2
#define SCOPE_SIGNAL (1ULL << 1)

/* struct landlock_ruleset_attr as of version 6, struct landlock_net_port_attr. */
struct ruleset_attr {
    uint64_t fs, net, scoped;
};

struct port_attr {
    uint64_t allowed, port;
};

/* What of a file, rather than of a directory, can be permitted. */
#define OF_FILES                                                                                 \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
     FS_TRUNCATE | FS_IOCTL_DEV)

static uint64_t known_fs(unsigned version)
{
    uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* version 1 */

    if (version >= SINCE_REFER)
        rights |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= SINCE_TRUNCATE)
        rights |= FS_TRUNCATE;
    if (version >= SINCE_IOCTL)
        rights |= FS_IOCTL_DEV;
    return rights;
}

static uint64_t rights_of(unsigned access)
{
    uint64_t rights = 0;

    if (access & SANDBOX_READ)
        rights |= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    if (access & SANDBOX_WRITE)
        rights |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | FS_TRUNCATE |
                  LANDLOCK_ACCESS_FS_READ_DIR; /* to make a renamed file last, fsync(2) */
    if (access & SANDBOX_REMOVE)
        rights |= LANDLOCK_ACCESS_FS_REMOVE_FILE;
    if (access & SANDBOX_SOCKETS)
        rights |= LANDLOCK_ACCESS_FS_MAKE_SOCK;
    if (access & SANDBOX_FOLDERS)
        rights |= LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR;
    return rights;
}

unsigned landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version > 0 ? (unsigned)version : 0;
}

int landlock_make(unsigned version)
{
    const struct ruleset_attr attr = {
        .fs = known_fs(version),
        .net = version >= SINCE_NET ? NET_BIND_TCP : 0,
        .scoped = version >= SINCE_SCOPE ? SCOPE_SIGNAL : 0,
    };

    /* A kernel that does not know the last members takes them when they are zero. */
    return (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
}

int landlock_permit_path(int ruleset_fd, unsigned version, int path_fd, unsigned access)
{
    struct landlock_path_beneath_attr attr = {
        .allowed_access = rights_of(access) & known_fs(version),
        .parent_fd = path_fd,
    };
    struct stat st;

    if (fstat(path_fd, &st) < 0)
        return -1;
    if (!S_ISDIR(st.st_mode))
        attr.allowed_access &= OF_FILES;
    return (int)syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &attr, 0);
}

int landlock_permit_listen(int ruleset_fd, unsigned version, uint16_t port)
{
    const struct port_attr attr = {.allowed = NET_BIND_TCP, .port = port};

    if (version < SINCE_NET)
        return 0;
    return (int)syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PORT, &attr, 0);
}

int landlock_enforce(int ruleset_fd)
{
    return (int)syscall(SYS_landlock_restrict_self, ruleset_fd, 0);
}
