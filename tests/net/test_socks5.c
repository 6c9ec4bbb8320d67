/* The SOCKS5 client against scripted replies, in every possible cut. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "net/socks5.h"
#include "test_proxy.h"

struct script {
    struct socks5 s;
    uint8_t heard[1024]; /* what the proxy got */
    size_t heard_len;
};

static void init(struct script *t, enum socks5_command command, const char *to, const char *user,
                 const char *password)
{
    struct net_target target = target_of(to);
    struct socks5_auth auth = {0};

    if (user) {
        snprintf(auth.user, sizeof auth.user, "%s", user);
        snprintf(auth.password, sizeof auth.password, "%s", password);
    }
    memset(t, 0, sizeof *t);
    socks5_init(&t->s, command, &target, user ? &auth : NULL);
}

/* Write all that it wants to write, `step` bytes at a time. */
static void listen_to(struct script *t, size_t step)
{
    const uint8_t *data;
    size_t len;

    while (data = socks5_output(&t->s, &len), len > 0) {
        size_t n = len < step ? len : step;

        ck_assert_uint_le(t->heard_len + n, sizeof t->heard);
        memcpy(t->heard + t->heard_len, data, n);
        t->heard_len += n;
        socks5_sent(&t->s, n);
    }
}

/* Feed a reply in pieces of `step` bytes, never more than is needed. *used counts what was taken.
 */
static int reply(struct script *t, size_t *used, const void *data, size_t len, size_t step)
{
    int rc = 0;

    *used = 0;
    while (rc == 0 && *used < len) {
        size_t n = socks5_need(&t->s), taken;

        listen_to(t, step);
        n = n < step ? n : step;
        n = n < len - *used ? n : len - *used;
        rc = socks5_input(&t->s, &taken, (const uint8_t *)data + *used, n);
        *used += taken;
        ck_assert_uint_gt(n, 0);
        ck_assert(rc < 0 || taken == n);
    }
    if (rc == 0)
        listen_to(t, step);
    return rc;
}

struct dialogue {
    const char *to, *user;
    enum socks5_command command;
    const char *said;
    size_t said_len;
    const char *heard;
    size_t heard_len;
    int rc;
    const char *bound;
};

#define BYTES(text) (text), sizeof(text) - 1

