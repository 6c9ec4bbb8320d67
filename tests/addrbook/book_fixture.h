/* What the tests of the address book share. */
#ifndef TESTS_BOOK_FIXTURE_H
#define TESTS_BOOK_FIXTURE_H

#include "addrbook/addrbook.h"

/* The wall clock's time at which the tests begin. */
#define FX_NOW_S INT64_C(1700000000)

#define FX_MINUTE_S 60
#define FX_HOUR_S   (60 * FX_MINUTE_S)
#define FX_DAY_S    (24 * FX_HOUR_S)

/* Clocks stand at FX_NOW_S, random numbers repeat. To be undone by fx_stop. */
void fx_start(void);
void fx_stop(void);

/* Both clocks go on. */
void fx_advance_s(int64_t seconds);

struct net_addr fx_addr(const char *text);

/* Port 8333 on the IPv4 address a.b.c.d. */
struct net_addr fx_v4(unsigned a, unsigned b, unsigned c, unsigned d);

/* The nth of many IPv4 addresses outside of all reserved ranges; 65,536 of them in a row share a
 * /16 when `first_octet` is the same and n does not reach 2^16. */
struct net_addr fx_nth(unsigned first_octet, uint32_t n);

/* Any of 2^32 addresses of a kind. */
struct net_addr fx_of_kind(enum net_kind kind, uint32_t n);

/* Add one address seen now. Returns: whether it entered a bucket. */
bool fx_add(struct addrbook *b, const struct net_addr *addr, const struct net_addr *source);

struct addrbook_record fx_record(struct addrbook *b, const struct net_addr *addr);

/* The book's accounts agree with each other: the assertions of CheckAddrman in addrman.cpp of the
 * reference implementation, and those of what it does not have. */
void fx_check(struct addrbook *b);

/* Two addresses of one group: the first is in tried, the second, in new, finds its place taken. */
void fx_collide(struct addrbook *b, struct net_addr *older, struct net_addr *newer);

#endif
