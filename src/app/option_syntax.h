/* Checks of values that stay text. Internal to the option code. Each returns NULL for good text,
 * or what it is not, as the end of the sentence «"TEXT" is ...». Pure; nothing is resolved. */
#ifndef APP_OPTION_SYNTAX_H
#define APP_OPTION_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

enum option_port { OPTION_PORT_OPTIONAL, OPTION_PORT_REQUIRED };

/* A numeric IPv4 or IPv6 address: ADDR or ADDR:PORT, with an IPv6 address in brackets when a port
 * follows. */
const char *option_check_address(const char *text, enum option_port port, bool zero_port_allowed);

/* A numeric address and optionally a prefix length: ADDR or ADDR/BITS. */
const char *option_check_subnet(const char *text);

/* Hexadecimal digits of 1 to max_bytes whole bytes. */
const char *option_check_hex(const char *text, size_t max_bytes);

/* A user agent comment: the characters that Bitcoin Core lets pass into one (BIP 14,
 * src/util/strencodings.cpp, SAFE_CHARS_UA_COMMENT). */
const char *option_check_comment(const char *text, size_t max_chars);

/* Text that a configuration file can carry: what such a file would cut or drop is refused from all
 * sources, so that --print-config can always be read back. */
const char *option_check_writable(const char *text);

#endif
