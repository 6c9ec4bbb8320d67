#include "net/i2p_key.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "codec/base64url.h"
#include "crypto/sha256.h"

enum {
    CERTIFICATE_AT = 384, /* its type, a byte, then its length, two bytes */
    CERTIFICATE_HEAD_BYTES = 3,
};

/* Base 64 for URLs has '_' where I2P has '~', and no padding. */
int i2p_decode(uint8_t out[I2P_KEY_MAX_BYTES], size_t *len, const char *text, size_t text_len)
{
    char url[BASE64URL_LEN(I2P_KEY_MAX_BYTES) + 1];

    if (memchr(text, '_', text_len))
        return PN_EFORMAT;
    while (text_len > 0 && text[text_len - 1] == '=')
        text_len--;
    if (text_len > BASE64URL_LEN(I2P_KEY_MAX_BYTES))
        return PN_ETOOLARGE;
    for (size_t i = 0; i < text_len; i++)
        url[i] = text[i] == '~' ? '_' : text[i];
    return base64url_decode(out, len, I2P_KEY_MAX_BYTES, url, text_len);
}

void i2p_encode(char *out, const uint8_t *data, size_t len)
{
    size_t text_len = BASE64URL_LEN(len);

    base64url_encode(out, data, len);
    for (size_t i = 0; i < text_len; i++)
        if (out[i] == '_')
            out[i] = '~';
    while (text_len % 4 > 0)
        out[text_len++] = '=';
    out[text_len] = '\0';
}

int i2p_address(struct net_addr *out, const uint8_t *key, size_t len)
{
    size_t destination_len;

    if (len < CERTIFICATE_AT + CERTIFICATE_HEAD_BYTES)
        return PN_EFORMAT;
    destination_len = CERTIFICATE_AT + CERTIFICATE_HEAD_BYTES + load_be16(key + CERTIFICATE_AT + 1);
    if (len < destination_len)
        return PN_EFORMAT;
    *out = (struct net_addr){.kind = NET_I2P};
    sha256(out->bytes, key, destination_len);
    return 0;
}
