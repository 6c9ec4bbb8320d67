/* The seeds: the examples of samples.c, each also cut short and with one byte changed, so that the
 * corpus holds accepted and refused input of every kind. */
#include <errno.h>
#include <sys/stat.h>

#include "bitcoin/wire/frame.h"
#include "codec/compact.h"
#include "fuzz.h"
#include "samples.h"

static bool put(const char *dir, const char *target, const char *name, const void *data, size_t len)
{
    char path[1024];
    FILE *f;
    bool done;

    snprintf(path, sizeof path, "%s/%s", dir, target);
    if (mkdir(path, 0777) < 0 && errno != EEXIST) {
        perror(path);
        return false;
    }
    snprintf(path, sizeof path, "%s/%s/%s", dir, target, name);
    f = fopen(path, "wb");
    done = f && fwrite(data, 1, len, f) == len;
    if (f && fclose(f) != 0)
        done = false;
    if (!done)
        perror(path);
    return done;
}

bool fuzz_corpus_put(const char *dir, const char *target, const uint8_t *data, size_t len,
                     unsigned n)
{
    uint8_t *changed = malloc(len + 1);
    char name[32];
    bool done;

    if (!changed)
        return false;
    if (len > 0)
        memcpy(changed, data, len);
    snprintf(name, sizeof name, "%u", n);
    done = put(dir, target, name, changed, len);
    if (len > 1) {
        snprintf(name, sizeof name, "%u-cut", n);
        done &= put(dir, target, name, changed, len / 2);
        changed[len / 2] ^= 0xff;
        snprintf(name, sizeof name, "%u-changed", n);
        done &= put(dir, target, name, changed, len);
    }
    free(changed);
    return done;
}

static bool make_messages(const char *dir)
{
    bool done = true;

    for (unsigned cmd = BTC_CMD_UNKNOWN + 1; cmd < BTC_CMD_COUNT && done; cmd++) {
        const char *name = btc_cmd_info((enum btc_cmd)cmd)->name;
        struct buf payload;

        for (unsigned n = 0; sample_payload(&payload, (enum btc_cmd)cmd, n); n++) {
            done &= fuzz_corpus_put(dir, name, payload.data, payload.len, n);
            buf_free(&payload);
        }
    }
    return done;
}

static void append_frame(struct buf *b, enum btc_cmd cmd)
{
    struct buf payload;

    if (sample_payload(&payload, cmd, 0))
        btc_frame_wrap(b, fuzz_magic, cmd, payload.data, payload.len);
    buf_free(&payload);
}

static bool make_stream(const char *dir)
{
    static const enum btc_cmd cmds[] = {BTC_CMD_VERSION, BTC_CMD_VERACK,     BTC_CMD_PING,
                                        BTC_CMD_PONG,    BTC_CMD_GETHEADERS, BTC_CMD_TX};
    struct buf b;
    bool done;

    buf_init(&b, 4096);
    write_u8(&b, 1);
    for (size_t i = 0; i < sizeof cmds / sizeof cmds[0]; i++)
        append_frame(&b, cmds[i]);
    done = b.err == 0 && fuzz_corpus_put(dir, "stream", b.data, b.len, 0);
    buf_free(&b);
    return done;
}

static bool make_codec(const char *dir)
{
    static const uint64_t values[] = {0,       0xfc,       0xfd,       0xffff,
                                      0x10000, UINT32_MAX, 1ull << 32, UINT64_MAX};
    static const char hash[] = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26F";
    struct buf b;
    bool done;

    buf_init(&b, 4096);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        write_compact(&b, values[i]);
    done = b.err == 0 && fuzz_corpus_put(dir, "compact", b.data, b.len, 0) &&
           fuzz_corpus_put(dir, "hex", (const uint8_t *)hash, strlen(hash), 0);
    buf_free(&b);
    return done;
}

