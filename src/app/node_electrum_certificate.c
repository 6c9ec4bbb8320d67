/* The certificate is made at the first start and kept, since clients remember it. */
#include "app/node_electrum_certificate.h"

#include <stdio.h>
#include <string.h>

#include "app/node_parts.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "net/tls/tls.h"
#include "store/atomic_file.h"
#include "store/read_file.h"

enum { FILE_NAME_BYTES = 4096 };

static int read_pem(struct buf *out, const char *path)
{
    uint8_t *data;
    size_t len;
    int rc = read_file(&data, &len, path, TLS_PEM_MAX_BYTES);

    if (rc < 0)
        return rc;
    rc = buf_append(out, data, len);
    explicit_bzero(data, len);
    mem_free(data);
    return rc;
}

/* The operator's, or our own, made when it is missing. */
static int get_pair(struct buf *cert, struct buf *key, const char *cert_path, const char *key_path,
                    bool own)
{
    int rc = read_pem(cert, cert_path);

    if (rc == 0)
        rc = read_pem(key, key_path);
    if (rc != PN_ENOENT || !own)
        return rc;
    buf_reset(cert);
    rc = tls_certificate_make(cert, key, "p2pnode");
    if (rc == 0)
        rc = atomic_file_replace(key_path, key->data, key->len);
    if (rc == 0)
        rc = atomic_file_replace(cert_path, cert->data, cert->len);
    if (rc == 0)
        log_info("electrum", "made a certificate, %s", cert_path);
    return rc;
}

static int load_pair(struct tls_context **out, const char *cert_path, const char *key_path,
                     bool own)
{
    struct buf cert, key;
    int rc;

    buf_init(&cert, TLS_PEM_MAX_BYTES);
    buf_init(&key, TLS_PEM_MAX_BYTES);
    rc = get_pair(&cert, &key, cert_path, key_path, own);
    if (rc == 0)
        rc = tls_context_server(out, (struct bytes){cert.data, cert.len},
                                (struct bytes){key.data, key.len});
    if (rc < 0)
        log_error("electrum", "cannot use the certificate %s with the key %s: %s", cert_path,
                  key_path, pn_strerror(rc));
    if (key.data)
        explicit_bzero(key.data, key.cap);
    buf_free(&cert);
    buf_free(&key);
    return rc;
}

int node_electrum_certificate(struct tls_context **out, const struct node *n,
                              const struct options *o)
{
    char *paths;
    int rc;

    *out = NULL;
    if (n->options->electrum_tls_listen.n == 0)
        return 0;
    if (o->electrum_certificate && o->electrum_key)
        return load_pair(out, o->electrum_certificate, o->electrum_key, false);
    paths = mem_alloc_array(2, FILE_NAME_BYTES);
    if (!paths)
        return PN_ENOMEM;
    snprintf(paths, FILE_NAME_BYTES, "%s/electrum-cert.pem", n->options->datadir);
    snprintf(paths + FILE_NAME_BYTES, FILE_NAME_BYTES, "%s/electrum-key.pem", n->options->datadir);
    rc = load_pair(out, paths, paths + FILE_NAME_BYTES, true);
    mem_free(paths);
    return rc;
}
