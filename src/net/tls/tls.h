/* TLS on top of a connection (OpenSSL), for the threads of a peer: one reads while another writes.
 *
 * Certificates are not verified against authorities: servers of the networks that use this sign
 * their own. Who cares remembers the certificate's fingerprint and notices when it changes.
 * TLS 1.2 or later, no renegotiation, no compression, no session cache. */
#ifndef NET_TLS_TLS_H
#define NET_TLS_TLS_H

#include "base/buf.h"
#include "base/bytes.h"
#include "net/conn.h"

#define TLS_FINGERPRINT_BYTES 32 /* SHA-256 of the certificate as sent */
#define TLS_PEM_MAX_BYTES     65536

struct tls_context;

/* A fresh key (P-256) and a certificate for it, self-signed and good for ten years, as PEM.
 * Thread: any. Returns: 0, PN_ENOMEM, or PN_ESYS when OpenSSL fails. */
int tls_certificate_make(struct buf *cert_pem, struct buf *key_pem, const char *name);

/* For accepted connections, with a certificate (or a chain) and its key. Thread: any.
 * Owns: the caller frees with tls_context_free, after the last connection has been made.
 * Returns: 0; PN_EFORMAT for what is no certificate or key, or not a pair; PN_ENOMEM. */
int tls_context_server(struct tls_context **out, struct bytes cert_pem, struct bytes key_pem);

/* For connections that we made. Returns: 0 or PN_ENOMEM. */
int tls_context_client(struct tls_context **out);
void tls_context_free(struct tls_context *ctx);

struct tls_setup {
    const char *server_name; /* of a client, told to the server; NULL: none */
    /* The handshake is done: the other side's certificate; called once, on the thread that read or
     * wrote. Not called when it shows none, as clients do. May be NULL. */
    void (*shown)(void *arg, const uint8_t fingerprint[TLS_FINGERPRINT_BYTES]);
    void *arg;
};

/* The handshake happens within the first read or write, under its deadline, and until then one
 * thread alone may use the connection. Thread: any; setup may be NULL.
 * Owns: takes inner on success. Returns: NULL when there is no memory. */
struct conn *tls_conn_new(struct tls_context *ctx, struct conn *inner,
                          const struct tls_setup *setup);

/* Undo tls_conn_new before anything was read or written. Owns: gives inner back. */
struct conn *tls_conn_release(struct conn *c);

#endif
