/* What becomes of a file of our own that turns out to be damaged. */
#ifndef STORE_MOVE_ASIDE_H
#define STORE_MOVE_ASIDE_H

/* Rename `path` to PATH.bad-SECONDS (wall clock), so that the node can start with a fresh one and
 * its operator can look at the old; what was moved aside before goes. Logging is the caller's.
 * Thread: one at a time per path. Owns: the caller frees *aside, the new name, with mem_free; it is
 * NULL after a failure. Returns: 0, PN_ENOMEM, or what renaming gives. */
int file_move_aside(char **aside, const char *path);

#endif
