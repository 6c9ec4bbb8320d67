/* Handler `ping`: a heartbeat when the handshake is done and at every interval from then on. The
 * round trip is measured from the moment `out` writes the ping. It blocks on the quit token alone.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "peer/peer_internal.h"

void peer_ping_now(struct peer *p)
{
    uint64_t nonce = random_u64() | 1; /* never 0, which stands for none */
    struct frame *f = p->proto->ping(p, nonce);

    if (!f)
        return;
    atomic_store(&p->ping_sent_us, 0);
    atomic_store(&p->ping_nonce, nonce);
    peer_send(p, f, 0);
}

void peer_ping_run(void *arg)
{
    struct peer *p = arg;
    int64_t next_us;

    do {
        next_us = clock_deadline_ms(p->config->ping_interval_ms); /* whatever the sending takes */
        peer_ping_now(p);
    } while (chan_recv(&p->quit, NULL, next_us) == PN_ETIMEDOUT);
    peer_leave(p);
}

bool peer_pong(struct peer *p, uint64_t nonce)
{
    int64_t sent_us = atomic_load(&p->ping_sent_us), us, min_us;

    if (nonce == 0 || nonce != atomic_load(&p->ping_nonce) || sent_us == 0)
        return false;
    atomic_store(&p->ping_nonce, 0);
    us = clock_mono_us() - sent_us;
    min_us = atomic_load(&p->min_ping_us);
    if (min_us < 0 || us < min_us)
        atomic_store(&p->min_ping_us, us);
    atomic_store(&p->ping_us, us); /* last: who sees it also sees a minimum */
    peer_metrics_ping(p->metrics, us);
    return true;
}
