/* Who may ask for what: the address, Host and Origin (guard.h), and the credential (auth.h). */
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "api/guard.h"
#include "api/internal.h"
#include "log/log.h"

int api_wrong_place(const char **why, const struct api *a, struct evhttp_request *req)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    const char *host = evhttp_find_header(headers, "Host");
    const char *origin = evhttp_find_header(headers, "Origin");
    char *remote = NULL;
    uint16_t port;

    evhttp_connection_get_peer(evhttp_request_get_connection(req), &remote, &port);

    *why = "calls are not taken from this address\n";
    if (!guard_remote_ok(&a->config.allowed, remote))
        return 403;
    *why = "name this machine by its address or as localhost\n";
    if (host && !guard_host_ok(host))
        return 403;
    *why = "calls are not taken from pages of other sites\n";
    if (!guard_origin_ok(origin, host ? host : ""))
        return 403;
    return 0;
}

bool api_has_credential(const struct api *a, struct evhttp_request *req)
{
    return api_auth_ok(&a->auth,
                       evhttp_find_header(evhttp_request_get_input_headers(req), "Authorization"));
}

/* As api_wrong_place, and whose. */
static int refusal(const char **why, const struct api *a, struct evhttp_request *req)
{
    int code = api_wrong_place(why, a, req);

    if (code)
        return code;
    *why = "send the cookie, or user and password\n";
    return api_has_credential(a, req) ? 0 : 401;
}

bool api_is_permitted(const struct api *a, struct evhttp_request *req, const char *handler)
{
    const char *why;
    int code = refusal(&why, a, req);

    if (code == 401) {
        log_warn("api", "a request with a wrong credential was refused");
        evhttp_add_header(evhttp_request_get_output_headers(req), "WWW-Authenticate",
                          "Basic realm=\"jsonrpc\"");
    }
    if (code)
        api_answer_text(req, handler, code, why);
    return code == 0;
}
