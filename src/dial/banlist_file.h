/* banlist.json: the bans on disk, in bitcoind's format (addrdb.cpp, net_types.cpp), so that either
 * program continues with the other's file. An entry has two fields more, ban_reason and manual,
 * which bitcoind passes over. */
#ifndef DIAL_BANLIST_FILE_H
#define DIAL_BANLIST_FILE_H

#include "dial/banlist.h"

#define BANLIST_FILE_MAX_BYTES (16 * 1024 * 1024)

/* Write the list whole, without the bans that have ended, or leave the file as it was. The list's
 * lock is not held while writing. Thread: one at a time per path. Returns: 0 or a pn_err. */
int banlist_save(struct banlist *b, const char *path);

/* Add the bans of a file to the list. Entries that have ended, that do not fit, or whose version or
 * address is not understood, are left out, and their number is logged. A file that is damaged is
 * moved aside to PATH.bad-SECONDS, logged, and nothing of it enters the list.
 * Thread: one at a time per path.
 * Returns: 0; PN_ENOENT when there is none; the reason why it was moved aside or not read. */
int banlist_load(struct banlist *b, const char *path);

#endif
