#ifndef TESTS_DIAL_TEST_DIAL_H
#define TESTS_DIAL_TEST_DIAL_H

#include "harness.h"

void add_dialer_tests(Suite *s);
void add_listener_tests(Suite *s);
void add_names_tests(Suite *s);
void add_outbound_tests(Suite *s);

#endif
