/* Base 64 for URLs without padding (RFC 4648 section 5): the text of node records. Pure; no I/O. */
#ifndef CODEC_BASE64URL_H
#define CODEC_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

/* Characters that len bytes take, without a terminator. */
#define BASE64URL_LEN(len) (((len)*4 + 2) / 3)

/* BASE64URL_LEN(len) characters and a terminator into out. */
void base64url_encode(char *out, const uint8_t *data, size_t len);

/* All of text_len characters; unused bits must be zero, so that every value has one text.
 * Returns: 0 and *len; PN_EFORMAT; PN_ETOOLARGE when out, of cap bytes, is too small. */
int base64url_decode(uint8_t *out, size_t *len, size_t cap, const char *text, size_t text_len);

#endif
