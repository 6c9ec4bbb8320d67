/* The Simple Network Time Protocol (RFC 4330), as far as it takes to notice a clock that is wrong:
 * one packet each way. Pure; no I/O. */
#ifndef ETHEREUM_DISCOVERY_SNTP_H
#define ETHEREUM_DISCOVERY_SNTP_H

#include <stddef.h>
#include <stdint.h>

#define SNTP_PACKET_BYTES 48

/* A client's request, sent at this wall time; the server repeats its timestamp in its reply. */
void sntp_make_request(uint8_t out[SNTP_PACKET_BYTES], int64_t sent_wall_us);

/* How far the server's clock is ahead of ours. Returns: 0; PN_EFORMAT when it is no server's reply;
 * PN_EUNSOLICITED when it is none to this request. */
int sntp_read_reply(int64_t *ahead_us, const void *reply, size_t len,
                    const uint8_t request[SNTP_PACKET_BYTES], int64_t sent_wall_us,
                    int64_t received_wall_us);

#endif
