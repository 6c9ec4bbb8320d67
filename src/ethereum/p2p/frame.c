#include <assert.h>

#include "ethereum/p2p/codes.h"

struct frame *p2p_frame(unsigned protocol, unsigned code, const void *payload, size_t len)
{
    assert(protocol < P2P_PROTOCOLS_MAX && code < P2P_CODES_MAX);
    return frame_new(p2p_cmd(protocol, code), payload, len);
}
