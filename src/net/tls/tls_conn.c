/* OpenSSL works between two memory buffers: ciphertext is read from the inner connection into one,
 * and written from the other, always without the lock; OpenSSL itself is entered under it and never
 * waits. After the handshake only the writer writes: what a read makes OpenSSL want to say (the
 * answer to a key update) leaves with the next write, which is when the protocol asks for it.
 *
 * Story of a read: SSL_read has plaintext -> done; else what the handshake has to say is written,
 * then the inner connection is read until the deadline, its bytes go in, and again. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "net/tls/tls.h"
#include "net/tls/tls_internal.h"

enum { READ_BYTES = 2048, RECORD_BYTES = 16384, SEALED_BYTES = RECORD_BYTES + 512 };

struct tls_conn {
    struct conn conn;
    struct conn *inner;
    struct mutex mu;
    SSL *ssl GUARDED_BY(mu);
    struct tls_setup setup;
    bool
        ready; /* handshake done; written by the one thread that may use the connection till then */
};

static struct tls_conn *tls_of(struct conn *c)
{
    return (struct tls_conn *)(void *)c;
}

static void show(struct tls_conn *t) REQUIRES(t->mu)
{
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    uint8_t print[TLS_FINGERPRINT_BYTES];

    if (cert && t->setup.shown && X509_digest(cert, EVP_sha256(), print, NULL) == 1)
        t->setup.shown(t->setup.arg, print);
}

static int result_of(struct tls_conn *t, int rc) REQUIRES(t->mu)
{
    switch (SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return PN_EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return PN_EEOF;
    default:
        return PN_ETLS;
    }
}

/* One step of OpenSSL under the lock: the handshake first. Returns: bytes, PN_EAGAIN, PN_EEOF,
 * PN_ETLS. */
static int step(struct tls_conn *t, void *data, const void *text, size_t len)
{
    int rc = 1;

    mutex_lock(&t->mu);
    ERR_clear_error();
    if (!t->ready) {
        rc = SSL_do_handshake(t->ssl);
        t->ready = rc == 1;
        if (t->ready)
            show(t);
    }
    if (rc == 1)
        rc = data ? SSL_read(t->ssl, data, (int)len) : SSL_write(t->ssl, text, (int)len);
    if (rc <= 0)
        rc = result_of(t, rc);
    mutex_unlock(&t->mu);
    return rc;
}

/* Take sealed bytes out. Returns: how many. */
static size_t take_sealed(struct tls_conn *t, uint8_t *out, size_t len)
{
    int n;

    mutex_lock(&t->mu);
    n = BIO_read(SSL_get_wbio(t->ssl), out, (int)len);
    mutex_unlock(&t->mu);
    return n > 0 ? (size_t)n : 0;
}

static int write_sealed(struct tls_conn *t, uint8_t *scratch, size_t len, int64_t deadline_us)
{
    size_t n;
    int rc = 0;

    while (rc == 0 && (n = take_sealed(t, scratch, len)) > 0) {
        struct iovec iov = {scratch, n};

        rc = conn_writev(t->inner, &iov, 1, deadline_us);
    }
    return rc;
}

static int feed(struct tls_conn *t, uint8_t *scratch, size_t len, int64_t deadline_us)
{
    size_t got = 0;
    int rc = conn_read(t->inner, &got, scratch, len, deadline_us);

    if (rc < 0)
        return rc;
    mutex_lock(&t->mu);
    if (BIO_write(SSL_get_rbio(t->ssl), scratch, (int)got) != (int)got)
        rc = PN_ENOMEM;
    mutex_unlock(&t->mu);
    return rc;
}

static int tls_read(struct conn *c, size_t *n, void *data, size_t len, int64_t deadline_us)
{
    struct tls_conn *t = tls_of(c);
    uint8_t scratch[READ_BYTES];

    for (;;) {
        bool shaking = !t->ready;
        int rc = step(t, data, NULL, len < RECORD_BYTES ? len : RECORD_BYTES);

        if (rc > 0) {
            *n = (size_t)rc;
            rc = 0;
        }
        if (shaking) { /* the last flight, or an alert, or the next one */
            int sent = write_sealed(t, scratch, sizeof scratch, deadline_us);

            if (sent < 0 && (rc == 0 || rc == PN_EAGAIN))
                return sent;
        }
        if (rc != PN_EAGAIN)
            return rc;
        rc = feed(t, scratch, sizeof scratch, deadline_us);
        if (rc < 0)
            return rc;
    }
}

