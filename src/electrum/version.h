/* Versions of the Electrum protocol, "1.4" or "1.4.2", as comparable numbers. */
#ifndef ELECTRUM_VERSION_H
#define ELECTRUM_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#define PROTOCOL(major, minor, patch) ((major)*10000u + (minor)*100u + (patch))
#define PROTOCOL_MIN                  PROTOCOL(1, 4, 0)
#define PROTOCOL_MAX                  PROTOCOL(1, 6, 0)
#define PROTOCOL_TEXT_BYTES           12

/* Two or three numbers below 100. Returns: 0 for anything else. */
unsigned protocol_parse(const char *text);

/* Without the third number when it is 0. Returns: out. */
const char *protocol_format(char out[PROTOCOL_TEXT_BYTES], unsigned version);

/* The highest that both sides speak. Returns: 0 when there is none. */
unsigned protocol_negotiate(unsigned client_min, unsigned client_max);

#endif
