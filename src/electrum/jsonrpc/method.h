/* A method as a row of a table, and how its parameters are read. It knows neither how a request
 * came nor whose it is: `context` is the caller's. The face that carries the methods (lines, HTTP)
 * finds the row, runs it, and puts the result or the error into an answer. */
#ifndef ELECTRUM_JSONRPC_METHOD_H
#define ELECTRUM_JSONRPC_METHOD_H

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define JRPC_PARAMS_MAX    4
#define JRPC_MESSAGE_BYTES 160

struct jrpc_method;

/* One call under way. */
struct jrpc_call {
    const struct jrpc_method *method;
    void *context;
    const cJSON *params; /* an array, an object, or NULL */
    struct buf *result;  /* JSON goes here */
    int code;            /* of the error; 0: none */
    char message[JRPC_MESSAGE_BYTES];
};

struct jrpc_method {
    const char *name;
    const char *params[JRPC_PARAMS_MAX]; /* names, in their order; NULL after the last */
    unsigned required;                   /* the first so many must be there */
    bool more;                           /* further parameters are let pass, unread */
    void (*run)(struct jrpc_call *c);    /* writes the result, or jrpc_fail */
};

/* The row of that name in a table sorted by name, whose rows begin with a struct jrpc_method and
 * are `stride` bytes apart. Thread: any. Returns: NULL for an unknown name. */
const struct jrpc_method *jrpc_method_find(const void *table, size_t rows, size_t stride,
                                           const char *name);

/* Check the parameters against the row, run it, and see to it that there is a result or an error.
 * Thread: any that the method allows. Returns: 0 and JSON in c->result, or the error's code. */
int jrpc_method_run(struct jrpc_call *c);

/* The call ends with this error. The message is for strangers: no internal detail. Returns: false,
 * for the readers below. */
bool jrpc_fail(struct jrpc_call *c, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Parameter number i, by its place or its name. Returns: NULL when it is not there. */
const cJSON *jrpc_param(const struct jrpc_call *c, unsigned i);

/* Typed, or jrpc_fail with JRPC_INVALID_PARAMS. An absent one leaves *out as it is.
 * Returns: whether the call may go on. */
bool jrpc_param_uint(struct jrpc_call *c, uint64_t *out, unsigned i, uint64_t max);
bool jrpc_param_bool(struct jrpc_call *c, bool *out, unsigned i);
bool jrpc_param_text(struct jrpc_call *c, const char **out, unsigned i, size_t max_len);

/* 64 hexadecimal digits as Bitcoin shows them, into 32 bytes in memory order. */
bool jrpc_param_hash(struct jrpc_call *c, uint8_t out[32], unsigned i);

#endif
