/* Looks at other servers: up to LOOKS_MAX at a time, each from its name to a verdict. Thread:
 * electrum, for everything save what is said otherwise.
 *
 * A look. looks_start takes the server that is due -> blacklist -> a lookup of its name, where no
 * proxy takes it -> blacklist, gate, bucket for each address -> dial, TLS port before TCP port ->
 * server_add_conn -> a session of its own (check_session.c), on whose threads the check runs -> the
 * server says that it is gone -> the next way, or the verdict into the table. */
#ifndef ELECTRUM_LOOKS_H
#define ELECTRUM_LOOKS_H

#include <poll.h>

#include "electrum/electrum.h"
#include "electrum/peers/check.h"
#include "net/target.h"

#define LOOKS_MAX      8
#define LOOK_ROUTES    4
#define LOOK_ADDRESSES 2 /* of a name: one of each family */

enum look_stage { LOOK_FREE, LOOK_RESOLVING, LOOK_DIALLING, LOOK_TALKING };

struct look_route {
    struct net_target to;
    bool tls;
};

struct look {
    enum look_stage stage;
    uint64_t request_id; /* also the server's, for the connection; tells the place */
    struct peers_entry server;
    struct net_target host;
    struct look_route routes[LOOK_ROUTES];
    unsigned n_routes, at_route;
    struct dial_path *path;
    int64_t deadline_us;
    struct check check; /* of the session while it talks */
    struct electrum *electrum;
};

/* What a name came to, from the thread that looked it up. */
struct look_resolved {
    uint64_t request_id;
    int rc;
    struct net_addr addrs[LOOK_ADDRESSES];
    unsigned n;
};

/* Thread: the main thread. Returns: 0 or a pn_err. */
int looks_init(struct electrum *e);
void looks_free(struct electrum *e);

/* Begin looks while there are places and servers that are due. Returns: when the next is due. */
int64_t looks_start(struct electrum *e);

/* Descriptors of dials to poll for, and what poll(2) said of them. Returns: how many. */
unsigned looks_poll(struct electrum *e, struct pollfd *fds, int64_t *deadline_us);
void looks_step(struct electrum *e, const struct pollfd *fds, unsigned n);

/* What other threads have sent. */
void looks_receive(struct electrum *e);

/* End the dials. */
void looks_stop(struct electrum *e);

/* The look of a request. Thread: any, while that request's connection lives. */
struct look *look_of(struct electrum *e, uint64_t request_id);

/* --- check_session.c --- */
extern const struct peer_proto_ops check_ops;
int check_attach(void *arg, struct peer_setup *setup);
void check_detach(void *arg, struct peer_setup *setup);
void check_closed(void *arg, uint64_t request_id, bool was_ready);

#endif
