/* Header files of real chains below $P2PNODE_TEST_DATA. */
#ifndef TESTS_BITCOIN_CHAIN_DATAFILE_H
#define TESTS_BITCOIN_CHAIN_DATAFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "bitcoin/wire/header.h"

struct datafile {
    struct btc_header *headers;
    size_t count;
};

/* A file of 80-byte headers. Owns: the caller calls datafile_free.
 * Returns: false, having said why it is skipped, when the file is absent. */
bool datafile_load(struct datafile *out, const char *name);

/* The headers in text, that is, in every run of 160 hexadecimal digits, in order. */
void datafile_scan(struct datafile *out, const char *text);

void datafile_free(struct datafile *file);

#endif
