/* The bans themselves: found by address in constant time, given up in the order in which they end.
 * Internal to dial/; banlist.c has the lock and the rules. All memory is taken by the constructor.
 *
 * Thread: whoever holds the ban list's lock. */
#ifndef DIAL_BAN_TABLE_H
#define DIAL_BAN_TABLE_H

#include "dial/banlist.h"

struct ban_table;

/* Owns: the caller frees with ban_table_free. Returns: NULL when there is no memory. */
struct ban_table *ban_table_new(unsigned capacity);
void ban_table_free(struct ban_table *t);

/* The ban of exactly this subnet, or NULL. It stays in its place until the next change. */
const struct ban *ban_table_exact(const struct ban_table *t, const struct subnet *net);

/* The narrowest ban that contains the address and ends after now_s, or NULL. One look-up for each
 * length of prefix that is in the table. */
const struct ban *ban_table_match(const struct ban_table *t, const struct net_addr *addr,
                                  int64_t now_s);

/* Enter a ban whose subnet is not in the table, which must not be full. Copied. */
void ban_table_insert(struct ban_table *t, const struct ban *ban);

/* Remove a ban that ban_table_exact or ban_table_first gave. */
void ban_table_remove(struct ban_table *t, const struct ban *ban);

/* The ban that ends first, or NULL. */
const struct ban *ban_table_first(const struct ban_table *t);

/* The i-th of ban_table_count bans, in no order. */
const struct ban *ban_table_at(const struct ban_table *t, unsigned i);
unsigned ban_table_count(const struct ban_table *t);
unsigned ban_table_capacity(const struct ban_table *t);

#endif
