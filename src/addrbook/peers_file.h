/* peers.json: the book on disk, in btcd's format, so that either program continues with the other's
 * file. The format is described in peers_format.h. */
#ifndef ADDRBOOK_PEERS_FILE_H
#define ADDRBOOK_PEERS_FILE_H

#include <stddef.h>

#include "addrbook/addrbook.h"

/* A full book in the longest texts has less than 40 MiB. */
#define PEERS_FILE_MAX_BYTES (64 * 1024 * 1024)

/* Write the book whole, or leave the file as it was. Thread: one at a time per path.
 * Returns: 0 or a pn_err. */
int peers_file_save(struct addrbook *b, const char *path);

/* Fill an empty book, key included. A file that is damaged, or of a version not known, is moved
 * aside to PATH.bad-SECONDS (an older one of that name goes), logged, and the book stays empty.
 * Thread: before others use the book.
 * Returns: 0; PN_ENOENT when there is none; the reason why it was moved aside or not read. */
int peers_file_load(struct addrbook *b, const char *path);

#endif
