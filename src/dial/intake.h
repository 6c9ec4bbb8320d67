/* What becomes of a connection that somebody has opened to us, however it came: the gate is asked,
 * a place taken, the connection handed over. */
#ifndef DIAL_INTAKE_H
#define DIAL_INTAKE_H

#include "dial/listener.h"

/* Take in a connected socket. A refusal is counted, and noted in the journal. Thread: the loop's.
 * Owns: takes the descriptor in any case. */
void intake_take(const struct listener_config *config, int fd, const struct net_addr *from);

#endif