/* What proxies say, behind the byte that chooses the dialogue. */
static bool make_proxies(const char *dir)
{
    static const struct {
        const char *target, *said;
        size_t len;
    } rows[] = {
#define ROW(target, said) {target, said, sizeof said - 1}
        ROW("socks5", "\0\5\0\5\0\0\1\177\0\0\1\x20\x8d"),
        ROW("socks5", "\0\5\0\5\0\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x8d"),
        ROW("socks5", "\0\5\0\5\4\0\0\0\0\0\0\0\0"),
        ROW("socks5", "\1\5\0\5\0\0\1\177\0\0\7\0\0"),
        ROW("socks5", "\2\5\2\1\0\5\0\0\3\4name\x20\x8d"),
        ROW("socks5", "\2\5\2\1\1"),
        ROW("sam",
            "\0HELLO REPLY RESULT=OK VERSION=3.1\nSESSION STATUS RESULT=OK DESTINATION=ab-~=\n"),
        ROW("sam", "\0HELLO REPLY RESULT=NOVERSION\n"),
        ROW("sam", "\1HELLO REPLY RESULT=OK VERSION=3.1\nNAMING REPLY RESULT=OK NAME=name.i2p "
                   "VALUE=ab-~=\n"
                   "STREAM STATUS RESULT=OK\nfirst"),
        ROW("sam", "\2HELLO REPLY RESULT=OK VERSION=3.1\nDEST REPLY PUB=ab-~= PRIV=ab-~=\n"),
        ROW("sam", "\3HELLO REPLY RESULT=OK VERSION=3.1\nSTREAM STATUS RESULT=OK\nab-~=\nfirst"),
        ROW("sam",
            "\1HELLO REPLY RESULT=OK\nNAMING REPLY RESULT=KEY_NOT_FOUND MESSAGE=\"a \\\" b\"\n"),
#undef ROW
    };
    bool done = true;

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        done &= fuzz_corpus_put(dir, rows[i].target, (const uint8_t *)rows[i].said, rows[i].len, i);
    return done;
}

/* What Electrum clients and servers say. */
static bool make_jsonrpc(const char *dir)
{
    static const char *const rows[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"server.version\",\"params\":[\"c\",[\"1.4\",\"1.6\"]],"
        "\"id\":0}",
        "{\"method\":\"server.ping\",\"id\":\"\\u00e9\\ud83d\\ude00\"}",
        "[{\"method\":\"m\",\"params\":{\"a\":1e9},\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"n\"}"
        "]",
        "{\"jsonrpc\":\"2.0\",\"result\":{\"height\":1,\"hex\":\"00\"},\"id\":1    }",
        "{\"result\":null,\"error\":{\"code\":-32601,\"message\":\"no\"},\"id\":null}",
    };
    bool done = true;

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        done &= fuzz_corpus_put(dir, "jsonrpc", (const uint8_t *)rows[i], strlen(rows[i]), i);
    return done;
}

/* What gateways say, behind the byte that chooses the protocol. */
static bool make_nat(const char *dir)
{
    static const char pmp_address[] = "\0\0\x80\0\0\0\0\1\0\x50\1\2\3";
    static const char pmp_mapping[] = "\0\0\x82\0\0\0\0\1\0\x20\x8d\x20\x8d\0\0\x09\x60";
    static const char pcp_mapping[] = "\1\2\x81\0\0\0\0\x09\x60\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                      "\0\0\0\0\0\0\0\0\0\0\0\0\6\0\0\0\x20\x8d\x20\x8d"
                                      "\0\0\0\0\0\0\0\0\0\0\xff\xff\x50\1\2\3";

    return fuzz_corpus_put(dir, "nat", (const uint8_t *)pmp_address, sizeof pmp_address - 1, 0) &&
           fuzz_corpus_put(dir, "nat", (const uint8_t *)pmp_mapping, sizeof pmp_mapping - 1, 1) &&
           fuzz_corpus_put(dir, "nat", (const uint8_t *)pcp_mapping, sizeof pcp_mapping - 1, 2);
}

bool fuzz_corpus_make(const char *dir)
{
    if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
        perror(dir);
        return false;
    }
    return make_messages(dir) && make_stream(dir) && make_codec(dir) && make_proxies(dir) &&
           make_jsonrpc(dir) && make_nat(dir) && fuzz_corpus_make_files(dir) &&
           fuzz_corpus_make_tx(dir) && fuzz_corpus_make_reconstruct(dir) &&
           fuzz_corpus_make_filter(dir) && fuzz_corpus_make_eth(dir) &&
           fuzz_corpus_make_rlpx(dir) && fuzz_corpus_make_ethwire(dir) &&
           fuzz_corpus_make_ethserve(dir);
}
