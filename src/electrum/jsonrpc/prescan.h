/* One pass over a JSON text before a parser that recurses and allocates sees it: how deep it nests,
 * how many values it may make, and whether its strings are UTF-8 without zero characters. What
 * passes needs a bounded stack and a bounded multiple of its length in memory. It says nothing
 * about the grammar; that is the parser's. Pure. */
#ifndef ELECTRUM_JSONRPC_PRESCAN_H
#define ELECTRUM_JSONRPC_PRESCAN_H

#include <stddef.h>

#define JRPC_MAX_DEPTH  32    /* of arrays and objects */
#define JRPC_MAX_VALUES 20000 /* values, keys included */

/* Thread: any. Returns: 0; PN_ETOOLARGE nested too deep; PN_ECOUNT too many values; PN_EFORMAT a
 * string that is no UTF-8, holds a control character or \u0000, or does not end. */
int jrpc_prescan(const char *text, size_t len);

#endif
