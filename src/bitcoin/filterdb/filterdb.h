/* Block filters on disk, in two tables by height:
 *
 *   built   the basic filters that this node has made itself, with their headers, from the genesis
 * block on without a gap. To make one, the scripts that a block spends must be known, so the
 *           unspent outputs of that chain are kept beside them, and for the last FILTERDB_UNDO
 * blocks what it takes to go back. told    hashes and headers of filters as several peers have told
 * them and agreed.
 *
 * One thread changes it, in batches that happen whole or not at all; any thread may read what was
 * committed. */
#ifndef BITCOIN_FILTERDB_FILTERDB_H
#define BITCOIN_FILTERDB_FILTERDB_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "bitcoin/chain/params.h"
#include "bitcoin/wire/block.h"

#define FILTERDB_UNDO 288 /* blocks that filterdb_disconnect can take back */

struct filterdb;

enum filterdb_kind { FILTERDB_BUILT, FILTERDB_TOLD, FILTERDB_KINDS };

struct filter_row {
    uint32_t height;
    uint8_t block[BTC_HASH_BYTES];
    uint8_t filter_hash[BTC_HASH_BYTES];
    uint8_t header[BTC_HASH_BYTES];
};

/* Open or create the file for one network; one that is damaged or another network's is set aside.
 * `readers` may read at one time. Thread: the main thread. Owns: the caller closes. Returns: 0 or a
 * pn_err. */
int filterdb_open(struct filterdb **out, const char *path, const struct btc_params *params,
                  unsigned readers);

/* Gives up a batch that is open. Thread: the owner. Accepts NULL. */
void filterdb_close(struct filterdb *db);

/* --- What was committed. Thread: any. --- */

/* The highest row. Returns: 0, PN_ENOENT when there is none, another pn_err. */
int filterdb_tip(struct filterdb *db, enum filterdb_kind kind, struct filter_row *out);

/* The row of a height, and with it the filter, appended to `filter` unless NULL (rows that were
 * told have none). Returns: 0, PN_ENOENT, another pn_err. */
int filterdb_row(struct filterdb *db, enum filterdb_kind kind, struct filter_row *out,
                 struct buf *filter, uint32_t height);

/* Rows of one moment, from height `first` on in steps of `step`. Returns: how many there were, at
 * most n, up to the first that is missing; or a pn_err. */
int filterdb_rows(struct filterdb *db, enum filterdb_kind kind, struct filter_row *out,
                  uint32_t first, uint32_t step, int n);

/* --- Changes. Thread: one. After an error but PN_ENOENT the batch can only be given up. --- */

/* Begin a batch, unless one is open. Returns: 0 or a pn_err. */
int filterdb_begin(struct filterdb *db);
int filterdb_commit(struct filterdb *db);
void filterdb_give_up(struct filterdb *db); /* also when none is open */

/* In the batch: the highest row, as filterdb_tip. */
int filterdb_batch_tip(struct filterdb *db, enum filterdb_kind kind, struct filter_row *out);

/* In the batch: put a row on top of the others, whose header is made of the one below. `filter` may
 * be empty. */
int filterdb_push(struct filterdb *db, enum filterdb_kind kind, const uint8_t block[BTC_HASH_BYTES],
                  const uint8_t filter_hash[BTC_HASH_BYTES], struct bytes filter);

/* In the batch: take the highest row away. Returns: 0, PN_ENOENT, another pn_err. */
int filterdb_pop(struct filterdb *db, enum filterdb_kind kind);

/* In the batch: build the filter of the next block (of height 0, when there is none yet), whose
 * hash is given. Returns: 0; PN_ENOENT when it spends an output that is not known, and then nothing
 * has changed; another pn_err. */
int filterdb_connect(struct filterdb *db, const uint8_t hash[BTC_HASH_BYTES],
                     const struct btc_block *block);

/* In the batch: take the last block back. Returns: 0; PN_ENOENT when that is not possible, and then
 * nothing has changed; another pn_err. */
int filterdb_disconnect(struct filterdb *db);

/* In the batch: forget all that was built. */
int filterdb_clear_built(struct filterdb *db);

/* The filter of a block that stands on the last one, whatever becomes of it: appended to `filter`.
 * Nothing is kept. Thread: as for changes. Returns: as filterdb_connect. */
int filterdb_build(struct filterdb *db, struct buf *filter, const uint8_t hash[BTC_HASH_BYTES],
                   const struct btc_block *block);

#endif
