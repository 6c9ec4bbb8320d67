#include "bitcoin/wire/msg_version.h"

#include "bitcoin/wire/field.h"
#include "bitcoin/wire/limits.h"

static void netaddr_decode(struct reader *r, struct btc_netaddr *out)
{
    out->services = read_le64(r);
    read_copy(r, out->ip, sizeof out->ip);
    out->port = read_be16(r);
}

static void netaddr_encode(struct buf *b, const struct btc_netaddr *addr)
{
    write_le64(b, addr->services);
    buf_append(b, addr->ip, sizeof addr->ip);
    write_be16(b, addr->port);
}

/* The fields that came with later versions, as far as the message goes. Where it may end is where
 * btcd lets it end (wire/msgversion.go); Core wants from and nonce together. */
static void optional_decode(struct reader *r, struct btc_version *out)
{
    while (out->missing > 0 && reader_left(r) > 0) {
        switch (BTC_VERSION_OPTIONAL - out->missing--) {
        case 0:
            netaddr_decode(r, &out->from);
            break;
        case 1:
            out->nonce = read_le64(r);
            break;
        case 2:
            out->user_agent = read_var_bytes(r, BTC_USER_AGENT_MAX);
            break;
        case 3:
            out->height = (int32_t)read_le32(r);
            break;
        case 4:
            out->relay = read_u8(r) != 0;
            break;
        }
    }
}

void btc_version_decode(struct reader *r, struct btc_version *out, struct arena *a)
{
    (void)a;
    *out = (struct btc_version){.height = -1, .relay = true, .missing = BTC_VERSION_OPTIONAL};
    out->version = (int32_t)read_le32(r);
    out->services = read_le64(r);
    out->time = (int64_t)read_le64(r);
    netaddr_decode(r, &out->recv);
    optional_decode(r, out);
    if (!r->err)
        reader_take(r, reader_left(r));
}

void btc_version_encode(struct buf *b, const struct btc_version *m)
{
    write_le32(b, (uint32_t)m->version);
    write_le64(b, m->services);
    write_le64(b, (uint64_t)m->time);
    netaddr_encode(b, &m->recv);
    if (m->missing < 5)
        netaddr_encode(b, &m->from);
    if (m->missing < 4)
        write_le64(b, m->nonce);
    if (m->missing < 3)
        write_var_bytes(b, m->user_agent, BTC_USER_AGENT_MAX);
    if (m->missing < 2)
        write_le32(b, (uint32_t)m->height);
    if (m->missing < 1)
        write_u8(b, m->relay);
}
