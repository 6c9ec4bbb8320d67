/* The system calls of Landlock, for which glibc has no names, and the parts of its interface that
 * are younger than the headers of Debian 12 (Linux Documentation/userspace-api/landlock.rst). */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include <stdint.h>

/* Returns: the version of the interface, or 0 without Landlock. */
unsigned landlock_version(void);

/* Everything that this version can restrict is forbidden, but for what rules permit. Returns: a
 * descriptor, or -1 with errno. */
int landlock_make(unsigned version);

/* What of sandbox_access this version can tell apart; what a file has no use for is left out.
 * Returns: 0, or -1 with errno. */
int landlock_permit_path(int ruleset_fd, unsigned version, int path_fd, unsigned access);
int landlock_permit_listen(int ruleset_fd, unsigned version, uint16_t port);

/* Returns: 0, or -1 with errno. */
int landlock_enforce(int ruleset_fd);

#endif
