/* JSON trees (cJSON) as the program's interfaces use them: texts from outside are bounded before a
 * tree is built, memory comes from base/mem.h, and running out of it while an answer is built is
 * noticed once, at its end.
 *
 * cJSON keeps numbers as doubles. Whole numbers that may pass 2^53 are therefore written with
 * json_int and json_uint. */
#ifndef RPC_JSON_H
#define RPC_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Values (numbers, texts, arrays and so on) that one text may hold: a tree takes up to 64 bytes for
 * each, where the text may spend two. */
#define JSON_MAX_VALUES 100000

/* Make cJSON allocate through base/mem.h, which is how json_ran_out can tell. Thread: the main
 * thread, before any other use. */
void json_init(void);

/* Build the tree of a whole text, which must be strict JSON (RFC 8259) nested at most
 * JSON_MAX_DEPTH deep (codec/json_scan.h). Thread: any. Owns: the caller frees with cJSON_Delete.
 * Returns: 0, PN_EFORMAT, PN_ETRUNCATED, PN_ELIMIT (too many values) or PN_ENOMEM. */
int json_parse(cJSON **out, const char *text, size_t len);

/* Append the tree as text without spaces. Returns: 0 or PN_ENOMEM, PN_ETOOLARGE. */
int json_print(struct buf *out, const cJSON *tree);

/* Building. What cannot be had for lack of memory is left out and remembered for this thread. */
cJSON *json_new_object(void);
cJSON *json_new_array(void);
cJSON *json_new_text(const char *text);
cJSON *json_new_int(int64_t value);
cJSON *json_new_uint(uint64_t value);
cJSON *json_new_number(double value);
cJSON *json_new_bool(bool value);

/* Put a value into an object or at the end of an array. Names are borrowed and must be static.
 * Owns: takes the value. Returns: the value, or NULL when it was lost. */
cJSON *json_set(cJSON *object, const char *name, cJSON *value);
cJSON *json_push(cJSON *array, cJSON *value);

/* Whether memory ran out in one of these on this thread since it was last asked. */
bool json_ran_out(void);

#endif
