#ifndef TESTS_TEST_DISCOVERY_H
#define TESTS_TEST_DISCOVERY_H

#include <check.h>

void add_tor_lookup_tests(Suite *s);

#endif
