/* Port mapping: whatever a gateway says, in either protocol, a mapping that comes of it has a port,
 * and the machine goes on. */
#include <string.h>

#include "base/random.h"
#include "fuzz.h"
#include "nat/port_map.h"

static int on_open(void *arg, struct net_addr *client)
{
    (void)arg;
    *client = (struct net_addr){.kind = NET_IPV4, .bytes = {192, 168, 1, 5}};
    return 0;
}

static void on_send(void *arg, const void *data, size_t len)
{
    (void)arg;
    (void)data;
    FUZZ_REQUIRE(len > 0 && len <= NAT_REQUEST_BYTES);
}

static void on_close(void *arg)
{
    (void)arg;
}

static void on_changed(void *arg, unsigned i, const struct net_addr *outside)
{
    (void)arg;
    FUZZ_REQUIRE(i == 0 && (!outside || outside->port != 0));
}

/* The first byte chooses the protocol; the rest is what the gateway says, twice. The nonce of the
 * question is all zeros. */
void fuzz_nat(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    const struct port_map_ops ops = {
        .open = on_open, .send = on_send, .close = on_close, .changed = on_changed};
    bool pcp = len > 0 && (data[0] & 1);
    struct port_map m;
    int64_t now_us = 1;

    (void)t;
    random_test_start(1);
    port_map_init(&m, &ops, pcp, !pcp);
    port_map_add(&m, &(struct nat_port){NAT_TCP, 8333});
    memset(m.mappings[0].nonce, 0, sizeof m.mappings[0].nonce);
    for (unsigned i = 0; i < 3; i++) {
        int64_t at_us = port_map_tick(&m, now_us);

        FUZZ_REQUIRE(at_us > now_us);
        if (len > 0)
            port_map_input(&m, data + 1, len - 1, now_us);
        now_us = port_map_tick(&m, now_us);
        FUZZ_REQUIRE(now_us > 1);
    }
    random_test_stop();
}
