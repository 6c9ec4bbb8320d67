/* The SAM client against scripted lines. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/i2p_key.h"
#include "net/sam.h"
#include "net/sam_reply.h"
#include "test_proxy.h"

#define HELLO_LINE "HELLO VERSION MIN=3.1 MAX=3.1\n"
#define HELLO_OK   "HELLO REPLY RESULT=OK VERSION=3.1\n"
#define NAME       "udhdrtrcetjm5sxzskjyr5ztpeszydbh4dpl3pl4utgqqw2v4jna.b32.i2p"
#define NAMING_OK  "NAMING REPLY RESULT=OK NAME=" NAME " VALUE=abcXYZ019-~=\n"
#define CONNECT    "STREAM CONNECT ID=0123456789abcdef DESTINATION=abcXYZ019-~= SILENT=false\n"
#define GENERATE   "DEST GENERATE SIGNATURE_TYPE=7\n"
#define ACCEPT     "STREAM ACCEPT ID=0123456789abcdef SILENT=false\n"
#define CREATE                                                                                \
    "SESSION CREATE STYLE=STREAM ID=0123456789abcdef DESTINATION=TRANSIENT SIGNATURE_TYPE=7 " \
    "i2cp.leaseSetEncType=4,0"

enum what { SESSION, SESSION_WITH_OPTIONS, SESSION_WITH_KEY, STREAM, KEY, CALLER };

static void init(struct sam *s, enum what what)
{
    struct net_target to = target_of(NAME ":0");

    if (what == STREAM)
        sam_init_stream(s, "0123456789abcdef", &to);
    else if (what == KEY)
        sam_init_key(s);
    else if (what == CALLER)
        sam_init_caller(s, "0123456789abcdef");
    else if (what == SESSION_WITH_KEY)
        sam_init_session(s, "0123456789abcdef", "our-key~", "");
    else
        sam_init_session(s, "0123456789abcdef", NULL,
                         what == SESSION ? "" : "inbound.length=0 outbound.length=0");
}

/* What it wants to say, all at once, appended to `heard`. */
static void listen_to(struct sam *s, char *heard, size_t size)
{
    size_t len, have = strlen(heard);
    const uint8_t *data = sam_output(s, &len);

    ck_assert_uint_lt(have + len, size);
    memcpy(heard + have, data, len);
    heard[have + len] = '\0';
    sam_sent(s, len);
}

