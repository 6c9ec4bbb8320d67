/* A network in the test's hands: every connection that is started is one end of a socket pair, and
 * the test holds the other. */
#ifndef TESTS_NET_NET_DOUBLE_H
#define TESTS_NET_NET_DOUBLE_H

#include "net/addr.h"

/* Put the double in place of the kernel, and back. */
void net_double_start(void);
void net_double_stop(void);

/* What the next connections come to: at once, and once they are decided. */
void net_double_fail(int start_rc, int result_rc);

/* How many connections have been started. */
unsigned net_double_count(void);

/* The far end of the i-th connection, and where it was to lead. */
int net_double_far(unsigned i);
const char *net_double_to(unsigned i);

/* The far end says these bytes, or closes. */
void net_double_say(unsigned i, const void *data, size_t len);
void net_double_close(unsigned i);

/* What has arrived at the far end, as text; zero-terminated, static. */
const char *net_double_heard(unsigned i);

#endif
