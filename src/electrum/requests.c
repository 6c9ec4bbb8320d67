/* One line of a client to the line that answers it. Thread: the session's `in`, which may rest here
 * because of what the session has cost or its client asks too often, and wait within a method; all
 * of it ends with the peer's quit token. While it does nothing more is read from this client. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "electrum/internal.h"
#include "electrum/jsonrpc/answer.h"
#include "electrum/lines.h"

enum {
    BATCH_MAX = 345,             /* Fulcrum's */
    LONG_LINE_BYTES = 64 * 1024, /* above, a line can only be a transaction to send */
    ANSWER_MAX_BYTES = 8100000,  /* ElectrumX MAX_SEND */
    KEEP_BYTES = 4096,
};

static void put_failure(struct electrum_session *s, const struct jrpc_request *r, int code,
                        const char *message)
{
    session_cost_add(&s->cost, COST_ERROR);
    jrpc_put_error(&s->answer, r->version, r->id, code, message);
}

/* Only who said server.version is served, save for that. (Since protocol 1.6; ElectrumX: always.)
 */
static bool may_call(const struct electrum_session *s, const char *method)
{
    return s->protocol || strcmp(method, "server.version") == 0;
}

/* Returns: 0; PN_ELIMIT, and in how many milliseconds it is worth a try; PN_EQUIT. */
static int wait_turn(struct electrum_session *s, struct peer *p, int64_t *retry_ms)
{
    struct rate_answer a = pace_take(s->e, &s->addr, false);

    if (a.verdict == RATE_DELAYED) {
        if (chan_recv(peer_quit(p), NULL, clock_deadline_ms(a.wait_ms)) == PN_ECLOSED) {
            rate_limiter_leave(s->e->limiter, &s->addr);
            return PN_EQUIT;
        }
        a = pace_take(s->e, &s->addr, true);
    }
    *retry_ms = a.wait_ms;
    return a.verdict == RATE_ALLOWED ? 0 : PN_ELIMIT;
}

static void put_too_many(struct electrum_session *s, const struct jrpc_request *r, int64_t retry_ms)
{
    char text[64];

    snprintf(text, sizeof text, "too many requests, retry in %" PRId64 " s",
             (retry_ms + 999) / 1000);
    put_failure(s, r, ELECTRUM_BUSY, text);
}

static int execute(struct electrum_session *s, struct peer *p, const struct jrpc_request *r)
{
    struct electrum_caller caller = {.e = s->e,
                                     .session = s,
                                     .addr = &s->addr,
                                     .protocol = s->protocol,
                                     .rpc = r->version,
                                     .quit = peer_quit(p)};
    size_t before = s->answer.len;
    int err_before = s->answer.err;
    struct jrpc_call call;
    int64_t retry_ms = 0;
    int rc = wait_turn(s, p, &retry_ms);

    if (rc == PN_ELIMIT) {
        put_too_many(s, r, retry_ms);
        return 0;
    }
    if (rc < 0)
        return rc;
    if (!may_call(s, r->method)) {
        put_failure(s, r, ELECTRUM_BAD_REQUEST, "use server.version to identify client");
        return PN_EPROTO;
    }
    /* The result may be long: it is written where it goes. */
    jrpc_begin_result(&s->answer, r->version);
    electrum_call(&caller, &call, r->method, r->params, &s->answer);
    session_cost_add(&s->cost, caller.cost);
    if (call.code) {
        s->answer.len = before;
        s->answer.err = err_before; /* it may be the result that was too long */
        put_failure(s, r, call.code, call.message);
    } else {
        jrpc_end_result(&s->answer, r->version, r->id);
    }
    return caller.part ? PN_EPROTO : 0;
}

/* Rest as long as the cost so far demands. Returns: 0, PN_EQUIT, PN_ECOST. */
static int rest(struct electrum_session *s, struct peer *p)
{
    int64_t ms = session_cost_rest_ms(&s->cost);

    if (ms < 0)
        return PN_ECOST;
    if (ms > 0 && chan_recv(peer_quit(p), NULL, clock_deadline_ms(ms)) == PN_ECLOSED)
        return PN_EQUIT;
    return 0;
}

