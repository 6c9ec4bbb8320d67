#ifndef TESTS_BITCOIN_TEST_BITCOIN_H
#define TESTS_BITCOIN_TEST_BITCOIN_H

#include "harness.h"

void add_handshake_tests(Suite *s);
void add_sync_tests(Suite *s);
void add_leads_tests(Suite *s);
void add_transaction_tests(Suite *s);
void add_follow_tests(Suite *s);
void add_loan_tests(Suite *s);
void add_parts_tests(Suite *s);
void add_gossip_tests(Suite *s);
void add_real_block_tests(Suite *s);
void add_watch_tests(Suite *s);

#endif
