/* What the client must send is made once, from what it must know, and compared as text: there is
 * one way only to write a credential in base64. */
#include "api/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "codec/hex.h"
#include "store/atomic_file.h"

enum { SECRET_BYTES = 32, PAIR_MAX_BYTES = 360 /* 480 in base64 */ };

static int make_credential(char out[API_CREDENTIAL_BYTES], const char *user, const char *password)
{
    char pair[PAIR_MAX_BYTES];
    int len = snprintf(pair, sizeof pair, "%s:%s", user, password);

    if (len >= (int)sizeof pair)
        return PN_ETOOLARGE;
    memcpy(out, "Basic ", 6);
    EVP_EncodeBlock((unsigned char *)out + 6, (const unsigned char *)pair, len);
    OPENSSL_cleanse(pair, sizeof pair);
    return 0;
}

static int write_cookie(struct api_auth *a)
{
    uint8_t secret[SECRET_BYTES];
    char hex[2 * SECRET_BYTES + 1];
    char line[sizeof API_USER_COOKIE + sizeof hex];
    int len, rc;

    random_bytes(secret, sizeof secret);
    hex_encode(hex, secret, sizeof secret);
    rc = make_credential(a->cookie, API_USER_COOKIE, hex);
    len = snprintf(line, sizeof line, "%s:%s", API_USER_COOKIE, hex);
    if (rc == 0)
        rc = atomic_file_replace(a->cookie_path, line, (size_t)len);
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(hex, sizeof hex);
    OPENSSL_cleanse(line, sizeof line);
    return rc;
}

int api_auth_make(char out[API_CREDENTIAL_BYTES], const char *user, const char *password)
{
    out[0] = '\0';
    return user && password ? make_credential(out, user, password) : 0;
}

int api_auth_open(struct api_auth *a, const char *cookie_path, const char *user,
                  const char *password)
{
    int rc;

    *a = (struct api_auth){.cookie_path = mem_strdup(cookie_path)};
    if (!a->cookie_path)
        return PN_ENOMEM;
    rc = api_auth_make(a->password, user, password);
    if (rc == 0)
        rc = write_cookie(a);
    if (rc < 0)
        MEM_FREE(a->cookie_path);
    return rc;
}

static bool equal(const char *header, const char *credential)
{
    size_t len = strlen(credential);

    return len > 0 && strlen(header) == len && CRYPTO_memcmp(header, credential, len) == 0;
}

bool api_auth_ok(const struct api_auth *a, const char *header)
{
    bool by_cookie, by_password;

    if (!header)
        return false;
    by_cookie = equal(header, a->cookie);
    by_password = equal(header, a->password);
    return by_cookie || by_password;
}

void api_auth_close(struct api_auth *a)
{
    if (a->cookie_path)
        unlink(a->cookie_path);
    mem_free(a->cookie_path);
    OPENSSL_cleanse(a, sizeof *a);
}