static const struct {
    enum what what;
    const char *said, *heard;
    int rc;
} rows[] = {
    {SESSION, HELLO_OK "SESSION STATUS RESULT=OK DESTINATION=abc\n", HELLO_LINE CREATE "\n", 1},
    {SESSION_WITH_OPTIONS, HELLO_OK "SESSION STATUS RESULT=OK DESTINATION=abc\n",
     HELLO_LINE CREATE " inbound.length=0 outbound.length=0\n", 1},
    {SESSION, HELLO_OK "SESSION STATUS DESTINATION=abc RESULT=OK\n", HELLO_LINE CREATE "\n", 1},
    {SESSION, HELLO_OK "SESSION STATUS RESULT=DUPLICATED_ID\n", HELLO_LINE CREATE "\n",
     PN_ESAM_SESSION},
    {SESSION, HELLO_OK "SESSION STATUS RESULT=I2P_ERROR MESSAGE=\"a RESULT=OK b\"\n",
     HELLO_LINE CREATE "\n", PN_ESAM_FAILED},
    {SESSION, HELLO_OK "SESSION STATUS MESSAGE=\"\\\" RESULT=OK\" RESULT=I2P_ERROR\n",
     HELLO_LINE CREATE "\n", PN_ESAM_FAILED},
    {SESSION, "HELLO REPLY RESULT=NOVERSION\n", HELLO_LINE, PN_ESAM_VERSION},
    {SESSION, "HELLO REPLY RESULT=OKAY\n", HELLO_LINE, PN_ESAM_FAILED},
    {SESSION, "HELLO REPLY VERSION=3.1\n", HELLO_LINE, PN_EPROXY_PROTO},
    {SESSION, "HELLO REPLY RESULT=\n", HELLO_LINE, PN_EPROXY_PROTO},
    {SESSION, "HELLO REPLYRESULT=OK\n", HELLO_LINE, PN_EPROXY_PROTO},
    {SESSION, "HELLO REPLYX RESULT=OK\n", HELLO_LINE, PN_EPROXY_PROTO},
    {SESSION, "HELLO REPLY XRESULT=OK\n", HELLO_LINE, PN_EPROXY_PROTO},
    {SESSION, "HELLO REPLY RESULT=OK\r\n", HELLO_LINE, PN_EPROXY_PROTO},
    {SESSION, "SSH-2.0-x\n", HELLO_LINE, PN_EPROXY_PROTO},
    {SESSION, "\n", HELLO_LINE, PN_EPROXY_PROTO},
    {SESSION, HELLO_OK, HELLO_LINE CREATE "\n", 0},
    {SESSION_WITH_KEY, HELLO_OK "SESSION STATUS RESULT=OK DESTINATION=our-key~\n",
     HELLO_LINE "SESSION CREATE STYLE=STREAM ID=0123456789abcdef DESTINATION=our-key~ "
                "i2cp.leaseSetEncType=4,0\n",
     1},
    {KEY, HELLO_OK "DEST REPLY PUB=abc PRIV=abcXYZ019-~=\n", HELLO_LINE GENERATE, 1},
    {KEY, HELLO_OK "DEST REPLY PUB=abc\n", HELLO_LINE GENERATE, PN_EPROXY_PROTO},
    {KEY, HELLO_OK "DEST REPLY PUB=abc PRIV=\n", HELLO_LINE GENERATE, PN_EPROXY_PROTO},
    {KEY, HELLO_OK "DEST REPLY PUB=abc PRIV=\"a b\"\n", HELLO_LINE GENERATE, PN_EPROXY_PROTO},
    {KEY, HELLO_OK "DEST REPLY RESULT=I2P_ERROR\n", HELLO_LINE GENERATE, PN_EPROXY_PROTO},
    {CALLER, HELLO_OK "STREAM STATUS RESULT=OK\n", HELLO_LINE ACCEPT, 0},
    {CALLER, HELLO_OK "STREAM STATUS RESULT=OK\nabcXYZ019-~=\n", HELLO_LINE ACCEPT, 1},
    {CALLER, HELLO_OK "STREAM STATUS RESULT=OK\n\n", HELLO_LINE ACCEPT, PN_EPROXY_PROTO},
    {CALLER, HELLO_OK "STREAM STATUS RESULT=OK\na/b\n", HELLO_LINE ACCEPT, PN_EPROXY_PROTO},
    {CALLER, HELLO_OK "STREAM STATUS RESULT=OK\nSTREAM STATUS RESULT=I2P_ERROR\n",
     HELLO_LINE ACCEPT, PN_ESAM_FAILED},
    {CALLER, HELLO_OK "STREAM STATUS RESULT=OK\nSTREAM STATUS RESULT=OK\n", HELLO_LINE ACCEPT,
     PN_EPROXY_PROTO},
    {CALLER, HELLO_OK "STREAM STATUS RESULT=INVALID_ID\n", HELLO_LINE ACCEPT, PN_ESAM_SESSION},
    {STREAM, HELLO_OK NAMING_OK "STREAM STATUS RESULT=OK\n",
     HELLO_LINE "NAMING LOOKUP NAME=" NAME "\n" CONNECT, 1},
    {STREAM, HELLO_OK "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=x\n",
     HELLO_LINE "NAMING LOOKUP NAME=" NAME "\n", PN_ESAM_NOTFOUND},
    {STREAM, HELLO_OK "NAMING REPLY RESULT=OK NAME=x\n", HELLO_LINE "NAMING LOOKUP NAME=" NAME "\n",
     PN_EPROXY_PROTO},
    {STREAM, HELLO_OK "NAMING REPLY RESULT=OK VALUE=\n", HELLO_LINE "NAMING LOOKUP NAME=" NAME "\n",
     PN_EPROXY_PROTO},
    /* a destination that would smuggle another key into our command */
    {STREAM, HELLO_OK "NAMING REPLY RESULT=OK VALUE=\"a ID=b\"\n",
     HELLO_LINE "NAMING LOOKUP NAME=" NAME "\n", PN_EPROXY_PROTO},
    {STREAM, HELLO_OK NAMING_OK "STREAM STATUS RESULT=CANT_REACH_PEER MESSAGE=\"x y\"\n",
     HELLO_LINE "NAMING LOOKUP NAME=" NAME "\n" CONNECT, PN_ESAM_UNREACH},
    {STREAM, HELLO_OK NAMING_OK "STREAM STATUS RESULT=INVALID_ID\n",
     HELLO_LINE "NAMING LOOKUP NAME=" NAME "\n" CONNECT, PN_ESAM_SESSION},
    {STREAM, HELLO_OK NAMING_OK "STREAM STATUS RESULT=TIMEOUT\n",
     HELLO_LINE "NAMING LOOKUP NAME=" NAME "\n" CONNECT, PN_ETIMEDOUT},
};

