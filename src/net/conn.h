/* A stream connection as a peer sees it. The ops table is the seam between the peer runtime and
 * the world: a socket here, TLS or a proxy on top of one later, a scripted double in a test. */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct conn;

struct conn_ops {
    int (*read)(struct conn *c, size_t *n, void *data, size_t len, int64_t deadline_us);
    int (*writev)(struct conn *c, struct iovec *iov, int n, int64_t deadline_us);
    int (*try_write)(struct conn *c, size_t *n, const void *data, size_t len); /* may be NULL */
    void (*shutdown)(struct conn *c);
    void (*shutdown_read)(struct conn *c);
    void (*close)(struct conn *c);
};

struct conn {
    const struct conn_ops *ops;
};

/* Wait until deadline_us for at least one byte and take up to len. Thread: one reader.
 * Returns: 0 and *n > 0; PN_EEOF, PN_ETIMEDOUT, PN_ERESET, ... */
static inline int conn_read(struct conn *c, size_t *n, void *data, size_t len, int64_t deadline_us)
{
    return c->ops->read(c, n, data, len, deadline_us);
}

/* Write everything or fail; iov is used up on the way. Thread: one writer at a time.
 * Returns: 0 or a pn_err; after a failure the stream is broken. */
static inline int conn_writev(struct conn *c, struct iovec *iov, int n, int64_t deadline_us)
{
    return c->ops->writev(c, iov, n, deadline_us);
}

/* Write what can be written without waiting. Thread: one writer at a time.
 * Returns: 0, and *n of the bytes have left, perhaps none; or a pn_err. */
static inline int conn_try_write(struct conn *c, size_t *n, const void *data, size_t len)
{
    *n = 0;
    return c->ops->try_write ? c->ops->try_write(c, n, data, len) : 0;
}

/* Make every read and write, under way or to come, return. Thread: any, as often as one likes;
 * the descriptor stays reserved until conn_close, so that it cannot be another's meanwhile. */
static inline void conn_shutdown(struct conn *c)
{
    c->ops->shutdown(c);
}

/* The same for reads alone: what is written still leaves. */
static inline void conn_shutdown_read(struct conn *c)
{
    c->ops->shutdown_read(c);
}

/* Thread: the owner, when no other thread uses the connection. Accepts NULL. */
static inline void conn_close(struct conn *c)
{
    if (c)
        c->ops->close(c);
}

/* A connection over a connected stream socket, which becomes non-blocking.
 * Owns: fd on success; the caller closes the conn. Returns: NULL when there is no memory. */
struct conn *conn_from_fd(int fd);

#endif
