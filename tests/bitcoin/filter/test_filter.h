#ifndef TESTS_BITCOIN_FILTER_TEST_FILTER_H
#define TESTS_BITCOIN_FILTER_TEST_FILTER_H

#include <check.h>

TCase *gcs_case(void);
TCase *basic_case(void);

#endif
