/* Files that are replaced whole: written beside the old one, synced, renamed over it. Whatever goes
 * wrong at whatever moment, the old file or the new one is there, never part of one. */
#ifndef STORE_ATOMIC_FILE_H
#define STORE_ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATOMIC_FILE_BUFFER_BYTES (64 * 1024)

struct atomic_file {
    int fd;       /* -1: not open */
    int err;      /* the first failure sticks; later writes do nothing */
    char *path;   /* what is to be replaced */
    char *tmp;    /* path + ".tmp": only the owner of the data directory writes there */
    uint8_t *buf; /* ATOMIC_FILE_BUFFER_BYTES */
    size_t used;
    uint64_t size; /* bytes written so far, those in buf included */
};

/* Start a new version of `path`, readable by the owner alone (0600). What a killed process left
 * beside it goes. Thread: one writer per path. Returns: 0 or a pn_err, and then there is nothing to
 * commit or abort. */
int atomic_file_open(struct atomic_file *f, const char *path);

/* Append. Returns: 0 or the sticky error. */
int atomic_file_write(struct atomic_file *f, const void *data, size_t len);
int atomic_file_printf(struct atomic_file *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Write out what is buffered, sync, rename, sync the directory; or after any failure abort. Either
 * way the struct is done with. Returns: 0 or the first error; after one of the last step alone the
 * new file is in place, though perhaps not for long. */
int atomic_file_commit(struct atomic_file *f);

/* Leave the old file as it is. Accepts one that is not open. */
void atomic_file_abort(struct atomic_file *f);

/* All of the above for a small file. */
int atomic_file_replace(const char *path, const void *data, size_t len);

/* Remove what a killed process left beside `path`; nothing to do otherwise. */
void atomic_file_sweep(const char *path);

/* Make a rename or removal in the directory of `path` last. Returns: 0 or a pn_err. */
int atomic_file_sync_dir(const char *path);

#endif
