/* Loading options in a test: words and variables in, options and complaints out. */
#ifndef TESTS_APP_LOADING_H
#define TESTS_APP_LOADING_H

#include "app/options.h"

/* What the last loading gave; freed by the next one and by loading_end. */
extern struct options loaded;
extern struct option_report complaints;

/* The environment of the next loadings, NULL-terminated; at first only HOME=/users/tester. */
extern const char *const *loading_environment;

/* Load the words, in which "CONF" stands for --conf= and the file that loading_write_file wrote. */
#define LOAD(...) loading_run((const char *const[]){"p2pnode", __VA_ARGS__, NULL})
int loading_run(const char *const *words);

/* Loading works, or the test fails with the complaints. */
#define LOAD_GOOD(...) loading_good((const char *const[]){"p2pnode", __VA_ARGS__, NULL})
void loading_good(const char *const *words);

/* Loading fails with this status, and the complaints are exactly these sentences, one a line, in
 * which "FILE" stands for the file's name. */
#define LOAD_BAD(status, sentences, ...) \
    loading_bad(status, sentences, (const char *const[]){"p2pnode", __VA_ARGS__, NULL})
void loading_bad(int status, const char *sentences, const char *const *words);

/* Write the file that CONF names. */
void loading_write_file(const char *text);
void loading_write_bytes(const void *data, size_t len);

/* Fixtures: a folder of its own. */
void loading_begin(void);
void loading_end(void);

/* Items of a list, separated by blanks; valid until the next call. */
const char *loading_list(const struct option_list *list);

#endif