static const struct dialogue dialogues[] = {
    {"1.2.3.4:258", NULL, SOCKS5_CONNECT,
     BYTES("\5\0"
           "\5\0\0\1\177\0\0\1\x12\x34"),
     BYTES("\5\1\0"
           "\5\1\0\1\1\2\3\4\1\2"),
     1, "127.0.0.1:4660"},
    {"[2001:db8::1]:80", NULL, SOCKS5_CONNECT,
     BYTES("\5\0"
           "\5\0\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\x51"),
     BYTES("\5\1\0"
           "\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50"),
     1, "[2001:db8::2]:81"},
    {"name.test:80", "alice", SOCKS5_CONNECT,
     BYTES("\5\2"
           "\1\0"
           "\5\0\0\3\4name\0\1"),
     BYTES("\5\2\0\2"
           "\1\5alice\6secret"
           "\5\1\0\3\x9name.test\0\x50"),
     1, ""},
    {"name.test:80", "alice", SOCKS5_CONNECT,
     BYTES("\5\0"
           "\5\0\0\3\0\0\1"),
     BYTES("\5\2\0\2"
           "\5\1\0\3\x9name.test\0\x50"),
     1, ""},
    {"name.test:80", NULL, SOCKS5_RESOLVE,
     BYTES("\5\0"
           "\5\0\0\1\177\0\0\7\0\x9"),
     BYTES("\5\1\0"
           "\5\xf0\0\3\x9name.test\0\0"),
     1, "127.0.0.7:0"},
    {"name.test:80", NULL, SOCKS5_RESOLVE,
     BYTES("\5\0"
           "\5\0\0\3\1x\0\0"),
     BYTES("\5\1\0"
           "\5\xf0\0\3\x9name.test\0\0"),
     PN_EPROXY_PROTO, ""},
    /* a refusal as Tor sends it, with address type 0, and as dante does, with a name */
    {"name.test:80", NULL, SOCKS5_RESOLVE,
     BYTES("\5\0"
           "\5\4"),
     BYTES("\5\1\0"
           "\5\xf0\0\3\x9name.test\0\0"),
     PN_EPROXY_HOST, ""},
    {"1.2.3.4:1", "alice", SOCKS5_CONNECT,
     BYTES("\5\2"
           "\1\1"),
     BYTES("\5\2\0\2"
           "\1\5alice\6secret"),
     PN_EPROXY_AUTH, ""},
    {"1.2.3.4:1", "alice", SOCKS5_CONNECT,
     BYTES("\5\2"
           "\5\0"),
     BYTES("\5\2\0\2"
           "\1\5alice\6secret"),
     PN_EPROXY_PROTO, ""},
    {"1.2.3.4:1", NULL, SOCKS5_CONNECT, BYTES("\5\xff"), BYTES("\5\1\0"), PN_EPROXY_METHOD, ""},
    {"1.2.3.4:1", NULL, SOCKS5_CONNECT, BYTES("\5\2"), BYTES("\5\1\0"), PN_EPROXY_PROTO, ""},
    {"1.2.3.4:1", NULL, SOCKS5_CONNECT, BYTES("\5\1"), BYTES("\5\1\0"), PN_EPROXY_PROTO, ""},
    {"1.2.3.4:1", NULL, SOCKS5_CONNECT, BYTES("\4\0"), BYTES("\5\1\0"), PN_EPROXY_PROTO, ""},
    {"1.2.3.4:1", NULL, SOCKS5_CONNECT, BYTES("HTTP/1.1 400"), BYTES("\5\1\0"), PN_EPROXY_PROTO,
     ""},
    {"1.2.3.4:1", NULL, SOCKS5_CONNECT,
     BYTES("\5\0"
           "\4\0"),
     BYTES("\5\1\0"
           "\5\1\0\1\1\2\3\4\0\1"),
     PN_EPROXY_PROTO, ""},
    {"1.2.3.4:1", NULL, SOCKS5_CONNECT,
     BYTES("\5\0"
           "\5\0\1\1\1"),
     BYTES("\5\1\0"
           "\5\1\0\1\1\2\3\4\0\1"),
     PN_EPROXY_PROTO, ""},
    {"1.2.3.4:1", NULL, SOCKS5_CONNECT,
     BYTES("\5\0"
           "\5\0\0\2\1"),
     BYTES("\5\1\0"
           "\5\1\0\1\1\2\3\4\0\1"),
     PN_EPROXY_PROTO, ""},
    {"1.2.3.4:1", NULL, SOCKS5_CONNECT,
     BYTES("\5\0"
           "\5\0\0\1\1\2\3\4\0"),
     BYTES("\5\1\0"
           "\5\1\0\1\1\2\3\4\0\1"),
     0, ""},
};

static void check_dialogue(const struct dialogue *d, size_t step)
{
    struct script t;
    char text[NET_ADDR_TEXT_BYTES] = "";
    size_t used;
    int rc;

    init(&t, d->command, d->to, d->user, "secret");
    rc = reply(&t, &used, d->said, d->said_len, step);
    ck_assert_msg(rc == d->rc, "expected %s, got %s", pn_errname(d->rc), pn_errname(rc));
    ck_assert_uint_eq(t.heard_len, d->heard_len);
    ck_assert_mem_eq(t.heard, d->heard, d->heard_len);
    if (socks5_bound(&t.s)->kind != NET_NONE)
        net_addr_format(text, socks5_bound(&t.s));
    ck_assert_str_eq(text, d->bound);
    ck_assert(rc == 0 || socks5_need(&t.s) == 0);
}

START_TEST(a_dialogue_runs_the_same_in_every_cut)
{
    for (size_t step = 1; step <= 16; step++)
        check_dialogue(&dialogues[_i], step);
    check_dialogue(&dialogues[_i], 1024);
}
END_TEST

