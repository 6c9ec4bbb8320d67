/* The shape of a table of methods that others call by name with JSON: each network exports one, and
 * api/ carries them without knowing what they do.
 *
 * Handlers run on the thread that calls rpc_answer, one call at a time a thread, and may block on
 * whom that thread may block on (doc/architecture.md). One that has to wait for peers may do so
 * with rpc_call.wait alone, and has to be able to run beside the others then. */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpc/json.h"

/* Error codes: JSON-RPC 2.0, section 5.1, and bitcoind's (its rpc/protocol.h). */
enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL_ERROR = -32603,
    RPC_MISC_ERROR = -1,
    RPC_TYPE_ERROR = -3,
    RPC_INVALID_ADDRESS_OR_KEY = -5,
    RPC_OUT_OF_MEMORY = -7,
    RPC_INVALID_PARAMETER = -8,
    RPC_DESERIALIZATION_ERROR = -22,
    RPC_NODE_ALREADY_ADDED = -23,
    RPC_NODE_NOT_ADDED = -24,
    RPC_VERIFY_REJECTED = -26,
    RPC_NODE_NOT_CONNECTED = -29,
    RPC_INVALID_IP_OR_SUBNET = -30,
};

#define RPC_MESSAGE_BYTES 256
#define RPC_PARAMS_MAX    8

struct chan;
struct rpc_method;
struct rpc_set;

/* How long a call may wait for others, such as peers. */
struct rpc_wait {
    struct chan *quit; /* a wait ends when it closes; may be NULL */
    int64_t deadline_us;
};

/* One call, as its handler sees it. */
struct rpc_call {
    const struct rpc_method *method;
    const struct rpc_set *set;           /* whose it is */
    void *arg;                           /* of the method's table */
    const cJSON *params[RPC_PARAMS_MAX]; /* by position; NULL where absent or null */
    cJSON *result;                       /* set by the handler; NULL stands for null */
    int64_t started_us;                  /* monotonic */
    const struct rpc_wait *wait;         /* NULL: others would wait behind this call */
    bool alone;                          /* not one of a batch */
    bool put_off;                        /* of rpc_put_off */
    int code;                            /* 0, or why the call has failed */
    char message[RPC_MESSAGE_BYTES];
};

struct rpc_method {
    const char *name;
    const char *params; /* names in order with a space between, optional ones in brackets:
                           "node command [v2transport]"; at most RPC_PARAMS_MAX */
    const char *help;   /* one sentence */
    void (*run)(struct rpc_call *c);
};

struct rpc_table {
    const char *section; /* of the help text, "bitcoin" */
    const struct rpc_method *methods;
    size_t n;
    void *arg;
};

/* --- for handlers --- */

/* The call has failed; the first failure stays. */
void rpc_fail(struct rpc_call *c, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The call would have to wait: have all of it run again on a thread where it may, with c->wait.
 * Returns: false when it has to be answered here and now, which is so in a batch. */
bool rpc_put_off(struct rpc_call *c);

/* Whether parameter `i` was given. */
bool rpc_given(const struct rpc_call *c, unsigned i);

/* Parameter `i`; one that is absent or of another type fails the call (RPC_TYPE_ERROR), and then
 * "", min or false comes back. An optional one is asked for after rpc_given. */
const char *rpc_text(struct rpc_call *c, unsigned i);
int64_t rpc_int(struct rpc_call *c, unsigned i, int64_t min, int64_t max);
bool rpc_bool(struct rpc_call *c, unsigned i);

/* --- for carriers --- */

#define RPC_TABLES_MAX 8
#define RPC_BATCH_MAX  1000

/* What can be called. `observe`, if not NULL, hears of each call that was made: method is a name of
 * a table, or "unknown"; code is 0 or an enum rpc_code. */
struct rpc_set {
    const struct rpc_table *tables[RPC_TABLES_MAX];
    size_t n;
    void (*observe)(void *arg, const char *method, int code);
    void *observe_arg;
};

/* Returns: NULL when there is no such method. */
const struct rpc_method *rpc_find(const struct rpc_set *set, const struct rpc_table **table,
                                  const char *name);

/* The HTTP status that belongs to an answer; 204 has no body. */
enum rpc_status {
    RPC_STATUS_LATER = 0, /* not answered: see rpc_put_off */
    RPC_STATUS_OK = 200,
    RPC_STATUS_NO_CONTENT = 204,
    RPC_STATUS_BAD_REQUEST = 400,
    RPC_STATUS_NOT_FOUND = 404,
    RPC_STATUS_ERROR = 500,
};

/* Answer one request, or a batch of at most RPC_BATCH_MAX, as bitcoind does: a call that says
 * "jsonrpc": "2.0" is answered by that specification (and with 200, or 204 for a notification), any
 * other by version 1.1 with both "result" and "error" and a status of its own. The answer, one
 * line, is appended to out. With `wait` the calls may wait; without it, RPC_STATUS_LATER may come
 * back, and then nothing was appended. Thread: any; handlers run on it. */
enum rpc_status rpc_answer(struct buf *out, const struct rpc_set *set, const char *body, size_t len,
                           const struct rpc_wait *wait);

#endif
