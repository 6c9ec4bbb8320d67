/* Bans: addresses and subnets that may neither connect nor be dialled until a time of the wall
 * clock, which is kept over restarts. An address is looked up in constant time, however many bans
 * there are.
 *
 * There are two lists in one. Automatic bans, for a score, give way to each other: when their list
 * is full the one that ends first goes. An operator's own bans are kept apart from them, so that no
 * flood of misbehaving peers displaces one, and never give way; a full list refuses the next.
 *
 * Ranges that are never banned (whitelists) are a struct subnet_list of the configuration; whoever
 * bans for a score asks subnet_list_contains first. An operator's own ban is entered in any case.
 *
 * Thread: any, for every call but those that say otherwise; one lock, held for one look-up, and for
 * as long as a copy or a sweep of the whole list takes. */
#ifndef DIAL_BANLIST_H
#define DIAL_BANLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/subnet.h"

#define BANLIST_CAPACITY     10000
#define BANLIST_CAPACITY_MAX 1000000

/* A ban without end ends here: the last second of the year 9999. */
#define BAN_UNTIL_MAX INT64_C(253402300799)

#define BAN_REASON_BYTES 48

struct ban {
    struct subnet net; /* no port; zeros behind the prefix */
    int64_t created_s; /* wall clock, seconds since 1970 */
    int64_t until_s;   /* the first second at which it no longer holds */
    bool manual;       /* the operator's own */
    char reason[BAN_REASON_BYTES];
};

struct banlist;

/* capacity, of each of the two: 1 to BANLIST_CAPACITY_MAX. Owns: the caller frees with
 * banlist_free. Returns: NULL when there is no memory. */
struct banlist *banlist_new(unsigned capacity);

/* Thread: the last one. Accepts NULL. */
void banlist_free(struct banlist *b);

/* The subnet that is this address alone. */
struct subnet ban_host(const struct net_addr *addr);

/* "1.2.3.4/32", "2001:db8::/32"; a Tor, I2P or CJDNS address alone, as in bitcoind's list.
 * Returns: out. */
#define BAN_TEXT_BYTES (NET_ADDR_TEXT_BYTES + 8)
const char *ban_format(char out[BAN_TEXT_BYTES], const struct subnet *net);

/* Ban from now until a time, which is cut to BAN_UNTIL_MAX; reason is a name of base/err.h or a
 * short text, and is cut; quotes, backslashes and what is not printable become '?'. A longer ban
 * takes the place of a shorter one of the same subnet. banlist_add enters an automatic ban, the
 * other an operator's.
 *
 * Returns: 0; PN_EINVAL when the subnet is none or has bits behind its prefix, or the time is not
 * in the future; PN_EEXIST when the same subnet is banned at least as long already; PN_ELIMIT when
 * the list is full: of automatic bans that all end later, or of the operator's. */
int banlist_add(struct banlist *b, const struct subnet *net, int64_t until_s, const char *reason);
int banlist_add_manual(struct banlist *b, const struct subnet *net, int64_t until_s,
                       const char *reason);

/* The same for a ban that is complete already, such as one from a file. An automatic ban that had
 * to give way is copied to *displaced, whose until_s is 0 when there was none; may be NULL. */
int banlist_enter(struct banlist *b, struct ban *displaced, const struct ban *ban);

/* Lift the ban of exactly this subnet. Returns: 0 or PN_ENOENT. */
int banlist_remove(struct banlist *b, const struct subnet *net);

void banlist_clear(struct banlist *b);

/* Whether a ban holds for the address now; the narrowest one is copied to *out unless that is NULL.
 * A ban ends at its time, swept or not. */
bool banlist_find(struct banlist *b, struct ban *out, const struct net_addr *addr);

/* Forget bans that have ended, each list's in the order of their ends, at most `max` of them, and
 * copy them to out, so that each can be noted; call again when it gives `max`. Returns: how many.
 */
size_t banlist_sweep(struct banlist *b, struct ban *out, size_t max);

/* Copy at most `max` bans, in no order. Returns: how many. */
size_t banlist_copy(struct banlist *b, struct ban *out, size_t max);

/* Bans in the list, ended or not. */
unsigned banlist_count(struct banlist *b);

/* Counts changes: what was saved at one value need not be saved again at the same. */
uint64_t banlist_version(struct banlist *b);

#endif
