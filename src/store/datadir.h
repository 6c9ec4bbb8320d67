/* The data directory: made when missing, locked while the process lives. */
#ifndef STORE_DATADIR_H
#define STORE_DATADIR_H

struct datadir {
    int lock_fd; /* -1: not open */
};

/* Create the directory and its parents (0700) where missing and lock it for this process.
 * Thread: the main thread. Returns: 0; PN_EBUSY when another process has it; another pn_err. */
int datadir_open(struct datadir *d, const char *path);

/* Unlock. Accepts one that is not open. */
void datadir_close(struct datadir *d);

/* Write this process's id and a newline to a file, replacing it whole. Returns: 0 or a pn_err. */
int pidfile_write(const char *path);

#endif
