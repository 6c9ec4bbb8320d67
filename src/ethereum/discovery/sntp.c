#include "ethereum/discovery/sntp.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
    VERSION_4 = 4 << 3,
    MODE_MASK = 7,
    MODE_CLIENT = 3,
    MODE_SERVER = 4,
    STRATUM_AT = 1,
    STRATUM_MAX = 15,
    ORIGINATE_AT = 24,
    RECEIVE_AT = 32,
    TRANSMIT_AT = 40,
    TIMESTAMP_BYTES = 8,
};

#define US_PER_S INT64_C(1000000)
/* Seconds from 1900 to 1970. Timestamps are of the era that ends in 2036, or of the next. */
#define UNIX_EPOCH INT64_C(2208988800)
#define ERA_S      (INT64_C(1) << 32)

static void put_time(uint8_t *at, int64_t wall_us)
{
    uint64_t fraction = ((uint64_t)(wall_us % US_PER_S) << 32) / (uint64_t)US_PER_S;

    store_be32(at, (uint32_t)(wall_us / US_PER_S + UNIX_EPOCH));
    store_be32(at + 4, (uint32_t)fraction);
}

/* RFC 4330 section 3: a first bit of 0 means the era that begins in 2036. */
static int64_t get_time(const uint8_t *at)
{
    uint32_t seconds = load_be32(at);
    int64_t unix_s = (int64_t)seconds - UNIX_EPOCH + (seconds >> 31 ? 0 : ERA_S);

    return unix_s * US_PER_S + (int64_t)(((uint64_t)load_be32(at + 4) * (uint64_t)US_PER_S) >> 32);
}

void sntp_make_request(uint8_t out[SNTP_PACKET_BYTES], int64_t sent_wall_us)
{
    memset(out, 0, SNTP_PACKET_BYTES);
    out[0] = VERSION_4 | MODE_CLIENT;
    put_time(out + TRANSMIT_AT, sent_wall_us);
}

int sntp_read_reply(int64_t *ahead_us, const void *reply, size_t len,
                    const uint8_t request[SNTP_PACKET_BYTES], int64_t sent_wall_us,
                    int64_t received_wall_us)
{
    const uint8_t *p = reply;
    int64_t there_us;

    if (len < SNTP_PACKET_BYTES || (p[0] & MODE_MASK) != MODE_SERVER || p[STRATUM_AT] == 0 ||
        p[STRATUM_AT] > STRATUM_MAX)
        return PN_EFORMAT;
    if (memcmp(p + ORIGINATE_AT, request + TRANSMIT_AT, TIMESTAMP_BYTES) != 0)
        return PN_EUNSOLICITED;
    there_us = get_time(p + RECEIVE_AT) / 2 + get_time(p + TRANSMIT_AT) / 2;
    *ahead_us = there_us - (sent_wall_us / 2 + received_wall_us / 2);
    return 0;
}
