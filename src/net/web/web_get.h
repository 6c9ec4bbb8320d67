/* One text fetched over HTTP or HTTPS (libcurl), for a thread that may wait. The caller decides
 * where the host is and whether a proxy leads there: nothing is looked up here, and nothing is read
 * from the environment. No redirections, no cookies; a certificate must be signed by an authority
 * and be the host's. */
#ifndef NET_WEB_WEB_GET_H
#define NET_WEB_WEB_GET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "net/proxy.h"
#include "net/target.h"

struct web_get {
    const char *url;
    const struct net_addr *addr;      /* of a host that is a name, unless a proxy looks it up */
    const struct proxy_server *proxy; /* SOCKS5; NULL: directly */
    struct bytes authorities;         /* who may sign certificates, PEM */
    int64_t timeout_ms;
    bool (*stopped)(void *arg); /* asked about once a second, whether to give up */
    void *arg;
};

/* Once, before web_get. Thread: the main thread, before there are others. Returns: 0 or PN_ENOMEM.
 */
int web_init(void);

/* The file of the authorities that the system trusts, or the one that SSL_CERT_FILE names. Thread:
 * the main thread. Returns: NULL when there is none. */
const char *web_authorities_path(void);

/* Host and port of a URL. Thread: any. Returns: 0, or PN_EFORMAT for what is not http:// or
 * https://, or names a user. */
int web_url_target(struct net_target *out, const char *url);

/* Fetch it and append it to out, whose bound holds. Thread: any that may wait for timeout_ms.
 * Returns: 0; PN_ETIMEDOUT; PN_EQUIT; PN_ETOOLARGE; PN_EREFUSED when the server gives another
 * status than 200; PN_ESIGNATURE for a certificate that proves nothing; PN_EPROXY_FAILED; PN_EIO
 * for other failures; PN_ENOMEM. */
int web_get(struct buf *out, const struct web_get *g);

#endif
