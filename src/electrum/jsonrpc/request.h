/* JSON-RPC requests, versions 1.0 and 2.0, as one text: a request, a notification, or a batch of
 * them. Source: JSON-RPC 1.0 (2005) and 2.0 (2013) specifications.
 *
 * Where the specifications leave room: an id is a string of at most JRPC_ID_MAX bytes, a whole
 * number that a double holds exactly, or null; a member named twice makes the request invalid; an
 * unknown member is ignored. */
#ifndef ELECTRUM_JSONRPC_REQUEST_H
#define ELECTRUM_JSONRPC_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define JRPC_ID_MAX 256

/* The specification's codes. */
enum jrpc_code {
    JRPC_PARSE_ERROR = -32700,
    JRPC_INVALID_REQUEST = -32600,
    JRPC_UNKNOWN_METHOD = -32601,
    JRPC_INVALID_PARAMS = -32602,
    JRPC_INTERNAL_ERROR = -32603,
};

enum jrpc_version { JRPC_V1, JRPC_V2 };

/* What one message of the text is. The pointers borrow from the parsed text. */
struct jrpc_request {
    enum jrpc_version version;
    const cJSON *id;     /* NULL: a notification, or none could be made out */
    const char *method;  /* NULL: it is an answer */
    const cJSON *params; /* an array, an object, or NULL */
    const cJSON *result; /* of an answer; NULL with an error */
    const cJSON *error;  /* of an answer: an object, a text, ..., or NULL */
};

/* Parse a text that jrpc_prescan lets pass. Thread: any. Owns: the caller frees *out with
 * cJSON_Delete. Returns: 0; what jrpc_prescan and json_parse say. */
int jrpc_parse(cJSON **out, const char *text, size_t len);

/* Make out one message. Thread: any. Returns: 0, or PN_EPROTO for an invalid request, of which
 * version and id are set as far as they could be made out. */
int jrpc_request_read(struct jrpc_request *out, const cJSON *message);

static inline bool jrpc_is_notification(const struct jrpc_request *r)
{
    return r->method && !r->id;
}

#endif
