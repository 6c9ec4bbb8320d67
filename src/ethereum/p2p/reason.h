/* Between the reasons of this program and the numbers of a Disconnect. */
#ifndef ETHEREUM_P2P_REASON_H
#define ETHEREUM_P2P_REASON_H

#include <stdbool.h>

#include "ethereum/rlpx/hello.h"

/* What the remote side is told when we part for `reason`, a pn_err. `in_subprotocol`: a subprotocol
 * returned it. Thread: any. Returns: false when nothing is to be said, or nobody is left to hear
 * it.
 */
bool p2p_reason_to_wire(enum rlpx_disconnect *out, int reason, bool in_subprotocol);

/* The reason to part from a peer that sent this number. Thread: any. Returns: PN_EREMOTE_*. */
int p2p_reason_from_wire(unsigned number);

#endif
