/* Reading a whole file of bounded size. */
#ifndef STORE_READ_FILE_H
#define STORE_READ_FILE_H

#include <stddef.h>
#include <stdint.h>

/* The contents of a regular file. Thread: any. Owns: the caller frees *out with mem_free.
 * Returns: 0; PN_ENOENT; PN_ETOOLARGE above max; PN_EINVAL for what is no regular file; PN_ENOMEM;
 * what opening and reading give. */
int read_file(uint8_t **out, size_t *len, const char *path, size_t max);

#endif
