/* Checks of values that stay text. Internal to the option code. Each returns NULL for good text,
 * or the rest of a sentence that begins with the text. Pure; nothing is resolved. */
#ifndef APP_OPTION_SYNTAX_H
#define APP_OPTION_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

enum option_port { OPTION_PORT_OPTIONAL, OPTION_PORT_REQUIRED };

/* What net_addr_parse takes, and a port or none as demanded. */
const char *option_check_address(const char *text, enum option_port port, bool zero_port_allowed);

/* What net_target_parse takes: a numeric address or a name, a port or none. */
const char *option_check_target(const char *text);

/* A host name, without a port. */
const char *option_check_name(const char *text);

/* Where ZeroMQ publishes: tcp://ADDR:PORT with a numeric address, or ipc:// and an absolute path.
 */
const char *option_check_publish(const char *text);

/* What subnet_parse takes. */
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
