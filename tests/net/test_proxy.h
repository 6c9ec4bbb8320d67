/* The parts of the test program for targets, proxies and I2P. */
#ifndef TESTS_NET_TEST_PROXY_H
#define TESTS_NET_TEST_PROXY_H

#include <check.h>

#include "net/target.h"

TCase *target_cases(void);
TCase *route_cases(void);
TCase *socks5_cases(void);
TCase *sam_cases(void);
TCase *dial_path_cases(void);
TCase *dial_path_i2p_cases(void);

/* Examples of BIP155 (its test vectors, as text). */
#define SOME_ONION "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
#define SOME_I2P   "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p"

/* A target, or the end of the test. */
struct net_target target_of(const char *text);

#endif
