/* Making sockets: dialling and listening. A test replaces the table. */
#ifndef NET_SOCK_H
#define NET_SOCK_H

#include "net/addr.h"

struct sock_ops {
    int (*connect_start)(int *fd, const struct net_addr *to);
    int (*connect_result)(int fd);
    int (*listen)(int *fd, const struct net_addr *at);
    int (*accept)(int *fd, struct net_addr *from, int listen_fd);
};

/* Start a connection on a new non-blocking, close-on-exec socket without waiting; the socket
 * becomes writable when it is decided. Owns: the caller closes *fd. Returns: 0 or a pn_err. */
int sock_connect_start(int *fd, const struct net_addr *to);

/* How the connection came out, once the socket is writable. Returns: 0 or a pn_err. */
int sock_connect_result(int fd);

/* A non-blocking listening socket. Returns: 0 or a pn_err (PN_EBUSY: address in use). */
int sock_listen(int *fd, const struct net_addr *at);

/* The address that a socket is bound to: what became of port 0. Returns: 0 or a pn_err. */
int sock_local_addr(struct net_addr *out, int fd);

/* One pending connection, non-blocking, close-on-exec, without Nagle's delay.
 * Returns: 0; PN_EAGAIN when there is none; PN_ELIMIT without descriptors; another pn_err. */
int sock_accept(int *fd, struct net_addr *from, int listen_fd);

/* Test seam: use this table; NULL for the kernel again. Thread: before others start. */
void sock_set_ops(const struct sock_ops *ops);

#endif
