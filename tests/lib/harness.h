/* What every unit-test program shares. */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

/* Run the suite and print Check's closing line. Returns: the exit status for main. */
int harness_run(Suite *suite);

/* A file below $P2PNODE_TEST_DATA, whole. Owns: the caller frees with free().
 * Returns: NULL, after saying which file is skipped and why, when the variable is unset or the
 * file is absent. */
uint8_t *harness_data(size_t *len, const char *name);

#endif
