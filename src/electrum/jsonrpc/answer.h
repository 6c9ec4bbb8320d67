/* Writing JSON-RPC: answers, requests and notifications, and JSON strings. What goes wrong stays in
 * the buffer's error. Pure. */
#ifndef ELECTRUM_JSONRPC_ANSWER_H
#define ELECTRUM_JSONRPC_ANSWER_H

#include "base/buf.h"
#include "base/bytes.h"
#include "electrum/jsonrpc/request.h"

/* A JSON string. `text` is UTF-8; what is not is replaced by U+FFFD. */
void jrpc_put_text(struct buf *out, const char *text);

/* An id as it came; NULL is null. */
void jrpc_put_id(struct buf *out, const cJSON *id);

/* An answer is begun, then its result is appended, which is JSON, then it is ended. The version is
 * that of the request. */
void jrpc_begin_result(struct buf *out, enum jrpc_version version);
void jrpc_end_result(struct buf *out, enum jrpc_version version, const cJSON *id);

void jrpc_put_error(struct buf *out, enum jrpc_version version, const cJSON *id, int code,
                    const char *message);

/* `params` is a JSON array. */
void jrpc_put_notification(struct buf *out, enum jrpc_version version, const char *method,
                           struct bytes params);
void jrpc_put_request(struct buf *out, uint64_t id, const char *method, struct bytes params);

#endif