/* Seal one piece of at most a record and write it. */
static int write_piece(struct tls_conn *t, uint8_t *scratch, const void *text, size_t len,
                       int64_t deadline_us)
{
    for (;;) {
        int rc = step(t, NULL, text, len);
        int sent = write_sealed(t, scratch, SEALED_BYTES, deadline_us);

        if (rc > 0)
            return sent;
        if (rc != PN_EAGAIN)
            return rc;
        if (sent == 0) /* a memory buffer takes everything, so only a handshake waits */
            sent = feed(t, scratch, SEALED_BYTES, deadline_us);
        if (sent < 0)
            return sent;
    }
}

/* Small pieces, as answers in a batch are, share a record. */
static size_t gather(uint8_t *record, struct iovec **iov, int *n)
{
    size_t len = 0;

    while (*n > 0 && len < RECORD_BYTES) {
        size_t part = (*iov)->iov_len < RECORD_BYTES - len ? (*iov)->iov_len : RECORD_BYTES - len;

        if (part > 0)
            memcpy(record + len, (*iov)->iov_base, part);
        len += part;
        (*iov)->iov_base = (uint8_t *)(*iov)->iov_base + part;
        (*iov)->iov_len -= part;
        if ((*iov)->iov_len > 0)
            break;
        ++*iov;
        --*n;
    }
    return len;
}

static int tls_writev(struct conn *c, struct iovec *iov, int n, int64_t deadline_us)
{
    struct tls_conn *t = tls_of(c);
    uint8_t *record = mem_alloc(RECORD_BYTES + SEALED_BYTES);
    int rc = record ? 0 : PN_ENOMEM;

    while (rc == 0 && n > 0) {
        size_t len = gather(record, &iov, &n);

        if (len > 0)
            rc = write_piece(t, record + RECORD_BYTES, record, len, deadline_us);
    }
    mem_free(record);
    return rc;
}

static void tls_shutdown(struct conn *c)
{
    conn_shutdown(tls_of(c)->inner);
}

static void tls_shutdown_read(struct conn *c)
{
    conn_shutdown_read(tls_of(c)->inner);
}

struct conn *tls_conn_release(struct conn *c)
{
    struct tls_conn *t = tls_of(c);
    struct conn *inner = t->inner;

    mutex_lock(&t->mu);
    SSL_free(t->ssl);
    mutex_unlock(&t->mu);
    mutex_destroy(&t->mu);
    mem_free(t);
    return inner;
}

static void tls_close(struct conn *c)
{
    conn_close(tls_conn_release(c));
}

static const struct conn_ops tls_ops = {
    .read = tls_read,
    .writev = tls_writev,
    .shutdown = tls_shutdown,
    .shutdown_read = tls_shutdown_read,
    .close = tls_close,
};

static SSL *make_ssl(struct tls_context *ctx, const struct tls_setup *setup)
{
    SSL *ssl = SSL_new(ctx->ssl_ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

    if (!ssl || !in || !out)
        goto fail;
    if (!ctx->server && setup && setup->server_name &&
        SSL_set_tlsext_host_name(ssl, setup->server_name) != 1)
        goto fail;
    BIO_set_mem_eof_return(in, -1); /* nothing there yet is no end */
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(ssl, in, out);
    if (ctx->server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
fail:
    BIO_free(in);
    BIO_free(out);
    SSL_free(ssl);
    return NULL;
}

struct conn *tls_conn_new(struct tls_context *ctx, struct conn *inner,
                          const struct tls_setup *setup) NO_THREAD_SAFETY
{
    struct tls_conn *t = mem_zalloc(sizeof *t);
    SSL *ssl = t ? make_ssl(ctx, setup) : NULL;

    if (!ssl) {
        mem_free(t);
        return NULL;
    }
    t->conn.ops = &tls_ops;
    t->inner = inner;
    t->ssl = ssl;
    if (setup)
        t->setup = *setup;
    t->setup.server_name = NULL; /* OpenSSL has a copy */
    mutex_init(&t->mu);
    return &t->conn;
}