START_TEST(what_the_router_names_is_kept)
{
    static const struct {
        enum what what;
        const char *said, *value;
    } all[] = {
        {KEY, HELLO_OK "DEST REPLY PUB=abc PRIV=abcXYZ019-~=\n", "abcXYZ019-~="},
        {CALLER, HELLO_OK "STREAM STATUS RESULT=OK\nabcXYZ019-~=\n", "abcXYZ019-~="},
        {CALLER, HELLO_OK "STREAM STATUS RESULT=OK\nabc FROM_PORT=0 TO_PORT=0\n", "abc"},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char heard[1024] = "";
        size_t used, len;
        static struct sam s;
        const char *value;
        int rc = 0;

        init(&s, all[i].what);
        for (const char *c = all[i].said; *c && rc == 0; c++) {
            listen_to(&s, heard, sizeof heard);
            rc = sam_input(&s, &used, (const uint8_t *)c, 1);
        }
        ck_assert_int_eq(rc, 1);
        value = sam_value(&s, &len);
        ck_assert_uint_eq(len, strlen(all[i].value));
        ck_assert_mem_eq(value, all[i].value, len);
    }
}
END_TEST

/* The stream begins right behind the line that says who calls: not a byte more is read. */
START_TEST(a_callers_line_is_read_byte_by_byte)
{
    static const char said[] = HELLO_OK "STREAM STATUS RESULT=OK\n";
    char heard[1024] = "";
    static struct sam s;
    size_t used;

    init(&s, CALLER);
    for (const char *c = said; *c; c++) {
        listen_to(&s, heard, sizeof heard);
        ck_assert_int_eq(sam_input(&s, &used, (const uint8_t *)c, 1), 0);
    }
    ck_assert_int_eq(s.state, SAM_CALLER);
    ck_assert_uint_eq(sam_need(&s), 1);
}
END_TEST

