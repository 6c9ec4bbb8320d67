/* Hexadecimal text. Bitcoin shows hashes with the last byte first. Pure; no I/O. */
#ifndef CODEC_HEX_H
#define CODEC_HEX_H

#include <stddef.h>
#include <stdint.h>

/* 2 × len lower-case digits and a terminator into out. */
void hex_encode(char *out, const uint8_t *data, size_t len);

/* Exactly 2 × len digits, either case, nothing else. Returns: 0 or PN_EFORMAT. */
int hex_decode(uint8_t *out, size_t len, const char *text);

/* A 32-byte hash as Bitcoin displays it: reversed. out holds 65 bytes. */
void hash_to_hex(char out[65], const uint8_t hash[32]);
int hash_from_hex(uint8_t out[32], const char *text);

#endif
