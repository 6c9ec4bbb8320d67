/* HTTP to a running node, one request at a time, waiting for the answer. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "net/addr.h"

#define CTL_CREDENTIAL_BYTES 512

struct ctl_config;

struct ctl_client {
    const struct ctl_config *config;
    struct net_addr addr;
    char credential[CTL_CREDENTIAL_BYTES]; /* "user:password" */
    bool quiet;                            /* nothing is said on standard error */
};

/* POST the body to "/", or with body == NULL GET the path. The answer's body is appended to `out`;
 * with `chunk`, each piece of it is handed over as it comes instead. Thread: the main thread, of a
 * program that runs no node. Returns: the HTTP status; PN_EREFUSED when nobody answers; PN_ENOMEM.
 */
int ctl_request(struct buf *out, const struct ctl_client *c, const char *path, const char *body,
                void (*chunk)(const char *text, size_t len));

#endif
