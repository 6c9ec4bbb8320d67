/* A key and a certificate of our own. */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/random.h"
#include "net/tls/tls.h"

enum { TEN_YEARS_S = 3650 * 24 * 3600, A_DAY_S = 24 * 3600 };

static int append_bio(struct buf *out, BIO *bio)
{
    char *text;
    long len = BIO_get_mem_data(bio, &text);

    return len > 0 ? buf_append(out, text, (size_t)len) : PN_ESYS;
}

/* A random serial number, and good since yesterday, since clocks differ. */
static bool fill(X509 *cert, EVP_PKEY *key, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(cert);

    return X509_set_version(cert, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), random_u64() >> 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -A_DAY_S) &&
           X509_gmtime_adj(X509_getm_notAfter(cert), TEN_YEARS_S) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                      -1, 0) == 1 &&
           X509_set_issuer_name(cert, subject) == 1 && X509_set_pubkey(cert, key) == 1;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool ok = ext && X509_add_ext(cert, ext, -1) == 1;

    X509_EXTENSION_free(ext);
    return ok;
}

static int write_pem(struct buf *cert_pem, struct buf *key_pem, X509 *cert, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int rc = bio ? 0 : PN_ENOMEM;

    if (rc == 0)
        rc = PEM_write_bio_X509(bio, cert) == 1 ? append_bio(cert_pem, bio) : PN_ESYS;
    if (rc == 0)
        BIO_reset(bio);
    if (rc == 0)
        rc = PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1
                 ? append_bio(key_pem, bio)
                 : PN_ESYS;
    BIO_free(bio);
    return rc;
}

int tls_certificate_make(struct buf *cert_pem, struct buf *key_pem, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    int rc = key && cert && fill(cert, key, name) &&
                     add_extension(cert, NID_basic_constraints, "critical,CA:TRUE") &&
                     X509_sign(cert, key, EVP_sha256()) > 0
                 ? 0
                 : PN_ESYS;

    if (rc == 0)
        rc = write_pem(cert_pem, key_pem, cert, key);
    X509_free(cert);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return rc;
}
