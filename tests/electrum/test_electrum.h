/* The test cases of this folder, one suite each. */
#ifndef TESTS_ELECTRUM_TEST_ELECTRUM_H
#define TESTS_ELECTRUM_TEST_ELECTRUM_H

#include <check.h>

TCase *tcase_abuse(void);
TCase *tcase_check(void);
TCase *tcase_jsonrpc(void);
TCase *tcase_lines(void);
TCase *tcase_pace(void);
TCase *tcase_peers_table(void);
TCase *tcase_proof(void);
TCase *tcase_rate_limiter(void);
TCase *tcase_session(void);
TCase *tcase_session_cost(void);
TCase *tcase_version(void);

#endif
