/* One line of a SAM reply: two words, then KEY=VALUE pairs. Pure; used by sam.c. */
#ifndef NET_SAM_REPLY_H
#define NET_SAM_REPLY_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the line (no newline) has only printable ASCII and starts with these two words, which are
 * joined by one space. Thread: any. */
bool sam_reply_is(const char *line, const char *words);

/* The value of a key: what stands up to the next space or, in double quotes, up to the closing one.
 * An empty value is a value. Thread: any.
 * Returns: where it starts in the line, and its length; NULL when there is no such key. */
const char *sam_reply_value(size_t *len, const char *line, const char *key);

/* What the reply says of the outcome. Thread: any. Returns: 0 for RESULT=OK; else a negative pn_err
 * by the result's name; PN_EPROXY_PROTO without one. */
int sam_reply_result(const char *line);

#endif
