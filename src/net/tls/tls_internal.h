/* What the files of this folder share. */
#ifndef NET_TLS_TLS_INTERNAL_H
#define NET_TLS_TLS_INTERNAL_H

#include <openssl/ssl.h>
#include <stdbool.h>

struct tls_context {
    SSL_CTX *ssl_ctx;
    bool server;
};

#endif