/* Zeros with a null certificate: 387 bytes; its hash is that of SHA-256. */
START_TEST(an_address_is_the_hash_of_a_destination)
{
    static uint8_t key[I2P_KEY_MAX_BYTES], back[I2P_KEY_MAX_BYTES];
    static char text[I2P_TEXT_BYTES(sizeof key)];
    struct net_addr a, b;
    size_t len;

    ck_assert_int_eq(i2p_address(&a, key, 387), 0);
    ck_assert_int_eq(i2p_address(&b, key, 387 + 100), 0); /* secrets behind it do not count */
    ck_assert(net_addr_equal(&a, &b));
    ck_assert_int_eq(a.kind, NET_I2P);
    key[386] = 4; /* a certificate of 4 bytes */
    ck_assert_int_eq(i2p_address(&b, key, 390), PN_EFORMAT);
    ck_assert_int_eq(i2p_address(&b, key, 391), 0);
    ck_assert(!net_addr_equal(&a, &b));
    ck_assert_int_eq(i2p_address(&b, key, 386), PN_EFORMAT);
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i * 7);
    for (size_t n = 1; n <= sizeof key; n += n < 12 ? 1 : 509) {
        i2p_encode(text, key, n);
        ck_assert_uint_eq(strlen(text) % 4, 0);
        ck_assert_uint_eq(strlen(text) + 1, I2P_TEXT_BYTES(n));
        ck_assert_int_eq(i2p_decode(back, &len, text, strlen(text)), 0);
        ck_assert_uint_eq(len, n);
        ck_assert_mem_eq(back, key, n);
    }
    ck_assert_int_eq(i2p_decode(back, &len, "ab_d", 4), PN_EFORMAT);
    ck_assert_int_eq(i2p_decode(back, &len, "ab+d", 4), PN_EFORMAT);
}
END_TEST

START_TEST(a_dialogue_runs_as_the_protocol_says)
{
    size_t len = strlen(rows[_i].said), used;
    char heard[1024] = "";
    static struct sam s;
    int rc = 0;

    init(&s, rows[_i].what);
    for (size_t i = 0; i < len && rc == 0; i++) {
        listen_to(&s, heard, sizeof heard);
        rc = sam_input(&s, &used, (const uint8_t *)rows[_i].said + i, 1);
    }
    if (rc == 0)
        listen_to(&s, heard, sizeof heard);
    ck_assert_msg(rc == rows[_i].rc, "%s: expected %s, got %s", rows[_i].said,
                  pn_errname(rows[_i].rc), pn_errname(rc));
    ck_assert_str_eq(heard, rows[_i].heard);
    ck_assert(rc == 0 || sam_need(&s) == 0);
}
END_TEST

/* Bring a stream to the point where its last reply is awaited. */
static void reach_last_reply(struct sam *s)
{
    static const char *const lines[] = {HELLO_OK, NAMING_OK};
    char heard[1024] = "";
    size_t used;

    init(s, STREAM);
    for (size_t i = 0; i < 2; i++) {
        listen_to(s, heard, sizeof heard);
        ck_assert_uint_gt(sam_need(s), strlen(lines[i]));
        ck_assert_int_eq(sam_input(s, &used, (const uint8_t *)lines[i], strlen(lines[i])), 0);
    }
    listen_to(s, heard, sizeof heard);
}

START_TEST(nothing_behind_the_last_reply_is_touched)
{
    static const char said[] = "STREAM STATUS RESULT=OK\nfirst";
    static struct sam s;
    size_t used;

    reach_last_reply(&s);
    ck_assert_uint_eq(sam_need(&s), 1);
    ck_assert_int_eq(sam_input(&s, &used, (const uint8_t *)said, strlen(said)), 1);
    ck_assert_str_eq(said + used, "first");
    ck_assert_int_eq(sam_input(&s, &used, (const uint8_t *)"x", 1), 1);
    ck_assert_uint_eq(used, 0);
}
END_TEST

START_TEST(a_line_has_its_bound_and_no_zero_bytes)
{
    static char line[2 * SAM_LINE_BYTES];
    static struct sam s;
    size_t used;

    memset(line, 'x', sizeof line);
    init(&s, SESSION);
    listen_to(&s, (char[128]){0}, 128);
    ck_assert_int_eq(sam_input(&s, &used, (uint8_t *)line, SAM_LINE_BYTES - 1), 0);
    ck_assert_uint_eq(sam_need(&s), 1);
    ck_assert_int_eq(sam_input(&s, &used, (uint8_t *)line, 1), PN_EPROXY_PROTO);
    init(&s, SESSION);
    listen_to(&s, (char[128]){0}, 128);
    ck_assert_int_eq(sam_input(&s, &used, (const uint8_t *)"HELLO\0", 6), PN_EPROXY_PROTO);
}
END_TEST

