/* Contexts: what all connections of one side share. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/tls/tls.h"
#include "net/tls/tls_internal.h"

static struct tls_context *context_new(const SSL_METHOD *method, bool server)
{
    struct tls_context *ctx = mem_zalloc(sizeof *ctx);

    if (!ctx)
        return NULL;
    ctx->server = server;
    ctx->ssl_ctx = SSL_CTX_new(method);
    if (!ctx->ssl_ctx) {
        mem_free(ctx);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx->ssl_ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx->ssl_ctx,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(ctx->ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx->ssl_ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx->ssl_ctx, SSL_VERIFY_NONE, NULL);
    return ctx;
}

static X509 *read_cert(BIO *pem)
{
    return PEM_read_bio_X509(pem, NULL, NULL, NULL);
}

/* The certificate, and those that stand behind it. */
static int use_certificates(SSL_CTX *ssl_ctx, struct bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *cert = bio ? read_cert(bio) : NULL;
    int rc = cert && SSL_CTX_use_certificate(ssl_ctx, cert) == 1 ? 0 : PN_EFORMAT;

    X509_free(cert);
    while (rc == 0 && (cert = read_cert(bio)) != NULL)
        if (SSL_CTX_add0_chain_cert(ssl_ctx, cert) != 1) {
            X509_free(cert);
            rc = PN_EFORMAT;
        }
    BIO_free(bio);
    return rc;
}

static int use_key(SSL_CTX *ssl_ctx, struct bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    int rc =
        key && SSL_CTX_use_PrivateKey(ssl_ctx, key) == 1 && SSL_CTX_check_private_key(ssl_ctx) == 1
            ? 0
            : PN_EFORMAT;

    EVP_PKEY_free(key);
    BIO_free(bio);
    return rc;
}

int tls_context_server(struct tls_context **out, struct bytes cert_pem, struct bytes key_pem)
{
    struct tls_context *ctx;
    int rc;

    *out = NULL;
    if (cert_pem.len > TLS_PEM_MAX_BYTES || key_pem.len > TLS_PEM_MAX_BYTES)
        return PN_EFORMAT;
    ctx = context_new(TLS_server_method(), true);
    if (!ctx)
        return PN_ENOMEM;
    rc = use_certificates(ctx->ssl_ctx, cert_pem);
    if (rc == 0)
        rc = use_key(ctx->ssl_ctx, key_pem);
    ERR_clear_error(); /* of the end of the chain, or of what is reported here */
    if (rc < 0) {
        tls_context_free(ctx);
        return rc;
    }
    *out = ctx;
    return 0;
}

int tls_context_client(struct tls_context **out)
{
    *out = context_new(TLS_client_method(), false);
    return *out ? 0 : PN_ENOMEM;
}

void tls_context_free(struct tls_context *ctx)
{
    if (!ctx)
        return;
    SSL_CTX_free(ctx->ssl_ctx);
    mem_free(ctx);
}
