#ifndef TESTS_BITCOIN_TXRELAY_TEST_TXRELAY_H
#define TESTS_BITCOIN_TXRELAY_TEST_TXRELAY_H

#include "harness.h"

void add_orphan_tests(Suite *s);
void add_outbox_tests(Suite *s);
void add_own_tests(Suite *s);
void add_relay_tests(Suite *s);
void add_request_tests(Suite *s);

#endif
