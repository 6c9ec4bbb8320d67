#include "ctl/client.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { TIMEOUT_S = 60, CHUNK_BYTES = 1024 };

struct exchange {
    struct event_base *base;
    struct buf *out;
    void (*chunk)(const char *text, size_t len);
    int status;
};

static void on_chunk(struct evhttp_request *req, void *arg)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    struct exchange *x = arg;
    char piece[CHUNK_BYTES];
    int n;

    while ((n = evbuffer_remove(in, piece, sizeof piece)) > 0)
        x->chunk(piece, (size_t)n);
}

static void on_answer(struct evhttp_request *req, void *arg)
{
    struct exchange *x = arg;
    struct evbuffer *in;

    x->status = req ? evhttp_request_get_response_code(req) : 0;
    if (x->status == 0)
        x->status = PN_EREFUSED;
    if (x->status > 0) {
        in = evhttp_request_get_input_buffer(req);
        buf_append(x->out, evbuffer_pullup(in, -1), evbuffer_get_length(in));
    }
    event_base_loopbreak(x->base);
}

static void add_headers(struct evhttp_request *req, const struct ctl_client *c)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    unsigned char token[CTL_CREDENTIAL_BYTES * 4 / 3 + 16] = "Basic ";
    char host[NET_ADDR_TEXT_BYTES];

    EVP_EncodeBlock(token + 6, (const unsigned char *)c->credential, (int)strlen(c->credential));
    evhttp_add_header(headers, "Authorization", (const char *)token);
    evhttp_add_header(headers, "Host", net_addr_format(host, &c->addr));
    evhttp_add_header(headers, "Connection", "close");
}

static int start(struct evhttp_connection *connection, struct exchange *x,
                 const struct ctl_client *c, const char *path, const char *body)
{
    struct evhttp_request *req = evhttp_request_new(on_answer, x);

    if (!req)
        return PN_ENOMEM;
    add_headers(req, c);
    if (x->chunk)
        evhttp_request_set_chunked_cb(req, on_chunk);
    if (body)
        evbuffer_add(evhttp_request_get_output_buffer(req), body, strlen(body));
    return evhttp_make_request(connection, req, body ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, path) < 0
               ? PN_ENOMEM
               : 0;
}

int ctl_request(struct buf *out, const struct ctl_client *c, const char *path, const char *body,
                void (*chunk)(const char *text, size_t len))
{
    struct exchange x = {
        .base = event_base_new(), .out = out, .chunk = chunk, .status = PN_EREFUSED};
    struct evhttp_connection *connection = NULL;
    char host[NET_ADDR_TEXT_BYTES];
    struct net_addr addr = c->addr;
    char *colon;
    int rc = PN_ENOMEM;

    net_addr_format(host, &addr);
    colon = strrchr(host, ':');
    if (colon)
        *colon = '\0';
    if (*host == '[') { /* evhttp wants the address alone */
        memmove(host, host + 1, strlen(host));
        host[strlen(host) - 1] = '\0';
    }
    if (x.base)
        connection = evhttp_connection_base_new(x.base, NULL, host, addr.port);
    if (connection) {
        evhttp_connection_set_timeout(connection, chunk ? INT32_MAX : TIMEOUT_S);
        rc = start(connection, &x, c, path, body);
    }
    if (rc == 0)
        event_base_dispatch(x.base);
    if (connection)
        evhttp_connection_free(connection);
    if (x.base)
        event_base_free(x.base);
    return rc < 0 ? rc : x.status;
}
