#include "ethereum/p2p/caps.h"

#include <string.h>

#include "base/err.h"
#include "ethereum/p2p/codes.h"

static void raise_match(struct p2p_match *m, const struct p2p_protocol *p,
                        const struct rlpx_cap *cap)
{
    for (unsigned v = 0; v < p->n_versions; v++)
        if (p->versions[v].version == cap->version && cap->version > m->version) {
            m->version = cap->version;
            m->codes = p->versions[v].codes;
        }
}

/* The protocols are few: each is placed behind those whose names come before. */
static void place(struct p2p_match out[], const struct p2p_protocol *const *protocols, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        out[i].offset = P2P_BASE_CODES;
        for (unsigned j = 0; j < n; j++)
            if (out[j].version && strcmp(protocols[j]->name, protocols[i]->name) < 0)
                out[i].offset += out[j].codes;
    }
}

int p2p_caps_match(struct p2p_match out[P2P_PROTOCOLS_MAX],
                   const struct p2p_protocol *const *protocols, unsigned n,
                   const struct rlpx_hello *remote)
{
    bool any = false;

    memset(out, 0, P2P_PROTOCOLS_MAX * sizeof *out);
    for (unsigned i = 0; i < n; i++)
        for (unsigned c = 0; c < remote->n_caps; c++)
            if (strcmp(protocols[i]->name, remote->caps[c].name) == 0) {
                raise_match(&out[i], protocols[i], &remote->caps[c]);
                any = any || out[i].version;
            }
    place(out, protocols, n);
    return any ? 0 : PN_EUSELESS;
}

void p2p_caps_announce(struct rlpx_hello *hello, const struct p2p_protocol *const *protocols,
                       unsigned n)
{
    hello->n_caps = 0;
    for (unsigned i = 0; i < n; i++)
        for (unsigned v = 0; v < protocols[i]->n_versions; v++) {
            struct rlpx_cap *cap = &hello->caps[hello->n_caps++];

            strncpy(cap->name, protocols[i]->name, RLPX_CAP_NAME_MAX);
            cap->version = protocols[i]->versions[v].version;
        }
}

int p2p_caps_find(unsigned *protocol, unsigned *code,
                  const struct p2p_match matches[P2P_PROTOCOLS_MAX], unsigned wire_code)
{
    for (unsigned i = 0; i < P2P_PROTOCOLS_MAX; i++) {
        const struct p2p_match *m = &matches[i];

        if (m->version == 0 || wire_code < m->offset || wire_code - m->offset >= m->codes)
            continue;
        *protocol = i;
        *code = wire_code - m->offset;
        return 0;
    }
    return PN_EPROTO;
}