/* One message, alone or of a batch; its answer is appended, if it has one. */
static int take_message(struct electrum_session *s, struct peer *p, const cJSON *message)
{
    struct jrpc_request r;
    int rc = rest(s, p);

    if (rc == PN_EQUIT)
        return rc;
    if (jrpc_request_read(&r, message) < 0) {
        put_failure(s, &r, JRPC_INVALID_REQUEST, "invalid request");
        return 0;
    }
    if (rc == PN_ECOST) {
        put_failure(s, &r, ELECTRUM_EXCESSIVE, "excessive resource usage");
        return rc;
    }
    if (!r.method || jrpc_is_notification(&r)) {
        session_cost_add(&s->cost, COST_ERROR); /* nothing that clients send asks for no answer */
        return 0;
    }
    return execute(s, p, &r);
}

static int take_batch(struct electrum_session *s, struct peer *p, const cJSON *batch)
{
    struct jrpc_request whole = {.version = JRPC_V2};
    int rc = 0, n = cJSON_GetArraySize(batch);
    bool any = false;

    if (n == 0 || n > BATCH_MAX) {
        put_failure(s, &whole, JRPC_INVALID_REQUEST,
                    n ? "a batch may have 345 requests" : "the batch is empty");
        return 0;
    }
    buf_puts(&s->answer, "[");
    for (const cJSON *item = batch->child; item && rc == 0; item = item->next) {
        size_t before = s->answer.len;

        if (any)
            buf_puts(&s->answer, ", ");
        rc = take_message(s, p, item);
        if (s->answer.len <= before + 2 && any)
            s->answer.len = before; /* it has no answer */
        any = any || s->answer.len > before;
    }
    buf_puts(&s->answer, "]");
    if (!any)
        buf_reset(&s->answer);
    return rc;
}

static bool is_broadcast(const cJSON *message)
{
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(message, "method");

    return cJSON_IsString(method) &&
           strncmp(method->valuestring, "blockchain.transaction.broadcast", 32) == 0;
}

static int take_text(struct electrum_session *s, struct peer *p, const struct peer_message *line)
{
    const struct jrpc_request nobody = {.version = JRPC_V2};
    cJSON *json;
    int rc = jrpc_parse(&json, (const char *)line->payload, line->len);

    if (rc == PN_ETOOLARGE || rc == PN_ECOUNT) {
        put_failure(s, &nobody, JRPC_INVALID_REQUEST, "too deep, or too many values");
        return 0;
    }
    if (rc == PN_ENOMEM)
        return rc;
    if (rc < 0) {
        session_cost_add(&s->cost, COST_PARSE_ERROR);
        put_failure(s, &nobody, JRPC_PARSE_ERROR, "this is not JSON");
        return 0;
    }
    if (line->len > LONG_LINE_BYTES && !is_broadcast(json)) {
        put_failure(s, &nobody, JRPC_INVALID_REQUEST, "the request is too long");
        rc = 0;
    } else if (cJSON_IsArray(json)) {
        rc = take_batch(s, p, json);
    } else {
        rc = take_message(s, p, json);
    }
    cJSON_Delete(json);
    return rc;
}

/* Between lines a session keeps little memory. */
static void slim(struct buf *b)
{
    if (b->cap > KEEP_BYTES)
        buf_free(b);
    buf_reset(b);
}

int session_answer_line(struct electrum_session *s, struct peer *p, struct frame **out,
                        const struct peer_message *line)
{
    int rc = 0;

    *out = NULL;
    session_cost_add(&s->cost, (double)line->wire_bytes / COST_BYTES);
    if (line->cmd == ELECTRUM_OVERLONG) {
        session_cost_add(&s->cost, COST_ERROR);
        rc = rest(s, p);
        return rc == 0 && !s->protocol ? PN_ETOOLARGE : rc;
    }
    s->answer.max = ANSWER_MAX_BYTES;
    rc = take_text(s, p, line);
    if (s->answer.len > 0) {
        buf_puts(&s->answer, "\n");
        session_cost_add(&s->cost, (double)s->answer.len / COST_BYTES);
        *out = s->answer.err ? NULL : frame_new(ELECTRUM_ANSWER, s->answer.data, s->answer.len);
        if (!*out)
            rc = s->answer.err == PN_ETOOLARGE ? PN_ETOOLARGE : PN_ENOMEM;
    }
    slim(&s->answer);
    atomic_store(&s->shown_cost_milli, (int_fast64_t)(s->cost.cost * 1000));
    metric_observe(s->e->session_costs, (int64_t)(s->cost.cost * 1000));
    return rc;
}
