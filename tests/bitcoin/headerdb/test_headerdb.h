/* What the test program consists of besides its main file. */
#ifndef TESTS_BITCOIN_HEADERDB_TEST_HEADERDB_H
#define TESTS_BITCOIN_HEADERDB_TEST_HEADERDB_H

#include <check.h>

TCase *tcase_saver(void);

#endif
