/* The HTTP face: GET /metrics (Prometheus), /livez and /readyz, on the event loop, POST / with
 * JSON-RPC, whose calls run on a thread of their own, paths that networks answer themselves, and
 * GET /events, the journal as it grows. It reads the program through the checks and the method
 * tables it is given and the metrics registry, never a peer. */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>
#include <stddef.h>

#include "api/auth.h"
#include "journal/journal.h"
#include "net/subnet.h"
#include "rpc/route.h"
#include "rpc/rpc.h"

struct api;
struct event_base;

#define API_DETAIL_BYTES 128
#define API_CHECKS_MAX   8

/* One line of a health answer. `ok` writes a few words about what it saw into detail; it runs on
 * the loop thread and must not block. */
struct api_check {
    const char *name;
    bool (*ok)(void *arg, char detail[API_DETAIL_BYTES]);
    void *arg;
};

struct api_config {
    struct net_addr addr;
    struct api_check live[API_CHECKS_MAX]; /* is every thread turning? */
    size_t n_live;
    struct api_check ready[API_CHECKS_MAX]; /* can it do its work? */
    size_t n_ready;

    struct rpc_set methods;  /* copied, the tables are borrowed; none: no calls are taken */
    const char *cookie_path; /* where the credential of this run is written; removed at the end */
    const char *user, *password; /* a second credential, or NULL */
    struct subnet_list allowed;  /* who may call; empty: this machine alone */

    const struct route *routes[ROUTES_MAX]; /* borrowed: paths that networks answer themselves */
    size_t n_routes;

    struct journal *journal; /* borrowed; what GET /events shows. NULL: there are no events */
    const char *event_log;   /* a file that all events are appended to, or NULL */
};

/* Bind, write the cookie and serve. Thread: the main thread, before loop_run. config is copied.
 * Returns: 0, PN_EBUSY when the address is in use, or another pn_err. */
int api_new(struct api **out, struct event_base *base, const struct api_config *config);

/* What of the configuration may change while the API runs. */
struct api_change {
    struct subnet_list allowed;
    char password[API_CREDENTIAL_BYTES]; /* the header that user and password ask for */
    char *event_log;                     /* or NULL */
    int log_fd;                          /* that file, open for appending, or -1 */
};

/* Prepare it from the fields of `config` that may change; event_log is opened. Thread: loop.
 * Returns: 0, and api_change or api_change_drop must follow; PN_ETOOLARGE for a credential; or what
 * opening the file gives. */
int api_change_make(struct api_change *out, const struct api_config *config);
void api_change_drop(struct api_change *c);

/* Put it in force; nothing can fail. Open connections stay. Thread: loop. */
void api_change(struct api *a, struct api_change *c);

/* The file of events was moved aside: open it anew. Thread: loop. Returns: 0 or a pn_err. */
int api_reopen(struct api *a);

/* Wait for the call under way and send what is answered, for at most a second. Thread: the main
 * thread, when loop_run has returned; while whatever the methods reach is still there. Accepts
 * NULL.
 */
void api_free(struct api *a);

#endif
