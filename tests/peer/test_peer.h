#ifndef TESTS_PEER_TEST_PEER_H
#define TESTS_PEER_TEST_PEER_H

#include "harness.h"

void add_known_tests(Suite *s);
void add_life_tests(Suite *s);
void add_handler_tests(Suite *s);
void add_farewell_tests(Suite *s);
void add_at_once_tests(Suite *s);

#endif
