/* What a process gives up once it has started, so that whoever takes it over has little to work
 * with:
 *
 *   no new privileges   it cannot become another user by executing a file (prctl(2))
 *   Landlock            files outside of what was named, listening on other TCP ports, signals to
 *                       other processes: EACCES, or EPERM (landlock(7), as far as the kernel has
 * it) seccomp             calls that the program does not make: EPERM, and a record in the kernel's
 *                       audit log; executing a program, tracing, and the like: the process is
 * killed
 *
 * It holds for the calling thread and those that it starts, and can only become narrower.
 *
 * Thread: the main thread, while there is no other. */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/* What may be done with a file, or with what is below a directory. Bits. */
enum sandbox_access {
    SANDBOX_READ = 1,    /* open for reading, list */
    SANDBOX_WRITE = 2,   /* open for writing, create files, list */
    SANDBOX_REMOVE = 4,  /* remove files */
    SANDBOX_FOLDERS = 8, /* create and remove directories */
    SANDBOX_SOCKETS = 16 /* bind local sockets */
};

struct sandbox {
    int ruleset_fd;        /* -1: the kernel has no Landlock */
    unsigned landlock_abi; /* 0: likewise */
};

/* What is in force. */
struct sandbox_state {
    bool no_new_privileges;
    unsigned landlock_abi;  /* 0: not this */
    unsigned seccomp_calls; /* how many system calls are let through; 0: not this */
};

/* Begin with nothing permitted. Returns: 0 or a pn_err; a kernel without Landlock is none. */
int sandbox_init(struct sandbox *s);

/* Permit `access` (sandbox_access) to a file, or to all that is below a directory: to what the path
 * leads to now. Returns: 0, PN_ENOENT when it leads nowhere, or another pn_err. */
int sandbox_allow(struct sandbox *s, const char *path, unsigned access);

/* The same for the directory that the path's last part stands in, so that the file may be replaced,
 * and for the one that it leads to through links, if it does. Returns: as above. */
int sandbox_allow_around(struct sandbox *s, const char *path, unsigned access);

/* Permit to listen on this TCP port; 0: on one that the system chooses. */
int sandbox_allow_port(struct sandbox *s, uint16_t port);

/* Put it in force, as far as kernel and build have it; *out tells. Ends `s`. Returns: 0; PN_ESYS
 * when what is there cannot be put in force. */
int sandbox_enter(struct sandbox *s, struct sandbox_state *out);

/* Undo sandbox_init without sandbox_enter. */
void sandbox_free(struct sandbox *s);

#endif
