/* anchors.json: the block-relay-only peers, to be dialled before any others after a restart, so
 * that who fills our tables cannot choose all our peers. Source: net.cpp (anchors.dat) of the
 * reference implementation, pull request 17428. */
#ifndef ADDRBOOK_ANCHORS_H
#define ADDRBOOK_ANCHORS_H

#include <stddef.h>

#include "net/addr.h"

#define ANCHORS_MAX 2

/* Write the anchors (at most ANCHORS_MAX) whole, or leave the file as it was.
 * Returns: 0 or a pn_err. */
int anchors_save(const char *path, const struct net_addr *anchors, size_t n);

/* Read the anchors and delete the file: should one of them be what makes us fail, then only once.
 * A damaged file is deleted too, and logged.
 * Returns: how many are in out; 0 as well when there is no file or it is damaged. */
size_t anchors_take(struct net_addr out[ANCHORS_MAX], const char *path);

#endif
