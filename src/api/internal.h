/* What the files of the HTTP interface share. All of it runs on the loop thread. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include "api/api.h"

struct buf;
struct connections;
struct event_base;
struct events;
struct evhttp;
struct evhttp_request;
struct routes;
struct worker;

enum {
    API_ANSWER_MAX_BYTES = 16 << 20,
    API_TIMEOUT_S = 10 /* in which something passes on a connection, or it ends */
};

struct api {
    struct api_config config;
    struct evhttp *http;
    struct connections *connections;
    struct api_auth auth;
    struct worker *worker;  /* NULL: no calls are taken */
    struct worker *waiting; /* calls that wait for peers; NULL likewise */
    struct routes *routes;  /* or NULL */
    struct events *events;  /* or NULL */
    struct event_base *base;
    unsigned unsent; /* answers to calls that are not written out yet */
};

/* --- answer.c --- */

/* What is answered next came then, by the monotonic clock: the first thing that a handler says. */
void api_begin(int64_t since_us);

/* Answer a request and count it. `body` is copied. `handler` is the label, static text. */
void api_answer(struct evhttp_request *req, const char *handler, int code, const char *type,
                const void *body, size_t len);
void api_answer_text(struct evhttp_request *req, const char *handler, int code, const char *text);

/* Count a request that is answered otherwise. */
void api_count(const char *handler, int code);

/* Pages are read with GET or HEAD. Returns: whether this is one; otherwise it has been answered. */
bool api_is_reading(struct evhttp_request *req, const char *handler);

/* Answer a call or a visit; api_free sees to it that such answers are still sent. */
void api_answer_late(struct api *a, struct evhttp_request *req, const char *handler, int status,
                     const struct buf *body);

/* --- calls.c --- */

/* Take calls, if there are methods. Returns: 0 or a pn_err. */
int api_open_calls(struct api *a);

/* "/" is both the dashboard and where calls go. */
void api_on_call(struct evhttp_request *req, void *arg);

/* --- access.c: who may ask for what --- */

/* From where calls are taken at all. Returns: 0, or the status with which a call is refused and, in
 * *why, the reason. */
int api_wrong_place(const char **why, const struct api *a, struct evhttp_request *req);

/* Whether the cookie, or user and password, came with the request. */
bool api_has_credential(const struct api *a, struct evhttp_request *req);

/* Both. Returns: whether the request may go on; otherwise it has been answered. */
bool api_is_permitted(const struct api *a, struct evhttp_request *req, const char *handler);

/* --- pages.c: handlers of paths that are answered at once; arg is the struct api --- */
void api_on_metrics(struct evhttp_request *req, void *arg);
void api_on_livez(struct evhttp_request *req, void *arg);
void api_on_readyz(struct evhttp_request *req, void *arg);
void api_on_page(struct evhttp_request *req, void *arg);

#endif
