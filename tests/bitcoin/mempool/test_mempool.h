#ifndef TESTS_BITCOIN_MEMPOOL_TEST_MEMPOOL_H
#define TESTS_BITCOIN_MEMPOOL_TEST_MEMPOOL_H

#include "harness.h"

void add_body_tests(Suite *s);
void add_check_tests(Suite *s);
void add_filter_tests(Suite *s);
void add_match_tests(Suite *s);
void add_pool_tests(Suite *s);
void add_real_tests(Suite *s);
void add_script_tests(Suite *s);

#endif
