/* What the rows of msgs.def make: the table of names and limits, and the two switches, in which
 * the compiler checks each row's functions against its struct. */
#include "bitcoin/wire/msg.h"

#include <assert.h>

/* The sizes that BTC_MSG_MEMORY counts on. */
static_assert(sizeof(struct btc_addr) <= 32 && sizeof(struct btc_tx) <= 48 &&
                  sizeof(struct btc_prefilled) <= 56 && sizeof(struct btc_txin) <= 80 &&
                  sizeof(struct btc_txout) <= 24,
              "a decoded message has outgrown its bound");

/* The names as they stand in a header: zero-padded, unterminated. */
static const char commands[BTC_CMD_COUNT][BTC_COMMAND_BYTES] = {
#define BTC_MSG(id, name, limit, since, type, decode, encode) [BTC_CMD_##id] = #name,
#include "bitcoin/wire/msgs.def"
};

static const struct btc_cmd_info infos[BTC_CMD_COUNT] = {
    [BTC_CMD_UNKNOWN] = {"unknown", BTC_UNKNOWN_MAX_BYTES, 0},
#define BTC_MSG(id, name, limit, since, type, decode, encode) \
    [BTC_CMD_##id] = {#name, limit, since},
#include "bitcoin/wire/msgs.def"
};

const struct btc_cmd_info *btc_cmd_info(enum btc_cmd cmd)
{
    assert((unsigned)cmd < BTC_CMD_COUNT);
    return &infos[cmd];
}

static bool is_padded_ascii(const uint8_t raw[BTC_COMMAND_BYTES])
{
    size_t i = 0;

    while (i < BTC_COMMAND_BYTES && raw[i] >= 0x20 && raw[i] <= 0x7e)
        i++;
    while (i < BTC_COMMAND_BYTES && raw[i] == 0)
        i++;
    return i == BTC_COMMAND_BYTES;
}

int btc_cmd_parse(enum btc_cmd *out, const uint8_t raw[BTC_COMMAND_BYTES])
{
    *out = BTC_CMD_UNKNOWN;
    if (!is_padded_ascii(raw))
        return PN_ECOMMAND;
    for (unsigned cmd = BTC_CMD_UNKNOWN + 1; cmd < BTC_CMD_COUNT; cmd++) {
        if (memcmp(raw, commands[cmd], BTC_COMMAND_BYTES) == 0) {
            *out = (enum btc_cmd)cmd;
            break;
        }
    }
    return 0;
}

int btc_msg_decode(struct btc_msg *out, struct arena *a, enum btc_cmd cmd, const void *payload,
                   size_t len)
{
    struct reader r = reader_of(payload ? payload : "", len);

    *out = (struct btc_msg){.cmd = cmd};
    if ((unsigned)cmd < BTC_CMD_COUNT && len > infos[cmd].payload_limit)
        return PN_ETOOLARGE;
    switch (cmd) {
#define BTC_MSG(id, name, limit, since, type, decode, encode) \
    case BTC_CMD_##id:                                        \
        decode(&r, &out->u.name, a);                          \
        break;
#include "bitcoin/wire/msgs.def"
    case BTC_CMD_UNKNOWN:
    case BTC_CMD_COUNT:
    default:
        return PN_ENOENT;
    }
    if (reader_finish(&r) < 0)
        *out = (struct btc_msg){.cmd = cmd};
    return r.err;
}

int btc_msg_encode(struct buf *b, const struct btc_msg *m)
{
    size_t start = b->len;

    switch (m->cmd) {
#define BTC_MSG(id, name, limit, since, type, decode, encode) \
    case BTC_CMD_##id:                                        \
        encode(b, &m->u.name);                                \
        break;
#include "bitcoin/wire/msgs.def"
    case BTC_CMD_UNKNOWN:
    case BTC_CMD_COUNT:
    default:
        return b->err ? b->err : (b->err = PN_ENOENT);
    }
    if (!b->err && b->len - start > infos[m->cmd].payload_limit)
        b->err = PN_ETOOLARGE;
    if (b->err)
        b->len = start;
    return b->err;
}
