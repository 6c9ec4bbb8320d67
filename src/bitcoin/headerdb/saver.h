/* The thread that keeps the header chain on disk. It reads the chain by way of its view, so the
 * manager never waits for a disk; what is not written yet is the part of the chain that a crash
 * loses, at most HEADER_SAVER_PAUSE_MS of it while the disk keeps up.
 *
 * A disk that is full or fails costs nothing but that: the chain goes on in memory, it is said
 * once, and what has come meanwhile is written when there is room. */
#ifndef BITCOIN_HEADERDB_SAVER_H
#define BITCOIN_HEADERDB_SAVER_H

#include "bitcoin/headerdb/headerdb.h"

#define HEADER_SAVER_PAUSE_MS 200  /* between two batches: each costs a sync of the disk */
#define HEADER_SAVER_RETRY_MS 5000 /* after one that failed */

struct header_saver;

/* Start the thread (ROLE_STORE). `network` is a metric label and lives as long as the process.
 * Thread: the owner. Owns: takes db on success; chain is borrowed until header_saver_stop.
 * Returns: 0, PN_ENOMEM, PN_EAGAIN. */
int header_saver_start(struct header_saver **out, struct headerdb *db, struct chain *chain,
                       const char *network);

/* The chain has new headers. Thread: any; never blocks. */
void header_saver_wake(struct header_saver *s);

/* Write what is left, end the thread, close the file. Thread: the owner. Accepts NULL. */
void header_saver_stop(struct header_saver *s);

#endif