START_TEST(every_reply_code_has_its_own_reason)
{
    static const int known[] = {
        [0x01] = PN_EPROXY_FAILED,
        [0x02] = PN_EPROXY_DENIED,
        [0x03] = PN_EPROXY_NETWORK,
        [0x04] = PN_EPROXY_HOST,
        [0x05] = PN_EPROXY_REFUSED,
        [0x06] = PN_EPROXY_TTL,
        [0x07] = PN_EPROXY_COMMAND,
        [0x08] = PN_EPROXY_ATYP,
        [0xf0] = PN_EONION_NOTFOUND,
        [0xf1] = PN_EONION_DESCRIPTOR,
        [0xf2] = PN_EONION_INTRO,
        [0xf3] = PN_EONION_RENDEZVOUS,
        [0xf4] = PN_EONION_AUTH,
        [0xf5] = PN_EONION_AUTH,
        [0xf6] = PN_EONION_ADDRESS,
        [0xf7] = PN_EONION_INTRO,
        [0xff] = 0,
    };

    for (unsigned code = 1; code <= UINT8_MAX; code++) {
        const uint8_t said[] = {5, 0, 5, (uint8_t)code};
        int expected = known[code] ? known[code] : PN_EPROXY_CODE;
        struct script t;
        size_t used;

        init(&t, SOCKS5_CONNECT, "1.2.3.4:5", NULL, NULL);
        ck_assert_int_eq(reply(&t, &used, said, sizeof said, 1), expected);
    }
}
END_TEST

/* CVE-2017-18350: a length above 127 was taken for a negative number. */
START_TEST(a_name_of_any_length_is_taken_and_nothing_behind_it)
{
    for (size_t len = 0; len <= UINT8_MAX; len++) {
        uint8_t said[2 + SOCKS5_IN_BYTES + 8] = {5, 0, 5, 0, 0, 3, (uint8_t)len};
        size_t whole = 2 + 4 + 1 + len + 2, used;
        struct script t;

        memset(said + 7, 0xee, sizeof said - 7);
        init(&t, SOCKS5_CONNECT, "1.2.3.4:5", NULL, NULL);
        ck_assert_int_eq(reply(&t, &used, said, whole - 1, 1024), 0);
        ck_assert_int_eq(socks5_input(&t.s, &used, said + whole - 1, 9), 1);
        ck_assert_uint_eq(used, 1);
        ck_assert_uint_eq(socks5_need(&t.s), 0);
        ck_assert_int_eq(socks5_input(&t.s, &used, said + whole, 8), 1);
        ck_assert_uint_eq(used, 0);
    }
}
END_TEST

START_TEST(the_longest_name_and_credentials_fit)
{
    char name[256], user[256];
    struct script t;
    size_t used;

    for (size_t i = 0; i < 255; i++)
        name[i] = i % 50 == 49 ? '.' : 'n';
    memset(user, 'u', 255);
    name[255] = user[255] = '\0';
    init(&t, SOCKS5_CONNECT, name, user, user);
    ck_assert_int_eq(reply(&t, &used, "\5\2\1\0", 4, 1), 0);
    ck_assert_uint_eq(t.heard_len, 4 + 513 + 262);
    ck_assert_uint_eq(t.heard[4 + 1], 255);
    ck_assert_uint_eq(t.heard[4 + 513 + 4], 255);
    ck_assert_mem_eq(t.heard + 4 + 513 + 5, name, 255);
}
END_TEST

START_TEST(a_proxy_that_speaks_before_it_is_asked_is_refused)
{
    struct script t;
    size_t used;

    init(&t, SOCKS5_CONNECT, "1.2.3.4:5", NULL, NULL);
    ck_assert_int_eq(socks5_input(&t.s, &used, (const uint8_t *)"\5", 1), PN_EPROXY_PROTO);
    init(&t, SOCKS5_CONNECT, "1.2.3.4:5", NULL, NULL);
    listen_to(&t, 1024);
    ck_assert_int_eq(socks5_input(&t.s, &used, (const uint8_t *)"\5\0\5", 3), PN_EPROXY_PROTO);
    ck_assert_int_eq(socks5_input(&t.s, &used, (const uint8_t *)"\5", 1), PN_EPROXY_PROTO);
}
END_TEST

TCase *socks5_cases(void)
{
    TCase *tc = tcase_create("socks5");

    tcase_add_loop_test(tc, a_dialogue_runs_the_same_in_every_cut, 0,
                        sizeof dialogues / sizeof dialogues[0]);
    tcase_add_test(tc, every_reply_code_has_its_own_reason);
    tcase_add_test(tc, a_name_of_any_length_is_taken_and_nothing_behind_it);
    tcase_add_test(tc, the_longest_name_and_credentials_fit);
    tcase_add_test(tc, a_proxy_that_speaks_before_it_is_asked_is_refused);
    return tc;
}
