/* From where calls are taken: permitted addresses, and no web page of somebody else. A page that
 * the operator's browser shows could otherwise send requests here, by its own script or under a
 * name that it points at this machine (DNS rebinding). */
#ifndef API_GUARD_H
#define API_GUARD_H

#include <stdbool.h>

#include "net/subnet.h"

/* Whether a host names a machine by number, or is "localhost": such names cannot be pointed
 * elsewhere. `host` is the value of a Host header, with or without port. */
bool guard_host_ok(const char *host);

/* Whether the request comes from no page, or from one of this server: `origin` is the value of the
 * Origin header or NULL. */
bool guard_origin_ok(const char *origin, const char *host);

/* Whether calls are taken from an address: those in `allowed`, or loopback when that is empty. */
bool guard_remote_ok(const struct subnet_list *allowed, const char *remote);

#endif
