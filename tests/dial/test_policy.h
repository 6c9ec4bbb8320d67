#ifndef TESTS_DIAL_TEST_POLICY_H
#define TESTS_DIAL_TEST_POLICY_H

#include "harness.h"
#include "net/subnet.h"

void add_score_tests(Suite *s);
void add_discourage_tests(Suite *s);
void add_evict_tests(Suite *s);
void add_evict_attack_tests(Suite *s);
void add_banlist_tests(Suite *s);
void add_banlist_file_tests(Suite *s);
void add_gate_tests(Suite *s);

/* From text; a text that is none ends the test. */
struct net_addr addr_of(const char *text);
struct subnet subnet_of(const char *text);

#endif