/* The longest destination that a line can carry fits into our command. */
START_TEST(the_longest_destination_fits)
{
    static char line[SAM_LINE_BYTES + 1];
    static struct sam s;
    static const char prefix[] = "NAMING REPLY RESULT=OK VALUE=";
    size_t used, len;

    memset(line, 'A', sizeof line);
    memcpy(line, prefix, strlen(prefix));
    line[SAM_LINE_BYTES - 1] = '\n';
    init(&s, STREAM);
    listen_to(&s, (char[128]){0}, 128);
    ck_assert_int_eq(sam_input(&s, &used, (const uint8_t *)HELLO_OK, strlen(HELLO_OK)), 0);
    listen_to(&s, (char[128]){0}, 128);
    ck_assert_int_eq(sam_input(&s, &used, (uint8_t *)line, SAM_LINE_BYTES), 0);
    sam_output(&s, &len);
    ck_assert_uint_eq(len, strlen(CONNECT) - strlen("abcXYZ019-~=") + SAM_LINE_BYTES - 1 -
                               strlen(prefix));
}
END_TEST

START_TEST(a_router_that_speaks_before_it_is_asked_is_refused)
{
    static struct sam s;
    size_t used;

    init(&s, STREAM);
    ck_assert_int_eq(sam_input(&s, &used, (const uint8_t *)"H", 1), PN_EPROXY_PROTO);
    init(&s, STREAM);
    listen_to(&s, (char[128]){0}, 128);
    ck_assert_int_eq(
        sam_input(&s, &used, (const uint8_t *)HELLO_OK NAMING_OK, strlen(HELLO_OK NAMING_OK)),
        PN_EPROXY_PROTO);
}
END_TEST

START_TEST(values_are_found_by_their_whole_key)
{
    static const struct {
        const char *line, *key, *value;
    } values[] = {
        {"A B K=v", "K", "v"},
        {"A B XK=w K=v", "K", "v"},
        {"A B K= L=x", "K", ""},
        {"A B K=\"a b\" L=x", "L", "x"},
        {"A B K=\"a b\" L=x", "K", "a b"},
        {"A B K=\"a L=y\" L=x", "L", "x"},
        {"A B K=\"a\\\" L=y\" L=x", "L", "x"},
        {"A B K=\"", "K", "\""},
        {"A B K=\"open L=x", "L", NULL},
        {"A B K", "K", NULL},
        {"A B", "K", NULL},
        {"", "K", NULL},
    };

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        size_t len = 0;
        const char *value = sam_reply_value(&len, values[i].line, values[i].key);
        const char *expected = values[i].value;

        ck_assert_msg(!value == !expected, "%s", values[i].line);
        ck_assert(!expected || (len == strlen(expected) && memcmp(value, expected, len) == 0));
    }
}
END_TEST

TCase *sam_cases(void)
{
    TCase *tc = tcase_create("sam");

    tcase_add_test(tc, what_the_router_names_is_kept);
    tcase_add_test(tc, a_callers_line_is_read_byte_by_byte);
    tcase_add_test(tc, an_address_is_the_hash_of_a_destination);
    tcase_add_loop_test(tc, a_dialogue_runs_as_the_protocol_says, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(tc, nothing_behind_the_last_reply_is_touched);
    tcase_add_test(tc, a_line_has_its_bound_and_no_zero_bytes);
    tcase_add_test(tc, the_longest_destination_fits);
    tcase_add_test(tc, a_router_that_speaks_before_it_is_asked_is_refused);
    tcase_add_test(tc, values_are_found_by_their_whole_key);
    return tc;
}
