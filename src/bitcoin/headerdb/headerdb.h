/* The header chain on disk: a database with a row for every header, branches included, in the order
 * of their heights. Rows are only added, and taken away when the chain dropped branches; a header's
 * hash, work and place in the tree are found again by reading it.
 *
 * What is on disk is what the last headerdb_save wrote whole. A header that was lost or damaged
 * there is fetched from the network again, with all that follows it. That a header was marked
 * invalid is not kept: it is found out again. */
#ifndef BITCOIN_HEADERDB_HEADERDB_H
#define BITCOIN_HEADERDB_HEADERDB_H

#include <stdint.h>

#include "bitcoin/chain/chain.h"

struct headerdb;

/* Open or create the file for one network; one that is damaged or was written for another network
 * is set aside as PATH.damaged. Thread: the main thread. Owns: the caller closes.
 * Returns: 0 or a pn_err. */
int headerdb_open(struct headerdb **out, const char *path, const struct btc_params *params);

/* Thread: the owner. Accepts NULL. */
void headerdb_close(struct headerdb *db);

/* Put all stored headers into a chain that holds only its genesis. Each is hashed again and its
 * work checked, so that only what was once accepted, bit for bit, comes back. Rows that do not fit
 * are taken out of the file. Thread: the chain's owner, before others see it.
 * Returns: 0 and how many rows were damaged; PN_ENOMEM, another pn_err. What was loaded until an
 * error stays in the chain. */
int headerdb_load(struct headerdb *db, uint32_t *damaged, struct chain *chain);

/* Write what the chain has and the file has not, in one batch that happens whole or not at all, of
 * at most HEADERDB_BATCH headers. Thread: any, one at a time; the chain is read by way of its view.
 * Returns: how many headers were written, 0 when there is no more; PN_ENOSPC, another pn_err, and
 * then the file is as before. */
#define HEADERDB_BATCH 65536
int headerdb_save(struct headerdb *db, struct chain *chain);

/* Close and open the file again after an error that may be the database's own. What was saved is
 * not forgotten. Thread: as headerdb_save. Returns: 0 or a pn_err, and then headerdb_save fails. */
int headerdb_reopen(struct headerdb *db);

#endif
