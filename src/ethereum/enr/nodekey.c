#include "ethereum/enr/nodekey.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "codec/hex.h"
#include "store/atomic_file.h"

enum { DIGITS = 2 * EC_SECRET_BYTES };

static int parse(uint8_t secret[EC_SECRET_BYTES], char *text, size_t len)
{
    uint8_t pubkey[EC_PUBKEY_BYTES];

    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    text[len] = '\0';
    if (hex_decode(secret, EC_SECRET_BYTES, text) < 0 || ec_pubkey(pubkey, secret) < 0)
        return PN_EFORMAT;
    return 0;
}

static int load(uint8_t secret[EC_SECRET_BYTES], const char *path)
{
    char text[DIGITS + 8];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len;
    int rc;

    if (fd < 0)
        return pn_err_from_errno(errno);
    if (fchmod(fd, 0600) < 0)
        rc = pn_err_from_errno(errno);
    else if ((len = read(fd, text, sizeof text - 1)) < 0)
        rc = pn_err_from_errno(errno);
    else
        rc = parse(secret, text, (size_t)len);
    close(fd);
    explicit_bzero(text, sizeof text);
    return rc;
}

static int create(uint8_t secret[EC_SECRET_BYTES], const char *path)
{
    char text[DIGITS + 2];
    int rc;

    ec_secret_generate(secret);
    hex_encode(text, secret, EC_SECRET_BYTES);
    text[DIGITS] = '\n';
    rc = atomic_file_replace(path, text, DIGITS + 1);
    explicit_bzero(text, sizeof text);
    return rc;
}

int nodekey_load_or_create(uint8_t secret[EC_SECRET_BYTES], const char *path)
{
    int rc = load(secret, path);

    return rc == PN_ENOENT ? create(secret, path) : rc;
}
