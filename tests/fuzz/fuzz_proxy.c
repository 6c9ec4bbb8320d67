/* Proxies: whatever the far side says, SOCKS5 and SAM end in a result or wait for more, the same in
 * every cut, and touch nothing behind the last reply. */
#include "fuzz.h"
#include "net/exchange.h"
#include "net/sam.h"
#include "net/socks5.h"

enum { OUT_MAX = 3 * SAM_OUT_BYTES };

/* What came of one dialogue. */
struct outcome {
    int rc;
    size_t used;
    size_t out_len;
    uint8_t out[OUT_MAX];
};

static void drain(struct outcome *o, const struct exchange_ops *ops, void *machine)
{
    size_t len;
    const uint8_t *data;

    while (data = ops->output(machine, &len), len > 0) {
        FUZZ_REQUIRE(len <= OUT_MAX - o->out_len);
        memcpy(o->out + o->out_len, data, len);
        o->out_len += len;
        ops->sent(machine, len);
    }
}

/* Feed the machine what it needs, at most `step` bytes at a time. */
static void converse(struct outcome *o, const struct exchange_ops *ops, void *machine, size_t step,
                     const uint8_t *data, size_t len)
{
    *o = (struct outcome){0};
    drain(o, ops, machine);
    while (o->rc == 0 && o->used < len) {
        size_t n = ops->need(machine), left = len - o->used, used;

        FUZZ_REQUIRE(n > 0);
        n = n < step ? n : step;
        n = n < left ? n : left;
        o->rc = ops->input(machine, &used, data + o->used, n);
        FUZZ_REQUIRE(used <= n && (o->rc != 0 || used == n));
        o->used += used;
        drain(o, ops, machine);
    }
    FUZZ_REQUIRE(o->rc <= 1 && (o->rc == 0 || ops->need(machine) == 0));
}

/* The first byte chooses command and credentials, the rest is what the proxy says. */
void fuzz_socks5(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    static struct socks5 s[2];
    static struct outcome o[2];
    static const struct socks5_auth alice = {.user = "alice", .password = "secret"};
    struct net_target to = {.kind = TARGET_NAME, .port = 8333, .host = "name.test"};
    uint8_t choice = len ? data[0] : 0;

    (void)t;
    for (size_t i = 0; i < 2; i++) {
        socks5_init(&s[i], choice & 1 ? SOCKS5_RESOLVE : SOCKS5_CONNECT, &to,
                    choice & 2 ? &alice : NULL);
        converse(&o[i], &exchange_socks5, &s[i], i == 0 ? 1 : SIZE_MAX, data + (len > 0),
                 len - (len > 0));
    }
    FUZZ_REQUIRE(o[0].rc == o[1].rc && o[0].out_len == o[1].out_len);
    FUZZ_REQUIRE(memcmp(o[0].out, o[1].out, o[0].out_len) == 0);
    FUZZ_REQUIRE(o[0].rc < 0 || o[0].used == o[1].used);
    FUZZ_REQUIRE(net_addr_equal(socks5_bound(&s[0]), socks5_bound(&s[1])));
    FUZZ_REQUIRE(!(choice & 1) || o[0].rc != 1 || socks5_bound(&s[0])->kind != NET_NONE);
}

/* The first byte chooses what the dialogue is for, the rest is what the router says. In larger
 * pieces it may be heard to say too much at once, which ends it sooner; else both cuts agree. Every
 * line of ours is one line. */
void fuzz_sam(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    static struct sam s[2];
    static struct outcome o[2];
    struct net_target to = {.kind = TARGET_I2P, .host = "name.i2p"};
    size_t lines = 0, after;

    (void)t;
    for (size_t i = 0; i < 2; i++) {
        if (len && (data[0] & 3) == 1)
            sam_init_stream(&s[i], "0123456789abcdef", &to);
        else if (len && (data[0] & 3) == 2)
            sam_init_key(&s[i]);
        else if (len && (data[0] & 3) == 3)
            sam_init_caller(&s[i], "0123456789abcdef");
        else
            sam_init_session(&s[i], "0123456789abcdef", NULL, "");
        converse(&o[i], &exchange_sam, &s[i], i == 0 ? 1 : SIZE_MAX, data + (len > 0),
                 len - (len > 0));
    }
    FUZZ_REQUIRE(o[0].rc == o[1].rc || o[1].rc < 0);
    FUZZ_REQUIRE(o[1].rc < 0 || o[0].used == o[1].used);
    for (size_t i = 0; i < o[0].out_len; i++) {
        FUZZ_REQUIRE(o[0].out[i] == '\n' || (o[0].out[i] >= ' ' && o[0].out[i] <= '~'));
        lines += o[0].out[i] == '\n';
    }
    after = o[0].used; /* lines answered are lines asked, but for the last */
    for (size_t i = 0; i < after; i++)
        lines -= data[1 + i] == '\n';
    if (len && (data[0] & 3) == 3) /* but here one more is answered than asked */
        lines += s[0].state == SAM_CALLER || s[0].state == SAM_DONE;
    FUZZ_REQUIRE(o[0].rc < 0 || lines == (o[0].rc == 0 ? 1 : 0));
}
