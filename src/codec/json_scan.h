/* Reading JSON (RFC 8259) from memory without building a tree: for the program's own large files.
 * The caller knows the shape and pulls one value after another; the first failure sticks, and after
 * it objects and arrays are empty and numbers zero, so that one checks once. Strict: no trailing
 * commas, no comments, no repeated top values. Pure; no I/O.
 *
 *     json_object(&s);
 *     while (json_next_key(&s, &key))
 *         if (json_key_is(key, "Version"))
 *             version = json_int(&s);
 *         else
 *             json_skip(&s);
 *     return json_finish(&s);
 */
#ifndef CODEC_JSON_SCAN_H
#define CODEC_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define JSON_MAX_DEPTH 32 /* of what json_skip passes over */

struct json_scan {
    const char *start, *pos, *end;
    int err;       /* 0, PN_EFORMAT, PN_ETRUNCATED, or what the caller gave to json_fail */
    size_t err_at; /* the byte at which it was noticed */
    bool first;    /* nothing of the innermost object or array has been read yet */
};

/* Borrows the text. Thread: its owner's. */
struct json_scan json_scan_of(const void *text, size_t len);

/* Record the first failure, at which reading ends. Returns: the sticky error. */
int json_fail(struct json_scan *s, int err);

/* Enter an object; then, for each member, its key (as written, a borrowed slice), after which the
 * value must be read or skipped. Returns: false behind the last. */
void json_object(struct json_scan *s);
bool json_next_key(struct json_scan *s, struct bytes *key);
bool json_key_is(struct bytes key, const char *name);

/* Enter an array; then before each element. Returns: false behind the last. */
void json_array(struct json_scan *s);
bool json_next(struct json_scan *s);

/* A whole number; a fraction, an exponent or one that does not fit fails. */
int64_t json_int(struct json_scan *s);
uint64_t json_uint(struct json_scan *s);

bool json_bool(struct json_scan *s);

/* A string that has no escapes, copied into out with a terminator; one with escapes or longer than
 * out fails. Returns: out, empty after a failure. */
const char *json_text(struct json_scan *s, char *out, size_t out_size);

/* Pass over a value of any kind, null included. */
void json_skip(struct json_scan *s);

/* Take `null` if it stands next. Returns: whether it did. */
bool json_null(struct json_scan *s);

/* Nothing but space must be left. Returns: the sticky error or 0. */
int json_finish(struct json_scan *s);

#endif
