/* The table of servers on disk: one database, a row of JSON a server, written after every look at
 * one; and all of them as one JSON text. */
#ifndef ELECTRUM_PEERS_STORE_H
#define ELECTRUM_PEERS_STORE_H

#include "electrum/peers/table.h"

struct peers_store;

/* Open the file and put what is in it into the table; what is no longer valid there is left out.
 * Thread: the main thread. Returns: 0 or a pn_err. */
int peers_store_open(struct peers_store **out, struct peers_table *table, const char *path);
void peers_store_close(struct peers_store *s);

/* Write what has changed, synced. Thread: one. Returns: 0 or a pn_err; what could not be written is
 * written with the next change of that server. */
int peers_store_save(struct peers_store *s, struct peers_table *table);

/* The row of one server, and back. */
void peers_put_entry(struct buf *out, const struct peers_entry *e);
int peers_read_entry(struct peers_entry *out, const char *json, size_t len);

/* All servers with their status. */
int peers_put_dump(struct buf *out, struct peers_table *table);

#endif
